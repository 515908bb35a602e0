//! What other programs fill in before objects are applied: variables, expressions, tags, encrypted values.
//!
//! Documents enter as they were written; they leave with the defaults of their variables. What has no default is not
//! checked: findings about it are left out, and one note says so.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, words};
use crate::text::{Entry, Key, Map, Node, Origin, Value, scalar};

/// The most names that the note lists.
const LISTED: usize = 5;

/// What is filled in later, by its places.
#[derive(Clone, Debug, Default)]
pub struct Later {
    expected: bool,
    places: BTreeMap<Origin, SmolStr>,
    tagged: Vec<Origin>,
}

impl Later {
    /// Takes the findings of a file: tags of other programs are noted once, the others are reported.
    pub(super) fn take_tags(&mut self, found: Diagnostics, diagnostics: &mut Diagnostics) {
        let mut tags: BTreeMap<String, Diagnostic> = BTreeMap::new();
        for finding in found {
            if finding.code != Code::UnknownTag {
                diagnostics.push(finding);
                continue;
            }
            self.tagged.push(finding.origin);
            match tags.get_mut(&finding.message) {
                Some(first) => first.count += 1,
                None => drop(tags.insert(finding.message.clone(), finding)),
            }
        }
        for finding in tags.into_values() {
            let help = "another program fills in the value, which is not checked here; kubectl takes it as it stands";
            diagnostics.push(Diagnostic { help: vec![help.to_owned()], ..finding.severity(Severity::Note) });
        }
    }

    /// Whether documents have variables that are filled in, and not texts that are sent as they are.
    pub(super) fn is_expected(&self) -> bool {
        self.expected
    }

    /// Expects variables in documents.
    pub(super) fn expect(&mut self) {
        self.expected = true;
    }

    /// Returns a document with the defaults of its variables.
    pub(super) fn filled(&mut self, root: &Node) -> Node {
        // The notes of `sops` on what it has encrypted are no field.
        let encrypted = root.as_map().filter(|map| map.get("sops").is_some_and(|sops| sops.get("mac").is_some()));
        let plain = encrypted.map(|map| {
            let mut map = map.clone();
            map.remove("sops");
            Node::map(map, root.origin())
        });
        let root = plain.as_ref().unwrap_or(root);
        self.fill(root).unwrap_or_else(|| root.clone())
    }

    /// Returns a tree with the defaults of its variables, or `None` if it is as it was.
    fn fill(&mut self, node: &Node) -> Option<Node> {
        match node.value() {
            Value::Seq(items) => {
                let filled: Vec<Option<Node>> = items.iter().map(|item| self.fill(item)).collect();
                filled.iter().any(Option::is_some).then(|| {
                    let items = filled.into_iter().zip(items).map(|(new, old)| new.unwrap_or_else(|| old.clone()));
                    Node::seq(items.collect(), node.origin())
                })
            }
            Value::Map(map) => {
                let filled: Vec<Option<Node>> = map.iter().map(|entry| self.entry(entry)).collect();
                filled.iter().any(Option::is_some).then(|| {
                    let mut out = Map::with_capacity(map.len());
                    for (new, entry) in filled.into_iter().zip(map) {
                        out.push(entry.key.clone(), new.unwrap_or_else(|| entry.value.clone()));
                    }
                    Node::map(out, node.origin())
                })
            }
            Value::String(text) | Value::Raw(text) | Value::Plain(text) => self.scalar(node, text),
            _ => None,
        }
    }

    fn entry(&mut self, Entry { key: Key { text, origin, .. }, value }: &Entry) -> Option<Node> {
        if let Some(Hole { name, .. }) = holes(text).into_iter().next() {
            self.places.insert(*origin, name);
        }
        // Kubernetes itself fills in `$(NAME)` there, from the variables of the container.
        let is_own = |text: &SmolStr| holes(text).iter().all(|hole| hole.name.starts_with("$("));
        if text == "subPathExpr" && value.text().is_some_and(is_own) {
            return None;
        }
        self.fill(value)
    }

