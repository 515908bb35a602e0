//! An estimate as tables for people: few objects one by one, many by workload, very many workloads by weight.

use std::fmt::Write as _;

use super::{Estimate, Share, Workload};
use crate::diagnostic::words::{grouped, thousands};
use crate::kubernetes::{Amounts, Basis, Quantity};
use crate::preflight::Room;

/// The most rows of a table.
const MOST_ROWS: usize = 30;

/// Which side of its column a cell stands on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// Writes an estimate.
pub(super) fn write(estimate: &Estimate) -> String {
    let mut out = String::new();
    let Estimate { name, kubernetes, objects, bytes, .. } = estimate;
    let calls = counted(*objects, "API call");
    let _ = writeln!(
        out,
        "{name} for Kubernetes {kubernetes}: {}, {} of YAML, {calls}",
        counted(*objects, "object"),
        size(*bytes)
    );
    if *objects == 0 {
        return out;
    }
    out.push('\n');
    let mut kinds: Vec<[String; 2]> =
        estimate.kinds.iter().map(|(_, kind, count)| [kind.to_string(), grouped(*count)]).collect();
    shorten(&mut kinds);
    put(&mut out, ["KIND", "OBJECTS"], [Side::Left, Side::Right], &kinds);

    let mut namespaces: Vec<(&str, usize)> =
        estimate.namespaces.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    namespaces.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut rows: Vec<[String; 2]> = namespaces
        .into_iter()
        .map(|(name, count)| [if name.is_empty() { "(none)" } else { name }.to_owned(), grouped(count)])
        .collect();
    shorten(&mut rows);
    put(&mut out, ["NAMESPACE", "OBJECTS"], [Side::Left, Side::Right], &rows);

    workloads(estimate, &mut out);
    listed(estimate, &mut out);
    for (basis, total) in &estimate.totals {
        totals(*basis, total, &mut out);
    }
    if estimate.completions > 0 {
        let _ = writeln!(out, "Jobs run {} to their end", counted_u64(estimate.completions, "pod"));
    }
    if let Some(longest) = &estimate.longest {
        let _ =
            writeln!(out, "longest name: {}, {} of {} characters", longest.key, longest.key.name.len(), longest.budget);
    }
    if let Some(room) = &estimate.room {
        self::room(room, &mut out);
    }
    out
}

fn room(room: &Room, out: &mut String) {
    let Room { nodes, pods, present, fitting, requests, free, waiting, .. } = room;
    let (all, nodes) = (counted_u64(*pods, "pod"), counted_u64(*nodes, "node"));
    let _ = write!(out, "\n{} of {all} find room on {nodes}", grouped(*fitting));
    if *present > 0 {
        let _ = write!(out, ", {} of them there already", grouped(*present));
    }
    out.push('\n');
    for name in ["cpu", "memory"] {
        if let (Some(asked), Some(free)) = (requests.get(name), free.get(name)) {
            let _ = writeln!(out, "new pods request {asked} {name}, {free} is free");
        }
    }
    if *waiting > 0 {
        let _ = writeln!(out, "{} of others wait for a node already", counted_u64(*waiting, "pod"));
    }
}

fn workloads(estimate: &Estimate, out: &mut String) {
    if estimate.workloads.is_empty() {
        return;
    }
    let mut sorted: Vec<&Workload> = estimate.workloads.iter().collect();
    if sorted.len() > MOST_ROWS {
        sorted.sort_by_key(|workload| std::cmp::Reverse((workload.share.pods, workload.instances)));
    }
    let several = sorted.iter().any(|workload| workload.batch != sorted[0].batch);
    let mut rows: Vec<[String; 7]> = sorted
        .into_iter()
        .map(|workload| {
            let Workload { batch, name, kind, instances, axes, basis, share } = workload;
            let axes: Vec<String> = axes.iter().map(|(name, values)| format!("{name} {}", grouped(*values))).collect();
            [
                if several { format!("{batch}/{name}") } else { name.to_string() },
                kind.to_string(),
                grouped(*instances),
                axes.join(", "),
                pods(*basis, share),
                amount(&share.requests, "cpu"),
                amount(&share.requests, "memory"),
            ]
        })
        .collect();
    shorten(&mut rows);
    let sides = [Side::Left, Side::Left, Side::Right, Side::Left, Side::Right, Side::Right, Side::Right];
    put(out, ["WORKLOAD", "KIND", "INSTANCES", "AXES", "PODS", "CPU", "MEMORY"], sides, &rows);
}

