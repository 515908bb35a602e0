//! The page of all codes, from the pages that `fanfold explain` shows.

use std::fmt::Write as _;

use fanfold::diagnostic::{Code, Example, explanation};

pub(super) fn page() -> String {
    let mut out = super::head("Errors and warnings", "src/diagnostic/explain/");
    out += "Every finding has a code. `fanfold explain CODE` shows the same text in a terminal. Errors make a run fail. Warnings\n\
            and notes do not, unless `--deny CODE` or `--deny warnings` says so. `--allow CODE` leaves out what can be allowed, and so\n\
            does a comment at the line: `# fanfold: allow(CODE) reason`.\n\n\
            | code | is | means |\n|---|---|---|\n";
    let mut codes = Code::ALL.to_vec();
    codes.sort_by_key(|code| code.name());
    for code in &codes {
        let page = explanation(*code);
        let _ = writeln!(
            out,
            "| [`{0}`](#{0}) | {1} | {2} |",
            code.name(),
            code.severity().as_str(),
            page.summary.replace('|', "\\|")
        );
    }
    for code in &codes {
        let page = explanation(*code);
        let allowable = if code.is_allowable() { ", can be allowed" } else { "" };
        let _ = write!(
            out,
            "\n## {}\n\n*{}{allowable}.* {}\n\n{}\n\n{}\n",
            code.name(),
            code.severity().as_str(),
            page.summary,
            page.what,
            page.why
        );
        for (title, examples) in [("In the cluster", &page.cluster), ("Wrong", &page.wrong), ("Right", &page.right)] {
            if !examples.is_empty() {
                let _ = write!(out, "\n{title}:\n");
            }
            for example in examples {
                out += &block(example);
            }
        }
    }
    out
}

/// Returns a fenced block; what its file or its flags are is said above it.
fn block(example: &Example) -> String {
    let mut above = example.file.map(|file| format!("`{file}`")).into_iter().collect::<Vec<_>>();
    if !example.flags.is_empty() {
        above.push(format!("with `{}`", example.flags.join(" ")));
    }
    above.extend(example.manager.map(|manager| format!("written by `{manager}`")));
    let above = if above.is_empty() { String::new() } else { format!("\n{}:\n", above.join(", ")) };
    format!("{above}\n```{}\n{}\n```\n", example.language, example.text.trim_end())
}
