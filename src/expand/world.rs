//! The files that a spec names, read relative to the spec; every path that was read is remembered.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::read::{Files, fixed_part, is_pattern, join, load, out_of_bounds, read_pattern};
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
    /// `Err` holds the finding about a pattern that cannot be read, or would search where specs may not read.
    pub fn glob(&self, pattern: &str, origin: Origin) -> Result<Vec<String>, Box<Diagnostic>> {
        let pattern = self.resolve(pattern);
        if !is_pattern(&pattern) {
            return Ok(vec![pattern]);
        }
        let matcher = read_pattern(&pattern).map_err(|message| {
            let finding = Diagnostic::new(Code::InvalidValue, origin, message);
            Box::new(finding.help("write several patterns, each with few alternatives"))
        })?;
        let fixed = fixed_part(&pattern);
        let folder = fixed.rfind('/').map_or(".", |at| if at == 0 { "/" } else { &fixed[..at] });
        if let Some(finding) = self.refused(folder, origin) {
            return Err(Box::new(finding));
        }
        let found = self.files.list(folder).unwrap_or_default();
        Ok(found.files.iter().filter(|path| matcher.is_match(path)).cloned().collect())
    }

    /// Reads a file for what it says beside its findings; `None` if it cannot be read, which is reported elsewhere.
    pub fn peek(&self, name: &str) -> Option<Vec<u8>> {
        self.files
            .outside(name, self.folder())
            .is_none()
            .then(|| load(self.files, name, Origin::NOWHERE).ok())
            .flatten()
    }

    /// Reads a file that the spec names at `origin`.
    pub fn read(&self, path: &str, origin: Origin, diagnostics: &mut Diagnostics) -> Option<(String, Vec<u8>)> {
        let name = self.resolve(path);
        let bytes = self.read_resolved(&name, origin, diagnostics)?;
        Some((name, bytes))
    }

    /// Reads a file by its whole path.
    pub fn read_resolved(&self, name: &str, origin: Origin, diagnostics: &mut Diagnostics) -> Option<Vec<u8>> {
        if let Some(finding) = self.refused(name, origin) {
            diagnostics.push(finding);
            return None;
        }
        match load(self.files, name, origin) {
            Ok(bytes) => Some(bytes),
            Err(finding) if finding.code == Code::UnreadableFile && finding.help.is_empty() => {
                diagnostics.push(finding.help("paths are relative to the file that names them"));
                None
            }
            Err(finding) => {
                diagnostics.push(*finding);
                None
            }
        }
    }
}
