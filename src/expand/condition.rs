//! `where` and `when`: what is written in, whether it holds for an instance out. Nothing but a boolean is one.

use smol_str::{SmolStr, ToSmolStr, format_smolstr};

use super::axes::invalid;
use super::expression::{Template, has_expression};
use super::scope::Scope;
use crate::diagnostic::{Diagnostic, Diagnostics, words};
use crate::text::{Node, Origin, Sources, Value, scalar};

/// A condition of the fan-out: an expression that is true or false for each instance.
pub(super) struct Condition {
    word: &'static str,
    template: Template,
}

impl Condition {
    /// Reads what is written under a word; what is no expression is a finding.
    pub(super) fn read(
        word: &'static str,
        node: &Node,
        sources: &Sources,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        // What needs no instance is worked out already.
        let text = match node.value() {
            Value::Bool(value) => Some(value.to_smolstr()),
            _ => node.text().filter(|_| !node.is_null()).cloned(),
        };
        let Some(text) = text else {
            let message = format!("expected an expression for `{word}`, found {}", node.type_name());
            diagnostics.push(invalid(node.origin(), message));
            return None;
        };
        let template = if has_expression(&text) {
            Template::cut(&text, node.origin(), true, sources)
        } else {
            // A bare expression needs no braces: its place is the whole text.
            Template::cut(&format_smolstr!("{{{{ {text} }}}}"), node.origin(), true, sources)
        };
        let template = template.map_err(|finding| diagnostics.push(*finding)).ok()?;
        Some(Self { word, template })
    }

    /// Says whether it holds; what is no boolean is a finding.
    pub(super) fn holds(&self, scope: &Scope<'_>) -> Result<bool, Box<Diagnostic>> {
        let node = self.template.fill(scope)?;
        truth(&node).ok_or_else(|| {
            let found = words::found_by(&node, false, scalar::resolve_core);
            let finding = invalid(node.origin(), format!("expected a boolean from `{}`, found {found}", self.word));
            let is_text = node.text().is_some() && !matches!(node.value(), Value::Number(_));
            let help = "`true` and `false` alone are booleans here: compare a text, as in `matrix.on == \"yes\"`";
            Box::new(finding.maybe_help(is_text.then_some(help)))
        })
    }

    /// Returns where it was written.
    pub(super) fn origin(&self) -> Origin {
        self.template.origin()
    }

    /// Whether it reads nothing but what differs by instance.
    pub(super) fn is_of_cells(&self) -> bool {
        let of_cell = |(path, _): &(Vec<SmolStr>, Origin)| matches!(path[0].as_str(), "matrix" | "index");
        self.template.paths().iter().all(of_cell)
    }
}

fn truth(node: &Node) -> Option<bool> {
    match node.value() {
        Value::Bool(value) => Some(*value),
        Value::Plain(text) => match scalar::resolve_core(text) {
            scalar::Meaning::Bool(value) => Some(value),
            _ => None,
        },
        _ => None,
    }
}
