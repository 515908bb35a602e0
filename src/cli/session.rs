//! One run over specs: arguments to settings, inputs to a compilation, findings to the user.

use std::path::Path;
use std::sync::Arc;

use super::args::{InputArgs, ReportArgs};
use super::disk::Disk;
pub(super) use super::terminal::{Channel, complain, remark};
use super::{Exit, Failure};
use crate::compile::{Compilation, Inputs, Settings, compile, holds_policy, kept_for, read_inputs, survey_inputs};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Style, Subject, render};
use crate::expand::{self, Options};
use crate::policy::{Policy, PolicyError};
use crate::read::{Document, Files, read_confidential};
use crate::rules::Asked;
use crate::text::{Key, Map, Node, Origin, Sources, Value};

/// The state of one run.
#[derive(Debug)]
pub(super) struct Session {
    /// The files of the run.
    pub(super) disk: Arc<Disk>,
    pub(super) sources: Sources,
    /// What was found since the last report.
    pub(super) diagnostics: Diagnostics,
    /// What was reported, as it was judged.
    pub(super) reported: Diagnostics,
    policy: Policy,
    reports: usize,
    /// What was warned of before anything was sent.
    foretold: Vec<Subject>,
}

impl Session {
    /// Starts a run whose findings are judged as the arguments say.
    pub(super) fn new(report: &ReportArgs) -> Result<Self, Failure> {
        let policy = Policy::parse(&report.deny, &report.allow)
            .map_err(|error: PolicyError| Failure::Usage(error.to_string()))?;
        Ok(Self {
            disk: Arc::default(),
            sources: Sources::default(),
            diagnostics: Diagnostics::new(),
            reported: Diagnostics::new(),
            policy,
            reports: 0,
            foretold: Vec::new(),
        })
    }

    /// Reads and compiles the inputs.
    pub(super) fn compile(&mut self, args: &InputArgs) -> Result<Compilation, Failure> {
        let disk = Arc::clone(&self.disk);
        self.compile_in(args, &*disk)
    }

    /// Reads and compiles the inputs from where they are.
    pub(super) fn compile_in(&mut self, args: &InputArgs, files: &dyn Files) -> Result<Compilation, Failure> {
        let settings = self.settings(args)?;
        let inputs = self.read(&args.inputs, files);
        Ok(self.compile_inputs(inputs, &settings, files))
    }

    /// Returns what is compiled for.
    pub(super) fn settings(&mut self, args: &InputArgs) -> Result<Settings, Failure> {
        self.disk.places.allow(&args.variant.allow_path)?;
        let facts = args.variant.facts()?;
        let mut asked = Asked::default();
        args.rules.iter().try_for_each(|word| asked.add(word.trim())).map_err(Failure::Usage)?;
        let policies = self.policies(&args.policy)?;
        let disk = Arc::clone(&self.disk);
        let definitions = kept_for(&args.inputs, &*disk, &mut self.sources, &mut self.diagnostics);
        let options = Options {
            profiles: args.variant.profile.iter().map(|name| name.trim().into()).collect(),
            params: self.params(&args.variant.params, &args.variant.set)?,
            max_instances: args.max_instances,
            made: 0,
            secrets_elsewhere: false,
        };
        Ok(Settings { facts, options, asked, policies, definitions, ..Settings::default() })
    }

    /// Reads the policies that the command line names, with what stands beside them.
    fn policies(&mut self, paths: &[String]) -> Result<Vec<Document>, Failure> {
        let disk = Arc::clone(&self.disk);
        let mut all = Vec::new();
        for path in paths {
            let path = std::slice::from_ref(path);
            let read = read_inputs(path, &*disk, read_stdin, &mut self.sources, &mut self.diagnostics);
            let is_lost = self.diagnostics.iter().any(|finding| finding.severity == Severity::Error);
            if !is_lost && !read.manifests.iter().any(|document| holds_policy(&document.root)) {
                let message = format!("`--policy {}` holds no object of the kind `ValidatingAdmissionPolicy`", path[0]);
                return Err(Failure::Usage(message));
            }
            all.extend(read.manifests);
        }
        Ok(all)
    }

