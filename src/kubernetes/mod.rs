//! What Kubernetes says: types and kinds, and the identity of objects.

pub mod facts;
mod object;

pub use facts::{Facts, Field, Merge, Minor, Schema, Shape, Type, TypeId};
pub use object::{Manifest, ObjectKey};
