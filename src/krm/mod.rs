//! KRM functions: a `ResourceList` in, a `ResourceList` out, as kustomize, kpt and other orchestrators speak it.
//!
//! The function config says which specs to use. What they make is added to the items, their patches apply to the items
//! that are there, and all of it is checked; what was found comes back as `results`. The same config serves the older
//! exec plugins of kustomize, which take and give plain documents.

mod call;
mod config;
mod hint;
mod results;

pub use call::{Call, nothing_to_do, with_results};
pub use config::{Named, Setup};
pub use hint::with_hash_hints;
pub use results::results;
