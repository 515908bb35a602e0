//! The files that a spec names, read relative to the file that names them: the spec, or a part that it includes.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::read::{Files, fixed_part, is_pattern, join, load, out_of_bounds, read_pattern};
use crate::spec::Batch;
use crate::text::{FileId, Origin, Sources};

/// The files around the spec that is being expanded.
pub struct World<'a> {
    /// Where files come from.
    pub files: &'a dyn Files,
    /// All texts read so far.
    pub sources: &'a mut Sources,
    /// The spec that paths are relative to.
    pub spec: FileId,
    /// The files that the spec includes: what stands in one of them is relative to that.
    pub parts: &'a [FileId],
}

impl<'a> World<'a> {
    /// Returns the files around a batch.
    pub fn around(batch: &'a Batch, files: &'a dyn Files, sources: &'a mut Sources) -> Self {
        Self { files, sources, spec: batch.file, parts: &batch.parts }
    }

    /// Returns the folder of the file that names something at a place.
    fn folder(&self, origin: Origin) -> &str {
        let file = if self.parts.contains(&origin.file) { origin.file } else { self.spec };
        let spec = self.sources.file(file).map_or("", |file| file.name.as_str());
        spec.rfind('/').map_or("", |at| &spec[..at.max(1)])
    }

    /// Returns a path of the spec as the user of the command line would write it.
    fn resolve(&self, path: &str, origin: Origin) -> String {
        join(self.folder(origin), path)
    }

    /// Returns the finding about a path that specs may not name, `None` for all others.
    fn refused(&self, name: &str, origin: Origin) -> Option<Diagnostic> {
        self.files.outside(name, self.folder(origin)).map(|real| out_of_bounds(name, &real, origin))
    }

    /// Returns the files that a path or pattern of the spec stands for, sorted; `*` stays within a folder, `**` does not.
    /// `Err` holds the finding about a pattern that cannot be read, or would search where specs may not read.
    pub fn glob(&self, pattern: &str, origin: Origin) -> Result<Vec<String>, Box<Diagnostic>> {
        let pattern = self.resolve(pattern, origin);
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
    pub fn peek(&self, name: &str, origin: Origin) -> Option<Vec<u8>> {
        self.files
            .outside(name, self.folder(origin))
            .is_none()
            .then(|| load(self.files, name, Origin::NOWHERE).ok())
            .flatten()
    }

    /// Reads a file that the spec names at `origin`.
    pub fn read(&self, path: &str, origin: Origin, diagnostics: &mut Diagnostics) -> Option<(String, Vec<u8>)> {
        let name = self.resolve(path, origin);
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
