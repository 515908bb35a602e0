//! Requests without an answer that counts: what happened, for the user, and whether it is of use to try again.
//!
//! No reason holds what proves who we are: neither a password in a URL nor what a program printed.

use std::fmt;

use kube::client::AuthError;

/// A request whose answer never came, or was not the server's: whether the server acted is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// What happened, for the user.
    pub reason: String,
    /// Whether trying again is pointless: credentials or certificates are wrong, or somebody else answers.
    pub hopeless: bool,
    /// Whether something came that is not what was asked for.
    pub foreign: bool,
    /// Whether the answer was longer than is taken.
    pub too_long: bool,
    /// Whether the server did answer, with a refusal: that it does not answer would not be so.
    pub refused: bool,
}

impl Lost {
    /// Returns what may pass.
    pub(crate) fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), hopeless: false, foreign: false, too_long: false, refused: false }
    }

    /// Returns what stays as it is.
    pub(crate) fn hopeless(reason: impl Into<String>) -> Self {
        Self { hopeless: true, ..Self::passing(reason) }
    }

    /// Returns that the server refused.
    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        Self { refused: true, ..Self::hopeless(reason) }
    }

    /// Returns that something came which is not what was asked for.
    pub(crate) fn foreign(what: impl fmt::Display) -> Self {
        let reason = format!("{what}: something answers in place of the API server, as a proxy or a login page does");
        Self { foreign: true, ..Self::hopeless(reason) }
    }

    /// Returns that an answer was longer than is taken.
    pub(crate) fn too_long(reason: impl Into<String>) -> Self {
        Self { too_long: true, ..Self::hopeless(reason) }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Lost {}

/// Says in one line what went wrong, with the innermost cause: the outer ones say only that a request failed.
pub(super) fn lost(error: &(dyn std::error::Error + 'static)) -> Lost {
    let mut reason = error.to_string();
    let mut hopeless = false;
    let mut next = Some(error);
    while let Some(cause) = next {
        // Readers of YAML add an excerpt to their line.
        cause.to_string().lines().next().unwrap_or_default().clone_into(&mut reason);
        if let Some(AuthError::AuthExecRun { cmd, .. }) = cause.downcast_ref::<AuthError>() {
            let program = cmd.split(' ').next().unwrap_or_default().trim_matches('"');
            return Lost::hopeless(format!("the credential program `{program}` failed"));
        }
        // Who we are, who the server is, and what it speaks stays as wrong as it is.
        hopeless |= cause.is::<AuthError>()
            || cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse)
            || cause.downcast_ref::<std::io::Error>().is_some_and(|error| {
                matches!(error.kind(), std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput)
            })
            || reason.contains("invalid peer certificate");
        next = cause.source();
    }
    let reason = match reason.as_str() {
        text if text.contains("InvalidContentType") => format!("it does not speak TLS: {text}"),
        _ => without_secrets(&reason),
    };
    Lost { hopeless, ..Lost::passing(reason) }
}

/// Says what the operating system refused, without the number of its error.
pub(super) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error ").map_or(text.as_str(), |(words, _)| words).to_owned()
}

/// Takes name and password out of all URLs in a text, and what follows a `?`, which may be a token.
pub(super) fn without_secrets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end =
            after.find(|letter: char| letter.is_whitespace() || "/?#\"'`".contains(letter)).unwrap_or(after.len());
        // A password may hold anything that ends a host elsewhere, so long as an `@` comes in the same word.
        let word = after.find(char::is_whitespace).unwrap_or(after.len());
        let host = match (after[..end].rfind('@'), after[..word].rfind('@')) {
            (Some(at), _) => at + 1,
            (None, Some(at)) if after[..at].contains(':') => at + 1,
            _ => 0,
        };
        rest = &after[host..];
        // Where the URL ends: its query goes.
        let end = rest.find(|letter: char| letter.is_whitespace() || "\"'`".contains(letter)).unwrap_or(rest.len());
        if let Some(query) = rest[..end].find('?') {
            out.push_str(&rest[..query]);
            rest = &rest[end..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_their_passwords_and_nothing_else() {
        for (text, expected) in [
            ("https://me:p4ss@host:6443/x", "https://host:6443/x"),
            ("cannot reach http://a:b@c and http://d:e@f/g", "cannot reach http://c and http://f/g"),
            ("https://me:p/4@ss@host", "https://host"),
            ("https://host/a@b", "https://host/a@b"),
            ("see `https://host/?token=p4ss` and https://host:1/x?a=b c", "see `https://host/` and https://host:1/x c"),
            ("socks5://token@host", "socks5://host"),
            ("no url: me@host", "no url: me@host"),
        ] {
            assert_eq!(without_secrets(text), expected);
        }
    }
}
