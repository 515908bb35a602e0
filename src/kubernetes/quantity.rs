//! Amounts with a unit: `100m`, `1.5Gi`, `12e6`.
//!
//! A text enters, an exact number leaves; what is taken and what is refused is what the API server takes and refuses.
//! Quantities compare by value, never by text: `1024Mi` is `1Gi`.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::iter::Sum;
use std::ops::Add;

use smol_str::{SmolStr, ToSmolStr, format_smolstr};

/// The smallest part of a quantity: one billionth.
const NANO: i64 = -9;
/// The most digits that surely fit a signed 64-bit number.
const SHORT_DIGITS: usize = 18;
/// Binary amounts end here, as those of the API server do.
const BINARY_MAX: i128 = i64::MAX as i128;

/// An exact amount, and the notation that it was written in.
#[derive(Clone, Debug)]
pub struct Quantity {
    /// The digits, with no zeros at their end.
    mantissa: i128,
    /// The power of ten that the digits count; 0 where the mantissa is 0.
    scale: i64,
    notation: Notation,
    /// The text, where it is kept as it was written.
    written: Option<SmolStr>,
}

/// How an amount is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// `1500m`, `2G`: powers of 1000 with a letter.
    Decimal,
    /// `2e9`: powers of 1000 as an exponent.
    Exponent,
    /// `2Gi`: powers of 1024 with two letters.
    Binary,
}

/// Why a text is no quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAQuantity {
    /// What is wrong with it.
    pub reason: String,
    /// What to write instead, where it can be guessed.
    pub hint: Option<String>,
    /// The quantity that was meant, where nothing else can be.
    pub meant: Option<String>,
}

impl Quantity {
    /// The quantity zero.
    pub const ZERO: Self = Self { mantissa: 0, scale: 0, notation: Notation::Decimal, written: None };

    /// Reads a quantity as the API server does.
    pub fn parse(text: &str) -> Result<Self, NotAQuantity> {
        if text.is_empty() {
            return Err(refusal("expected a quantity, found an empty text", None));
        }
        let parts = Parts::of(text)?;
        let (power, notation) = interpret(parts.suffix).ok_or_else(|| unknown_suffix(&parts))?;
        let (magnitude, scale, kept) = match notation {
            Notation::Binary => parts.binary(power),
            Notation::Decimal | Notation::Exponent => parts.decimal(power),
        };
        let mantissa = if parts.negative { -magnitude } else { magnitude };
        let written = kept.then(|| SmolStr::new(text));
        Ok(Self { written, ..Self::normal(mantissa, scale, notation) })
    }

    /// Reads a quantity in a field of an object, where the API server passes over spaces around it.
    pub fn decode(text: &str) -> Result<Self, NotAQuantity> {
        let is_space = |letter: char| letter == ' ' || letter.is_whitespace() && !letter.is_ascii();
        let bare = text.trim_matches(is_space);
        Self::parse(if bare.is_empty() { text } else { bare })
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.mantissa == 0
    }

    /// Returns a text that equal amounts share, however they are written.
    pub fn key(&self) -> SmolStr {
        format_smolstr!("{}e{}", self.mantissa, self.scale)
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.mantissa < 0
    }

    /// Whether it is a whole number: `1500m` is none.
    pub fn is_whole(&self) -> bool {
        self.scale >= 0
    }

    /// Returns it as a whole number, where it is one and fits 64 bits.
    pub fn exact(&self) -> Option<i64> {
        self.whole().and_then(|whole| i64::try_from(whole).ok())
    }

    /// Returns it as it is written with the letters of powers of 1000.
    #[must_use]
    pub fn decimal(&self) -> Self {
        Self::normal(self.mantissa, self.scale, Notation::Decimal)
    }

    /// Returns it with the other sign.
    #[must_use]
    pub fn negated(&self) -> Self {
        Self::normal(-self.mantissa, self.scale, self.notation)
    }

    /// Returns it times `count`, as the total of that many containers.
    #[must_use]
    pub fn times(&self, count: u64) -> Self {
        let product = self.mantissa.saturating_mul(i128::from(count));
        Self::normal(product, self.scale, self.notation)
    }

