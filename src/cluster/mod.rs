//! The only door to a server: a connection, requests and their answers, and objects as the server has them.

pub(crate) mod answer;
mod client;
mod connect;
mod discovery;
mod list;
mod live;
mod resource;
mod watch;

pub use client::{Answer, Call, Client, Lost, METADATA, Verb, WHOLE};
pub use connect::{ConnectError, Target};
pub use discovery::{Discovered, discover};
pub use list::{Listed, Projection};
pub use live::Live;
pub use resource::Resource;
pub use watch::{Change, Watch};
