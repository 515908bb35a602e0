//! Manifests to a cluster: what has to be sent is proven, sent as fast as the server takes it, and followed until it works.
//!
//! What decides is pure; only [`cluster`](crate::cluster) speaks to a server.
//!
//! | module | is |
//! |---|---|
//! | `run` | a run from its plan to its end; deleting a set |
//! | `set` | what is a member; what is there, what leaves, who holds the set, its parts |
//! | `proof`, `managed` | why an object need not be sent; who owns which field |
//! | `order`, `engine` | what needs what; sending all of it at the pace of the server |
//! | `write`, `finding` | the requests for one object; the findings that an answer becomes |
//! | `wait` | following an object until it works |
//! | `prepull` | before a run: are its images there |
//! | `rehearse` | what the server would make of objects, for a diff |

mod desired;
mod engine;
mod event;
mod field;
mod finding;
mod heard;
mod managed;
mod options;
mod order;
mod prepull;
mod proof;
mod rehearse;
mod run;
mod set;
mod wait;
mod write;

pub use desired::{Desired, Placing, defined_kinds};
pub use engine::Interrupt;
pub use event::{Event, Outcome, Report, Settled, Unready};
pub use managed::{FieldSet, MANAGER, ManagedEntry, Operation, Path, Step, managed_entries, own_part, owned, owners};
pub use options::{Options, RecreatePolicy, RunError};
pub use prepull::{Pulled, prepull};
pub use proof::is_unchanged;
pub use rehearse::{Rehearsal, Stage, rehearse};
pub use run::Run;
pub use set::ApplySet;
pub use set::guard::Guard;
pub use set::hold::Runner;
pub use set::prune::PruneLimit;
pub use set::shard::Shard;
pub use wait::Waiting;
pub use write::Recreate;
