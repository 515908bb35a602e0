//! Trees out and back in: no reader may see another tree than the one that was written.

mod folder;
mod identity;
mod layout;
mod notation;
mod speed;
