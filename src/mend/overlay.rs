//! Files with other texts in the place of some: a look at inputs as they would be.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use crate::read::{Files, Listing};

/// The texts of files that differ from those on the disk, by their names; without byte-order marks.
pub type Texts = BTreeMap<String, Arc<str>>;

/// Files, and the texts that stand in the place of some of them.
pub struct Overlay<'a> {
    /// The files as they are.
    pub files: &'a dyn Files,
    /// What takes their place.
    pub texts: &'a Texts,
}

impl Files for Overlay<'_> {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        // What is read is remembered as an input all the same.
        let bytes = self.files.read(path)?;
        Ok(self.texts.get(path).map_or(bytes, |text| text.as_bytes().to_vec()))
    }

    fn size(&self, path: &str) -> io::Result<u64> {
        self.texts.get(path).map_or_else(|| self.files.size(path), |text| Ok(text.len() as u64))
    }

    fn list(&self, folder: &str) -> io::Result<Arc<Listing>> {
        self.files.list(folder)
    }

    fn is_folder(&self, path: &str) -> bool {
        self.files.is_folder(path)
    }

    fn outside(&self, path: &str, base: &str) -> Option<String> {
        self.files.outside(path, base)
    }
}