    /// Reads inputs from where they are, and standard input, to make or send what they hold.
    pub(super) fn read(&mut self, paths: &[String], files: &dyn Files) -> Inputs {
        self.remember_stdin(paths);
        let inputs = read_inputs(paths, files, read_stdin, &mut self.sources, &mut self.diagnostics);
        let others = inputs.skipped.not_made();
        if !others.is_empty() {
            remark(&format!("left out: {others}"));
        }
        inputs
    }

    /// Reads inputs as [`Session::read`] does, to look at what they hold.
    pub(super) fn survey(
        &mut self,
        paths: &[String],
        files: &dyn Files,
        stdin: impl FnOnce() -> std::io::Result<Vec<u8>>,
    ) -> Inputs {
        self.remember_stdin(paths);
        survey_inputs(paths, files, stdin, &mut self.sources, &mut self.diagnostics)
    }

    fn remember_stdin(&self, paths: &[String]) {
        if paths.iter().any(|path| path == "-") {
            // It may be a file that a shell has opened.
            self.disk.remember("/dev/stdin");
        }
    }

    /// Compiles what was read.
    pub(super) fn compile_inputs(&mut self, inputs: Inputs, settings: &Settings, files: &dyn Files) -> Compilation {
        let is_rendered = !inputs.rendered.is_empty();
        let compilation = compile(inputs, settings, files, &mut self.sources, &mut self.diagnostics);
        if !is_rendered {
            let found = std::mem::take(&mut self.diagnostics).into_iter();
            self.diagnostics = found.map(told_of_charts).collect();
        }
        compilation
    }

