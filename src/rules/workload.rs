//! What rules of several workloads share: numbers from zero on, portions, and templates of pods that run on.

use super::at::{At, number};
use crate::diagnostic::{Code, Diagnostic, Edit, Fix};
use crate::text::Node;

/// How many pods an update may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Portion {
    /// So many pods.
    Count(i64),
    /// So many of a hundred.
    Percent(u64),
}

impl Portion {
    /// Reads what is written; `None` where it is neither a number nor a share.
    pub(super) fn of(node: &Node) -> Option<Self> {
        let share = || node.as_str()?.strip_suffix('%')?.parse().ok().map(Self::Percent);
        number(node).map(Self::Count).or_else(share)
    }

    /// Returns how many of some pods it stands for.
    pub(super) fn of_pods(self, all: i64) -> i64 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => i64::try_from(percent).unwrap_or(i64::MAX).saturating_mul(all) / 100,
        }
    }

    /// Whether it stands for no pod at all.
    pub(super) fn is_zero(self) -> bool {
        matches!(self, Self::Count(0) | Self::Percent(0))
    }
}

/// Reports the whole numbers below zero at the ends of paths.
pub(super) fn not_negative(at: &mut At<'_>, paths: &[&[&str]]) {
    for path in paths {
        let Some(node) = at.get(path) else { continue };
        if let Some(found) = number(node).filter(|number| *number < 0) {
            at.invalid(path.join("."), node, format!("expected a number from 0 on, found `{found}`"));
        }
    }
}

/// Returns the portion at the end of a path, or the default where nothing is written; `None` where it is refused, which is
/// reported.
pub(super) fn portion(at: &mut At<'_>, path: &[&str], default: Portion) -> Option<Portion> {
    let Some(node) = at.get(path) else { return Some(default) };
    let place = path.join(".");
    if let Some(count) = number(node) {
        if count < 0 {
            at.invalid(place, node, format!("expected a number from 0 on, found `{count}`"));
            return None;
        }
        return Some(Portion::Count(count));
    }
    let text = node.as_str()?;
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(digits) = text.strip_suffix('%').filter(|digits| is_number(digits)) {
        Some(Portion::Percent(digits.parse().unwrap_or(u64::MAX)))
    } else {
        let message = format!("expected a whole number, or a percentage such as `25%`, found `{text}`");
        let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
        at.report(
            place,
            if is_number(text) {
                let fix = Fix::safe([Edit::bytes(node.origin(), text)]);
                finding.help("write the number without quotes").with_fix(fix)
            } else {
                finding
            },
        );
        None
    }
}

/// Reports a portion that is more than all pods.
pub(super) fn not_above_all(at: &mut At<'_>, path: &[&str], portion: Portion) {
    if let (Portion::Percent(found @ 101..), Some(node)) = (portion, at.get(path)) {
        at.invalid(path.join("."), node, format!("expected at most `100%`, found `{found}%`"));
    }
}

/// Reports what the template of pods that run on may not say: that they end.
pub(super) fn runs_on(at: &mut At<'_>, kind: &str) {
    let policy = at.get(&["template", "spec", "restartPolicy"]);
    let found = policy.and_then(Node::as_str).filter(|policy| !matches!(*policy, "" | "Always"));
    if let (Some(policy), Some(found)) = (policy, found) {
        let message = format!(
            "expected `restartPolicy: Always`, found `{found}`: the containers of a {kind} are always restarted"
        );
        let help = "take `restartPolicy` out, or write a Job for pods that end";
        let finding = Diagnostic::new(Code::InvalidValue, policy.origin(), message).help(help);
        at.report("template.spec.restartPolicy", finding);
    }
    if let Some(deadline) = at.get(&["template", "spec", "activeDeadlineSeconds"]) {
        let message = format!("the pods of a {kind} may have no `activeDeadlineSeconds`: they run on");
        let help = "take it out, or write a Job for pods that end";
        let finding = Diagnostic::new(Code::ForbiddenField, deadline.origin(), message).help(help);
        at.report("template.spec.activeDeadlineSeconds", finding);
    }
}
