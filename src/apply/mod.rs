//! Manifests to a cluster: what has to be sent is proven, sent as fast as the server takes it, and followed until it works.
//!
//! What decides is pure and lies in a file each: [`order`](self) of sending, the proof that an object need not be sent,
//! what an answer means, which pace is right, when an object is ready. Only `client/` speaks to a server.

mod answer;
mod canonical;
pub mod client;
mod desired;
mod engine;
mod event;
mod field;
mod finding;
mod hold;
mod live;
mod look;
mod managed;
mod migrate;
mod options;
mod order;
mod pace;
mod planning;
pub mod preflight;
mod prepull;
mod proof;
mod prune;
pub mod readiness;
mod rehearse;
mod remove;
mod run;
mod set;
mod shard;
mod survey;
mod wait;
mod write;

pub use desired::{Desired, Placing, defined_kinds};
pub use engine::Interrupt;
pub use event::{Event, Outcome, Report, Settled, Unready};
pub use hold::Runner;
pub use live::Live;
pub use look::look;
pub use managed::{FieldSet, ManagedEntry, Operation, Path, Step, managed_entries, own_part, owned, owners};
pub use options::{Options, RecreatePolicy, RunError};
pub use prepull::{Pulled, prepull};
pub use proof::is_unchanged;
pub use prune::PruneLimit;
pub use rehearse::{Rehearsal, rehearse, without_server_fields};
pub use run::Run;
pub use set::ApplySet;
pub use shard::Shard;
pub use wait::Waiting;
pub use write::{MANAGER, Recreate};