    /// Returns the nearest floating-point number, for people to read; sums and comparisons stay exact without it.
    #[allow(clippy::cast_precision_loss)]
    pub fn approximate(&self) -> f64 {
        self.mantissa as f64 * 10_f64.powi(i32::try_from(self.scale).unwrap_or(i32::MAX))
    }

    /// Returns `number` units, each of ten to the power of `scale`.
    pub fn of(number: i64, scale: i64, notation: Notation) -> Self {
        Self::normal(i128::from(number), scale, notation)
    }

    /// Returns how many units, each of ten to the power of `scale`, hold all of it: the scheduler counts `cpu` in
    /// thousandths (-3) and other things in whole numbers (0).
    pub fn units(&self, scale: i64) -> i64 {
        let shift = self.scale - scale;
        let units = if shift >= 0 {
            pow10(shift).and_then(|factor| self.mantissa.checked_mul(factor))
        } else {
            // What is less than a part of any number of 38 digits is one unit.
            let part = pow10(-shift).unwrap_or(i128::MAX);
            Some(self.mantissa / part + i128::from(self.mantissa % part > 0))
        };
        let bound = if self.mantissa < 0 { i64::MIN } else { i64::MAX };
        units.and_then(|units| i64::try_from(units).ok()).unwrap_or(bound)
    }

    fn normal(mut mantissa: i128, mut scale: i64, notation: Notation) -> Self {
        if mantissa == 0 {
            return Self { notation, ..Self::ZERO };
        }
        while mantissa % 10 == 0 {
            mantissa /= 10;
            scale += 1;
        }
        Self { mantissa, scale, notation, written: None }
    }

    /// Returns the value as a whole number, where it is one and fits.
    fn whole(&self) -> Option<i128> {
        if self.scale < 0 {
            return None;
        }
        self.mantissa.checked_mul(pow10(self.scale)?)
    }
}

impl fmt::Display for Quantity {
    /// Writes the text that the API server shows, which may be the one that was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(written) = &self.written {
            return f.write_str(written);
        }
        if self.mantissa == 0 {
            return f.write_str("0");
        }
        if let (Notation::Binary, Some(mut whole)) = (self.notation, self.whole())
            && whole.unsigned_abs() >= 1024
        {
            let mut power = 0;
            while whole % 1024 == 0 && power < BINARY_SUFFIXES.len() - 1 {
                whole /= 1024;
                power += 1;
            }
            return write!(f, "{whole}{}", BINARY_SUFFIXES[power]);
        }
        let shift = self.scale.rem_euclid(3);
        let zeros = &"00"[..usize::try_from(shift).unwrap_or_default()];
        let power = self.scale - shift;
        write!(f, "{}{zeros}", self.mantissa)?;
        match DECIMAL_SUFFIXES.iter().find(|(_, known)| *known == power) {
            _ if power == 0 => Ok(()),
            Some((suffix, _)) if self.notation != Notation::Exponent => f.write_str(suffix),
            _ => write!(f, "e{power}"),
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        (self.mantissa, self.scale) == (other.mantissa, other.scale)
    }
}

impl Eq for Quantity {}

impl Hash for Quantity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.mantissa, self.scale).hash(state);
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        let signs = self.mantissa.signum().cmp(&other.mantissa.signum());
        if signs != Ordering::Equal || self.mantissa == 0 {
            return signs;
        }
        // Digit by digit: powers of ten apart, the values need not fit any integer.
        let digits = |quantity: &Self| quantity.mantissa.unsigned_abs().to_smolstr();
        let (ours, theirs) = (digits(self), digits(other));
        let length = |digits: &str, scale: i64| scale.saturating_add(i64::try_from(digits.len()).unwrap_or(i64::MAX));
        let magnitudes = length(&ours, self.scale).cmp(&length(&theirs, other.scale)).then_with(|| ours.cmp(&theirs));
        if self.mantissa < 0 { magnitudes.reverse() } else { magnitudes }
    }
}

