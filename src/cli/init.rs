//! `fanfold init`: nothing in, a commented first spec out, which compiles as it stands.

use std::fs;
use std::io;
use std::path::Path;

use clap::Args;

use super::output::{self, Rights};
use super::session::{Channel, remark};
use super::{Exit, Failure};
use crate::spec::{budgeted, slug};
use crate::text::scalar::{Meaning, resolve};

/// `init`
#[derive(Args, Debug)]
pub struct InitArgs {
    /// Where to write the spec; `-` for standard output
    #[arg(value_name = "FILE", default_value = "fanfold.yaml")]
    pub path: String,

    /// Write a spec for this image
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,

    /// Overwrite the file
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
    let body = match &args.image {
        Some(image) => of_image(image)?,
        None => FIRST.to_owned(),
    };
    if path == "-" {
        let text = format!("{}{body}", modeline(false));
        Channel::Stdout.write(text.as_bytes())?;
        return Ok(Exit::Fine);
    }
    let file = Path::new(path);
    if !args.force && fs::symlink_metadata(file).is_ok_and(|found| !found.is_dir()) {
        let cause = "it is there already; overwrite it with `--force`, or name another file";
        return Err(output::Failure::new("write", file, io::Error::new(io::ErrorKind::AlreadyExists, cause)).into());
    }
    let text = format!("{}{body}", modeline(file.with_file_name(SCHEMA).is_file()));
    // What is in the way was looked at above.
    output::write_known(text.as_bytes(), file, Rights { force: true, inputs: None }, |_| false)?;
    remark(&format!("{path}: written; next, `fanfold build {path}` prints its manifests"));
    Ok(Exit::Fine)
}

/// Returns the line by which editors find the schema, or how to come by one.
fn modeline(is_there: bool) -> String {
    if is_there {
        return format!("# yaml-language-server: $schema={SCHEMA}\n");
    }
    format!(
        "# Editors complete and check what you type: run `fanfold schema > {SCHEMA}`, and make this the first line:\n\
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
