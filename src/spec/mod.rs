//! What the user wrote, with its parts told apart; nothing is resolved yet.
//!
//! A document becomes a [`Batch`], or findings. Fields of workloads stay trees: their types depend on the kind, which
//! templates and profiles may still give.

mod batch;
pub mod keys;

pub use batch::{API_VERSION, Batch, KIND, Section, is_batch};