impl Add for &Quantity {
    type Output = Quantity;

    /// Adds exactly; a sum of more than 38 digits is cut to the larger of both.
    fn add(self, other: &Quantity) -> Quantity {
        let notation = if self.is_zero() { other.notation } else { self.notation };
        let scale = self.scale.min(other.scale);
        let aligned = |quantity: &Quantity| quantity.mantissa.checked_mul(pow10(quantity.scale - scale)?);
        let sum = aligned(self).zip(aligned(other)).and_then(|(ours, theirs)| ours.checked_add(theirs));
        match sum {
            Some(sum) => Quantity::normal(sum, scale, notation),
            // Nothing is no part of a sum, be it the larger one of both.
            None if self.is_zero() => other.clone(),
            None if other.is_zero() => self.clone(),
            None => self.max(other).clone(),
        }
    }
}

impl Add for Quantity {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        &self + &other
    }
}

impl Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(quantities: I) -> Self {
        quantities.fold(Self::ZERO, |total, quantity| &total + &quantity)
    }
}

const DECIMAL_SUFFIXES: [(&str, i64); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
/// Each counts 1024 of the one before.
const BINARY_SUFFIXES: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// Returns the power of a suffix, of ten or of two as the notation says.
fn interpret(suffix: &str) -> Option<(i64, Notation)> {
    if let Some((_, power)) = DECIMAL_SUFFIXES.iter().find(|(known, _)| *known == suffix) {
        return Some((*power, Notation::Decimal));
    }
    if let Some(at) = BINARY_SUFFIXES.iter().position(|known| *known == suffix) {
        return Some((10 * i64::try_from(at).ok()?, Notation::Binary));
    }
    let power: i64 = suffix.strip_prefix(['e', 'E']).filter(|power| !power.is_empty())?.parse().ok()?;
    Some((i64::from(as_server(power)), Notation::Exponent))
}

/// Returns an exponent as the API server has it, which keeps the lower 32 bits alone.
#[expect(clippy::cast_possible_truncation, reason = "the server cuts it off too")]
fn as_server(power: i64) -> i32 {
    power as i32
}

/// A text cut into sign, digits and suffix.
struct Parts<'a> {
    text: &'a str,
    negative: bool,
    /// The digits before the point without leading zeros; `0` where none is left.
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Self, NotAQuantity> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, rest) = unsigned.split_at(digits(unsigned));
        let whole = Some(whole.trim_start_matches('0')).filter(|whole| !whole.is_empty()).unwrap_or("0");
        let after_point = rest.strip_prefix('.');
        let (fraction, suffix) = after_point.map_or(("", rest), |rest| rest.split_at(digits(rest)));
        let exponent = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let parts = Self { text, negative: text.starts_with('-'), whole, fraction, suffix };
        if exponent.bytes().all(|byte| byte.is_ascii_digit()) { Ok(parts) } else { Err(unknown_suffix(&parts)) }
    }

    /// Returns the value of the digits, the power of ten that they count, and whether the text is kept.
    fn decimal(&self, power: i64) -> (i128, i64, bool) {
        const MOST_DIGITS: usize = 38;
        let mut digits = format!("{}{}", self.whole, self.fraction);
        let mut scale = power.saturating_sub(signed(self.fraction.len()));
        let canonical = scale % 3 == 0 && !digits.ends_with("000") && !digits.starts_with('0');
        let kept = canonical && scale >= NANO && digits.len() <= SHORT_DIGITS;
        let surplus = usize::try_from(NANO.saturating_sub(scale)).unwrap_or(0);
        let mut remainder = false;
        if surplus > 0 {
            let left = digits.len().saturating_sub(surplus);
            remainder = digits[left..].bytes().any(|digit| digit != b'0');
            digits.truncate(left);
            scale = NANO;
        }
        let significant = digits.trim_start_matches('0');
        let taken = &significant[..significant.len().min(MOST_DIGITS)];
        scale = scale.saturating_add(signed(significant.len() - taken.len()));
        // What is asked for is never rounded to nothing.
        (taken.parse::<i128>().unwrap_or(0) + i128::from(remainder), scale, kept)
    }

    /// As [`Self::decimal`], for digits that count a power of two.
    fn binary(&self, power: i64) -> (i128, i64, bool) {
        const FRACTION_DIGITS: usize = 19;
        const BILLION: i128 = 1_000_000_000;
        let unit = 1_i128 << power;
        let whole = self.whole.parse::<i128>().ok().and_then(|whole| whole.checked_mul(unit));
        let Some(whole) = whole.filter(|whole| *whole <= BINARY_MAX) else { return (BINARY_MAX, 0, false) };
        if self.fraction.is_empty() {
            // The estimate of digits, and the last bits, decide as they do in the API server.
            let short = signed(self.whole.len()) + power * 3 / 10 < 15;
            let odd = self.whole.parse::<i64>().is_ok_and(|value| value % 8 != 0);
            return (whole, 0, short && odd);
        }
        let fraction = &self.fraction[..self.fraction.len().min(FRACTION_DIGITS)];
        let one = pow10(signed(fraction.len())).unwrap_or(i128::MAX);
        let part = fraction.parse::<i128>().unwrap_or(0) * unit;
        let billionths = (part % one * BILLION + one - 1) / one;
        let total = (whole + part / one) * BILLION + billionths;
        (total.min(BINARY_MAX * BILLION), NANO, false)
    }
}

