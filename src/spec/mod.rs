//! What the user wrote, with its parts told apart; nothing is resolved yet.
//!
//! A document becomes a [`Batch`], or findings. Fields of workloads stay trees: their types depend on the kind, which
//! templates and profiles may still give.

mod batch;
mod foreign;
pub mod keys;
mod naming;
mod section;
mod workload;

pub use batch::{API_VERSION, Batch, FUNCTION, KIND, PART, check_part, is_batch, is_function, is_part};
pub use foreign::{Level, ours, renamed};
pub use naming::{AXIS_PREFIX, as_label, axis_label, budgeted, short_hash, slug};
pub use section::Section;
pub use workload::{Home, Union, WorkloadKind};
