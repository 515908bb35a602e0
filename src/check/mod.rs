//! Objects in, findings and settled objects out: what the API server would refuse is found before it is asked.
//!
//! Each object is identified, checked against its type and settled in one walk; custom resources are checked against the
//! definitions among the inputs.

mod crd;
mod doubt;
mod hint;
mod identity;
mod leaf;
mod memo;
pub mod name;
mod objects;
mod path;
pub mod selector;
mod shape;

pub use crd::{Definition, Definitions, Version};
pub use identity::{Checked, Identified, identify, items_of, unknown_custom_kind};
pub use memo::Memo;
pub use objects::{MAX_OBJECT_BYTES, check_objects, json_size, oversize};
pub use path::Path;
pub use shape::{Mode, Walk};
