//! The control plane itself: it starts, its proxies fail as they should, things become ready, and it takes all that is golden.

mod golden;
mod proxies;
mod readiness;
mod starting;
