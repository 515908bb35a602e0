//! `CronJob`s: when they run, and what their Jobs may not say.

use super::Rule;
use super::at::{At, is_true};
use super::workload::not_negative;
use crate::diagnostic::{Code, Diagnostic, Edit, Fix};
use crate::kubernetes::{cron, is_time_zone, nearest_time_zone};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "cron-job-schedule",
        at: "batch/v1.CronJobSpec",
        check: schedule,
        refuses: &[
            concat!("{schedule: '', ", cron!()),
            concat!("{schedule: '* * * *', ", cron!()),
            concat!("{schedule: '0 0 * * 7', ", cron!()),
            concat!("{schedule: '@reboot', ", cron!()),
            concat!("{schedule: '@every 5', ", cron!()),
            concat!("{schedule: 'TZ=UTC 0 0 * * *', ", cron!()),
            concat!("{schedule: 'CRON_TZ=UTC 0 0 * * *', ", cron!()),
        ],
        accepts: &[
            concat!("{schedule: '*/5 0-6,12 ? JAN-mar Mon', ", cron!()),
            concat!("{schedule: '@every 1h30m', ", cron!()),
            concat!("{schedule: '@daily', ", cron!()),
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "cron-job-time-zone",
        at: "batch/v1.CronJobSpec",
        check: time_zone,
        refuses: &[
            concat!("{timeZone: '', schedule: '@daily', ", cron!()),
            concat!("{timeZone: Local, schedule: '@daily', ", cron!()),
            concat!("{timeZone: Europe/Berlim, schedule: '@daily', ", cron!()),
            concat!("{timeZone: europe/berlin, schedule: '@daily', ", cron!()),
        ],
        accepts: &[
            concat!("{timeZone: Europe/Berlin, schedule: '@daily', ", cron!()),
            concat!("{timeZone: Etc/UTC, schedule: '@daily', ", cron!()),
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "cron-job-numbers",
        at: "batch/v1.CronJobSpec",
        check: |at| {
            not_negative(
                at,
                &[&["startingDeadlineSeconds"], &["successfulJobsHistoryLimit"], &["failedJobsHistoryLimit"]],
            );
        },
        refuses: &[
            concat!("{startingDeadlineSeconds: -1, schedule: '@daily', ", cron!()),
            concat!("{successfulJobsHistoryLimit: -1, schedule: '@daily', ", cron!()),
            concat!("{failedJobsHistoryLimit: -1, schedule: '@daily', ", cron!()),
        ],
        accepts: &[concat!(
            "{startingDeadlineSeconds: 0, successfulJobsHistoryLimit: 0, failedJobsHistoryLimit: 0, schedule: '@daily', ",
            cron!()
        )],
        ..Rule::ALWAYS
    },
    Rule {
        name: "cron-job-makes-jobs",
        at: "batch/v1.CronJobSpec",
        check: jobs,
        refuses: &[
            "{schedule: '@daily', jobTemplate: {}}",
            "{schedule: '@daily', jobTemplate: {spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, \
             spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}}}",
            "{schedule: '@daily', jobTemplate: {spec: {manualSelector: true, selector: {matchLabels: {a: b}}, \
             template: {metadata: {labels: {a: b}}, spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}}}",
            "{schedule: '@daily', jobTemplate: {spec: {manualSelector: true, \
             template: {spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}}}",
            "{schedule: '@daily', jobTemplate: {spec: {completionMode: Indexed, \
             template: {spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}}}",
        ],
        accepts: &[
            "{schedule: '@daily', jobTemplate: {spec: {manualSelector: false, completionMode: Indexed, completions: 1, \
             template: {spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}}}",
        ],
        ..Rule::ALWAYS
    },
];

fn schedule(at: &mut At<'_>) {
    let Some(node) = at.get(&["schedule"]) else { return };
    let Some(found) = node.as_str() else { return };
    if found.contains("TZ") {
        let message = format!("`{found}` is no schedule: its time zone stands in a field of its own");
        let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
        at.report("schedule", finding.help("take the zone out of the schedule, and write it as `timeZone`"));
    } else if let Err(reason) = cron::schedule(found) {
        let message = format!("`{found}` is no schedule: {reason}");
        let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
        let word = found.starts_with('@').then(|| finding.clone().did_you_mean_word(found, cron::DESCRIPTORS));
        at.report("schedule", word.unwrap_or(finding));
    }
}

fn time_zone(at: &mut At<'_>) {
    let Some(node) = at.get(&["timeZone"]) else { return };
    let Some(found) = node.as_str().filter(|found| !is_time_zone(found)) else { return };
    let finding = if found.is_empty() {
        Diagnostic::new(Code::InvalidValue, node.origin(), "expected the name of a time zone, found an empty text")
            .help("take `timeZone` out, or write a name such as `Europe/Berlin`")
    } else if found.eq_ignore_ascii_case("Local") {
        let message =
            format!("expected the name of a time zone, found `{found}`, which is another one on each machine");
        Diagnostic::new(Code::InvalidValue, node.origin(), message)
            .help("write a name such as `Europe/Berlin` or `Etc/UTC`")
    } else {
        let near = nearest_time_zone(found);
        let message = format!("expected the name of a time zone such as `Europe/Berlin`, found `{found}`");
        let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message).did_you_mean(found, near);
        match near.filter(|near| near.eq_ignore_ascii_case(found)) {
            Some(near) => finding.with_fix(Fix::safe([Edit::word(node.origin(), found, near)])),
            None => finding,
        }
    };
    at.report("timeZone", finding);
}

fn jobs(at: &mut At<'_>) {
    let Some(template) = at.get(&["jobTemplate"]) else { return };
    let Some(spec) = at.get(&["jobTemplate", "spec"]) else {
        let message = "the `jobTemplate` needs a `spec`, from which the CronJob makes its Jobs";
        return at.report("jobTemplate", Diagnostic::new(Code::MissingField, template.origin(), message));
    };
    let manual = is_true(spec, &["manualSelector"]);
    let fields = ["selector", "manualSelector"];
    let mut written = fields.into_iter().filter_map(|field| Some((field, at.get(&["jobTemplate", "spec", field])?)));
    if let Some((field, node)) = written.find(|(field, _)| *field == "selector" || manual) {
        let message = format!("the Jobs of a CronJob may have no `{field}`: the server makes the selector of each");
        let finding = Diagnostic::new(Code::ForbiddenField, node.origin(), message).help("take it out");
        at.report(format_args!("jobTemplate.spec.{field}"), finding);
    }
    let is_open = ["completions", "parallelism"].iter().all(|field| at.get(&["jobTemplate", "spec", field]).is_none());
    if is_open && at.get(&["jobTemplate", "spec", "completionMode"]).and_then(|mode| mode.as_str()) == Some("Indexed") {
        let message = "an Indexed Job needs `completions`, the number of its indexes";
        at.report("jobTemplate.spec", Diagnostic::new(Code::MissingField, spec.origin(), message));
    }
}
