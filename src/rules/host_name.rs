//! Names of workloads that become the names of hosts.
//!
//! A settled object enters, warnings leave: the server takes any name of a subdomain, and warns of those with dots.

use super::Rule;
use super::at::At;
use crate::diagnostic::{Code, words};
use crate::kubernetes::name::{dns_label, dns_subdomain};

/// Warns of a name that the hosts of pods cannot have.
fn host_name(at: &mut At<'_>) {
    let (Some(node), Some(name)) = (at.get(&["metadata", "name"]), at.text(&["metadata", "name"])) else { return };
    if let (Err(reason), Ok(())) = (dns_label(name), dns_subdomain(name)) {
        let message =
            format!("the name `{}` is no name for a host, and pods are named by it: {reason}", words::shown(name));
        at.warn(
            "metadata.name",
            Code::ServerWarning,
            node.origin(),
            message,
            "use letters, digits and `-`, at most 63",
        );
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "host-name-of-pod",
        at: "core/v1.Pod",
        check: host_name,
        warns: &[
            "{apiVersion: v1, kind: Pod, metadata: {name: a.b, namespace: default}, spec: {containers: [{name: a, image: 'a:1'}]}}",
        ],
        accepts: &[
            "{apiVersion: v1, kind: Pod, metadata: {name: a-b, namespace: default}, spec: {containers: [{name: a, image: 'a:1'}]}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "host-name-of-deployment",
        at: "apps/v1.Deployment",
        check: host_name,
        warns: &[concat!(
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a.b, namespace: default}, spec: {",
            selected!(),
            "}"
        )],
        accepts: &[concat!(
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a-b, namespace: default}, spec: {",
            selected!(),
            "}"
        )],
        ..Rule::ALWAYS
    },
    Rule {
        name: "host-name-of-replica-set",
        at: "apps/v1.ReplicaSet",
        check: host_name,
        warns: &[concat!(
            "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: a.b, namespace: default}, spec: {",
            selected!(),
            "}"
        )],
        accepts: &[concat!(
            "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: a-b, namespace: default}, spec: {",
            selected!(),
            "}"
        )],
        ..Rule::ALWAYS
    },
    Rule {
        name: "host-name-of-replication-controller",
        at: "core/v1.ReplicationController",
        check: host_name,
        warns: &[
            "{apiVersion: v1, kind: ReplicationController, metadata: {name: a.b, namespace: default}, spec: {selector: {a: b}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1'}]}}}}",
        ],
        accepts: &[
            "{apiVersion: v1, kind: ReplicationController, metadata: {name: a-b, namespace: default}, spec: {selector: {a: b}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1'}]}}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "host-name-of-job",
        at: "batch/v1.Job",
        check: host_name,
        warns: &[concat!(
            "{apiVersion: batch/v1, kind: Job, metadata: {name: a.b, namespace: default}, spec: {",
            once!(),
            "}"
        )],
        accepts: &[concat!(
            "{apiVersion: batch/v1, kind: Job, metadata: {name: a-b, namespace: default}, spec: {",
            once!(),
            "}"
        )],
        ..Rule::ALWAYS
    },
    Rule {
        name: "host-name-of-cron-job",
        at: "batch/v1.CronJob",
        check: host_name,
        warns: &[concat!(
            "{apiVersion: batch/v1, kind: CronJob, metadata: {name: a.b, namespace: default}, spec: {schedule: '@daily', ",
            cron!(),
            "}"
        )],
        accepts: &[concat!(
            "{apiVersion: batch/v1, kind: CronJob, metadata: {name: a-b, namespace: default}, spec: {schedule: '@daily', ",
            cron!(),
            "}"
        )],
        ..Rule::ALWAYS
    },
];