    fn scalar(&mut self, node: &Node, text: &SmolStr) -> Option<Node> {
        let holes = holes(text);
        let first = holes.first()?;
        let open = || holes.iter().find(|hole| hole.default.is_none()).map(|hole| hole.name.clone());
        let filled = with_defaults(text, &holes);
        let is_plain = matches!(node.value(), Value::Plain(_));
        // Whether quotes around a variable are there when it is filled in depends on the program.
        let is_sure = is_plain || scalar::resolve(&filled) == scalar::Meaning::Text;
        if let Some(name) = open().or_else(|| (!is_sure).then(|| first.name.clone())) {
            self.places.insert(node.origin(), name);
            return None;
        }
        let value = if is_plain { Value::Plain(filled) } else { Value::String(filled) };
        Some(Node::new(value, node.origin()))
    }

    /// Leaves out what was found about values that are filled in later, and says so.
    pub fn settle(&self, diagnostics: &mut Diagnostics) {
        if self.places.is_empty() && self.tagged.is_empty() {
            return;
        }
        let is_tagged = |origin: Origin| {
            let holds = |tagged: &Origin| {
                // Of a list or mapping the place of its tag is known, where it begins.
                let begins = tagged.start == origin.start;
                tagged.file == origin.file && begins || tagged.holds(origin)
            };
            self.tagged.iter().any(holds)
        };
        let mut open: BTreeMap<Origin, &SmolStr> = BTreeMap::new();
        diagnostics.retain(|finding| {
            if finding.code == Code::UnknownTag {
                return true;
            }
            match self.places.get(&finding.origin) {
                Some(name) => {
                    open.insert(finding.origin, name);
                    false
                }
                None => !is_tagged(finding.origin),
            }
        });
        let Some(first) = open.keys().next().copied() else { return };
        let names: BTreeSet<&SmolStr> = open.values().copied().collect();
        let listed = words::list(names.iter().take(LISTED).map(|name| name.as_str()), "and");
        let more = if names.len() > LISTED { format!(" and {} more", names.len() - LISTED) } else { String::new() };
        let message = match open.len() {
            1 => format!("{listed} is filled in later, and not checked"),
            places => format!("{listed}{more} in {places} places are filled in later, and not checked"),
        };
        let help = "to check them, check what the other program makes: `flux build`, `kustomize build`, `helm template`, \
                    `envsubst`";
        let note = Diagnostic::new(Code::UndefinedVariable, first, message).severity(Severity::Note).names_alone();
        diagnostics.push(note.help(help));
    }
}

/// Something in a text that another program fills in.
struct Hole {
    /// As it is written, without its default.
    name: SmolStr,
    default: Option<SmolStr>,
    start: usize,
    end: usize,
}

/// How holes begin and end, the longer marks first.
const HOLES: [(&str, &str); 4] = [("${{", "}}"), ("{{", "}}"), ("${", "}"), ("$(", ")")];

/// Whether a file may hold something that is filled in later, or is encrypted; a no is certain.
pub(super) fn may_have_holes(file: &str) -> bool {
    let bytes = file.as_bytes();
    // A brace of YAML itself is followed by a blank or a small letter, mostly.
    let is_brace =
        |(at, _): (usize, &str)| bytes.get(at + 1).is_some_and(|next| *next == b'{' || next.is_ascii_uppercase());
    file.contains('$')
        || file.match_indices('{').any(is_brace)
        || file.match_indices('[').any(|(at, _)| file[..at].ends_with("ENC"))
}

