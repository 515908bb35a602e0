//! Objects in, findings and settled objects out: what the API server would refuse is found before it is asked.
//!
//! Each object is identified, checked against its type and settled in one walk; custom resources are checked against the
//! definitions among the inputs.

mod additions;
mod crd;
mod defaulting;
mod definition;
mod doubt;
mod duplicates;
mod gate;
mod hint;
mod identity;
mod leaf;
mod leaves;
mod memo;
pub mod name;
mod objects;
mod role;
mod rules;
mod schemas;
mod shape;
mod size;
mod slip;
mod structural;
mod unknown;

pub use additions::{Additions, Patched};
pub use crd::{Definition, Definitions, Version};
pub use identity::{Checked, Identified, identify, items_of, unknown_custom_kind, unnamed};
pub use leaves::{Leaf, Waiting};
pub use memo::Memo;
pub use objects::{check_objects, check_objects_of, sets, settled_definitions};
pub use role::{Purpose, Role, Roles};
pub use shape::{Mode, Walk};
pub use size::{check_size, is_small, size_bound};