    /// Reads given parameters, the lowest layer first.
    pub(super) fn params(&mut self, files: &[String], set: &[String]) -> Result<Vec<Map>, Failure> {
        let mut layers = Vec::new();
        for given in files {
            layers.extend(self.params_of(given)?);
        }
        let mut single = Map::new();
        for text in set {
            let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
                // What was meant may be a secret.
                return Err(Failure::Usage("expected `--set NAME=VALUE`, found a text without a name and `=`".into()));
            };
            let file = self.sources.add("--set", text.as_str());
            let origin = Origin::new(file, name.len() + 1, text.len());
            let node = if value.starts_with(['[', '{', '"', '\'']) {
                // What it is read from is shown elsewhere, or not at all.
                self.sources.hide(origin);
                let bytes = value.as_bytes().to_vec();
                match read_confidential(&mut self.sources, &format!("--set {name}"), bytes, &mut self.diagnostics) {
                    Some(node) => node,
                    None => continue,
                }
            } else if value.is_empty() {
                Node::string("", origin)
            } else {
                Node::new(Value::Plain(value.into()), origin)
            };
            let key = Key::new(name, Origin::new(file, 0, name.len()));
            single.set(key, node);
        }
        layers.push(single);
        Ok(layers)
    }

    /// Reads a file of parameters, or of the value of one: `FILE`, a mapping of them, or a table that is the value of the
    /// parameter of its name; `NAME=FILE`. `None` if it cannot be read, which is reported.
    fn params_of(&mut self, given: &str) -> Result<Option<Map>, Failure> {
        let is_name = |name: &str| !name.is_empty() && !name.contains(['/', '\\', '.']);
        let (name, path) = match given.split_once('=').filter(|(name, _)| is_name(name)) {
            Some((name, path)) => (Some(name), path),
            None => (None, given),
        };
        let bytes = self
            .disk
            .read(path)
            .map_err(|error| Failure::Environment(format!("cannot read `{path}`: {}", crate::read::reason(&error))))?;
        let read = if expand::is_table(path) {
            expand::read_table(path, bytes, &mut self.sources, &mut self.diagnostics)
        } else {
            read_confidential(&mut self.sources, path, bytes, &mut self.diagnostics)
        };
        let Some(root) = read else { return Ok(None) };
        match (name, root.as_map()) {
            (None, Some(map)) => Ok(Some(map.clone())),
            (None, None) if !is_rows(&root) => {
                let found = root.type_name();
                let message = format!("expected a mapping of parameters in `{path}`, or rows of one, found {found}");
                Err(Failure::Usage(message))
            }
            _ => {
                let stem = Path::new(path).file_stem().and_then(std::ffi::OsStr::to_str);
                let name = name.or(stem).unwrap_or(path);
                // The name is no part of what is read, all of which may be secret.
                let (start, file) = (given.find(name).unwrap_or_default(), self.sources.add("--params", given));
                let mut map = Map::new();
                map.push(Key::new(name, Origin::new(file, start, start + name.len())), root);
                Ok(Some(map))
            }
        }
    }

    /// Judges the findings and shows them on `out`; says whether any of them is an error.
    pub(super) fn report(&mut self, report: &ReportArgs, out: Channel) -> Result<Exit, Failure> {
        let judged = self.judged();
        let exit = self.show(&judged, report, out)?;
        self.reported.append(judged);
        Ok(exit)
    }

    /// Shows findings that are judged; says whether any of them is an error.
    pub(super) fn show(&self, judged: &Diagnostics, report: &ReportArgs, out: Channel) -> Result<Exit, Failure> {
        let text = self.text(judged, report, out.style());
        out.write(text.as_bytes())?;
        Ok(if judged.has_errors() { Exit::Findings } else { Exit::Fine })
    }

    /// Takes the findings, judged.
    pub(super) fn judged(&mut self) -> Diagnostics {
        let mut found = std::mem::take(&mut self.diagnostics).as_written(&mut self.sources);
        if self.reports == 0 {
            let warnings = found.iter().filter(|finding| finding.severity == Severity::Warning);
            self.foretold = warnings.filter_map(|finding| finding.subject.clone()).collect();
        }
        found.retain(|finding| finding.code != Code::ServerWarning || self.reports == 0 || !self.is_foretold(finding));
        // The comments in the inputs are judged once, with what compiling found.
        let judged = match self.reports {
            0 => self.policy.apply(found, &self.sources),
            _ => self.policy.apply_later(found, &self.sources),
        };
        self.reports += 1;
        judged
    }

    /// Whether the server repeats what was found before anything was sent.
    fn is_foretold(&self, finding: &Diagnostic) -> bool {
        let Some(said) = &finding.subject else { return false };
        // The server knows the namespace that an object went to.
        let named = |object: &str| {
            let (kind, name) = object.split_once(' ')?;
            Some((kind.to_owned(), name.rsplit('/').next()?.to_owned()))
        };
        self.foretold.iter().filter(|known| named(&known.object) == named(&said.object)).any(|known| {
            let is_there = !said.field.is_empty()
                && (known.field.starts_with(&said.field) || said.field.starts_with(&known.field));
            is_there || !known.field.is_empty() && finding.message.contains(&known.field)
        })
    }

    /// Returns findings as text.
    pub(super) fn text(&self, judged: &Diagnostics, report: &ReportArgs, style: Style) -> String {
        render(judged, &self.sources, report.format.into(), style)
    }

    /// Judges findings by other words than those of the command line.
    pub(super) fn judge_by(&mut self, deny: &[String], allow: &[String]) -> Result<(), Failure> {
        self.policy = Policy::parse(deny, allow).map_err(|error: PolicyError| Failure::Usage(error.to_string()))?;
        Ok(())
    }
}

fn is_rows(node: &Node) -> bool {
    node.as_seq().is_some_and(|items| items.iter().all(|item| item.as_map().is_some()))
}

/// Says of a patch without an object that it may be for what a chart renders.
fn told_of_charts(finding: Diagnostic) -> Diagnostic {
    if finding.code != Code::IneffectivePatch {
        return finding;
    }
    finding.help(
        "a patch of what a chart renders is checked with that: `helm template … | fanfold post-render --spec FILE`",
    )
}

pub(super) fn read_stdin() -> std::io::Result<Vec<u8>> {
    crate::read::read_bounded(std::io::stdin().lock())
}
