//! What other engines write where an expression stands in, ours for it out: templates of Go, filters of Helm and Ansible.
//!
//! Nothing that the engine could read is taken for foreign.

use smol_str::SmolStr;

use super::builtin::{Builtin, FILTERS, FUNCTIONS};
use crate::diagnostic::did_you_mean;

/// Filters and functions of others, and ours for the same.
const OTHERS: &[(&[&str], &str)] = &[
    (&["quote", "squote"], "leave it out: the field decides what a value is, and a text needs no quotes"),
    (&["toJson", "to_json", "to_nice_json", "mustToJson"], "write `tojson`"),
    (
        &["toYaml", "to_yaml", "to_nice_yaml"],
        "write the expression alone where the value stands: lists and mappings stay what they are",
    ),
    (&["nindent"], "write the expression alone where the value stands; `indent` indents a text"),
    (&["trunc", "truncate"], "write `TEXT[:63]`"),
    (&["kebabcase", "snakecase", "slugify"], "write `slug`"),
    (&["coalesce", "ternary"], "write `A if CONDITION else B`"),
    (
        &["b64enc", "b64encode", "base64"],
        "write the plain text: `stringData` of a Secret, and `secrets`, encode it themselves",
    ),
    (&["required", "mandatory", "fail"], "declare the parameter without a default: it has to be given"),
    (&["combine", "merge"], "merge in the spec: `templates`, `profiles` and `overrides` do"),
    (&["add", "sub", "mul", "div", "mod", "add1"], "write `+`, `-`, `*`, `//` and `%`"),
    (&["lookup", "query", "env", "getenv"], "declare a parameter, and give it with `--set` or `--params`"),
    (&["printf", "print"], "write `\"…\" ~ VALUE`, or `\"%03d\"|format(VALUE)`"),
    (&["until", "seq", "untilStep"], "write `range(N)`"),
];

/// What a template of Go begins a statement with, and ours for it.
const STATEMENTS: &[(&[&str], &str)] = &[
    (&["if", "else"], "write `{% if … %}…{% else %}…{% endif %}`, or `{{ A if CONDITION else B }}`"),
    (&["end"], "write `{% endif %}` or `{% endfor %}`"),
    (&["range"], "write `{% for ITEM in LIST %}…{% endfor %}`; whole objects are made by `matrix`"),
    (&["with"], "write `{% set NAME = … %}`"),
    (
        &["define", "template", "block", "include", "tpl"],
        "write what is shared under `templates` of the batch, and `use: [NAME]`",
    ),
];

/// Returns what is written in place of an expression that is syntax of Go templates, or `None` if it is none of it.
pub(super) fn of_go(expression: &str) -> Option<String> {
    let text = expression.trim().trim_start_matches('-').trim_end_matches('-').trim();
    let word = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default();
    let rest = text[word.len()..].trim_start();
    let is_field = |text: &str| {
        text.strip_prefix('.')
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(|next: char| next.is_alphabetic()))
    };
    let called = !word.is_empty() && text.len() > word.len() && text[word.len()..].starts_with(char::is_whitespace);
    let is_call = called
        && !matches!(word, "not" | "and" | "or" | "in" | "is")
        && (is_field(rest) || rest.starts_with(['$', '"', '(']));
    let is_go = is_field(text)
        || text.starts_with(['$', '/'])
        || is_call
        || matches!(word, "end" | "else") && rest.is_empty()
        || [".Values.", ".Release.", ".Chart."].iter().any(|root| text.contains(root));
    if !is_go {
        return None;
    }
    if text.starts_with("/*") {
        return Some("a comment is written `{# … #}`".to_owned());
    }
    if let Some((_, ours)) = STATEMENTS.iter().find(|(words, _)| words.contains(&word)) {
        return Some((*ours).to_owned());
    }
    let path: &str = text
        .split(|letter: char| !(letter.is_alphanumeric() || "._".contains(letter)))
        .find(|part| is_field(part) && part.len() > 1)?;
    Some(format!("write `{{{{ {} }}}}`{}", read_instead(path), filters_of(text)))
}

