//! What the tests of this binary need and a machine may lack.

pub(crate) use crate::support::needs::*;
