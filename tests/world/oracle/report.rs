//! The comparison in figures, and the differences in groups.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value as Json;

use super::judge::Finding;
use super::known::{Known, shape};
use super::program::Problem;

/// A mutant, and what both say of it.
pub(super) struct Case {
    pub(super) kind: String,
    pub(super) object: Json,
    /// What was altered.
    pub(super) how: String,
    pub(super) ours: Vec<Finding>,
    pub(super) theirs: Vec<Problem>,
}

impl Case {
    /// Returns the findings of what the server takes, without known differences.
    fn false_errors<'c>(&'c self, known: &'c [Known]) -> impl Iterator<Item = &'c Finding> {
        let is_known = |finding: &Finding| known.iter().any(|known| known.is(&self.kind, finding));
        self.ours.iter().filter(move |finding| self.theirs.is_empty() && !is_known(finding))
    }
}

/// How often both agree.
#[derive(Debug, Default)]
pub(super) struct Figures {
    all: usize,
    both_take: usize,
    both_refuse: usize,
    only_ours: usize,
    known: usize,
    only_theirs: usize,
    same_place: usize,
    among_theirs: usize,
    within: usize,
    nowhere: usize,
}

impl Figures {
    pub(super) fn of(cases: &[Case], known: &[Known]) -> Self {
        let mut figures = Self { all: cases.len(), ..Self::default() };
        for case in cases {
            match (case.ours.first(), case.theirs.first()) {
                (None, None) => figures.both_take += 1,
                (Some(_), None) if case.false_errors(known).next().is_none() => figures.known += 1,
                (Some(_), None) => figures.only_ours += 1,
                (None, Some(_)) => figures.only_theirs += 1,
                (Some(ours), Some(theirs)) => {
                    figures.both_refuse += 1;
                    figures.same_place += usize::from(is_same_place(&ours.field, theirs));
                    let is_among = case.theirs.iter().any(|theirs| is_same_place(&ours.field, theirs));
                    figures.among_theirs += usize::from(is_among);
                    let is_within = case.theirs.iter().any(|theirs| is_within(&ours.field, theirs));
                    figures.within += usize::from(is_within);
                    let is_nowhere = case.theirs.iter().all(|theirs| theirs.field.is_empty());
                    figures.nowhere += usize::from(is_nowhere && !is_within);
                }
            }
        }
        figures
    }

    /// Returns on how many of a thousand both agree, or differ as is known.
    pub(super) fn agreement(&self) -> usize {
        (self.both_take + self.both_refuse + self.known) * 1000 / self.all.max(1)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures { all, both_take, both_refuse, only_ours, known, only_theirs, .. } = self;
        let Figures { same_place, among_theirs, within, nowhere, .. } = self;
        let tenths = self.agreement();
        write!(
            f,
            "{all} mutants: both take {both_take}, both refuse {both_refuse} (the first at the same place {same_place}, \
             at one of the server's {among_theirs}, in it or around it {within}, where the server names none {nowhere}); \
             false errors {only_ours}, known differences {known}; missed {only_theirs}; \
             agreement {}.{} %",
            tenths / 10,
            tenths % 10
        )
    }
}

/// Whether a path is that of an error of the server; where types are wrong, it leaves out the places in lists.
pub(super) fn is_same_place(ours: &str, theirs: &Problem) -> bool {
    let bare = |path: &str| shape(path).replace("[]", "");
    ours == theirs.field || theirs.kind == "decode" && bare(ours) == bare(&theirs.field)
}

/// Whether one of both places holds the other: the server often names the structure, where Fanfold names the field in it.
fn is_within(ours: &str, theirs: &Problem) -> bool {
    let bare = |path: &str| shape(path).replace("[]", "").replace("[k]", "");
    let (ours, theirs) = (bare(ours), bare(&theirs.field));
    let holds = |outer: &str, inner: &str| {
        !outer.is_empty() && inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    holds(&ours, &theirs) || holds(&theirs, &ours)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whole objects may be in it.
        let detail: String = self.detail.chars().take(240).collect();
        write!(f, "{} {}: {detail}", self.kind, self.field)
    }
}

pub(super) fn list(said: &[String]) -> String {
    if said.is_empty() { "takes it".into() } else { said.join("; ") }
}

/// What is different in the same way.
#[derive(Default)]
struct Group {
    count: usize,
    example: String,
}

impl Group {
    fn add(&mut self, example: impl FnOnce() -> String) {
        self.count += 1;
        if self.count == 1 {
            self.example = example();
        }
    }
}

fn lines(groups: BTreeMap<String, Group>) -> Vec<String> {
    let mut groups: Vec<(String, Group)> = groups.into_iter().collect();
    groups.sort_by(|one, other| (other.1.count, &one.0).cmp(&(one.1.count, &other.0)));
    groups.into_iter().map(|(name, group)| format!("{:5}  {name}\n         {}", group.count, group.example)).collect()
}

/// Returns false errors by kind, code and field, the most frequent first.
pub(super) fn false_errors(cases: &[Case], known: &[Known]) -> Vec<String> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for case in cases {
        for finding in case.false_errors(known) {
            let name = format!("{} {} {}", case.kind, shape(&finding.field), finding.code);
            groups
                .entry(name)
                .or_default()
                .add(|| format!("{}: {} [{}]\n         {}", finding.field, finding.message, case.how, case.object));
        }
    }
    lines(groups)
}

/// Returns all differences, in groups.
pub(super) fn groups(cases: &[Case], known: &[Known]) -> String {
    let mut missed: BTreeMap<String, Group> = BTreeMap::new();
    let mut elsewhere: BTreeMap<String, Group> = BTreeMap::new();
    for case in cases {
        let Some(first) = case.theirs.first() else { continue };
        let at = |theirs: &Problem| case.object.pointer(&pointer(&theirs.field)).map(ToString::to_string);
        if case.ours.is_empty() {
            let name = format!("{} {} {}", case.kind, first.kind, shape(&first.field));
            missed.entry(name).or_default().add(|| {
                let value: String = at(first).unwrap_or_else(|| "-".into()).chars().take(200).collect();
                format!("{first} [{}] {value}", case.how)
            });
        }
        for ours in &case.ours {
            let is_near = |theirs: &Problem| theirs.field.is_empty() || is_within(&ours.field, theirs);
            if !case.theirs.iter().any(is_near) {
                let name = format!("{} {} {}, not {}", case.kind, ours.code, shape(&ours.field), shape(&first.field));
                elsewhere
                    .entry(name)
                    .or_default()
                    .add(|| format!("{} [{}] the server: {first}", ours.message, case.how));
            }
        }
    }
    let list = |title: &str, lines: Vec<String>| format!("== {title}: {} groups\n{}\n", lines.len(), lines.join("\n"));
    let mut used = vec![0; known.len()];
    for case in cases.iter().filter(|case| case.theirs.is_empty()) {
        for finding in &case.ours {
            for (known, used) in known.iter().zip(&mut used) {
                *used += usize::from(known.is(&case.kind, finding));
            }
        }
    }
    let uses = known.iter().zip(used).map(|(known, used)| format!("{used:5}  {}", known.line)).collect();
    [
        list("false errors (only Fanfold refuses)", false_errors(cases, known)),
        list("missed (only the server refuses)", lines(missed)),
        list("both refuse, at another place", lines(elsewhere)),
        list("known differences", uses),
    ]
    .concat()
}

/// Returns the pointer of a path with numbers alone, as good as any where keys have dots.
fn pointer(path: &str) -> String {
    let path = path.replace('[', ".").replace(']', "");
    if path.is_empty() { path } else { format!("/{}", path.replace('.', "/")) }
}
