//! Fanfold compiles short batch specs into plain Kubernetes manifests.
//!
//! ```text
//! files ─source→ Node ─spec→ Batch ─expand→ Instances ─lower→ Manifests ─┬─emit→  bytes
//!                (every node knows where it was written)                 └─check→ Diagnostics
//! ```
//!
//! The library never touches the world: files come through [`source::Files`], and what it writes is returned. The
//! modules stand in reading order.

pub mod source;
pub mod diagnostic;
pub mod kubernetes;
pub mod schema;
pub mod spec;
pub mod expand;
pub mod lower;
pub mod check;
pub mod emit;
pub mod compile;
pub mod plan;
pub mod explain;
pub mod editor;
pub mod cli;
