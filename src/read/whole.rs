//! All of YAML, by the library: nodes out of its events, findings where it or a document is wrong.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, StrInput, StructureStyle};
use smol_str::SmolStr;

use super::{syntax, unquoted};
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, suggestion, words};
use crate::limits;
use crate::text::{Entry, FileId, Key, Map, Node, Origin, Value};

/// Reads the documents of a part of a text, and what is wrong with them.
pub(super) fn read(text: &str, file: FileId, chunk: Range<usize>) -> (Vec<Node>, Vec<Diagnostic>) {
    Reader::new(text, file, chunk).read()
}

/// A list or mapping that is being read.
struct Open {
    start: usize,
    end: usize,
    flow: bool,
    anchor: usize,
    weight: u64,
    /// How deep what it holds nests, aliases followed.
    height: usize,
    content: Content,
}

enum Content {
    Seq(Vec<Node>),
    Map { map: Map, seen: Option<HashSet<SmolStr>>, key: Option<Key>, merges: Vec<Node>, merged: Option<Merged> },
}

/// The first `<<` of a mapping.
struct Merged {
    key: Origin,
    /// What it merges, as written: the name of an anchor.
    written: Option<SmolStr>,
}

struct Reader<'a> {
    text: &'a str,
    base: usize,
    file: FileId,
    parser: Parser<'a, StrInput<'a>>,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, u64, usize)>,
    aliased: u64,
    /// The alias that the node at hand was written as.
    alias: Option<SmolStr>,
    roots: Vec<Node>,
    findings: Vec<Diagnostic>,
}

