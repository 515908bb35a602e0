//! One round: the findings of a look enter; the fixes that are applied together leave, and afterwards those that were wrong.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::rewrite::{Before, Rewritten, rewrite};
use super::{Look, Texts};
use crate::diagnostic::{Applicability, Code, Diagnostic, Edit, masked};
use crate::text::{FileId, Origin, Sources};

/// What tells a finding from others, wherever it stands.
pub(super) type Name = (Code, String, String, String);

/// The fixes of a round, none of which overlaps another.
#[derive(Default)]
pub(super) struct Round {
    fixes: Vec<Planned>,
    /// Where the edits stand in the new text of each file, in order, and which fix made them.
    made: BTreeMap<String, Vec<(Range<usize>, usize)>>,
    /// Whether some were left for the next round, unjudged.
    has_more: bool,
}

/// A fix that is to be applied.
struct Planned {
    /// The findings that it mends.
    names: Vec<Name>,
    file: FileId,
    edits: Vec<Edit>,
}

impl Round {
    /// Chooses the fixes of a look: of those that overlap the first.
    pub(super) fn plan(look: &impl Look, trust: Applicability, refused: &BTreeSet<Name>) -> Self {
        let mut fixes: Vec<Planned> = Vec::new();
        let mut known: HashMap<Vec<Edit>, usize> = HashMap::new();
        let mut taken: BTreeMap<FileId, BTreeMap<u32, (u32, bool)>> = BTreeMap::new();
        for (finding, edits) in trusted(look, trust) {
            let name = name(&finding, look.sources());
            let Some(file) = edits.first().map(|edit| edit.origin.file) else { continue };
            if spares(look, &finding, file).is_some() || refused.contains(&name) {
                continue;
            }
            // One change may mend several findings.
            if let Some(same) = known.get(&edits) {
                fixes[*same].names.push(name);
                continue;
            }
            let taken = taken.entry(file).or_default();
            let is_free = |edit: &Edit| {
                let Origin { start, end, .. } = edit.origin;
                // Removals that touch are one removal: of lines above each other, of items of a list.
                let removes = is_removal(edit);
                let is_apart = |from: u32, until: u32, gone: bool| {
                    if removes && gone { until <= start || end <= from } else { until < start || end < from }
                };
                let mut around = taken.range(..=end).rev().take(2);
                edit.origin.file == file && around.all(|(from, (until, gone))| is_apart(*from, *until, *gone))
            };
            if edits.iter().all(is_free) {
                taken.extend(edits.iter().map(|edit| (edit.origin.start, (edit.origin.end, is_removal(edit)))));
                known.insert(edits.clone(), fixes.len());
                fixes.push(Planned { names: vec![name], file, edits });
            }
        }
        Self { fixes, made: BTreeMap::new(), has_more: false }
    }

    /// Counts the fixes in files that are not to be changed, by file and reason.
    pub(super) fn spared(look: &impl Look, trust: Applicability) -> BTreeMap<(String, String), usize> {
        let mut spared = BTreeMap::new();
        for (finding, edits) in trusted(look, trust) {
            let file = edits.first().map(|edit| edit.origin.file);
            let reason =
                file.and_then(|file| Some((look.sources().file(file)?.name.clone(), spares(look, &finding, file)?)));
            if let Some(reason) = reason {
                *spared.entry(reason).or_default() += 1;
            }
        }
        spared
    }

    /// Whether nothing is to be fixed.
    pub(super) fn is_empty(&self) -> bool {
        self.fixes.is_empty()
    }

    /// Whether some fixes were left for the next round.
    pub(super) fn has_more(&self) -> bool {
        self.has_more
    }

    /// Returns how many findings the applied fixes are for.
    pub(super) fn len(&self) -> usize {
        self.applied().iter().map(|fix| self.fixes[*fix].names.len()).sum()
    }

    /// Applies the fixes, and returns the new texts; fixes that make more of a text than they say are refused.
    pub(super) fn rewrite(&mut self, sources: &Sources, refused: &mut BTreeSet<Name>) -> Texts {
        let mut texts = Texts::new();
        let mut has_more = false;
        let files: BTreeSet<FileId> = self.fixes.iter().map(|fix| fix.file).collect();
        for id in files {
            let Some(file) = sources.file(id) else { continue };
            let before = Before::read(&file.name, &file.text);
            let apply = |chosen: &[usize]| -> Option<Rewritten> {
                let edits: Vec<&Edit> = chosen.iter().flat_map(|at| &self.fixes[*at].edits).collect();
                rewrite(&before, &edits).filter(|_| !edits.is_empty())
            };
            let all: Vec<usize> = (0..self.fixes.len()).filter(|at| self.fixes[*at].file == id).collect();
            let mut sought = Sought { apply: &apply, left: TRIES, broken: Vec::new(), unjudged: false };
            let mut applied = sought.sound(&all);
            let Sought { broken, unjudged, .. } = sought;
            refused.extend(broken.iter().flat_map(|at| self.fixes[*at].names.iter().cloned()));
            has_more |= unjudged;
            let made = apply(&applied).or_else(|| {
                // Those that are sound by themselves alone have their turns in the next rounds.
                applied.truncate(1);
                apply(&applied)
            });
            let Some(Rewritten { text, made }) = made else { continue };
            let by = applied.iter().flat_map(|at| std::iter::repeat_n(*at, self.fixes[*at].edits.len()));
            let mut made: Vec<_> = by.zip(made).map(|(fix, range)| (range, fix)).collect();
            made.sort_by_key(|(range, _)| (range.start, range.end));
            self.made.insert(file.name.clone(), made);
            texts.insert(file.name.clone(), Arc::from(text));
        }
        self.has_more = has_more;
        texts
    }