fn holes(text: &str) -> Vec<Hole> {
    let mut found = Vec::new();
    if text.starts_with("ENC[") && text.ends_with(']') {
        found.push(Hole { name: "ENC[…]".into(), default: None, start: 0, end: text.len() });
        return found;
    }
    let mut at = 0;
    let mut unclosed = [false; HOLES.len()];
    while let Some(start) = text[at..].find(['$', '{']).map(|next| at + next) {
        let rest = &text[start..];
        at = start + 1;
        if rest.starts_with("$$") {
            // An escape: what follows stays as it is.
            at = start + if rest.starts_with("$${") { 3 } else { 2 };
            continue;
        }
        let hole = HOLES.iter().position(|(mark, _)| rest.starts_with(mark));
        let found_here = match hole {
            // What does not close from here on closes nowhere.
            Some(kind) if unclosed[kind] => None,
            Some(kind) => {
                let (mark, end) = HOLES[kind];
                let length = rest.find(end).map(|at| at + end.len());
                unclosed[kind] = length.is_none();
                let default = |length: usize| (mark == "${").then(|| default_of(&rest[2..length - 1])).flatten();
                length.map(|length| (length, default(length)))
            }
            None => braced(rest).map(|length| (length, None)),
        };
        // `$NAME` alone is a variable of `envsubst`.
        let is_bare = || {
            let name = rest.strip_prefix('$').unwrap_or_default();
            start == 0 && is_variable(name)
        };
        let Some((length, default)) = found_here.or_else(|| is_bare().then_some((rest.len(), None))) else { continue };
        let written = &rest[..length];
        let end = default.as_ref().and_then(|_| written.find([':', '=', '-']));
        let name = end.map_or_else(|| SmolStr::new(written), |end| SmolStr::new(format!("{}}}", &written[..end])));
        found.push(Hole { name, default, start, end: start + length });
        at = start + length;
    }
    found
}

/// Returns the default in `NAME:=default`, `NAME:-default`, `NAME=default` or `NAME-default`.
fn default_of(inside: &str) -> Option<SmolStr> {
    let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    let rest = &inside[end..];
    [":=", ":-", "=", "-"].iter().find_map(|mark| rest.strip_prefix(mark)).map(SmolStr::new)
}

/// Returns the length of the variable in braces that a text starts with.
fn braced(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('{')?;
    let length = rest.find(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_')?;
    (rest[length..].starts_with('}') && is_variable(&rest[..length])).then_some(length + 2)
}

/// Whether a text is a name as variables have them: `CLUSTER_NAME`.
pub(super) fn is_variable(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    text.len() > 1 && text.starts_with(|first: char| first.is_ascii_uppercase()) && text.bytes().all(fits)
}

fn with_defaults(text: &str, holes: &[Hole]) -> SmolStr {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for Hole { default, start, end, .. } in holes {
        out.push_str(&text[at..*start]);
        out.push_str(default.as_deref().unwrap_or_default());
        at = *end;
    }
    out.push_str(&text[at..]);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> (Vec<String>, String) {
        let holes = holes(text);
        (holes.iter().map(|hole| hole.name.to_string()).collect(), with_defaults(text, &holes).to_string())
    }

    #[test]
    fn variables_and_their_defaults_are_known() {
        let of = |text: &str, names: &[&str], filled: &str| {
            assert_eq!(
                seen(text),
                (names.iter().map(|name| (*name).to_owned()).collect(), filled.to_owned()),
                "{text}"
            );
        };
        of("${APP}", &["${APP}"], "");
        of("${MODE:=ReadWriteOnce}", &["${MODE}"], "ReadWriteOnce");
        of("${A:-x}-${B=y}.${C}", &["${A}", "${B}", "${C}"], "x-y.");
        of("{{ .Values.a }}-b", &["{{ .Values.a }}"], "-b");
        of("$(NAME)", &["$(NAME)"], "");
        of("${{ matrix.a }}", &["${{ matrix.a }}"], "");
        of("$NAME", &["$NAME"], "");
        of("{GATEWAY_CLASS}-a", &["{GATEWAY_CLASS}"], "-a");
        of("ENC[AES256_GCM,data:x]", &["ENC[…]"], "");
        for text in ["$${APP}", "a$", "{a}", "costs $5", "${", "$name"] {
            of(text, &[], text);
        }
    }
}
