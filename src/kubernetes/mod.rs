//! What Kubernetes says: types and kinds, and the identity of objects.

mod object;

pub use object::{Manifest, ObjectKey};
