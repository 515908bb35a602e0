//! A mistyped word and the words that would have been right in; the one that was most likely meant out.
//!
//! The answer depends on the words alone: of two that fit equally well the first candidate wins, and where none is
//! near there is none, since a wild guess is worse than silence.

use crate::limits;

/// Returns the candidate that `word` most likely stands for.
///
/// Tried in this order: the same letters in another case or notation (`image-pull-policy`), a few slips of the keyboard
/// (`imagePulPolicy`), the same words in another order (`policyPullImage`), and a part of exactly one candidate
/// (`pullPolicy`).
///
/// Of very many candidates the first ones are looked at, and nothing is near to a word of unusual length.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let usual = |word: &str| word.len() <= limits::WORD_BYTES;
    if !usual(word) {
        return None;
    }
    let wanted = Word::new(word);
    if wanted.count == 0 {
        return None;
    }
    let known: Vec<Word<'a>> = candidates
        .into_iter()
        .take(limits::NEAR_WORDS)
        .filter(|candidate| *candidate != word && usual(candidate))
        .map(Word::new)
        .collect();
    let letters = wanted.letters();
    let same = known.iter().filter(|known| known.is_like(&wanted) && known.letters() == letters);
    // A candidate that differs in case alone is nearer than one that differs in dashes too.
    if let Some(known) = same.min_by_key(|known| known.text.chars().count().abs_diff(word.chars().count())) {
        return Some(known.text);
    }
    nearest(&wanted, &letters, &known)
        .or_else(|| reordered(&wanted, &known))
        .or_else(|| containing(&wanted, &letters, &known))
}

/// A word, and what of its letters is seen at once.
#[derive(Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    /// How many letters and digits it has.
    count: usize,
    /// A bit for each of them that occurs; rare letters share one.
    kinds: u64,
}

impl<'a> Word<'a> {
    fn new(text: &'a str) -> Self {
        let (mut count, mut kinds) = (0, 0);
        each_letter(text, |letter| {
            count += 1;
            kinds |= 1 << (u32::from(letter) % 64);
        });
        Self { text, count, kinds }
    }

    /// Returns the letters and digits in lower case: what two notations of a name have in common.
    fn letters(&self) -> Vec<char> {
        let mut letters = Vec::with_capacity(self.count);
        each_letter(self.text, |letter| letters.push(letter));
        letters
    }

    /// Whether so many slips may make the other of it: each takes one letter away and brings one at most.
    fn may_become(&self, other: &Self, slips: usize) -> bool {
        (self.kinds ^ other.kinds).count_ones() as usize <= 2 * slips
    }

    /// Whether both may have the same letters.
    fn is_like(&self, other: &Self) -> bool {
        self.count == other.count && self.kinds == other.kinds
    }
}

fn each_letter(text: &str, mut each: impl FnMut(char)) {
    if text.is_ascii() {
        let letters = text.bytes().filter(u8::is_ascii_alphanumeric);
        letters.for_each(|letter| each(char::from(letter.to_ascii_lowercase())));
    } else {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).for_each(each);
    }
}

/// Returns the text of a hint for `word`: "did you mean `imagePullPolicy`?".
pub fn suggestion<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    did_you_mean(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// Whether a word is another one, in any case, or that with a few slips of the keyboard.
pub fn is_near(word: &str, wanted: &str) -> bool {
    if word == wanted {
        return true;
    }
    let limit = wanted.len() / 3;
    if word.len().abs_diff(wanted.len()) > limit {
        return false;
    }
    let (word, wanted) = (Word::new(word), Word::new(wanted));
    word.may_become(&wanted, limit) && distance(&word.letters(), &wanted.letters(), limit).is_some()
}

/// Whether a word is another one with at most so many slips of the keyboard, in which every character counts.
pub fn has_slips(word: &str, wanted: &str, most: usize) -> bool {
    let letters = |word: &str| word.chars().collect::<Vec<char>>();
    word.len().abs_diff(wanted.len()) <= most && distance(&letters(word), &letters(wanted), most).is_some()
}

/// Whether `near` is what a word stands for beyond doubt: the same letters, or a slip or two that lead to no other of the
/// candidates and keep the beginning, where words of a meaning of their own differ: `gpu` is no slip for `cpu`, and
/// `NoExists` none for `Exists`. Several things are not meant by one.
pub fn surely_means<'a>(word: &str, near: &str, candidates: impl IntoIterator<Item = &'a str>) -> bool {
    /// Of words with so many letters two may be wrong. In shorter ones one may be missing or too much: another letter in the
    /// place of one makes another word.
    const LONG: usize = 7;
    const SHORTEST: usize = 3;
    let letters = Word::new(word).letters();
    let is_same = |other: &str| Word::new(other).letters() == letters;
    let most = if letters.len() < LONG { 1 } else { 2 };
    let is_near = |other: &str| distance(&letters, &Word::new(other).letters(), most).is_some();
    let others: Vec<&str> =
        candidates.into_iter().take(limits::NEAR_WORDS).filter(|other| *other != near && *other != word).collect();
    if is_same(near) {
        return !others.into_iter().any(is_same);
    }
    let wanted = Word::new(near).letters();
    let sorted = |letters: &[char]| {
        let mut letters = letters.to_vec();
        letters.sort_unstable();
        letters
    };
    let is_swapped = sorted(&letters) == sorted(&wanted);
    let is_plural = |one: &[char], many: &[char]| many.strip_suffix(&['s']).is_some_and(|many| many == one);
    let is_long = letters.len() >= LONG || letters.len() != wanted.len() && letters.len().min(wanted.len()) >= SHORTEST;
    let is_slip = is_swapped && letters.len() >= SHORTEST
        || is_long && letters.first() == wanted.first() && !is_plural(&wanted, &letters);
    is_slip && is_near(near) && !others.into_iter().any(is_near)
}