fn listed(estimate: &Estimate, out: &mut String) {
    let rows: Vec<[String; 3]> = estimate
        .listed
        .iter()
        .map(|object| {
            let pods = object.share.as_ref().map(|(basis, share)| pods(*basis, share)).unwrap_or_default();
            [object.key.to_string(), pods, size(object.bytes as u64)]
        })
        .collect();
    if !rows.is_empty() {
        put(out, ["OBJECT", "PODS", "YAML"], [Side::Left, Side::Right, Side::Right], &rows);
    }
}

fn totals(basis: Basis, total: &Share, out: &mut String) {
    let head = match basis {
        Basis::Running => "AT ONCE",
        Basis::PerNode => "ON EACH NODE",
        Basis::PerRun => "IN A RUN OF EACH CRONJOB",
    };
    let mut rows = vec![["pods".to_owned(), grouped(total.pods), String::new()]];
    let mut names: Vec<&str> =
        total.requests.iter().chain(total.limits.iter()).map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        rows.push([name.to_owned(), amount(&total.requests, name), amount(&total.limits, name)]);
    }
    put(out, [head, "REQUESTED", "LIMIT"], [Side::Left, Side::Right, Side::Right], &rows);
    // The sums tell nothing of these.
    out.truncate(out.trim_end().len());
    out.push('\n');
    for (what, lacking) in [("request", &total.without_request), ("limit", &total.without_limit)] {
        for (name, count) in lacking {
            let _ = writeln!(out, "  {} without a {what} for {name}", counted_u64(*count, "pod"));
        }
    }
    out.push('\n');
}

fn pods(basis: Basis, share: &Share) -> String {
    let count = grouped(share.pods);
    match basis {
        Basis::Running => count,
        Basis::PerNode => format!("{count} per node"),
        Basis::PerRun => format!("{count} per run"),
    }
}

fn amount(amounts: &Amounts, name: &str) -> String {
    amounts.get(name).map_or_else(|| "-".to_owned(), |amount| readable(name, amount))
}

/// Writes an amount for people: bytes in the unit that fits, other things as numbers; parts of one as they are written.
fn readable(name: &str, amount: &Quantity) -> String {
    const UNITS: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let mut value = amount.approximate();
    if matches!(name, "memory" | "ephemeral-storage" | "storage") || name.starts_with("hugepages-") {
        let mut unit = 0;
        while value >= 1024.0 && unit + 1 < UNITS.len() {
            value /= 1024.0;
            unit += 1;
        }
        return format!("{}{}", decimal(value, 2), UNITS[unit]);
    }
    if value < 1.0 { amount.to_string() } else { decimal(value, 3) }
}

/// Writes a number with a comma between thousands, and so many decimals at most.
fn decimal(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let whole = thousands(whole);
    if fraction.is_empty() { whole } else { format!("{whole}.{fraction}") }
}

/// Keeps the first rows, and says how many there were beyond them.
fn shorten<const N: usize>(rows: &mut Vec<[String; N]>) {
    if rows.len() > MOST_ROWS {
        let left = rows.len() - MOST_ROWS;
        rows.truncate(MOST_ROWS);
        let mut last = [const { String::new() }; N];
        last[0] = format!("… and {} more", grouped(left));
        rows.push(last);
    }
}

/// Writes a table whose columns are as wide as their widest cell, and an empty line.
fn put<const N: usize>(out: &mut String, head: [&str; N], sides: [Side; N], rows: &[[String; N]]) {
    let head = head.map(str::to_owned);
    let width = |at: usize| {
        // A note that stands for several rows may be longer than its column.
        let cells = rows.iter().filter(|row| !row[0].starts_with('…')).map(|row| row[at].chars().count());
        cells.chain([head[at].chars().count()]).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    for row in std::iter::once(&head).chain(rows) {
        let cells = row.iter().enumerate().map(|(at, cell)| {
            let width = widths[at];
            if sides[at] == Side::Left { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    out.push('\n');
}

fn counted(count: usize, word: &str) -> String {
    counted_u64(count as u64, word)
}

fn counted_u64(count: u64, word: &str) -> String {
    format!("{} {word}{}", grouped(count), if count == 1 { "" } else { "s" })
}

fn size(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = (bytes * 10 + unit / 2) / unit;
        format!("{}.{}", grouped(tenths / 10), tenths % 10)
    };
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", tenths(1024)),
        _ => format!("{} MiB", tenths(1_048_576)),
    }
}
