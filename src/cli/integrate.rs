//! `fanfold integrate`: the glue files for another tool, written where it looks for them.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use clap::{Args, ValueEnum};

use super::disk;
use super::output::{self, Rights};
use super::session::{Channel, remark};
use super::{Exit, Failure};
use crate::integrate::{Glue, Owner, Target, Values, owner};

/// `integrate`
#[derive(Args, Debug)]
pub struct IntegrateArgs {
    /// The tool; without one, all are listed
    #[arg(value_enum, value_name = "TARGET")]
    pub target: Option<TargetArg>,

    /// The folder to write to, or `-` for standard output
    #[arg(short = 'o', long = "output-path", value_name = "DIR", default_value = ".", requires = "target")]
    pub path: String,

    /// The spec, or folder of specs, that the glue names [default: specs]
    #[arg(long, value_name = "PATH", requires = "target")]
    pub specs: Option<String>,

    /// The folder of compiled manifests that the glue names [default: manifests]
    #[arg(long, value_name = "DIR", requires = "target")]
    pub manifests: Option<String>,

    /// Compare with what is there instead of writing; exit with 1 where a file is missing or stale
    #[arg(long, requires = "target")]
    pub check: bool,

    /// Overwrite files that Fanfold did not write, or that were changed since
    #[arg(long, requires = "target", conflicts_with = "check")]
    pub force: bool,
}

/// The tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TargetArg {
    /// A generator that compiles specs
    Kustomize,
    /// A post-renderer of charts
    Helm,
    /// `kubectl fanfold`
    Kubectl,
    /// A config management plugin
    Argocd,
    /// A Kustomization for compiled manifests
    Flux,
    /// Hooks
    PreCommit,
    /// A workflow for pull requests
    Github,
    /// Jobs for merge requests
    Gitlab,
}

impl From<TargetArg> for Target {
    fn from(target: TargetArg) -> Self {
        match target {
            TargetArg::Kustomize => Self::Kustomize,
            TargetArg::Helm => Self::Helm,
            TargetArg::Kubectl => Self::Kubectl,
            TargetArg::Argocd => Self::Argocd,
            TargetArg::Flux => Self::Flux,
            TargetArg::PreCommit => Self::PreCommit,
            TargetArg::Github => Self::Github,
            TargetArg::Gitlab => Self::Gitlab,
        }
    }
}

/// Writes the files, and says what each is for.
pub(super) fn run(args: &IntegrateArgs) -> Result<Exit, Failure> {
    let Some(target) = args.target.map(Target::from) else { return list() };
    let values = Values {
        specs: plain(args.specs.as_deref().unwrap_or("specs"))?,
        manifests: plain(args.manifests.as_deref().unwrap_or("manifests"))?,
    };
    let files = target.files(&values);
    // A flag that changes nothing is a misunderstanding.
    let others = [
        ("--specs", args.specs.is_some(), Values { specs: "other".to_owned(), ..values.clone() }),
        ("--manifests", args.manifests.is_some(), Values { manifests: "other".to_owned(), ..values.clone() }),
    ];
    for (flag, given, other) in others {
        let same = files.iter().zip(target.files(&other)).all(|(file, other)| file.text == other.text);
        if given && same {
            return Err(Failure::Usage(format!(
                "the glue for {} names no such path: leave `{flag}` out",
                target.name()
            )));
        }
    }
    if args.path == "-" {
        return print(target, &files, args.check);
    }
    // Without the dot, paths read as they are typed.
    let folder = Path::new(if args.path == "." { "" } else { &args.path });
    if args.check { check(&files, folder) } else { write(target, &files, folder, args.force) }
}

fn list() -> Result<Exit, Failure> {
    let lines = Target::ALL.iter().map(|target| format!("{:<12} {}\n", target.name(), target.about()));
    Channel::Stdout.report(&lines.collect::<String>())?;
    Ok(Exit::Fine)
}

fn plain(path: &str) -> Result<String, Failure> {
    let short = path.trim_end_matches('/').trim_start_matches("./");
    if Values::takes(short) {
        return Ok(short.to_owned());
    }
    Err(Failure::Usage(format!(
        "expected a path below the folder, of letters, digits and `._-/`, found `{}`",
        path.escape_debug()
    )))
}

fn print(target: Target, files: &[Glue], check: bool) -> Result<Exit, Failure> {
    let [file] = files else {
        let paths: Vec<&str> = files.iter().map(|file| file.path).collect();
        return Err(Failure::Usage(format!(
            "the glue for {} is {} files, {}: write them to a folder with `-o DIR`",
            target.name(),
            files.len(),
            paths.join(", ")
        )));
    };
    if check {
        return Err(Failure::Usage("`--check` needs a folder to look into".into()));
    }
    Channel::Stdout.write(file.text.as_bytes())?;
    Ok(Exit::Fine)
}

fn check(files: &[Glue], folder: &Path) -> Result<Exit, Failure> {
    let mut exit = Exit::Fine;
    for file in files {
        let state = match there(&folder.join(file.path))? {
            None => "is missing",
            Some(found) if found == file.text.as_bytes() => continue,
            Some(found) if owned(&found) == Owner::Fanfold => "is stale: run the same command without `--check`",
            Some(_) => "is not what would be written, and somebody has changed it: `--force` overwrites it",
        };
        remark(&format!("error: `{}` {state}", folder.join(file.path).display()));
        exit = Exit::Findings;
    }
    Ok(exit)
}

fn write(target: Target, files: &[Glue], folder: &Path, force: bool) -> Result<Exit, Failure> {
    // Nothing is written where one of the files cannot be.
    let mut found = Vec::with_capacity(files.len());
    for file in files {
        let path = folder.join(file.path);
        let bytes = there(&path)?;
        let cause = match bytes.as_deref().map(owned) {
            _ if force || bytes.as_deref() == Some(file.text.as_bytes()) => None,
            Some(Owner::Foreign) => Some("Fanfold did not write what is there"),
            Some(Owner::Changed) => Some("it has been changed since Fanfold wrote it"),
            Some(Owner::Fanfold) | None => None,
        };
        if let Some(cause) = cause {
            let cause = format!("{cause}; overwrite it with `--force`, or write elsewhere with `-o`");
            return Err(output::Failure::new("write", &path, io::Error::new(ErrorKind::AlreadyExists, cause)).into());
        }
        found.push((path, bytes));
    }
    for (file, (path, there)) in files.iter().zip(found) {
        // What is in the way was looked at above.
        output::write_known(file.text.as_bytes(), &path, Rights { force: true, inputs: None }, |_| false)?;
        if file.executable {
            make_executable(&path).map_err(|error| output::Failure::new("write", &path, error))?;
        }
        let state = if there.as_deref() == Some(file.text.as_bytes()) { "unchanged" } else { "written" };
        remark(&format!("{}: {state}; {}", path.display(), file.purpose));
    }
    remark(&format!("next: {}", target.next()));
    Ok(Exit::Fine)
}

fn owned(bytes: &[u8]) -> Owner {
    std::str::from_utf8(bytes).map_or(Owner::Foreign, owner)
}

fn there(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match disk::bytes_of(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(output::Failure::new("read", path, error).into()),
    }
}

#[cfg(unix)]
fn make_executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path)?.permissions().mode();
    // Whoever may read it may run it.
    fs::set_permissions(path, fs::Permissions::from_mode(mode | (mode & 0o444) >> 2))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the other platforms can fail here")]
fn make_executable(_: &Path) -> io::Result<()> {
    Ok(())
}
