//! Objects out: YAML, KYAML and JSON, as a stream or as files.
//!
//! Trees enter, bytes leave; nothing here touches the disk. The same tree gives the same bytes, and every reader that a
//! manifest meets reads the same tree from them.

pub mod json;
pub mod kyaml;
pub mod layout;
pub mod quote;
mod scalar;
pub mod yaml;

use std::io;

use crate::text::Node;
use crate::text::harmless;

/// The notation of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// YAML as kubectl writes it.
    #[default]
    Yaml,
    /// The subset of YAML with braces and quotes.
    Kyaml,
    /// JSON; a stream is one `List`.
    Json,
}

impl Output {
    /// Returns the ending of files that hold it, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Yaml | Self::Kyaml => "yaml",
            Self::Json => "json",
        }
    }

    /// Writes an object as all that a file holds, with a comment on where it comes from.
    pub fn write_file(self, node: &Node, source: Option<&str>, out: &mut Vec<u8>) {
        match self {
            Self::Yaml => {
                comment(source, out);
                yaml::write(node, out);
            }
            Self::Kyaml => self.write_document(node, source, out),
            Self::Json => {
                json::write(node, out);
                out.push(b'\n');
            }
        }
    }

    /// Writes an object as a part of a stream, for [`Stream::push_rendered`]: many can be written at once.
    pub fn write_document(self, node: &Node, source: Option<&str>, out: &mut Vec<u8>) {
        match self {
            Self::Yaml => {
                out.extend_from_slice(b"---\n");
                comment(source, out);
                yaml::write(node, out);
            }
            Self::Kyaml => {
                out.extend_from_slice(b"---\n");
                comment(source, out);
                kyaml::write(node, out);
                out.push(b'\n');
            }
            Self::Json => json::write_at(node, 4, out),
        }
    }
}

/// A stream of objects on its way out: each is passed on before the next one comes.
#[derive(Debug)]
pub struct Stream<W> {
    out: W,
    output: Output,
    buffer: Vec<u8>,
    written: usize,
}

impl<W: io::Write> Stream<W> {
    /// Starts a stream.
    pub fn new(out: W, output: Output) -> Self {
        Self { out, output, buffer: Vec::new(), written: 0 }
    }

    /// Writes an object, with a comment on where it comes from (`specs/shop.yaml:12`); JSON has none.
    pub fn push(&mut self, node: &Node, source: Option<&str>) -> io::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        self.output.write_document(node, source, &mut buffer);
        let result = self.push_rendered(&buffer);
        self.buffer = buffer;
        result
    }

    /// Writes an object that [`Output::write_document`] has rendered.
    pub fn push_rendered(&mut self, document: &[u8]) -> io::Result<()> {
        if self.output == Output::Json {
            let before: &[u8] = if self.written == 0 { LIST_START } else { b",\n    " };
            self.out.write_all(before)?;
        }
        self.written += 1;
        self.out.write_all(document)
    }

    /// Ends the stream and returns what it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        if self.output == Output::Json {
            let end: &[u8] = if self.written == 0 { LIST_EMPTY } else { b"\n  ]\n}\n" };
            self.out.write_all(end)?;
        }
        self.out.flush()?;
        Ok(self.out)
    }
}

const LIST_START: &[u8] = b"{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"List\",\n  \"items\": [\n    ";
const LIST_EMPTY: &[u8] = b"{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"List\",\n  \"items\": []\n}\n";

/// Writes `# source: specs/shop.yaml:12`; a name of several lines stays on this one.
fn comment(source: Option<&str>, out: &mut Vec<u8>) {
    let Some(source) = source else { return };
    out.extend_from_slice(b"# source: ");
    // A name is as harmless here as in a report: the log of a job shows what `build` prints.
    out.extend_from_slice(harmless::report(&harmless::one_line(source), false).as_bytes());
    out.push(b'\n');
}
