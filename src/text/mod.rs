//! The tree that every stage works on: values, the places where they were written, and the texts that hold the places.
//!
//! Every node and every key knows the bytes it was written in ([`Origin`]). This room knows nothing of any other.

pub mod harmless;
pub mod hole;
mod map;
mod node;
mod origin;
pub mod scalar;

pub use map::Map;
pub use node::{Entry, Key, Node, Scalar, Value};
pub use origin::{FileId, Origin, Piece, Place, SourceFile, Sources};
