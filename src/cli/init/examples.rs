//! The specs of the cookbook as first specs: their texts, and the files that they read.
//!
//! An example has the name of its spec below `specs/`; its first line says what it shows.

use clap::builder::PossibleValue;

/// An example.
#[derive(Debug)]
pub(super) struct Example {
    /// The name of its spec.
    pub(super) name: &'static str,
    /// Other names that people may try.
    also: &'static [&'static str],
    /// The spec.
    text: &'static str,
    /// The files that it reads: a path beside the spec, and the content.
    pub(super) files: &'static [(&'static str, &'static str)],
}

macro_rules! example {
    ($name:literal, [$($also:literal),*], [$($file:literal),*]) => {
        Example {
            name: $name,
            also: &[$($also),*],
            text: include_str!(concat!("../../../specs/", $name, ".yaml")),
            files: &[$(($file, include_str!(concat!("../../../specs/", $file)))),*],
        }
    };
}

/// All examples; a test holds that no spec, and no file of one, is missing.
static EXAMPLES: &[Example] = &[
    example!("backups", ["custom-resources"], ["backups/definition.yaml", "backups/nightly.yaml"]),
    example!("companions", ["autoscale", "ingress"], []),
    example!("cronjobs", ["nightly", "schedule"], []),
    example!("daemonset", ["agent"], []),
    example!("dns", ["template", "addon"], ["dns/rbac.yaml.j2"]),
    example!("jobs", ["sweep"], []),
    example!("load-test", ["pods-500"], ["config/checkout.js"]),
    example!("native", ["paste"], []),
    example!("parallel", ["inside"], ["parallel/rbac.yaml", "parallel/users.yaml"]),
    example!("patches", ["patch"], []),
    example!("pods", ["sidecar"], []),
    example!("queues", ["kueue"], []),
    example!("rollout", ["deployment"], []),
    example!("scheduling", ["affinity"], []),
    example!("services", ["service"], []),
    example!("shop", ["web"], ["config/app.toml"]),
    example!("statefulset", ["database"], []),
    example!("tenants", ["csv", "rows"], ["tenants/tenants.csv", "tenants/httproutes.yaml"]),
    example!("volumes", ["storage"], ["config/profiles.toml"]),
];

impl Example {
    /// Returns the example of a name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        EXAMPLES.iter().find(|example| example.name == name || example.also.contains(&name))
    }

    /// Returns the names as the command line takes them.
    pub(super) fn choices() -> impl Iterator<Item = PossibleValue> {
        EXAMPLES.iter().map(|example| PossibleValue::new(example.name).aliases(example.also).help(example.about()))
    }

    /// Says what it shows.
    fn about(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches("# ").trim_end_matches('.')
    }

    /// Returns the spec without what the tests of this project read in it.
    pub(super) fn spec(&self) -> String {
        self.text.lines().filter(|line| !line.starts_with("# golden:")).map(|line| format!("{line}\n")).collect()
    }
}
