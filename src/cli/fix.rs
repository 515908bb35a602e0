//! `fanfold check --fix`: findings with fixes in, changed files out, or what would change; then what remains.
//!
//! Only files that the user named, or that lie in a folder the user named, are written: whole, and as long as they still
//! hold what was read.

use std::cell::OnceCell;
use std::path::Path;

use super::check::{CheckArgs, Checked};
use super::output;
use super::session::{Channel, read_stdin, remark};
use super::{Exit, Failure, disk};
use crate::diagnostic::{Applicability, Diagnostics, masked};
use crate::mend::{Look, Mended, mend};
use crate::text::{FileId, Sources};

const STDIN: &str = "<stdin>";
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Applies fixes to the inputs, or shows what they would change.
pub(super) fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    let trust = if args.unsafe_fixes { Applicability::Unsafe } else { Applicability::Safe };
    let stdin = OnceCell::new();
    let first = OnceCell::new();
    let look = |texts: &_| {
        let given = |texts: &crate::mend::Texts| match texts.get(STDIN) {
            Some(text) => Ok(text.as_bytes().to_vec()),
            None => read_once(&stdin),
        };
        let checked = Checked::look(args, texts, || given(texts))?;
        // What was read at first is what may be replaced.
        first.get_or_init(|| before(&checked));
        Ok::<_, Failure>(checked)
    };
    let mended = mend(trust, look)?;
    let before = first.into_inner().unwrap_or_default();
    for ((file, reason), number) in &mended.spared {
        let plural = if *number == 1 { "fix is" } else { "fixes are" };
        remark(&format!("{number} {plural} left out in `{file}`: {reason}"));
    }
    if args.diff { show(args, &mended, &before) } else { write(args, &mended, &before, stdin.get()) }
}

/// A file as it was read: its name, and its text with a mask over what is hidden.
type Before = Vec<(String, String, Vec<String>)>;

fn before(checked: &Checked) -> Before {
    let files = checked.session.sources.files().filter(|(id, _)| checked.inputs.contains(id));
    files.map(|(_, file)| (file.name.clone(), file.text.to_string(), file.shown_lines(HIDDEN))).collect()
}

/// What stands for a hidden text.
const HIDDEN: &str = "•••";

fn read_once(stdin: &OnceCell<Vec<u8>>) -> std::io::Result<Vec<u8>> {
    if let Some(bytes) = stdin.get() {
        return Ok(bytes.clone());
    }
    let bytes = read_stdin()?;
    Ok(stdin.get_or_init(|| bytes).clone())
}

/// Prints what would change.
fn show(args: &CheckArgs, mended: &Mended<Checked>, before: &Before) -> Result<Exit, Failure> {
    let Mended { last, texts, fixed, .. } = mended;
    let sources = &last.session.sources;
    for (name, old, old_lines) in before.iter().filter(|(name, ..)| texts.contains_key(name)) {
        let Some((_, file)) = sources.files().find(|(_, file)| file.name == *name) else { continue };
        let difference = output::unified(name, (old, old_lines), (&file.text, &file.shown_lines(HIDDEN)));
        Channel::Stdout.report(&difference)?;
    }
    if *fixed > 0 {
        remark(&format!("{} would be fixed in {}", findings(*fixed), files(texts.len())));
        return Ok(Exit::Findings);
    }
    let more = last.findings.iter().filter(|finding| {
        let applicability = finding.fix.as_ref().map(|fix| fix.applicability);
        applicability == Some(Applicability::Unsafe) && masked(finding, sources).fix.is_some()
    });
    match more.count() {
        number if number > 0 && !args.unsafe_fixes => {
            remark(&format!("no fix would change anything; {number} more with `--unsafe-fixes`"));
        }
        _ => remark("no fix would change anything"),
    }
    Ok(Exit::Fine)
}

/// Writes the files that changed, and reports what remains.
fn write(
    args: &CheckArgs,
    mended: &Mended<Checked>,
    before: &Before,
    stdin: Option<&Vec<u8>>,
) -> Result<Exit, Failure> {
    let Mended { last, texts, fixed, .. } = mended;
    for (name, text) in texts.iter().filter(|(name, _)| *name != STDIN) {
        let path = Path::new(name);
        let old = before.iter().find(|(known, ..)| known == name).map_or("", |(_, text, _)| text);
        let read = disk::bytes_of(path)
            .map_err(|error| Failure::Environment(format!("cannot read `{name}`: {}", crate::read::reason(&error))))?;
        let mark = mark_of(&read);
        output::rewrite(&[mark, text.as_bytes()].concat(), path, &[mark, old.as_bytes()].concat())?;
    }
    if let Some(read) = stdin {
        let fixed = texts.get(STDIN).map(|text| [mark_of(read), text.as_bytes()].concat());
        Channel::Stdout.write(fixed.as_ref().unwrap_or(read))?;
    }
    let exit = last.conclude(args, if stdin.is_some() { Channel::Stderr } else { Channel::Stdout })?;
    if *fixed > 0 {
        remark(&format!("fixed {} in {}", findings(*fixed), files(texts.len())));
    }
    if mended.has_more && *fixed > 0 {
        remark("there is more to fix than a run fixes: run it again");
    }
    Ok(exit)
}

/// Returns the byte-order mark of a file, which is no part of its text.
fn mark_of(bytes: &[u8]) -> &[u8] {
    if bytes.starts_with(MARK) { MARK } else { b"" }
}

fn findings(number: usize) -> String {
    format!("{number} finding{}", if number == 1 { "" } else { "s" })
}

fn files(number: usize) -> String {
    format!("{number} file{}", if number == 1 { "" } else { "s" })
}

impl Look for Checked {
    fn findings(&self) -> &Diagnostics {
        &self.findings
    }

    fn sources(&self) -> &Sources {
        &self.session.sources
    }

    fn spares(&self, file: FileId) -> Option<String> {
        let mut known = self.spared.borrow_mut();
        known.entry(file).or_insert_with(|| self.look_at(file)).clone()
    }
}

impl Checked {
    fn look_at(&self, file: FileId) -> Option<String> {
        let source = self.session.sources.file(file)?;
        let name = &source.name;
        // A spec may name a file that is among the inputs as well.
        let sources = &self.session.sources;
        let is_same = |known: &FileId| sources.file(*known).is_some_and(|known| known.name == *name);
        if !self.inputs.contains(&file) && !self.inputs.iter().any(is_same) {
            return Some("it is none of the inputs".to_owned());
        }
        if name.ends_with(".j2") {
            return Some("it is a template".to_owned());
        }
        if source.text.contains(char::REPLACEMENT_CHARACTER) {
            return Some("it is not UTF-8".to_owned());
        }
        if name == STDIN {
            return None;
        }
        let Ok(metadata) = std::fs::metadata(name) else { return Some("it cannot be read".to_owned()) };
        if !metadata.is_file() || disk::is_opened(Path::new(name)) {
            return Some("it is no file".to_owned());
        }
        metadata.permissions().readonly().then(|| "it is read-only".to_owned())
    }
}
