//! The files that a spec names, read relative to the spec; every path that was read is remembered.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::read::{Files, MAX_FILE_BYTES, is_lfs_pointer, join, out_of_bounds, reason, too_large, unfetched};
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
    /// Returns the folder of the spec.
    fn folder(&self) -> &str {
        let spec = self.sources.file(self.spec).map_or("", |file| file.name.as_str());
        spec.rfind('/').map_or("", |at| &spec[..at.max(1)])
    }

    /// Returns a path of the spec as the user of the command line would write it.
    pub fn resolve(&self, path: &str) -> String {
        join(self.folder(), path)
    }

    /// Returns the finding about a path that specs may not name, `None` for all others.
    fn refused(&self, name: &str, origin: Origin) -> Option<Diagnostic> {
        self.files.outside(name, self.folder()).map(|real| out_of_bounds(name, &real, origin))
    }

    /// Returns the files that a path or pattern of the spec stands for, sorted; `*` stays within a folder, `**` does not.
    /// `Err` holds the finding about a pattern that would search where specs may not read.
    pub fn glob(&self, pattern: &str, origin: Origin) -> Result<Vec<String>, Box<Diagnostic>> {
        let pattern = self.resolve(pattern);
        let glob = globset::GlobBuilder::new(&pattern).literal_separator(true).build();
        match glob {
            Ok(glob) if pattern.contains(['*', '?', '[', '{']) => {
                let fixed = pattern.split(['*', '?', '[', '{']).next().unwrap_or_default();
                let folder = fixed.rfind('/').map_or(".", |at| if at == 0 { "/" } else { &fixed[..at] });
                if let Some(finding) = self.refused(folder, origin) {
                    return Err(Box::new(finding));
                }
                let matcher = glob.compile_matcher();
                let mut found = self.files.list(folder).unwrap_or_default().files;
                found.retain(|path| matcher.is_match(path));
                Ok(found)
            }
            _ => Ok(vec![pattern]),
        }
    }

    /// Reads a file for what it says beside its findings; `None` if it cannot be read, which is reported elsewhere.
    pub fn peek(&self, name: &str) -> Option<Vec<u8>> {
        self.files.outside(name, self.folder()).is_none().then(|| self.files.read(name).ok()).flatten()
    }

    /// Reads a file that the spec names at `origin`.
    pub fn read(&self, path: &str, origin: Origin, diagnostics: &mut Diagnostics) -> Option<(String, Vec<u8>)> {
        let name = self.resolve(path);
        let bytes = self.read_resolved(&name, origin, diagnostics)?;
        Some((name, bytes))
    }

    /// Reads a file by its whole path; one over the limit is not touched, so that a wrong path costs no memory.
    pub fn read_resolved(&self, name: &str, origin: Origin, diagnostics: &mut Diagnostics) -> Option<Vec<u8>> {
        if let Some(finding) = self.refused(name, origin) {
            diagnostics.push(finding);
            return None;
        }
        let refused = match self.files.size(name) {
            Ok(size) if size > MAX_FILE_BYTES => too_large(name, size, origin),
            _ => match self.files.read(name) {
                Ok(bytes) if is_lfs_pointer(&bytes) => unfetched(name, origin),
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
