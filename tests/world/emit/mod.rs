//! What is written, as Go's YAML libraries read it and would have written it.

pub(crate) mod go;
mod layout;
mod notation;
