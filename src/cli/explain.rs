//! `fanfold explain`: a code, a field or an object in, what there is to know of it out.

use clap::Args;

use super::args::{FormatArg, InputArgs, ReportArgs, VariantArgs};
use super::session::{Channel, Session, remark};
use super::{Exit, Failure};
use crate::compile::Compilation;
use crate::diagnostic::{Code, Diagnostics, explanation, suggestion};
use crate::explain::{AtLine, Makers, Topic, Unknown, Wanted, field_story, story, topics};
use crate::kubernetes::Manifest;
use crate::read::{Files, read_documents, reason};
use crate::text::{Sources, harmless};

/// `explain`
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// A code (`unknown-field`), a field or a word of the language (`Deployment.replicas`, `mounts`, `slug`), or, with its specs,
    /// an object (`Deployment/web-eu`) or a line of the output (`out.yaml:57`)
    #[arg(value_name = "WHAT")]
    pub what: Option<String>,

    /// The specs that make the object
    #[arg(value_name = "FILE")]
    pub inputs: Vec<String>,

    #[command(flatten)]
    pub variant: VariantArgs,
}

/// Explains.
pub(super) fn run(args: &ExplainArgs) -> Result<Exit, Failure> {
    let Some(what) = &args.what else {
        args.variant.refuse_without_specs()?;
        return print(&list());
    };
    if !args.inputs.is_empty() {
        return object(what, args);
    }
    args.variant.refuse_without_specs()?;
    if let Some(code) = Code::from_name(what) {
        return print(&explanation(code).plain());
    }
    if what.contains('/') {
        return Err(Failure::Usage(format!(
            "an object is explained from the specs that make it: `fanfold explain {what} SPEC…`"
        )));
    }
    match topics(args.variant.facts()?, what) {
        Ok(topics) => print(&joined(&topics)),
        Err(unknown) => {
            complain(&unknown);
            Ok(Exit::Findings)
        }
    }
}

/// Returns all codes with their severities and summaries.
fn list() -> String {
    let width = Code::ALL.iter().map(|code| code.name().len()).max().unwrap_or(0);
    let line = |code: &Code| {
        format!("  {:width$}  {:7}  {}\n", code.name(), code.severity().as_str(), explanation(*code).summary)
    };
    let lines: String = Code::ALL.iter().map(line).collect();
    format!(
        "codes\n{lines}\n`fanfold explain CODE` tells more of each; a FIELD or an OBJECT with its specs is explained too\n"
    )
}

fn object(what: &str, args: &ExplainArgs) -> Result<Exit, Failure> {
    if let Some((path, line)) = line_of_file(what) {
        return output_line(what, path, line, args);
    }
    let Some(wanted) = Wanted::parse(what) else {
        return Err(Failure::Usage(format!("expected `Kind/name`, `Kind/namespace/name` or `name`, found `{what}`")));
    };
    let Some((compilation, session)) = compiled(args)? else { return Ok(Exit::Findings) };
    let makers = Makers::of(&compilation);
    let objects = compilation.objects();
    let found: Vec<Topic> = objects
        .iter()
        .filter(|object| wanted.is(object))
        .map(|object| story(object, &makers, &session.sources))
        .collect();
    if found.is_empty() {
        complain(&Unknown {
            message: format!("the inputs make no object `{what}`"),
            help: suggestion(wanted.name(), objects.iter().map(|object| object.key.name.as_str()))
                .or_else(|| some_of(&objects)),
        });
        return Ok(Exit::Findings);
    }
    print(&joined(&found))
}

/// Compiles the specs; returns `None` if they have errors, which are told.
fn compiled(args: &ExplainArgs) -> Result<Option<(Compilation, Session)>, Failure> {
    let input = InputArgs {
        inputs: args.inputs.clone(),
        variant: args.variant.clone(),
        // Nothing is written: the limit that guards a cluster guards nothing here.
        max_instances: 1_000_000,
        policy: Vec::new(),
        rules: Vec::new(),
        report: ReportArgs { format: FormatArg::Human, deny: Vec::new(), allow: Vec::new() },
    };
    let mut session = Session::new(&input.report)?;
    let compilation = session.compile(&input)?;
    if session.report(&input.report, Channel::Stderr)? != Exit::Fine {
        return Ok(None);
    }
    Ok(Some((compilation, session)))
}

/// Returns the file and the line that `out.yaml:57` names, where there is such a file.
fn line_of_file(what: &str) -> Option<(&str, usize)> {
    let (path, line) = what.rsplit_once(':')?;
    let line = line.parse().ok().filter(|line| *line > 0)?;
    std::path::Path::new(path).is_file().then_some((path, line))
}

/// Explains what stands at a line of the output.
fn output_line(what: &str, path: &str, line: usize, args: &ExplainArgs) -> Result<Exit, Failure> {
    let Some((compilation, session)) = compiled(args)? else { return Ok(Exit::Findings) };
    let bytes = session
        .disk
        .read(path)
        .map_err(|error| Failure::Environment(format!("cannot read `{path}`: {}", reason(&error))))?;
    let (mut sources, mut found) = (Sources::default(), Diagnostics::new());
    let file = sources.next_id();
    let documents = read_documents(&mut sources, path, bytes, &mut found);
    let at = sources.file(file).and_then(|file| AtLine::find(file, &documents, line));
    let object = at.as_ref().and_then(|at| {
        compilation.objects().into_iter().find(|object| {
            let (made, wanted) = (&object.key, &at.key);
            (&made.group, &made.kind, &made.namespace, &made.name)
                == (&wanted.group, &wanted.kind, &wanted.namespace, &wanted.name)
        })
    });
    let (Some(at), Some(object)) = (at, object) else {
        complain(&Unknown {
            message: format!("no object of the inputs stands at `{what}`"),
            help: Some("is the file what these specs make now? `fanfold build --check` tells".to_owned()),
        });
        return Ok(Exit::Findings);
    };
    print(&field_story(what, &at, &object, &Makers::of(&compilation), &session.sources).plain())
}

/// Names the first of the objects that there are.
fn some_of(objects: &[Manifest]) -> Option<String> {
    const SHOWN: usize = 6;
    let names: Vec<String> =
        objects.iter().take(SHOWN).map(|Manifest { key, .. }| format!("`{}/{}`", key.kind, key.name)).collect();
    let more = if objects.len() > SHOWN { format!(" and {} more", objects.len() - SHOWN) } else { String::new() };
    (!names.is_empty()).then(|| format!("they make {}{more}", names.join(", ")))
}

fn joined(topics: &[Topic]) -> String {
    topics.iter().map(Topic::plain).collect::<Vec<_>>().join("\n")
}

fn complain(unknown: &Unknown) {
    let help = unknown.help.as_ref().map(|help| format!(": {help}")).unwrap_or_default();
    remark(&format!("error: {}{help}", unknown.message));
}

/// Prints a text whose titles stand at the start of their lines; they are bold on a terminal, sentences are not.
fn print(text: &str) -> Result<Exit, Failure> {
    const BOLD: &str = "\u{1b}[1m";
    const PLAIN: &str = "\u{1b}[0m";
    let color = Channel::Stdout.style().color;
    let text = harmless::report(text, false);
    let line = |line: &str| {
        let is_title = !(line.is_empty() || line.starts_with([' ', '`']) || line.ends_with('.'));
        if is_title && color { format!("{BOLD}{line}{PLAIN}\n") } else { format!("{line}\n") }
    };
    Channel::Stdout.styled(&text.lines().map(line).collect::<String>())?;
    Ok(Exit::Fine)
}
