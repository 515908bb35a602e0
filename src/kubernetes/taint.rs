//! The notation of tolerations, which is the one `kubectl taint` has for taints: `dedicated=web:NoSchedule`.
//!
//! `key=value:Effect` tolerates that taint, `key:Effect` any value, `key` any value and effect, `:Effect` any key.
//! `… for 300s` ends the toleration after that time, which Kubernetes has for `NoExecute` alone.

use smol_str::SmolStr;

use super::name::{label_key, label_value};
use crate::diagnostic::did_you_mean;

/// Which taints a pod tolerates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toleration {
    /// The key of the taints; any where there is none.
    pub key: Option<SmolStr>,
    /// Their value; any where there is none.
    pub value: Option<SmolStr>,
    /// Their effect; any where there is none.
    pub effect: Option<Effect>,
    /// For how many seconds; for ever where nothing is said.
    pub seconds: Option<i64>,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// They are not scheduled there.
    NoSchedule,
    /// They are scheduled there only if nothing else is left.
    PreferNoSchedule,
    /// They are evicted.
    NoExecute,
}

/// Why a text is no toleration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAToleration {
    /// What is wrong with it.
    pub reason: String,
    /// What to write instead, where it can be guessed.
    pub hint: Option<String>,
}

impl Effect {
    /// All effects.
    pub const ALL: [Self; 3] = [Self::NoSchedule, Self::PreferNoSchedule, Self::NoExecute];

    /// Returns the name that Kubernetes has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoSchedule => "NoSchedule",
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoExecute => "NoExecute",
        }
    }
}

impl Toleration {
    /// Returns the operator that Kubernetes has for it: with a value `Equal`, without one `Exists`.
    pub fn operator(&self) -> &'static str {
        if self.value.is_some() { "Equal" } else { "Exists" }
    }

    /// Reads a toleration.
    pub fn parse(text: &str) -> Result<Self, NotAToleration> {
        let (taint, time) = match text.trim().split_once(" for ") {
            Some((taint, time)) => (taint.trim(), Some(time.trim())),
            None => (text.trim(), None),
        };
        if taint.is_empty() {
            return Err(refusal(
                "expected `key=value:Effect`, found an empty text",
                Some("every taint is tolerated by the native form `{operator: Exists}`"),
            ));
        }
        let (subject, effect) = match taint.rsplit_once(':') {
            Some((subject, effect)) => (subject, Some(read_effect(effect)?)),
            None => (taint, None),
        };
        let (key, value) = match subject.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (subject, None),
        };
        if key.is_empty() && value.is_some() {
            return Err(refusal(format!("expected a key before the `=` in `{taint}`, found none"), None));
        }
        if !key.is_empty() {
            label_key(key)
                .map_err(|reason| misplaced_effect(key, format!("`{key}` is no key of a taint: {reason}")))?;
        }
        if let Some(value) = value {
            label_value(value)
                .map_err(|reason| refusal(format!("`{value}` is no value of a taint: {reason}"), None))?;
        }
        let seconds = time.map(read_seconds).transpose()?;
        if seconds.is_some() && effect != Some(Effect::NoExecute) {
            return Err(refusal(
                format!("expected the effect `NoExecute` before ` for `, found `{taint}`"),
                Some("no other effect ends after a time"),
            ));
        }
        let key = Some(key).filter(|key| !key.is_empty()).map(SmolStr::new);
        Ok(Self { key, value: value.map(SmolStr::new), effect, seconds })
    }
}

fn read_effect(text: &str) -> Result<Effect, NotAToleration> {
    Effect::ALL.into_iter().find(|effect| effect.as_str() == text).ok_or_else(|| NotAToleration {
        reason: format!("expected `NoSchedule`, `PreferNoSchedule` or `NoExecute` after the `:`, found `{text}`"),
        hint: did_you_mean(text, Effect::ALL.map(Effect::as_str)).map(|effect| format!("did you mean `{effect}`?")),
    })
}

/// Reads `300s`, `5m` or `1h`.
fn read_seconds(text: &str) -> Result<i64, NotAToleration> {
    let unit = match text.as_bytes().last() {
        Some(b's') => Some(1),
        Some(b'm') => Some(60),
        Some(b'h') => Some(3600),
        _ => None,
    };
    let count = || text[..text.len() - 1].parse::<u32>().ok();
    unit.and_then(|unit| Some(i64::from(count()?) * unit)).ok_or_else(|| {
        refusal(format!("expected a time such as `300s`, `5m` or `1h` after ` for `, found `{text}`"), None)
    })
}

/// Notices an effect that stands where the key belongs.
fn misplaced_effect(key: &str, reason: String) -> NotAToleration {
    let hint = key.contains(' ').then_some("the notation is `key=value:Effect`, without spaces");
    refusal(reason, hint)
}

fn refusal(reason: impl Into<String>, hint: Option<&str>) -> NotAToleration {
    NotAToleration { reason: reason.into(), hint: hint.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toleration(key: &str, value: Option<&str>, effect: Option<Effect>, seconds: Option<i64>) -> Toleration {
        let key = Some(key).filter(|key| !key.is_empty()).map(SmolStr::new);
        Toleration { key, value: value.map(SmolStr::new), effect, seconds }
    }

    #[test]
    fn each_form_is_read() {
        let read = |text| Toleration::parse(text).unwrap();
        assert_eq!(
            read("dedicated=web:NoSchedule"),
            toleration("dedicated", Some("web"), Some(Effect::NoSchedule), None)
        );
        assert_eq!(read("dedicated=:NoSchedule"), toleration("dedicated", Some(""), Some(Effect::NoSchedule), None));
        assert_eq!(read("a.b/c:NoExecute"), toleration("a.b/c", None, Some(Effect::NoExecute), None));
        assert_eq!(read("gpu"), toleration("gpu", None, None, None));
        assert_eq!(read("gpu=a"), toleration("gpu", Some("a"), None, None));
        assert_eq!(read(":PreferNoSchedule"), toleration("", None, Some(Effect::PreferNoSchedule), None));
        assert_eq!(read("a=b:NoExecute for 300s"), toleration("a", Some("b"), Some(Effect::NoExecute), Some(300)));
        assert_eq!(read("a:NoExecute for 5m").seconds, Some(300));
        assert_eq!((read("a=b").operator(), read("a").operator()), ("Equal", "Exists"));
    }

    #[test]
    fn what_is_no_toleration_says_why() {
        let refused = |text: &str| {
            let NotAToleration { reason, hint } = Toleration::parse(text).unwrap_err();
            format!("{reason} / {}", hint.unwrap_or_default())
        };
        assert!(refused("a=b:NoSchedul").ends_with("did you mean `NoSchedule`?"));
        assert!(refused("").contains("operator: Exists"));
        assert!(refused("=b:NoExecute").starts_with("expected a key before the `=`"));
        assert!(refused("a=b:NoSchedule for 5s").starts_with("expected the effect `NoExecute`"));
        assert!(refused("a:NoExecute for ever").starts_with("expected a time"));
        assert!(refused("a:NoExecute for 5é").starts_with("expected a time"));
        assert!(refused("a b:NoExecute").ends_with("without spaces"));
        assert!(refused("a=b/c:NoExecute").starts_with("`b/c` is no value of a taint"));
    }
}
