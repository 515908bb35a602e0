//! The only door to standard output and standard error.
//!
//! Reports and data enter, bytes leave. A report holds names, messages and lines of others: it is made
//! [`harmless`] here, whatever the command and the format. Data is what was asked for and goes out byte by byte.

use std::io::{self, ErrorKind, IsTerminal, Write};

use super::Failure;
use crate::diagnostic::Style;
use crate::text::harmless;

/// Where text goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Channel {
    /// It is the output of the command.
    Stdout,
    /// It stands beside it.
    Stderr,
}

impl Channel {
    /// Returns how text for people is written here.
    pub(super) fn style(self) -> Style {
        let choice = match self {
            Self::Stdout => anstream::AutoStream::choice(&io::stdout()),
            Self::Stderr => anstream::AutoStream::choice(&io::stderr()),
        };
        let color = choice != anstream::ColorChoice::Never;
        Style { color, width: if self.is_terminal() { terminal_width() } else { 140 } }
    }

    /// Whether somebody watches.
    pub(super) fn is_terminal(self) -> bool {
        match self {
            Self::Stdout => io::stdout().is_terminal(),
            Self::Stderr => io::stderr().is_terminal(),
        }
    }

    /// Prints data as it is: manifests, schemas, scripts, and findings, which are rendered harmless.
    pub(super) fn write(self, bytes: &[u8]) -> Result<(), Failure> {
        self.put(bytes)?;
        Ok(())
    }

    /// Prints a report; no character of it acts.
    pub(super) fn report(self, text: &str) -> Result<(), Failure> {
        self.write(harmless::report(text, false).as_bytes())
    }

    /// Prints a report in which we set colors; the texts of others in it went through [`harmless::one_line`] before.
    pub(super) fn styled(self, text: &str) -> Result<(), Failure> {
        self.write(harmless::report(text, self.style().color).as_bytes())
    }

    /// Prints a report in JSON.
    pub(super) fn json(self, text: &str) -> Result<(), Failure> {
        self.write(harmless::json(text).as_bytes())
    }

    fn put(self, bytes: &[u8]) -> io::Result<()> {
        let written = match self {
            Self::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush())
            }
            Self::Stderr => io::stderr().lock().write_all(bytes),
        };
        match written {
            // A reader who goes away has read enough: what was found decides how the run ends.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }
}

/// Returns standard output for data that is too much to hold at once; a reader who goes away is an error here, so that no
/// more is made.
pub(super) fn data() -> impl Write {
    io::stdout().lock()
}

/// Prints one line about why a command ended early.
pub(super) fn complain(message: &str) {
    remark(&format!("error: {message}"));
}

/// Prints one message beside the output: further lines of it, which may be those of others, are indented.
pub(super) fn remark(message: &str) {
    // There is nobody left to tell where even this fails.
    let _ = Channel::Stderr.report(&format!("{}\n", harmless::indented(message)));
}

fn terminal_width() -> usize {
    std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(120)
}
