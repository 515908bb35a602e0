//! The words of an expression: names, numbers, texts and marks, each with the byte at which it starts.

use smol_str::SmolStr;

use super::syntax::Refusal;

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(SmolStr),
    /// A name in backticks, which may hold dots, dashes and slashes; it names a field.
    Quoted(SmolStr),
    Int(u64),
    Uint(u64),
    Double(f64),
    Text(SmolStr),
    Bytes(Vec<u8>),
    Mark(&'static str),
    End,
}

/// Marks, longer ones first.
const MARKS: [&str; 26] = [
    "&&", "||", "==", "!=", "<=", ">=", "[?", ".?", "?", ":", "<", ">", "+", "-", "*", "/", "%", "!", ".", ",", "(",
    ")", "[", "]", "{", "}",
];

/// Returns the words of a text, the last of which is its end.
pub(super) fn words(text: &str) -> Result<Vec<(usize, Token)>, Refusal> {
    let mut lexer = Lexer { text, at: 0 };
    let mut words = Vec::new();
    loop {
        lexer.skip();
        let at = lexer.at;
        let token = lexer.next()?;
        let is_end = token == Token::End;
        words.push((at, token));
        if is_end {
            return Ok(words);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']);
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn take(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn next(&mut self) -> Result<Token, Refusal> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        if let Some(prefix) = text_prefix(rest) {
            return self.quoted(&prefix);
        }
        let is_fraction = || first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit());
        if first.is_ascii_digit() || is_fraction() {
            return self.number();
        }
        if first.is_ascii_alphabetic() || first == '_' {
            return Ok(Token::Name(self.take(|c| c.is_ascii_alphanumeric() || c == '_').into()));
        }
        if first == '`' {
            let end = rest[1..].find('`').filter(|end| *end > 0);
            let end = end.ok_or_else(|| Refusal::new(self.at, "expected a backtick that ends the name"))?;
            self.at += end + 2;
            return Ok(Token::Quoted(rest[1..=end].into()));
        }
        let mark = MARKS.iter().find(|mark| rest.starts_with(**mark));
        let mark = mark.ok_or_else(|| Refusal::new(self.at, format!("expected an expression, found `{first}`")))?;
        self.at += mark.len();
        Ok(Token::Mark(mark))
    }

    fn number(&mut self) -> Result<Token, Refusal> {
        let start = self.at;
        let rest = self.rest();
        let refuse = |text: &str| Refusal::new(start, format!("the number `{text}` is too large"));
        if let Some(digits) = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X")) {
            let end = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len());
            self.at += 2 + end;
            let number = u64::from_str_radix(&digits[..end], 16).map_err(|_| refuse(&rest[..2 + end]))?;
            return Ok(self.integer(number));
        }
        self.take(|c| c.is_ascii_digit());
        let mut is_double = false;
        if self.rest().starts_with('.') && self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) {
            is_double = true;
            self.at += 1;
            self.take(|c| c.is_ascii_digit());
        }
        if let Some(exponent) = self.rest().strip_prefix(['e', 'E']) {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.starts_with(|c: char| c.is_ascii_digit()) {
                is_double = true;
                self.at += 1 + exponent.len() - digits.len();
                self.take(|c| c.is_ascii_digit());
            }
        }
        let text = &self.text[start..self.at];
        if is_double {
            return text.parse().map(Token::Double).map_err(|_| refuse(text));
        }
        let number = text.parse().map_err(|_| refuse(text))?;
        Ok(self.integer(number))
    }

    fn integer(&mut self, number: u64) -> Token {
        if self.rest().starts_with(['u', 'U']) {
            self.at += 1;
            return Token::Uint(number);
        }
        Token::Int(number)
    }

    fn quoted(&mut self, prefix: &Prefix) -> Result<Token, Refusal> {
        let start = self.at;
        self.at += prefix.length;
        let rest = self.rest();
        let quote = &rest[..if rest.starts_with("\"\"\"") || rest.starts_with("'''") { 3 } else { 1 }];
        self.at += quote.len();
        let unclosed = || Refusal::new(start, format!("expected `{quote}` at the end of the text"));
        let mut out: Vec<u8> = Vec::new();
        loop {
            let rest = self.rest();
            if rest.starts_with(quote) {
                self.at += quote.len();
                break;
            }
            let next = rest.chars().next().ok_or_else(unclosed)?;
            if quote.len() == 1 && matches!(next, '\n' | '\r') {
                return Err(unclosed());
            }
            if next == '\\' && !prefix.raw {
                self.escape(prefix.bytes, &mut out)?;
                continue;
            }
            self.at += next.len_utf8();
            if next == '\\' && self.rest().starts_with(&quote[..1]) {
                // In a raw text too, a backslash keeps a quote from ending it.
                out.push(b'\\');
                out.extend(quote[..1].bytes());
                self.at += 1;
                continue;
            }
            out.extend(next.encode_utf8(&mut [0; 4]).bytes());
        }
        if prefix.bytes {
            return Ok(Token::Bytes(out));
        }
        let text = String::from_utf8(out).map_err(|_| Refusal::new(start, "the text is no UTF-8"))?;
        Ok(Token::Text(text.into()))
    }

    /// Reads what a backslash stands for.
    fn escape(&mut self, bytes: bool, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let start = self.at;
        let rest = &self.rest()[1..];
        let refuse = || {
            let shown: String = rest.chars().take(1).collect();
            Refusal::new(start, format!("`\\{shown}` is no escape"))
        };
        let letter = rest.chars().next().ok_or_else(refuse)?;
        let simple = match letter {
            'a' => Some(7),
            'b' => Some(8),
            'f' => Some(12),
            'n' => Some(b'\n'),
            'r' => Some(b'\r'),
            't' => Some(b'\t'),
            'v' => Some(11),
            '\\' | '?' | '"' | '\'' | '`' => u8::try_from(letter).ok(),
            _ => None,
        };
        if let Some(byte) = simple {
            out.push(byte);
            self.at += 2;
            return Ok(());
        }
        let (skipped, digits, radix) = match letter {
            'x' | 'X' => (1, 2, 16),
            'u' if !bytes => (1, 4, 16),
            'U' if !bytes => (1, 8, 16),
            '0'..='3' => (0, 3, 8),
            _ => return Err(refuse()),
        };
        let code = rest.get(skipped..skipped + digits).ok_or_else(refuse)?;
        let code = u32::from_str_radix(code, radix).map_err(|_| refuse())?;
        match u8::try_from(code) {
            Ok(byte) if bytes => out.push(byte),
            _ => {
                let letter = char::from_u32(code).ok_or_else(refuse)?;
                out.extend(letter.encode_utf8(&mut [0; 4]).bytes());
            }
        }
        self.at += 1 + skipped + digits;
        Ok(())
    }
}

/// What stands before the quote of a text.
struct Prefix {
    length: usize,
    raw: bool,
    bytes: bool,
}

fn text_prefix(text: &str) -> Option<Prefix> {
    let length = text.bytes().take(3).position(|byte| matches!(byte, b'"' | b'\''))?;
    let lower = text[..length].to_ascii_lowercase();
    let (raw, bytes) = match lower.as_str() {
        "" => (false, false),
        "r" => (true, false),
        "b" => (false, true),
        "br" | "rb" => (true, true),
        _ => return None,
    };
    Some(Prefix { length, raw, bytes })
}
