//! CEL, the language of policies and of the rules in definitions, as Kubernetes sets it up.
//!
//! A text enters, a [`Program`] leaves, which is evaluated for many objects; what it reads of an object is read where it
//! stands. The costs and the functions are those of a minor of the server.

mod compile;
mod escape;
mod lexer;
mod library;
mod parse;
mod run;
mod syntax;
mod time;
mod types;
mod value;
mod work;

pub use compile::{Environment, Program};
pub use escape::{escaped, is_word};
pub use run::{CONDITIONS, EXPRESSION, Fault, Given, OBJECT, Ran};
pub use syntax::Refusal;
pub use types::{Object, Ty};
pub use value::{Opaque, Value};
pub use work::Meter;
