//! The explain pages of what a server says, heard of a real one.

mod server;
