//! What tests of both binaries use.

#![allow(dead_code, reason = "each of the binaries uses a part")]

#[macro_use]
pub(crate) mod needs;

pub(crate) mod bench;
pub(crate) mod book;
pub(crate) mod cases;
pub(crate) mod examples;
pub(crate) mod expressions;
pub(crate) mod golden;
pub(crate) mod hosts;
pub(crate) mod krew;
pub(crate) mod layout;
mod notes;
pub(crate) mod pace;
pub(crate) mod page;
pub(crate) mod place;
pub(crate) mod sides;
pub(crate) mod tools;
pub(crate) mod trees;
