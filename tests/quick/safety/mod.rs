//! What must never happen: a secret shown, a machine exhausted, a file lost, a success that is none.
//!
//! One file a kind of harm; each drives the binary as a user does, in a scratch folder ([`crate::bench`]).

mod api;
pub(crate) mod budgets;
mod clusters;
mod deletion;
mod expressions;
mod files;
mod gates;
mod heard;
mod lies;
mod multiplied;
mod patched;
mod planted;
mod secrets;
mod secrets_elsewhere;
mod secrets_mutated;
mod server;
mod shapes;
mod terminal;
mod truth;
