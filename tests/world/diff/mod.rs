//! `fanfold diff` where a server has a say.

mod cluster;
mod server;
