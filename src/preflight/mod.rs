//! What a cluster would make of a batch, before anything is sent: which pods would wait and why, what quotas and limit
//! ranges would refuse, and what is missing.
//!
//! Objects and what the caller read of the cluster enter, findings and sums leave; only [`look`] asks over the network. What could not be read is not guessed at.
//!
//! ```text
//! let mut cluster = Cluster::new("default");
//! while let needs = cluster.needs(&objects, facts) && !needs.is_empty() {
//!     for need in needs { /* list it, then */ cluster.put(&need, list) /* or */ cluster.put_unknown(&need) }
//! }
//! let preflight = preflight(&objects, &cluster, facts);
//! ```

mod batch;
mod cluster;
mod finding;
mod fit;
mod fleet;
mod limits;
mod look;
mod needs;
mod pod;
mod quota;
mod references;
mod units;
mod unread;

pub use cluster::{Cluster, Need};
pub use fit::Room;
pub use look::look;

use self::batch::Batch;
use self::finding::Findings;
use self::limits::Range;
use crate::diagnostic::Diagnostics;
use crate::kubernetes::{Facts, Manifest};

/// What is known before anything is sent.
#[derive(Debug)]
pub struct Preflight {
    /// What would be refused, would wait or is missing.
    pub findings: Diagnostics,
    /// What the pods ask for and the nodes have; none where nodes or pods could not be read, or none is asked for.
    pub room: Option<Room>,
}

/// Holds objects against a cluster.
pub fn preflight(objects: &[Manifest], cluster: &Cluster, facts: &Facts) -> Preflight {
    let mut findings = Findings::default();
    let batch = Batch::of(objects, cluster, facts);
    let ranges = Range::all(&batch, cluster);
    let asked = batch.asked(cluster, &ranges);
    unread::check(&batch, cluster, &mut findings);
    references::check(&batch, cluster, facts, &mut findings);
    limits::check(&batch, &asked, &ranges, &mut findings);
    quota::check(&batch, &asked, cluster, facts, &mut findings);
    let known = cluster.names("", "Node", "").is_some() && cluster.names("", "Pod", "").is_some();
    let room = (known && !asked.is_empty()).then(|| fit::fit(&asked, cluster, &mut findings));
    Preflight { findings: findings.into_diagnostics(), room }
}
