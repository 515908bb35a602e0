//! Changes for a browser: one file that needs no other, and no network.
//!
//! The changes stand in it once, as data; the page's script shows what is asked for of them, so that ten thousand
//! objects open at once. Texts are data to the script too: nothing that an object says becomes markup.

mod batch;
mod data;

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::{Report, cpu, grouped, memory, one_line};
use crate::text::harmless;

const PAGE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// Returns a page for a browser.
pub fn html(report: &Report<'_>) -> String {
    let data = serde_json::to_string(&data::Data::of(report)).unwrap_or_default();
    fill(
        PAGE,
        &[
            ("policy", &policy()),
            ("style", STYLE),
            ("old", &escape(report.old)),
            ("new", &escape(report.new)),
            ("kubernetes", &report.kubernetes.to_string()),
            ("outcome", &outcome(report)),
            ("demand", &demand(report)),
            // No tag and no comment begins without this letter, and JSON has another way to write it.
            ("data", &harmless::shown_json(&data).replace('<', "\\u003c")),
            ("script", SCRIPT),
        ],
    )
}

/// Puts texts into their places; what stands in the texts is no place.
fn fill(page: &str, texts: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(page.len() + texts.iter().map(|(_, text)| text.len()).sum::<usize>());
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        out.push_str(texts.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Returns what the browser may do with the page: use this script and this style, and nothing else.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in one_line(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // A page that is printed to the log of a job must not command its runner.
            '#' => out.push_str("&#35;"),
            other => out.push(other),
        }
    }
    out.replace("section_start:", "section_start&#58;").replace("section_end:", "section_end&#58;")
}

fn outcome(report: &Report<'_>) -> String {
    let same = grouped(report.changes.same.len());
    match report.outcome() {
        text if text.is_empty() => format!("nothing differs, {same} the same"),
        text => format!("{text}, {same} the same"),
    }
}

/// Returns the rows of the table that says what the objects that differ ask for on both sides.
fn demand(report: &Report<'_>) -> String {
    let (before, after) = report.demand();
    let rows = [
        ("Pods", grouped(before.pods), grouped(after.pods)),
        ("CPU", cpu(before.cpu), cpu(after.cpu)),
        ("Memory", memory(before.memory), memory(after.memory)),
    ];
    rows.into_iter().fold(String::new(), |mut out, (name, before, after)| {
        let class = if before == after { "same" } else { "differs" };
        let _ =
            write!(out, "\n<tr class=\"{class}\"><th scope=\"row\">{name}</th><td>{before}</td><td>{after}</td></tr>");
        out
    })
}
