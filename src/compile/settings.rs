//! What a run is asked for, beside its inputs: the server, parameters and profiles, rules, and what is known without being made.
//!
//! The command line enters; nothing of it is looked at twice.

use crate::expand::Options;
use crate::kubernetes::Facts;
use crate::read::Document;
use crate::rules::{Asked, Outside};

/// What a run is asked for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The facts of the Kubernetes version that is compiled for.
    pub facts: &'static Facts,
    /// Parameters, profiles, limits.
    pub options: Options,
    /// What is asked of objects beside the rules of the server.
    pub asked: Asked,
    /// How loud it is that something is not among the inputs.
    pub outside: Outside,
    /// Policies that were named, with their bindings, and with what those read.
    pub policies: Vec<Document>,
    /// Definitions of custom resources that are known beside those among the inputs.
    pub definitions: Vec<Document>,
    /// Whether each instance is made by itself: what comes of it is the same, later.
    pub each_alone: bool,
    /// Entries with more instances make their objects a second time to write them, instead of keeping them.
    pub kept_instances: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            facts: Facts::newest(),
            options: Options::default(),
            asked: Asked::default(),
            outside: Outside::default(),
            policies: Vec::new(),
            definitions: Vec::new(),
            each_alone: false,
            kept_instances: 1024,
        }
    }
}
