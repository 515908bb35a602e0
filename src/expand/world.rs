//! The files that a spec names, read relative to the spec; every path that was read is remembered.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::read::{Files, MAX_FILE_BYTES, join, reason, too_large};
use crate::text::{FileId, Origin, Sources};

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
        let bytes = self.read_resolved(&name, origin, diagnostics)?;
        Some((name, bytes))
    }

    /// Reads a file by its whole path; one over the limit is not touched, so that a wrong path costs no memory.
    pub fn read_resolved(&self, name: &str, origin: Origin, diagnostics: &mut Diagnostics) -> Option<Vec<u8>> {
        let refused = match self.files.size(name) {
            Ok(size) if size > MAX_FILE_BYTES => too_large(name, size, origin),
            _ => match self.files.read(name) {
                Ok(bytes) => return Some(bytes),
                Err(error) => {
                    let message = format!("cannot read `{name}`: {}", reason(&error));
                    Diagnostic::new(Code::UnreadableFile, origin, message)
                        .help("paths are relative to the file that names them")
                }
            },
        };
        diagnostics.push(refused);
        None
    }
}
