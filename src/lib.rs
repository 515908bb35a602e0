//! Fanfold compiles short batch specs into plain Kubernetes manifests.
//!
//! ```text
//! files ─source→ Node ─spec→ Batch ─expand→ Instances ─lower→ Manifests ─┬─emit→  bytes
//!                (every node knows where it was written)                 └─check→ Diagnostics
//! ```
//!
//! The library never touches the world: files come through [`source::Files`], and what it writes is returned. The
//! modules stand in reading order.

pub mod cli;
pub mod diagnostic;
<<<<<<< HEAD
pub mod expand;
=======
pub mod emit;
>>>>>>> emit
pub mod kubernetes;
pub mod lower;
pub mod schema;
pub mod source;
pub mod spec;