/// Returns the path that is read in place of one of Go.
fn read_instead(path: &str) -> String {
    let steps: Vec<&str> = path.split('.').filter(|step| !step.is_empty()).collect();
    match steps.as_slice() {
        ["Values", rest @ ..] if !rest.is_empty() => format!("params.{}", rest.join(".")),
        ["Release" | "Chart", "Namespace"] => "batch.namespace".to_owned(),
        ["Release" | "Chart", ..] => "batch.name".to_owned(),
        ["Iteration" | "JobIteration" | "Replica" | "Index" | "index" | "i"] => "index".to_owned(),
        steps => format!("params.{}", steps.join(".")),
    }
}

/// Says what the filters of Go that follow a value are here.
fn filters_of(text: &str) -> String {
    let named = text.split('|').skip(1).filter_map(|part| part.trim().split(char::is_whitespace).next());
    let foreign: Vec<String> =
        named.filter_map(|name| Some(format!("; instead of `{name}`, {}", other(name)?))).collect();
    foreign.concat()
}

/// Returns what is said of a filter that expressions do not have.
pub(super) fn filter(name: &str) -> Option<String> {
    other(name).map(str::to_owned).or_else(|| near(name, FILTERS))
}

/// Returns what is said of a function that expressions do not have.
pub(super) fn function(name: &str) -> Option<String> {
    let as_filter = || {
        FILTERS.iter().any(|filter| filter.name == name).then(|| format!("`{name}` is a filter: write `VALUE|{name}`"))
    };
    other(name).map(str::to_owned).or_else(as_filter).or_else(|| near(name, FUNCTIONS))
}

fn other(name: &str) -> Option<&'static str> {
    OTHERS.iter().find(|(names, _)| names.contains(&name)).map(|(_, ours)| *ours)
}

fn near(name: &str, known: &[Builtin]) -> Option<String> {
    did_you_mean(name, known.iter().map(|word| word.name)).map(|near| format!("did you mean `{near}`?"))
}

/// Returns the name in what the engine says of one that it does not know: `filter quote is unknown`.
pub(super) fn named(detail: &str) -> Option<SmolStr> {
    detail.strip_suffix(" is unknown")?.split(' ').next_back().map(SmolStr::new)
}

#[cfg(test)]
mod tests {
    use super::super::{Scope, render_document};
    use super::*;
    use crate::text::Origin;

    fn message(text: &str) -> String {
        let rendered = render_document(text, &Scope::default(), Origin::NOWHERE);
        rendered.err().map(|finding| finding.message).unwrap_or_default()
    }

    #[test]
    fn what_is_listed_is_there_and_what_is_foreign_is_not() {
        for name in FILTERS.iter().map(|filter| filter.name) {
            assert!(!message(&format!("{{{{ 1|{name} }}}}")).contains("there is no filter"), "{name}");
        }
        for name in FUNCTIONS.iter().map(|function| function.name) {
            assert!(!message(&format!("{{{{ {name}(1) }}}}")).contains("there is no function"), "{name}");
        }
        for name in OTHERS.iter().flat_map(|(names, _)| *names) {
            let told = message(&format!("{{{{ 1|{name} }}}}"));
            assert!(told.contains("there is no filter"), "{name}: {told}");
        }
    }

    #[test]
    fn templates_of_go_are_known_and_expressions_are_none() {
        for (text, ours) in [
            (".Iteration", "write `{{ index }}`"),
            (".Values.replicas | quote", "write `{{ params.replicas }}`; instead of `quote`, leave it out"),
            ("- .Values.a.b -", "write `{{ params.a.b }}`"),
            ("$.Values.a", "write `{{ params.a }}`"),
            (".Release.Namespace", "write `{{ batch.namespace }}`"),
            (".Chart.Name", "write `{{ batch.name }}`"),
            ("if .Values.y", "write `{% if"),
            ("end", "write `{% endif %}`"),
            ("include \"x\" . | nindent 4", "write what is shared"),
            ("default \"a\" .Values.x", "write `{{ params.x }}`"),
            ("range $i, $e := .Values.list", "write `{% for"),
            ("/* c */", "a comment"),
            ("printf \"%s\" .Name", "write `{{ params.Name }}`"),
        ] {
            let found = of_go(text).unwrap_or_default();
            assert!(found.starts_with(ours), "{text}: {found}");
        }
        for text in [
            "params.a",
            "not params.a",
            "params.a if params.b else 1",
            "index + 1",
            "name",
            "'x' ~ name",
            "range(3)",
            "(1 + 2) * 3",
            "not (a)",
        ] {
            assert_eq!(of_go(text), None, "{text}");
        }
    }
}
