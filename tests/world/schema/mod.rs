//! What is written for machines about real runs, against its schemas.

mod runs;
