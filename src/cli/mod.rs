//! The command line: what the library must not do itself.

pub mod output;
