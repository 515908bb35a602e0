//! What a run on a cluster shows while it goes on: a bar on a terminal, lines elsewhere, JSON where asked for.
//!
//! Lines are for people: of many objects those are named that are not as they should be, and all others counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use serde_json::json;

use super::args::{FormatArg, ReportArgs};
use super::report::{self, Ending};
use super::session::{Channel, Session, remark};
use super::{Exit, Failure};
use crate::apply::{Event, Outcome, Report, Settled};
use crate::diagnostic::to_json;
use crate::text::harmless;

/// Of more objects than this, those that are fine are counted and not named.
const FEW: usize = 50;
/// So many objects that ended in the same way for the same reason are named.
const NAMED: usize = 10;
/// How often a run of many objects says how far it is, where nobody sees a bar.
const NEWS: Duration = Duration::from_secs(10);

/// Why a line of the run could not be written. A run is not stopped half-way for it, but says so at its end.
static LOST: OnceLock<String> = OnceLock::new();

fn keep(written: Result<(), Failure>) {
    if let Err(Failure::Environment(message) | Failure::Usage(message)) = written {
        LOST.get_or_init(|| message);
    }
}

/// Writes an event of the JSON stream. A reader who went away does not stop a run half-way.
fn write(event: &'static str, mut fields: serde_json::Value) {
    if let Some(fields) = fields.as_object_mut() {
        fields.shift_insert(0, "event".into(), json!(event));
    }
    keep(Channel::Stdout.json(&format!("{fields}\n")));
}

/// Begins the JSON stream, where that is asked for.
pub(super) fn begin(command: &str, format: FormatArg, dry_run: bool) {
    if format == FormatArg::Json {
        write("started", json!({ "version": report::VERSION, "command": command, "dryRun": dry_run }));
    }
}

/// Reports what was found: on standard error as every command does, and in the JSON stream.
pub(super) fn findings(session: &mut Session, args: &ReportArgs) -> Result<Exit, Failure> {
    let before = std::mem::take(&mut session.reported);
    let result = session.report(args, Channel::Stderr);
    let new = std::mem::replace(&mut session.reported, before);
    if args.format == FormatArg::Json {
        for finding in new.iter() {
            write("finding", json!({ "finding": to_json(finding, &session.sources) }));
        }
    }
    session.reported.append(new);
    result
}

/// The terminal of a run, for lines that come from beside it: they must not break the bar.
#[derive(Clone, Debug, Default)]
pub(super) struct Screen(Arc<Mutex<Option<ProgressBar>>>);

impl Screen {
    /// Prints one line beside the output.
    pub(super) fn say(&self, line: &str) {
        match &*self.bar() {
            Some(bar) if !bar.is_finished() => bar.println(harmless::report(&harmless::indented(line), false)),
            _ => remark(line),
        }
    }

