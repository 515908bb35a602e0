//! The page of Fanfold's own keys and short forms, from the tables that the compiler, `explain` and editors use.

use std::fmt::Write as _;

use fanfold::explain::forms;
use fanfold::spec::keys::{BATCH, BELOW, ENTRY, FAN_OUT, MATRIX, OwnKey, SHORT_FORMS, WORKLOAD};

const SECTIONS: &[(&str, &str, &[OwnKey])] = &[
    ("Keys of a batch", "One document. [The batch](../language/index.md) says more.", BATCH),
    ("Keys that fan out", "[Fan-out](../language/fan-out.md) says more.", FAN_OUT),
    ("Keys of `matrix`", "All other keys of a `matrix` are axes.", MATRIX),
    (
        "Keys of entries",
        "Of all sections but `workloads`, beside the keys that fan out and the fields of the kind.",
        ENTRY,
    ),
    (
        "Keys of a workload",
        "Beside them a workload takes every field of its kind, of its pod and of its main container. \
                            [The workload](../language/workload.md) says more.",
        WORKLOAD,
    ),
    (
        "Short forms of fields",
        "Fields of Kubernetes that may be written shorter. [Shorthands](../language/shorthands.md) says more.",
        SHORT_FORMS,
    ),
];

pub(super) fn page() -> String {
    let mut out = super::head("Keys", "src/spec/keys.rs and src/explain/forms.rs");
    out += "These are the words of the language. Every other key is a field of Kubernetes, under its own name. `fanfold explain\n\
            KEY` says the same, and for fields of Kubernetes where they go, what they take and what their default is.\n";
    for (title, text, keys) in SECTIONS {
        let _ = write!(out, "\n## {title}\n\n{text}\n");
        for key in *keys {
            let _ = write!(out, "\n**`{}`**: {}\n", key.name, key.summary);
            for (number, form) in forms(key.name).iter().enumerate() {
                let _ = writeln!(out, "{}- `{form}`", if number == 0 { "\n" } else { "" });
            }
        }
    }
    out += "\n## Keys below keys\n\nBeside these, most take the fields of Kubernetes that they stand for.\n";
    for (of, keys) in BELOW {
        let _ = write!(out, "\n### In `{of}`\n\n");
        for key in *keys {
            let _ = writeln!(out, "- `{}`: {}", key.name, key.summary);
        }
    }
    out
}
