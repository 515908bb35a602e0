//! `fanfold diff` where a server has a say.

mod cluster;
mod defaults;
mod server;
