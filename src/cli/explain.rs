//! `fanfold explain`: a code, a field or an object in, what there is to know of it out.

use clap::Args;

use super::args::{FormatArg, InputArgs, ReportArgs, VariantArgs};
use super::session::{Channel, Session, facts, remark};
use super::{Exit, Failure};
use crate::diagnostic::{Code, explanation, suggestion};
use crate::explain::{Topic, Unknown, Wanted, story, topics};
use crate::kubernetes::Manifest;
use crate::text::harmless;

/// `explain`
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// A code (`unknown-field`), a field (`Deployment.replicas`, `mounts`), or an object (`Deployment/web-eu`) with its specs
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
    match topics(facts(args.variant.kubernetes_version.as_deref())?, what) {
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
    let Some(wanted) = Wanted::parse(what) else {
        return Err(Failure::Usage(format!("expected `Kind/name`, `Kind/namespace/name` or `name`, found `{what}`")));
    };
    let input = InputArgs {
        inputs: args.inputs.clone(),
        variant: args.variant.clone(),
        // Nothing is written: the limit that guards a cluster guards nothing here.
        max_instances: 1_000_000,
        report: ReportArgs { format: FormatArg::Human, deny: Vec::new(), allow: Vec::new() },
    };
    let mut session = Session::new(&input.report)?;
    let compilation = session.compile(&input)?;
    if session.report(&input.report, Channel::Stderr)? != Exit::Fine {
        return Ok(Exit::Findings);
    }
    let objects = compilation.objects();
    let found: Vec<Topic> = objects
        .iter()
        .filter(|object| wanted.is(object))
        .map(|object| story(object, &compilation, &session.sources))
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