fn pow10(power: i64) -> Option<i128> {
    10_i128.checked_pow(u32::try_from(power).ok()?)
}

fn signed(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn refusal(reason: impl Into<String>, hint: Option<String>) -> NotAQuantity {
    NotAQuantity { reason: reason.into(), hint, meant: None }
}

/// Says what stands behind the digits, and which unit was probably meant.
fn unknown_suffix(parts: &Parts<'_>) -> NotAQuantity {
    let text = parts.text;
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return refusal(format!("expected a quantity, found `{text}`"), None);
    }
    let unit = parts.suffix.trim();
    if unit.len() < parts.suffix.len() && interpret(unit).is_some() {
        let together: String = text.split_whitespace().collect();
        let reason = format!("expected a quantity without white space, found `{text}`");
        let hint = Some(format!("write `{together}`"));
        return NotAQuantity { meant: Some(together), ..refusal(reason, hint) };
    }
    let reason = format!("expected a quantity with a unit of Kubernetes, found the unit `{unit}` in `{text}`");
    let number = text.strip_suffix(parts.suffix).unwrap_or(text).trim();
    let lower = unit.to_ascii_lowercase();
    let unit = lower.strip_suffix("bytes").or_else(|| lower.strip_suffix('b')).unwrap_or(&lower);
    let letter = unit.strip_suffix('i').unwrap_or(unit);
    let known = ["k", "m", "g", "t", "p", "e"].iter().position(|known| *known == letter);
    let mut meant = None;
    let hint = match known {
        Some(at) if unit.ends_with('i') => {
            let written = format!("{number}{}", BINARY_SUFFIXES[at + 1]);
            Some(format!("the unit is written `{}`", meant.insert(written)))
        }
        Some(at) => {
            let (decimal, binary) = (DECIMAL_SUFFIXES[at + 4].0, BINARY_SUFFIXES[at + 1]);
            Some(format!(
                "`{number}{decimal}` counts powers of 1000, `{number}{binary}` powers of 1024: choose one of them"
            ))
        }
        None if unit.is_empty() => Some(format!("bytes have no unit: `{number}`")),
        None if parts.suffix.contains('_') => Some(format!("write `{}`", text.replace('_', ""))),
        None if parts.suffix.contains(',') => Some(format!("write `{}`", text.replace(',', "."))),
        None => Some("units are `m`, `k`, `M`, `G`, `T`, `P`, `E` and `Ki`, `Mi`, `Gi`, `Ti`, `Pi`, `Ei`".into()),
    };
    NotAQuantity { meant: meant.filter(|meant| Quantity::parse(meant).is_ok()), ..refusal(reason, hint) }
}
