//! Text in, [`Node`]s out; the only door to the YAML parser.
//!
//! Every node and every key knows the bytes it was written in ([`Origin`]). Reading never stops at the first
//! broken document and never panics: what cannot be read is a finding with its place.

mod comments;
mod files;
mod node;
mod origin;
mod read;
pub mod scalar;

pub use comments::comments_with;
pub use files::{Files, MemoryFiles};
pub use node::{Entry, Key, Map, Node, Value};
pub use origin::{FileId, Origin, Place, SourceFile, Sources};
pub use read::{Document, MAX_FILE_BYTES, read_document, read_documents, split};
