//! Manifests to a cluster: what has to be sent is proven, sent as fast as the server takes it, and followed until it works.
//!
//! What decides is pure and lies in a file each: [`order`](self) of sending, the proof that an object need not be sent,
//! what an answer means, which pace is right, when an object is ready. Only `client/` speaks to a server.

mod canonical;
mod live;
mod managed;
mod proof;

pub use live::Live;
pub use managed::{FieldSet, ManagedEntry, Operation, Path, Step, managed_entries, own_part, owned, owners};
pub use proof::is_unchanged;
