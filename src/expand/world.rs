//! The files that a spec names, read relative to the spec; every path that was read is remembered.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{FileId, Files, Origin, Sources};

/// The files around the spec that is being expanded.
pub struct World<'a> {
    /// Where files come from.
    pub files: &'a dyn Files,
    /// All texts read so far.
    pub sources: &'a mut Sources,
    /// The spec that paths are relative to.
    pub spec: FileId,
}

impl World<'_> {
    /// Returns a path of the spec as the user of the command line would write it.
    pub fn resolve(&self, path: &str) -> String {
        let spec = self.sources.file(self.spec).map_or("", |file| file.name.as_str());
        join(spec.rfind('/').map_or("", |at| &spec[..at]), path)
    }

    /// Returns the files that a path or pattern of the spec stands for, sorted; `*` stays within a folder, `**` does not.
    pub fn glob(&self, pattern: &str) -> Vec<String> {
        let pattern = self.resolve(pattern);
        let glob = globset::GlobBuilder::new(&pattern).literal_separator(true).build();
        match glob {
            Ok(glob) if pattern.contains(['*', '?', '[', '{']) => {
                let fixed = pattern.split(['*', '?', '[', '{']).next().unwrap_or_default();
                let folder = fixed.rfind('/').map_or(".", |at| if at == 0 { "/" } else { &fixed[..at] });
                let matcher = glob.compile_matcher();
                let mut found: Vec<String> = self.files.list(folder).unwrap_or_default();
                found.retain(|path| matcher.is_match(path));
                found
            }
            _ => vec![pattern],
        }
    }

    /// Reads a file that the spec names at `origin`.
    pub fn read(&self, path: &str, origin: Origin, diagnostics: &mut Diagnostics) -> Option<(String, Vec<u8>)> {
        let name = self.resolve(path);
        match self.files.read(&name) {
            Ok(bytes) => Some((name, bytes)),
            Err(error) => {
                diagnostics.push(
                    Diagnostic::new(Code::UnreadableFile, origin, format!("cannot read `{name}`: {}", reason(&error)))
                        .help("paths are relative to the file that names them"),
                );
                None
            }
        }
    }
}

/// Returns what went wrong, without the number of the operating system's error.
pub fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or folder".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        std::io::ErrorKind::IsADirectory => "it is a folder".into(),
        kind => kind.to_string(),
    }
}

/// Joins a path to a folder and takes `.` and `..` out.
pub fn join(folder: &str, path: &str) -> String {
    let path = path.replace('\\', "/");
    let absolute = path.starts_with('/') || (folder.starts_with('/') && !path.starts_with('/'));
    let whole = if path.starts_with('/') || folder.is_empty() { path } else { format!("{folder}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if absolute { format!("/{joined}") } else { joined }
}
