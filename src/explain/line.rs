//! A line of the output in, the object and the field that stand there out.

use crate::kubernetes::ObjectKey;
use crate::read::Document;
use crate::text::{Node, SourceFile, Value};

/// What stands at a line of a file.
#[derive(Debug)]
pub struct AtLine {
    /// The object.
    pub key: ObjectKey,
    /// The way to the field in it; empty where the line belongs to none.
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    Key(smol_str::SmolStr),
    Item(usize),
}

/// So many lines of comments may stand above an object.
const MOST_LINES_ABOVE: usize = 10_000;

impl AtLine {
    /// Finds what stands at a line of a file, counted from 1.
    pub fn find(file: &SourceFile, documents: &[Document], line: usize) -> Option<Self> {
        let first_line = |node: &Node| file.line_of(node.origin().start);
        // What stands above an object belongs to it.
        let mut below = line..line.saturating_add(MOST_LINES_ABOVE);
        let line = below.find(|line| {
            let text = file.line(*line);
            !(text.starts_with("---") || text.starts_with('#')) || text.is_empty()
        })?;
        let document = documents.iter().rev().find(|document| first_line(&document.root) <= line)?;
        // Output in JSON is one list.
        let items = document.root.get("items").and_then(Node::as_seq).unwrap_or_default();
        let object = items.iter().rev().find(|item| first_line(item) <= line).unwrap_or(&document.root);
        let mut steps = Vec::new();
        descend(file, object, line, &mut steps);
        Some(Self { key: ObjectKey::of(object)?, steps })
    }

    /// Returns the field as the API server writes paths.
    pub fn field(&self) -> String {
        self.steps.iter().fold(String::new(), |path, step| match step {
            Step::Key(key) if path.is_empty() => key.to_string(),
            Step::Key(key) if key.contains(['.', '/', ' ']) => format!("{path}[{key}]"),
            Step::Key(key) => format!("{path}.{key}"),
            Step::Item(at) => format!("{path}[{at}]"),
        })
    }

    /// Returns what stands there in the object as it was compiled.
    pub fn node<'n>(&self, object: &'n Node) -> Option<&'n Node> {
        self.steps.iter().try_fold(object, |node, step| match step {
            Step::Key(key) => node.get(key),
            Step::Item(at) => node.as_seq()?.get(*at),
        })
    }
}

/// Goes down to the last value that starts at or before the line.
fn descend(file: &SourceFile, node: &Node, line: usize, steps: &mut Vec<Step>) {
    match node.value() {
        Value::Map(map) => {
            let entry = map.iter().filter(|entry| file.line_of(entry.key.origin.start) <= line).last();
            if let Some(entry) = entry {
                steps.push(Step::Key(entry.key.text.clone()));
                descend(file, &entry.value, line, steps);
            }
        }
        Value::Seq(items) => {
            let item = items.iter().enumerate().filter(|(_, item)| file.line_of(item.origin().start) <= line).last();
            if let Some((at, item)) = item {
                steps.push(Step::Item(at));
                descend(file, item, line, steps);
            }
        }
        _ => {}
    }
}
