//! Findings for people: excerpt, carets, reason, way out. The only door to annotate-snippets.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin as At, Padding, Patch, Renderer, Snippet};

use super::excerpt::{Excerpt, excerpts};
use super::fold::{Told, fold};
use super::{Style, became, grouped};
use crate::diagnostic::{Applicability, Code, Diagnostic, Edit, Fix, Severity};
use crate::text::{Origin, Sources, harmless};

/// Up to so many findings are not counted by their codes.
const FEW: usize = 10;
/// How many places of findings that say the same are named.
const SHOWN_PLACES: usize = 4;
/// How many further places of a finding are shown.
const SHOWN_LABELS: usize = 6;
/// The longest text that is shown as a change of the source, in bytes.
const LONGEST_PATCH: usize = 400;

pub(super) fn render(findings: &[Diagnostic], sources: &Sources, style: Style) -> String {
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(style.width.max(40));
    let mut explained = BTreeSet::new();
    let mut out = String::new();
    let (told, counted) = fold(findings);
    let counted = counted.iter().map(|finding| Told { finding, alike: Vec::new() });
    let is_whole = told.iter().all(|told| told.alike.is_empty()) && counted.len() == 0;
    for told in told.into_iter().chain(counted) {
        let first = explained.insert(told.finding.code);
        let picture = renderer.render(&report(&told, sources, first));
        for line in picture.lines().filter(|line| !is_empty_origin(line)) {
            out.push_str(line);
            out.push('\n');
        }
        out.push('\n');
    }
    if !findings.is_empty() {
        out.push_str(&summary(findings, is_whole));
        out.push('\n');
    }
    out
}

/// Whether a line is nothing but the mark that stands for the path of a snippet without one.
fn is_empty_origin(line: &str) -> bool {
    let mut escaped = false;
    let visible = line.chars().filter(|c| {
        let shown = !escaped && *c != '\u{1b}' && *c != ' ';
        escaped = *c == '\u{1b}' || (escaped && *c != 'm');
        shown
    });
    visible.eq(":::".chars())
}

/// Returns how many findings there are of each code, if they are many, and of each severity: `2 errors, 1 warning`.
fn summary(findings: &[Diagnostic], is_whole: bool) -> String {
    let number = |finding: &Diagnostic| finding.others.max(1);
    let mut out = String::new();
    if !is_whole || findings.len() > FEW {
        let mut codes: BTreeMap<Code, usize> = BTreeMap::new();
        findings.iter().for_each(|finding| *codes.entry(finding.code).or_default() += number(finding));
        let mut codes: Vec<(Code, usize)> = codes.into_iter().collect();
        codes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let width = codes.first().map_or(0, |(_, most)| grouped(*most).len());
        for (code, count) in codes {
            let _ = writeln!(out, "  {:>width$} {code}", grouped(count));
        }
    }
    let counted = |severity: Severity| {
        let of = findings.iter().filter(|finding| finding.severity == severity);
        let number: usize = of.map(number).sum();
        let plural = if number == 1 { "" } else { "s" };
        (number > 0).then(|| format!("{} {}{plural}", grouped(number), severity.as_str()))
    };
    let counts: Vec<String> =
        [Severity::Error, Severity::Warning, Severity::Note].into_iter().filter_map(counted).collect();
    out.push_str(&counts.join(", "));
    if !is_whole {
        out.push_str("; `--format short` tells each in a line");
    }
    out.push_str(&fixable(findings));
    out
}

/// Says how many findings `check` mends itself.
fn fixable(findings: &[Diagnostic]) -> String {
    let count = |applicability: Applicability| {
        let fixes = findings.iter().filter_map(|finding| finding.fix.as_ref());
        fixes.filter(|fix| fix.applicability == applicability).count()
    };
    match (count(Applicability::Safe), count(Applicability::Unsafe)) {
        (0, 0) => String::new(),
        (0, more) => format!("\n[*] {} fixable with `fanfold check --fix --unsafe-fixes`", grouped(more)),
        (safe, 0) => format!("\n[*] {} fixable with `fanfold check --fix`", grouped(safe)),
        (safe, more) => {
            format!(
                "\n[*] {} fixable with `fanfold check --fix`, {} more with `--unsafe-fixes`",
                grouped(safe),
                grouped(more)
            )
        }
    }
}