    fn bar(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows a run.
#[derive(Debug)]
pub(super) struct Progress {
    json: bool,
    /// Whether only what is not as it should be is shown.
    quiet: bool,
    dry_run: bool,
    bar: Option<ProgressBar>,
    pace: (usize, usize),
    /// How many objects are to come to an end, and have.
    objects: (usize, usize),
    /// How many ended in a way, for a reason.
    ended: BTreeMap<(Outcome, String), usize>,
    told: Instant,
}

impl Progress {
    pub(super) fn new(format: FormatArg, quiet: bool, dry_run: bool, screen: &Screen) -> Self {
        let json = format == FormatArg::Json;
        let bar = (!json && !quiet && Channel::Stderr.is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            bar.set_style(style("{msg}"));
            bar.set_message("reading the cluster");
            bar
        });
        screen.bar().clone_from(&bar);
        let (pace, objects, told) = ((0, 0), (0, 0), Instant::now());
        Self { json, quiet, dry_run, bar, pace, objects, ended: BTreeMap::new(), told }
    }

    /// Shows one event.
    pub(super) fn tell(&mut self, event: Event) {
        if self.json {
            in_stream(&event);
            return;
        }
        match event {
            Event::Planned { total, prune, .. } => {
                self.objects = (total + prune, 0);
                if let Some(bar) = &self.bar {
                    bar.set_length((total + prune) as u64);
                    bar.set_position(0);
                    bar.set_style(style("{bar:30} {pos}/{len} objects, {rate}, {eta} left{msg}"));
                    bar.set_message(String::new());
                }
            }
            Event::Settled(settled) => {
                if let Some(bar) = &self.bar {
                    bar.inc(1);
                }
                self.settled(&settled);
            }
            Event::Pace { flying, limit } => {
                if self.pace != (flying, limit)
                    && let Some(bar) = &self.bar
                {
                    self.pace = (flying, limit);
                    bar.set_message(format!(", {flying} of {limit} in flight"));
                }
            }
            Event::Retrying { .. } | Event::Ready { .. } => {}
            Event::Waiting { ready, total } => {
                if let Some(bar) = &self.bar {
                    bar.set_style(style("{bar:30} {pos}/{len} ready, {elapsed}{msg}"));
                    bar.set_length(total as u64);
                    bar.set_position(ready as u64);
                    bar.set_message(String::new());
                }
            }
            Event::Note(note) if self.quiet => drop(note),
            Event::Note(note) | Event::Warning(note) => self.print(&note),
        }
    }

    fn settled(&mut self, settled: &Settled) {
        self.objects.1 += 1;
        let (all, done) = self.objects;
        let few = all <= FEW;
        let is_shown = match settled.outcome {
            Outcome::Unchanged => !settled.reason.is_empty() && !self.quiet,
            Outcome::Created | Outcome::Configured | Outcome::Deleted | Outcome::Absent => {
                self.bar.is_none() && few && !self.quiet
            }
            outcome => !outcome.is_fine() || !self.quiet,
        };
        if !few && self.bar.is_none() && !self.quiet && self.told.elapsed() >= NEWS {
            self.told = Instant::now();
            remark(&format!("{done} of {all} objects"));
        }
        if !is_shown {
            return;
        }
        // What a finding says in full is not said twice.
        let reason = if settled.is_found { "" } else { settled.reason.as_str() };
        let alike = self.ended.entry((settled.outcome, settled.reason.clone())).or_default();
        *alike += 1;
        if !few && *alike > NAMED {
            return;
        }
        let adopted = if settled.adopted { " (adopted)" } else { "" };
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        let line = harmless::one_line(&format!("{} {}{adopted}{reason}", settled.key, settled.outcome.as_str()));
        match &self.bar {
            Some(bar) => bar.println(harmless::report(&line, false)),
            None => {
                keep(Channel::Stdout.report(&format!("{line}\n")));
            }
        }
    }

    fn print(&self, note: &str) {
        match &self.bar {
            Some(bar) => bar.println(harmless::report(&harmless::indented(note), false)),
            None => remark(note),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Says what was done, and writes it to a file where that is asked for.
    pub(super) fn conclude(&self, ending: &Ending<'_>, file: Option<&str>) -> Result<(), Failure> {
        self.summary(ending)?;
        file.map_or(Ok(()), |path| report::write(path, ending))?;
        LOST.get().map_or(Ok(()), |lost| Err(Failure::Environment(lost.clone())))
    }

    /// Says how many more ended as those that were named.
    fn more(&self) -> String {
        let mut out = String::new();
        if self.objects.0 > FEW {
            for ((outcome, reason), count) in self.ended.iter().filter(|(_, count)| **count > NAMED) {
                let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                out.push_str(&format!("{} more {}{reason}\n", count - NAMED, outcome.as_str()));
            }
        }
        out
    }

    /// Says what was done, by kind and outcome.
    fn summary(&self, ending: &Ending<'_>) -> Result<(), Failure> {
        let Ending { report, sources, .. } = *ending;
        if self.json {
            let counts: BTreeMap<&str, usize> = Outcome::ALL
                .iter()
                .map(|outcome| (outcome.as_str(), report.count(*outcome)))
                .filter(|(_, count)| *count > 0)
                .collect();
            let unready = report.waiting.iter().map(|object| report::unready(object, sources));
            write(
                "done",
                json!({
                    "exit": ending.exit as u8,
                    "outcomes": counts,
                    "interrupted": report.interrupted,
                    "stopped": report.stopped,
                    "requests": report.requests,
                    "seconds": report.took.as_secs_f64(),
                    "unready": unready.collect::<Vec<_>>(),
                }),
            );
            return Ok(());
        }
        let mut out = self.more();
        if self.quiet {
            for line in report::unready_lines(&report.waiting, sources) {
                out.push_str(&format!("{line}\n"));
            }
            return Channel::Stdout.report(&out);
        }
        let mut kinds: BTreeMap<&str, Vec<&Settled>> = BTreeMap::new();
        for settled in &report.settled {
            kinds.entry(settled.key.kind.as_str()).or_default().push(settled);
        }
        let width = kinds.keys().map(|kind| kind.len()).max().unwrap_or_default();
        if kinds.len() > 1 {
            for (kind, settled) in &kinds {
                out.push_str(&format!("{kind:width$}  {}\n", counts(&settled.iter().copied())));
            }
        }
        let total = report.settled.len();
        let dry_run = if self.dry_run { " (server dry run)" } else { "" };
        let rate = rate(report);
        out.push_str(&format!(
            "{total} object{}: {} in {}{rate}{dry_run}\n",
            if total == 1 { "" } else { "s" },
            counts(&report.settled.iter()),
            seconds(report.took.saturating_sub(report.waited))
        ));
        if report.waited >= Duration::from_secs(1) {
            let how = if report.waiting.is_empty() { "all ready after" } else { "not all ready after" };
            out.push_str(&format!("{how} {}\n", seconds(report.waited)));
        }
        for line in report::unready_lines(&report.waiting, sources) {
            out.push_str(&format!("{line}\n"));
        }
        Channel::Stdout.report(&out)
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("rate", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        // A bar that cannot be drawn is no reason to stop.
        let _ = write!(out, "{:.0}/s", state.per_sec());
    })
}

fn counts<'a>(settled: &(impl Iterator<Item = &'a Settled> + Clone)) -> String {
    let count = |outcome: Outcome| settled.clone().filter(|settled| settled.outcome == outcome).count();
    let parts: Vec<String> = Outcome::ALL
        .iter()
        .map(|outcome| (count(*outcome), outcome.as_str()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if parts.is_empty() { "nothing done".to_owned() } else { parts.join(", ") }
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[expect(clippy::cast_precision_loss, reason = "numbers of requests")]
fn rate(report: &Report) -> String {
    let rate = report.requests as f64 / report.took.saturating_sub(report.waited).as_secs_f64().max(0.001);
    if report.requests < 100 { String::new() } else { format!(", {rate:.0} requests a second") }
}

/// Writes what happens to the JSON stream.
fn in_stream(event: &Event) {
    match event {
        Event::Planned { total, unchanged, prune } => {
            write("planned", json!({ "total": total, "unchanged": unchanged, "prune": prune }));
        }
        Event::Settled(settled) => write("settled", report::settled(settled)),
        Event::Retrying { key, reason, after } => {
            let after = after.as_secs_f64();
            write("retrying", json!({ "object": report::key(key), "reason": reason, "after": after }));
        }
        Event::Pace { .. } => {}
        Event::Waiting { ready, total } => write("waiting", json!({ "ready": ready, "total": total })),
        Event::Ready { key, failed } => write("ready", json!({ "object": report::key(key), "failed": failed })),
        Event::Note(note) | Event::Warning(note) => write("note", json!({ "text": note })),
    }
}
