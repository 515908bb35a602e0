//! The glue for other tools, as far as it can be held against itself; the tools that run it are in the other binary.

mod glue;
mod krew;
mod recipes;

use crate::tools::{Bench, ROOT, SPEC, root, stderr, stdout, strings, yaml};