fn report<'a>(told: &Told<'a>, sources: &'a Sources, first: bool) -> Vec<Group<'a>> {
    let finding = told.finding;
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(harmless::lines(&finding.message)).id(finding.code.name());
    let mut group = Group::with_title(title).elements(places(finding, sources));
    if let Some(text) = became(finding) {
        group = group.element(Level::NOTE.message(harmless::lines(&text)));
    }
    if !told.alike.is_empty() {
        group = group.element(Level::NOTE.message(harmless::lines(&alike(&told.alike, sources))));
    }
    let patch = finding.fix.as_ref().and_then(|fix| patch(fix, sources));
    // The first way out says what the change does, so that it stands above the change.
    let above = usize::from(patch.is_some()).min(finding.help.len());
    for help in &finding.help[above..] {
        group = group.element(Level::HELP.message(harmless::lines(help)));
    }
    let explain = first.then(|| Level::HELP.message(explain(finding.code)));
    let Some(patch) = patch else { return vec![group.elements(explain)] };
    let title = finding.help.first().map_or("write", String::as_str);
    let patch = Level::HELP.secondary_title(harmless::lines(title)).element(patch).elements(explain);
    vec![group, patch]
}

/// Names the places of further findings that say the same.
fn alike(findings: &[&Diagnostic], sources: &Sources) -> String {
    let place = |finding: &&Diagnostic| {
        let (file, place) = sources.place(finding.origin)?;
        Some(format!("{file}:{}", place.line))
    };
    let places: Vec<String> = findings.iter().take(SHOWN_PLACES).filter_map(place).collect();
    let more = if findings.len() > SHOWN_PLACES { ", …" } else { "" };
    format!("and {} more like it: {}{more}", grouped(findings.len()), places.join(", "))
}

fn explain(code: Code) -> String {
    format!("`fanfold explain {code}` tells more")
}

/// Returns the excerpts with their marks: the place itself first, then the further ones.
fn places<'a>(finding: &'a Diagnostic, sources: &'a Sources) -> Vec<Element<'a>> {
    let labels = finding.labels.iter().take(SHOWN_LABELS);
    let origins: Vec<Origin> = std::iter::once(finding.origin).chain(labels.map(|label| label.origin)).collect();
    let mut elements = Vec::new();
    for excerpt in excerpts(sources, &origins) {
        let Excerpt { name, place, first_line, text, marks } = excerpt;
        if !elements.is_empty() {
            elements.push(Padding.into());
        }
        // A snippet with a path would count the column in the excerpt, which may be cut or masked.
        elements.push(At::path(harmless::one_line(name)).line(place.line).char_column(place.column).into());
        let marks = marks.into_iter().map(|(range, number)| {
            let (kind, text) = match number.checked_sub(1) {
                None => (AnnotationKind::Primary, finding.label.as_str()),
                Some(label) => (AnnotationKind::Context, finding.labels[label].text.as_str()),
            };
            let text = (!text.is_empty()).then(|| harmless::lines(text));
            kind.span(range).label(text)
        });
        elements.push(Snippet::source(text).line_start(first_line).annotations(marks).into());
    }
    let hidden = finding.labels.len().saturating_sub(SHOWN_LABELS);
    if hidden > 0 {
        let plural = if hidden == 1 { "" } else { "s" };
        elements.push(Level::NOTE.message(format!("and {} more place{plural}", grouped(hidden))).into());
    }
    elements
}

/// Returns a change of the source as a picture, where it is small enough for one.
fn patch<'a>(fix: &'a Fix, sources: &'a Sources) -> Option<Snippet<'a, Patch<'a>>> {
    let is_small = |edit: &Edit| {
        let replaced = edit.origin.end.saturating_sub(edit.origin.start) as usize;
        edit.replacement.len() <= LONGEST_PATCH
            && replaced <= LONGEST_PATCH
            && !sources.text(edit.origin).contains('\n')
    };
    if !fix.edits.iter().all(is_small) {
        return None;
    }
    let origins: Vec<Origin> = fix.edits.iter().map(|edit| edit.origin).collect();
    let mut all = excerpts(sources, &origins);
    let Excerpt { first_line, text, marks, .. } = all.pop().filter(|_| all.is_empty())?;
    let patches =
        marks.into_iter().map(|(range, number)| Patch::new(range, harmless::lines(&fix.edits[number].replacement)));
    Some(Snippet::source(text).line_start(first_line).patches(patches))
}