    fn applied(&self) -> BTreeSet<usize> {
        self.made.values().flatten().map(|(_, fix)| *fix).collect()
    }

    /// Returns the fixes whose findings are still there, or that made new ones.
    pub(super) fn wrong(&self, before: &impl Look, after: &impl Look) -> BTreeSet<Name> {
        let mut known: BTreeMap<Name, usize> = BTreeMap::new();
        for finding in before.findings().iter() {
            *known.entry(name(finding, before.sources())).or_default() += 1;
        }
        let mut wrong = BTreeSet::new();
        for finding in after.findings().iter() {
            let found = name(finding, after.sources());
            let is_new = match known.get_mut(&found) {
                Some(number) if *number > 0 => {
                    *number -= 1;
                    false
                }
                _ => true,
            };
            let origin = finding.origin;
            let file = after.sources().file(origin.file).and_then(|file| self.made.get(&file.name));
            let made = file.map(Vec::as_slice).unwrap_or_default();
            let first = made.partition_point(|(range, _)| range.end < origin.start as usize);
            let near = made[first..].iter().take_while(|(range, _)| range.start <= origin.end as usize);
            let caused = near.filter(|(range, fix)| {
                let place = Origin::new(origin.file, range.start, range.end);
                is_about(origin, place, after.sources()) && (is_new || self.fixes[*fix].names.contains(&found))
            });
            wrong.extend(caused.flat_map(|(_, fix)| self.fixes[*fix].names.iter().cloned()));
        }
        wrong
    }
}

/// Whether an edit only takes something out.
fn is_removal(edit: &Edit) -> bool {
    edit.replacement.is_empty() && edit.origin.start < edit.origin.end
}

/// How often the text of a file is read in a round to find the fixes that break it: a broken one takes some twenty times.
const TRIES: usize = 200;

/// The search for the fixes that may be applied; few are broken, and they are found by halves.
struct Sought<'a> {
    apply: &'a dyn Fn(&[usize]) -> Option<Rewritten>,
    left: usize,
    /// Those that are broken by themselves.
    broken: Vec<usize>,
    /// Whether some are left for the next round.
    unjudged: bool,
}

impl Sought<'_> {
    fn sound(&mut self, chosen: &[usize]) -> Vec<usize> {
        if chosen.is_empty() {
            return Vec::new();
        }
        let Some(left) = self.left.checked_sub(1) else {
            self.unjudged = true;
            return Vec::new();
        };
        self.left = left;
        if (self.apply)(chosen).is_some() {
            return chosen.to_vec();
        }
        if chosen.len() == 1 {
            self.broken.extend(chosen);
            return Vec::new();
        }
        let (left, right) = chosen.split_at(chosen.len() / 2);
        [self.sound(left), self.sound(right)].concat()
    }
}

/// Whether a finding is about what an edit made: the bytes themselves, or the scalar that they are a part of. What is said
/// of a structure around it is no matter of the edit.
fn is_about(finding: Origin, made: Origin, sources: &Sources) -> bool {
    let text = sources.text(finding);
    let is_scalar = !text.contains('\n') && !text.contains(": ") && !text.starts_with(['{', '[']);
    made.holds(finding) || is_scalar && finding.holds(made)
}

/// Says why a fix is not to be applied to its file.
fn spares(look: &impl Look, finding: &Diagnostic, file: FileId) -> Option<String> {
    let rendered = finding.template.as_ref().map(|template| format!("it was rendered from `{template}`"));
    rendered.or_else(|| look.spares(file))
}

/// Returns the findings with fixes that may be trusted so far, as bytes of the sources.
fn trusted(look: &impl Look, trust: Applicability) -> impl Iterator<Item = (Diagnostic, Vec<Edit>)> {
    let sources = look.sources();
    let trusted = look
        .findings()
        .iter()
        .filter(move |finding| finding.fix.as_ref().is_some_and(|fix| fix.applicability <= trust));
    trusted.filter_map(move |finding| {
        let finding = masked(finding, sources);
        let edits = finding.fix.as_ref()?.edits.clone();
        Some((finding, edits))
    })
}

fn name(finding: &Diagnostic, sources: &Sources) -> Name {
    let file = sources.file(finding.origin.file).map(|file| file.name.clone()).unwrap_or_default();
    let about = finding.subject.as_ref().map(|subject| format!("{} {}", subject.object, subject.field));
    (finding.code, finding.message.clone(), file, about.unwrap_or_default())
}