/// Whether the document can be read on.
enum Step {
    Go,
    Abandon,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, file: FileId, chunk: Range<usize>) -> Self {
        let options: Options = granit_parser::options! {
            emit_comments: false,
            emit_unresolved_aliases: true,
            flow_nesting_limit: limits::DEPTH,
            block_nesting_limit: limits::DEPTH,
        };
        let base = chunk.start;
        let text = &text[chunk];
        Self {
            text,
            base,
            file,
            parser: Parser::new_from_str_with_options(text, options),
            open: Vec::new(),
            anchors: HashMap::new(),
            aliased: 0,
            alias: None,
            roots: Vec::new(),
            findings: Vec::new(),
        }
    }

    fn read(mut self) -> (Vec<Node>, Vec<Diagnostic>) {
        loop {
            let step = match self.parser.next_event() {
                None => break,
                Some(Ok((event, span))) => {
                    if matches!(event, Event::StreamEnd) {
                        break;
                    }
                    let range = span.byte_range().unwrap_or(0..0);
                    self.event(event, range)
                }
                Some(Err(error)) => {
                    self.syntax_error(&error);
                    Step::Abandon
                }
            };
            if let Step::Abandon = step {
                self.open.clear();
                self.anchors.clear();
                if !matches!(self.parser.proceed_next_document(), Ok(true)) {
                    break;
                }
            }
        }
        (self.roots, self.findings)
    }

    fn origin(&self, range: Range<usize>) -> Origin {
        Origin::new(self.file, self.base + range.start, self.base + range.end)
    }

    fn event(&mut self, event: Event<'a>, range: Range<usize>) -> Step {
        match event {
            Event::DocumentStart(..) => {
                self.anchors.clear();
                self.aliased = 0;
                Step::Go
            }
            Event::Scalar(text, style, anchor, tag) => {
                let range = self.trimmed(range);
                let origin = self.origin(range.clone());
                let plain = style == ScalarStyle::Plain;
                let name = tag.as_deref().map(granit_parser::Tag::original);
                let text = SmolStr::new(text);
                let value = match name.as_deref() {
                    None if plain => unquoted(text),
                    None | Some("!!str" | "!") => Value::String(text),
                    Some("!raw") => Value::Raw(text),
                    Some("!!int" | "!!float" | "!!bool" | "!!null") => Value::Plain(text),
                    Some(tag) => {
                        self.unknown_tag(tag, origin);
                        Value::String(text)
                    }
                };
                self.complete(Node::new(value, origin), anchor, (1, 0), plain)
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.check_collection_tag(tag.as_deref(), "!!seq", &range);
                self.enter(style, anchor, range, Content::Seq(Vec::new()))
            }
            Event::MappingStart(style, anchor, tag) => {
                self.check_collection_tag(tag.as_deref(), "!!map", &range);
                let content = Content::Map { map: Map::new(), seen: None, key: None, merges: Vec::new(), merged: None };
                self.enter(style, anchor, range, content)
            }
            Event::SequenceEnd | Event::MappingEnd => self.leave(range.end),
            Event::Alias(id) => {
                let written = self.text.get(range.clone()).map(SmolStr::new);
                let origin = self.origin(range);
                let Some((node, weight, height)) = self.anchors.get(&id).cloned() else {
                    // An alias inside the very node that it names.
                    self.findings.push(Diagnostic::new(
                        Code::InvalidYaml,
                        origin,
                        "an alias stands inside the node that it names",
                    ));
                    return Step::Abandon;
                };
                self.aliased += weight;
                let too_much = if self.aliased > limits::ALIASED_NODES {
                    Some(format!("the aliases of this document stand for more than {} nodes", limits::ALIASED_NODES))
                } else if self.open.len() + height > limits::DEPTH {
                    Some(format!("with its aliases this document nests more than {} deep", limits::DEPTH))
                } else {
                    None
                };
                if let Some(message) = too_much {
                    let finding = Diagnostic::new(Code::TooManyAliases, origin, message);
                    self.findings.push(finding.help("write the values out, or fan out with `matrix`"));
                    return Step::Abandon;
                }
                self.alias = written;
                self.complete(node, 0, (weight, height), false)
            }
            Event::UnresolvedAlias(name) => {
                let origin = self.origin(range);
                self.findings.push(
                    Diagnostic::new(Code::InvalidYaml, origin, format!("no anchor `&{name}` stands before this alias"))
                        .help("text that starts with `*` needs quotes"),
                );
                self.complete(Node::new(Value::Null, origin), 0, (1, 0), false)
            }
            _ => Step::Go,
        }
    }

    /// Cuts trailing line breaks off the range of a scalar, so that carets stay on its lines.
    fn trimmed(&self, range: Range<usize>) -> Range<usize> {
        let kept = self.text.get(range.clone()).unwrap_or_default().trim_end().len();
        range.start..range.start + kept
    }

    fn enter(&mut self, style: StructureStyle, anchor: usize, range: Range<usize>, content: Content) -> Step {
        let flow = style == StructureStyle::Flow;
        self.open.push(Open { start: range.start, end: range.end, flow, anchor, weight: 1, height: 0, content });
        Step::Go
    }

    fn leave(&mut self, end: usize) -> Step {
        let Some(open) = self.open.pop() else { return Step::Abandon };
        let end = if open.flow { end } else { open.end.max(open.start) };
        let origin = self.origin(open.start..end);
        let value = match open.content {
            Content::Seq(items) => Value::Seq(items),
            Content::Map { mut map, merges, .. } => {
                let mut known: HashSet<SmolStr> = if merges.is_empty() {
                    HashSet::new()
                } else {
                    map.iter().map(|entry| entry.key.text.clone()).collect()
                };
                for merged in merges {
                    for entry in merged.as_map().into_iter().flatten() {
                        if known.insert(entry.key.text.clone()) {
                            map.push(entry.key.clone(), entry.value.clone());
                        }
                    }
                }
                Value::Map(map)
            }
        };
        self.complete(Node::new(value, origin), open.anchor, (open.weight, open.height + 1), false)
    }

    /// Puts a finished node where it belongs: into the open list or mapping, or among the roots.
    fn complete(&mut self, node: Node, anchor: usize, (weight, height): (u64, usize), plain: bool) -> Step {
        let alias = self.alias.take();
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), weight, height));
        }
        let Some(open) = self.open.last_mut() else {
            if !node.is_null() {
                self.roots.push(node);
            }
            return Step::Go;
        };
        open.weight = open.weight.saturating_add(weight);
        open.height = open.height.max(height);
        if node.origin().file == self.file {
            open.end = open.end.max((node.origin().end as usize).saturating_sub(self.base));
        }
        match &mut open.content {
            Content::Seq(items) => items.push(node),
            Content::Map { map, seen, key, merges, merged } => match key.take() {
                None => {
                    let Some(text) = node.text() else {
                        let origin = node.origin();
                        let start = (origin.start as usize).saturating_sub(self.base);
                        // `{{ … }}` without quotes is a mapping in a mapping to YAML.
                        let expression = self.text[start..].starts_with('{') && self.text[..start].ends_with('{');
                        let finding = Diagnostic::new(
                            Code::InvalidKey,
                            origin,
                            format!("expected a text as key, found {}", node.type_name()),
                        );
                        self.findings.push(finding.help(if expression {
                            "a value that starts with an expression needs quotes: `\"{{ … }}\"`"
                        } else {
                            "text that starts with `{`, `[`, `?` or `*` needs quotes"
                        }));
                        return Step::Abandon;
                    };
                    *key = Some(Key { text: text.clone(), origin: node.origin(), plain });
                }
                Some(key) if key.plain && key.text == "<<" => {
                    match merged {
                        Some(first) => self.findings.push(merged_twice(first, &key, alias.as_deref())),
                        None => *merged = Some(Merged { key: key.origin, written: alias }),
                    }
                    match node.value() {
                        Value::Map(_) => merges.push(node),
                        Value::Seq(items) if items.iter().all(|item| item.as_map().is_some()) => {
                            merges.extend(items.iter().cloned());
                        }
                        _ => self.findings.push(Diagnostic::new(
                            Code::WrongType,
                            node.origin(),
                            format!("expected a mapping or a list of mappings to merge, found {}", node.type_name()),
                        )),
                    }
                }
                Some(key) => {
                    let known = if map.len() < 16 {
                        map.contains(&key.text)
                    } else {
                        let seen = seen.get_or_insert_with(|| map.iter().map(|entry| entry.key.text.clone()).collect());
                        !seen.insert(key.text.clone())
                    };
                    if known {
                        let first = map.entry(&key.text);
                        let place = first.map_or(Origin::NOWHERE, |entry| entry.key.origin);
                        let fix = first.map(|first| without_repetition(first, &key, &node));
                        let finding = Diagnostic::new(
                            Code::DuplicateKey,
                            key.origin,
                            format!("the key `{}` stands twice in one mapping", key.text),
                        )
                        .label("again here")
                        .also(place, "first here")
                        .help("remove one of them: kubectl would silently take the last");
                        self.findings.push(Diagnostic { fix, ..finding });
                    } else {
                        map.push(key, node);
                    }
                }
            },
        }
        Step::Go
    }

    fn unknown_tag(&mut self, tag: &str, origin: Origin) {
        const KNOWN: [&str; 8] = ["!raw", "!!str", "!!int", "!!float", "!!bool", "!!null", "!!seq", "!!map"];
        let finding = Diagnostic::new(Code::UnknownTag, origin, format!("the tag `{tag}` has no meaning here"));
        self.findings.push(match tag {
            "!unsafe" | "!verbatim" => finding.help("text that must keep its braces is tagged `!raw`"),
            _ => finding.maybe_help(suggestion(tag, KNOWN)).help(format!("known are {}", words::list(KNOWN, "and"))),
        });
    }

    fn check_collection_tag(&mut self, tag: Option<&granit_parser::Tag>, fitting: &str, range: &Range<usize>) {
        if let Some(name) = tag.map(granit_parser::Tag::original).filter(|name| name != fitting) {
            let origin = self.origin(range.clone());
            if name == "!raw" {
                let found = if fitting == "!!map" { "a mapping" } else { "a list" };
                self.findings.push(
                    Diagnostic::new(Code::UnknownTag, origin, format!("`!raw` is for a text, found {found}"))
                        .help("tag the texts in it that must keep their braces"),
                );
                return;
            }
            self.unknown_tag(&name, origin);
        }
    }

    fn syntax_error(&mut self, error: &ScanError) {
        let mut at = error.marker().byte_offset().unwrap_or(0).min(self.text.len());
        // A scalar that a line with a tab follows is not what is wrong.
        if let Some(next) = self.text[at..].find('\n').map(|length| at + length + 1)
            && error.info().contains("tab")
            && self.text[next..].trim_start_matches(' ').starts_with('\t')
        {
            at = next;
        }
        let line_end = self.text[at..].find('\n').map_or(self.text.len(), |length| at + length);
        let end = self.text[at..line_end].chars().next().map_or(at, |first| at + first.len_utf8());
        // The parser quotes single characters: `unclosed bracket '['`.
        let message = error.info().trim_end_matches('.').replace('\'', "`");
        let hints = syntax::hints(self.text, at, &message);
        // The grammar's own marks are no part of a secret, as other characters may be.
        let is_mark = |quoted: &str| quoted.bytes().all(|byte| byte.is_ascii_punctuation());
        let repeats = !message.split('`').skip(1).step_by(2).all(is_mark) || hints.iter().any(|hint| hint.repeats);
        let finding = Diagnostic::new(Code::InvalidYaml, self.origin(at..end), message);
        let finding = hints.into_iter().fold(finding, |finding, hint| finding.help(hint.text));
        self.findings.push(if repeats { finding } else { finding.names_alone() });
    }
}

/// Removes one of two entries of the same key: the second where both are equal, otherwise the one that kubectl passes over.
fn without_repetition(first: &Entry, key: &Key, node: &Node) -> Fix {
    if first.value == *node {
        Fix::safe([Edit::without_entry(&Entry { key: key.clone(), value: node.clone() })])
    } else {
        Fix::unsure([Edit::without_entry(first)])
    }
}

/// Says that a mapping merges twice, which kubectl takes and others refuse as a key that stands there twice.
fn merged_twice(first: &Merged, again: &Key, alias: Option<&str>) -> Diagnostic {
    let help = match (first.written.as_deref(), alias) {
        (Some(one), Some(two)) => format!("write `<<: [{one}, {two}]`, which all readers take"),
        _ => "write one `<<` with a list of all that it merges, which all readers take".to_owned(),
    };
    Diagnostic::new(Code::DuplicateKey, again.origin, "the key `<<` stands twice in one mapping")
        .label("again here")
        .also(first.key, "first here")
        .help(help)
}
