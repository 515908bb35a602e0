//! `fanfold init`: nothing in, a first spec out, which compiles as it stands: one with comments, or one of the cookbook with
//! the files that it reads.
//!
//! Nothing is written unless all of it can be.

mod examples;

use std::fs;
use std::io;
use std::path::Path;

use clap::Args;
use clap::builder::PossibleValuesParser;

use self::examples::Example;
use super::output::{self, Rights};
use super::session::{Channel, remark};
use super::{Exit, Failure};
use crate::diagnostic::words;
use crate::kubernetes::Facts;
use crate::spec::{budgeted, slug};
use crate::text::scalar::{Meaning, resolve};

/// `init`
#[derive(Args, Debug)]
pub struct InitArgs {
    /// Where to write the spec; `-` for standard output
    #[arg(value_name = "FILE", default_value = "fanfold.yaml")]
    pub path: String,

    /// Write a spec for this image
    #[arg(long, value_name = "IMAGE", conflicts_with = "example")]
    pub image: Option<String>,

    /// Write a spec of the cookbook, and the files that it reads beside it
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Example::choices()))]
    pub example: Option<String>,

    /// Write the schema for editors beside the spec
    #[arg(long)]
    pub schema: bool,

    /// Overwrite what is there
    #[arg(long)]
    pub force: bool,
}

const FIRST: &str = include_str!("init/first.yaml");
const OF_IMAGE: &str = include_str!("init/image.yaml");
/// The schema that editors find beside a spec.
const SCHEMA: &str = "fanfold.schema.json";
/// The longest name of a workload that is taken from an image: room is left for axis values.
const LONGEST_NAME: usize = 40;

/// Writes the spec, and says what to run next.
pub(super) fn run(args: &InitArgs) -> Result<Exit, Failure> {
    let path = args.path.as_str();
    let example = args.example.as_deref().and_then(Example::named);
    let body = match (&args.image, example) {
        (Some(image), _) => of_image(image)?,
        (None, Some(example)) => example.spec(),
        (None, None) => FIRST.to_owned(),
    };
    let beside = example.map_or(&[][..], |example| example.files);
    if path == "-" {
        if args.schema {
            return Err(Failure::Usage("`--schema` writes a file beside the spec: name a file for that".into()));
        }
        let text = format!("{}{body}", modeline(false));
        Channel::Stdout.write(text.as_bytes())?;
        if !beside.is_empty() {
            remark(&format!("it reads {}, which `fanfold init FILE` writes too", names(beside)));
        }
        return Ok(Exit::Fine);
    }
    let file = Path::new(path);
    let rights = Rights { force: args.force, inputs: None };
    if !args.force && fs::symlink_metadata(file).is_ok_and(|found| !found.is_dir()) {
        let cause = "it is there already; overwrite it with `--force`, or name another file";
        return Err(output::Failure::new("write", file, io::Error::new(io::ErrorKind::AlreadyExists, cause)).into());
    }
    let schema = file.with_file_name(SCHEMA);
    let schema_text = args.schema.then(|| crate::editor::schema(Facts::newest()));
    for (name, content) in beside {
        output::check_known(&file.with_file_name(name), rights, |found| found == content.as_bytes())?;
    }
    if args.schema {
        output::check_known(&schema, rights, is_schema)?;
    }
    for (name, content) in beside {
        output::write_known(content.as_bytes(), &file.with_file_name(name), rights, |found| {
            found == content.as_bytes()
        })?;
    }
    if let Some(text) = schema_text {
        output::write_known(text.as_bytes(), &schema, rights, is_schema)?;
    }
    let text = format!("{}{body}", modeline(schema.is_file()));
    // What is in the way was looked at above.
    output::write_known(text.as_bytes(), file, Rights { force: true, inputs: None }, |_| false)?;
    let with = if beside.is_empty() { String::new() } else { format!(", with {}", names(beside)) };
    remark(&format!("{path}: written{with}; next, `fanfold build {path}` prints its manifests"));
    Ok(Exit::Fine)
}

/// Names files.
fn names(files: &[(&str, &str)]) -> String {
    words::list(files.iter().map(|(name, _)| *name), "and")
}

/// Whether a file is a schema that Fanfold wrote.
fn is_schema(found: &[u8]) -> bool {
    let start = found.get(..found.len().min(400)).unwrap_or_default();
    String::from_utf8_lossy(start).contains("\"title\": \"Fanfold batch spec\"")
}

/// Returns the line by which editors find the schema, or how to come by one.
fn modeline(is_there: bool) -> String {
    if is_there {
        return format!("# yaml-language-server: $schema={SCHEMA}\n");
    }
    format!(
        "# Editors complete and check what you type: run `fanfold schema > {SCHEMA}`, and make this the first line\n\
         # (`fanfold init --schema` does both):\n\
         #   `# yaml-language-server: $schema={SCHEMA}`\n"
    )
}

fn of_image(image: &str) -> Result<String, Failure> {
    let taken = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte);
    let wrong = image.is_empty() || !image.bytes().all(taken) || image.starts_with(['/', ':', '@', '-']);
    if wrong || image.ends_with(['/', ':', '@']) {
        return Err(Failure::Usage(format!(
            "expected an image such as `nginx:1.27` for `--image`, found `{}`",
            image.escape_debug()
        )));
    }
    let mut written = format!("\"{image}\"");
    if !is_pinned(image) {
        written.push_str(" # add a tag: without one the newest image is pulled, whatever it holds");
    }
    Ok(OF_IMAGE.replace("@NAME@", &workload_name(image)).replace("@IMAGE@", &written))
}

fn is_pinned(image: &str) -> bool {
    image.contains('@') || image.rsplit('/').next().is_some_and(|last| last.contains(':'))
}

/// Returns the last part of the image's path as the name of a workload: `ghcr.io/team/App_1:2` is `app-1`.
fn workload_name(image: &str) -> String {
    let path = image.split('@').next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let name = slug(last.split(':').next().unwrap_or_default());
    // Names of Services start with a letter, and `true` is none to readers of YAML.
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase()) && resolve(&name) == Meaning::Text;
    match name.as_str() {
        "" => "app".to_owned(),
        _ if is_name => budgeted(&name, LONGEST_NAME).to_string(),
        _ => budgeted(&format!("app-{name}"), LONGEST_NAME).to_string(),
    }
}
