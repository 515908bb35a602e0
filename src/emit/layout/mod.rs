//! Objects to files.
