//! Findings with fixes enter; the texts of the files that mend them leave.
//!
//! Nothing is written here. Fixes are applied in rounds to texts in memory, and after each round all is checked anew: a fix
//! stays only if its finding is gone, nothing new is found where it was made, and no value changes but the ones it names.

mod overlay;
mod rewrite;
mod round;

pub use overlay::{Overlay, Texts};

use std::collections::{BTreeMap, BTreeSet};

use self::round::{Name, Round};
use crate::diagnostic::{Applicability, Diagnostics};
use crate::text::{FileId, Sources};

/// After so many looks at the inputs what is left stays.
const LOOKS: usize = 12;

/// What a look at the inputs has found.
pub trait Look {
    /// Returns what was found.
    fn findings(&self) -> &Diagnostics;

    /// Returns the texts that it was found in.
    fn sources(&self) -> &Sources;

    /// Says why a file is not to be changed, or returns `None` if it may be.
    fn spares(&self, file: FileId) -> Option<String>;
}

/// What came of applying fixes.
#[derive(Debug)]
pub struct Mended<L> {
    /// The last look, at the inputs as they are after it.
    pub last: L,
    /// The new texts of the files that changed, by their names.
    pub texts: Texts,
    /// How many findings were fixed.
    pub fixed: usize,
    /// Whether there was more to fix when the looks were used up.
    pub has_more: bool,
    /// How many fixes were left out since their file is not to be changed, by file and reason.
    pub spared: BTreeMap<(String, String), usize>,
}

/// Applies the fixes that may be trusted so far, round by round; `look` checks the inputs with other texts for some files.
pub fn mend<L: Look, E>(trust: Applicability, mut look: impl FnMut(&Texts) -> Result<L, E>) -> Result<Mended<L>, E> {
    let mut texts = Texts::new();
    let mut last = look(&texts)?;
    let mut refused: BTreeSet<Name> = BTreeSet::new();
    let mut fixed = 0;
    let mut has_more = true;
    for _ in 0..LOOKS {
        let mut round = Round::plan(&last, trust, &refused);
        let known = refused.len();
        let changed = round.rewrite(last.sources(), &mut refused);
        if changed.is_empty() && refused.len() == known && !round.has_more() {
            has_more = false;
            break;
        }
        let mut next_texts = texts.clone();
        next_texts.extend(changed);
        let next = look(&next_texts)?;
        let wrong = round.wrong(&last, &next);
        if wrong.is_empty() {
            fixed += round.len();
            (texts, last) = (next_texts, next);
        } else {
            refused.extend(wrong);
        }
    }
    let spared = Round::spared(&last, trust);
    has_more = has_more && !Round::plan(&last, trust, &refused).is_empty();
    Ok(Mended { last, texts, fixed, has_more, spared })
}
