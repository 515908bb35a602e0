//! What the stages of the pipeline cost.

fn main() {}
