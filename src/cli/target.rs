//! What is compiled for: a version and feature gates as arguments in, the facts of that server out.

use smol_str::SmolStr;

use super::Failure;
use crate::diagnostic::did_you_mean;
use crate::kubernetes::{Facts, Gates, Minor};

/// Returns the facts of the Kubernetes version asked for, on a server that has some feature gates set.
pub(super) fn facts(version: Option<&str>, gates: &[String]) -> Result<&'static Facts, Failure> {
    let minor = version.map_or(Some(Minor::NEWEST), Minor::parse);
    let gates: Gates = gates.iter().map(|word| gate(word.trim())).collect::<Result<_, _>>()?;
    minor.and_then(|minor| Facts::with_gates(minor, gates)).ok_or_else(|| {
        let text = version.unwrap_or_default();
        let known: Vec<String> = Minor::bundled()
            .map(|minor| if minor.is_preview() { format!("{minor} (a preview)") } else { minor.to_string() })
            .collect();
        Failure::Usage(format!("the Kubernetes version `{text}` is not known; known are {}", known.join(", ")))
    })
}

/// Reads `NAME=true`. A gate that holds no field back may be there: the flag is the server's.
fn gate(word: &str) -> Result<(SmolStr, bool), Failure> {
    let read = word.split_once('=').and_then(|(name, value)| Some((name, value.to_lowercase().parse().ok()?)));
    let Some((name, is_on)) = read.filter(|(name, _)| !name.is_empty()) else {
        return Err(Failure::Usage(format!("expected `--feature-gates NAME=true` or `NAME=false`, found `{word}`")));
    };
    let known = Facts::gate_names();
    match did_you_mean(name, known.iter().copied()).filter(|_| !known.contains(name)) {
        Some(near) => Err(Failure::Usage(format!("no feature gate is named `{name}`: did you mean `{near}`?"))),
        None => Ok((name.into(), is_on)),
    }
}
