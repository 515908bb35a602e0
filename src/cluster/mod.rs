//! The only door to a server: a connection, requests and their answers, and objects as the server has them.

pub(crate) mod answer;
mod client;
mod connect;
mod credential;
mod discovery;
mod list;
mod live;
mod lost;
mod page;
mod reply;
mod resource;
mod waits;
mod watch;

pub use client::{Answer, Call, Client, METADATA, Verb, WHOLE};
pub use connect::{ConnectError, Target};
pub use discovery::{Discovered, discover};
pub use list::{Listed, Projection, unreadable};
pub use live::Live;
pub use lost::Lost;
pub use reply::{Identity, Reply};
pub use resource::Resource;
pub use waits::{Wait, Waits};
pub use watch::{Change, Watch};
