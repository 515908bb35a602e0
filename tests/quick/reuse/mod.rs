//! The protocols in which other tools ask Fanfold; the tools themselves are in the other binary.

mod function;
mod post_render;