/// Returns the candidate with the fewest slips, where they are few for the length of the word; of several the first.
fn nearest<'a>(wanted: &Word<'_>, letters: &[char], known: &[Word<'a>]) -> Option<&'a str> {
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in known {
        // A third of the letters may be wrong; of very short words at most one, and never all of them.
        let longest = wanted.count.max(candidate.count);
        let limit = (longest / 3).max(1).min(longest.saturating_sub(1));
        let Some(limit) = best.map_or(Some(limit), |(slips, _)| Some(limit.min(slips.checked_sub(1)?))) else { break };
        if !wanted.may_become(candidate, limit) || wanted.count.abs_diff(candidate.count) > limit {
            continue;
        }
        if let Some(slips) = distance(letters, &candidate.letters(), limit) {
            best = Some((slips, candidate.text));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn reordered<'a>(wanted: &Word<'_>, known: &[Word<'a>]) -> Option<&'a str> {
    let words = parts(wanted.text);
    if words.len() < 2 {
        return None;
    }
    known.iter().find(|known| known.is_like(wanted) && parts(known.text) == words).map(|known| known.text)
}

/// Returns the only candidate that holds the word, or that the word holds.
fn containing<'a>(wanted: &Word<'_>, letters: &[char], known: &[Word<'a>]) -> Option<&'a str> {
    const SHORTEST: usize = 4;
    let holds =
        |long: &[char], short: &[char]| short.len() >= SHORTEST && (long.starts_with(short) || long.ends_with(short));
    let may_hold = |long: &Word<'_>, short: &Word<'_>| long.count >= short.count && short.kinds & !long.kinds == 0;
    let mut fitting = known.iter().filter(|known| {
        (may_hold(known, wanted) && holds(&known.letters(), letters))
            || (may_hold(wanted, known) && holds(letters, &known.letters()))
    });
    let only = fitting.next()?;
    fitting.next().is_none().then_some(only.text)
}

/// Returns the words of a name in camel, kebab or snake case, sorted.
fn parts(word: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for c in word.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && parts.last().is_some_and(|part| !part.is_empty())) {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut().filter(|_| c.is_alphanumeric()) {
            part.extend(c.to_lowercase());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.sort_unstable();
    parts
}

/// Returns the insertions, deletions, replacements and swaps of neighbours between two words, up to `limit`.
fn distance(left: &[char], right: &[char], limit: usize) -> Option<usize> {
    if left.len().abs_diff(right.len()) > limit {
        return None;
    }
    // A way with few slips stays near the diagonal: of each row so many columns on either side are looked at.
    let far = limit + 1;
    let mut before_last: Vec<usize> = vec![far; right.len() + 1];
    let mut last: Vec<usize> = (0..=right.len()).map(|at| at.min(far)).collect();
    let mut row: Vec<usize> = vec![far; right.len() + 1];
    for (i, a) in left.iter().enumerate() {
        let (first, end) = (i.saturating_sub(limit), (i + limit + 1).min(right.len()));
        row[first] = if first == 0 { (i + 1).min(far) } else { far };
        let mut least = row[first];
        for (j, b) in right.iter().enumerate().take(end).skip(first) {
            let mut cost = (last[j] + usize::from(a != b)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                cost = cost.min(before_last[j - 1] + 1);
            }
            row[j + 1] = cost.min(far);
            least = least.min(cost);
        }
        if end < right.len() {
            row[end + 1] = far;
        }
        if least > limit {
            return None;
        }
        std::mem::swap(&mut before_last, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    last.last().copied().filter(|cost| *cost <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &[&str] = &[
        "image",
        "imagePullPolicy",
        "imagePullSecrets",
        "replicas",
        "livenessProbe",
        "readinessProbe",
        "env",
        "envFrom",
        "hostPID",
        "ports",
    ];

    fn meant(word: &str) -> Option<&'static str> {
        did_you_mean(word, FIELDS.iter().copied())
    }

    #[test]
    fn a_slip_another_notation_and_a_part_are_understood() {
        assert_eq!(meant("iamge"), Some("image"));
        assert_eq!(meant("replcas"), Some("replicas"));
        assert_eq!(meant("ImagePullpolicy"), Some("imagePullPolicy"));
        assert_eq!(meant("image-pull-policy"), Some("imagePullPolicy"));
        assert_eq!(meant("image_pull_secret"), Some("imagePullSecrets"));
        assert_eq!(meant("hostPid"), Some("hostPID"));
        assert_eq!(meant("probeLiveness"), Some("livenessProbe"));
        assert_eq!(meant("liveness"), Some("livenessProbe"));
        assert_eq!(meant("pullPolicy"), Some("imagePullPolicy"));
        assert_eq!(meant("port"), Some("ports"));
        assert_eq!(meant("evn"), Some("env"));
    }

    #[test]
    fn what_is_not_near_gets_no_guess() {
        assert_eq!(meant("volumes"), None);
        assert_eq!(meant("probe"), None, "two candidates end in it");
        assert_eq!(meant(""), None);
        assert_eq!(meant("---"), None);
        assert_eq!(did_you_mean("a", ["b"]), None);
        assert_eq!(did_you_mean("eu", ["us"]), None);
        assert_eq!(did_you_mean("eu", ["ez"]), Some("ez"));
    }

    #[test]
    fn only_what_leads_to_one_candidate_is_sure() {
        let sure = |word: &str, near: &str| surely_means(word, near, FIELDS.iter().copied());
        for (word, near) in [("replcas", "replicas"), ("image-pull-policy", "imagePullPolicy"), ("HOSTPID", "hostPID")]
        {
            assert!(sure(word, near), "{word}");
        }
        for (word, near) in [("liveness", "livenessProbe"), ("env", "envFrom"), ("evn", "ports")] {
            assert!(!sure(word, near), "{word}");
        }
        assert!(!surely_means("web-2", "web-1", ["web-1", "web-3"]), "two are as near");
        assert!(!surely_means("eu", "ez", ["ez"]), "a third would be as near");
        for (word, near) in [
            ("gpu", "cpu"),
            ("Ever", "Never"),
            ("NoExists", "Exists"),
            ("hosts", "host"),
            ("Newer", "Never"),
            ("Lte", "Lt"),
        ] {
            assert!(!surely_means(word, near, [near]), "{word} has a meaning of its own");
        }
        assert!(surely_means("evn", "env", ["env"]) && surely_means("typ", "type", ["type"]), "a letter here or there");
    }

    #[test]
    fn a_narrow_look_at_two_words_finds_what_a_whole_one_does() {
        let letters = |mut number: usize| {
            let mut word = Vec::new();
            while number > 0 {
                word.push(['a', 'b', 'c'][number % 3]);
                number /= 3;
            }
            word
        };
        for (left, right) in (0..300).flat_map(|left| (0..300).map(move |right| (letters(left), letters(right)))) {
            let whole = distance(&left, &right, left.len().max(right.len()));
            for limit in 0..4 {
                let narrow = distance(&left, &right, limit);
                assert_eq!(narrow, whole.filter(|slips| *slips <= limit), "{left:?} {right:?} {limit}");
            }
        }
    }

    #[test]
    fn the_nearest_wins_and_then_the_first() {
        assert_eq!(did_you_mean("web-2", ["web-1", "web-3"]), Some("web-1"));
        assert_eq!(did_you_mean("FOO", ["f-o-o", "foo"]), Some("foo"));
        assert_eq!(did_you_mean("größe", ["Größe"]), Some("Größe"));
    }
}
