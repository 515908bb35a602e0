//! What is written for machines about real runs, against its schemas; and definitions that are kept of a real cluster.

mod kept;
mod runs;
