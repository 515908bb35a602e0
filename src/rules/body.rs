//! Objects without the `spec` that says what they are for: the published types do not ask for it, and the server does.

use super::Rule;
use super::at::At;

/// A rule that asks structures of a type for a `spec`; `$needs` is what the server misses in it.
macro_rules! needs_spec {
    ($name:literal, $at:literal, $needs:literal, $without:expr, $with:expr) => {
        Rule {
            name: $name,
            at: $at,
            check: |at| spec(at, $needs),
            refuses: &[$without],
            accepts: &[$with],
            ..Rule::ALWAYS
        }
    };
}

pub(super) const RULES: &[Rule] = &[
    needs_spec!(
        "pod-spec",
        "core/v1.Pod",
        "containers",
        "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}}",
        "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: {containers: [{name: a, image: 'a:1'}]}}"
    ),
    needs_spec!(
        "template-spec",
        "core/v1.PodTemplateSpec",
        "containers",
        "{metadata: {labels: {a: b}}}",
        "{metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1'}]}}"
    ),
    needs_spec!(
        "service-spec",
        "core/v1.Service",
        "ports",
        "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: default}}",
        "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: default}, spec: {ports: [{port: 80}]}}"
    ),
    needs_spec!(
        "claim-spec",
        "core/v1.PersistentVolumeClaim",
        "accessModes",
        "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a, namespace: default}}",
        "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a, namespace: default}, spec: {accessModes: \
         [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}"
    ),
    needs_spec!(
        "ingress-spec",
        "networking/v1.Ingress",
        "rules",
        "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, namespace: default}}",
        "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, namespace: default}, spec: {defaultBackend: \
         {service: {name: a, port: {number: 80}}}}}"
    ),
    needs_spec!(
        "ingress-class-spec",
        "networking/v1.IngressClass",
        "controller",
        "{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: a}}",
        "{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: a}, spec: {controller: a.example/b}}"
    ),
    needs_spec!(
        "job-spec",
        "batch/v1.Job",
        "template",
        "{apiVersion: batch/v1, kind: Job, metadata: {name: a, namespace: default}}",
        "{apiVersion: batch/v1, kind: Job, metadata: {name: a, namespace: default}, spec: {template: {spec: {restartPolicy: \
         Never, containers: [{name: a, image: 'a:1'}]}}}}"
    ),
    needs_spec!(
        "replication-controller-spec",
        "core/v1.ReplicationController",
        "template",
        "{apiVersion: v1, kind: ReplicationController, metadata: {name: a, namespace: default}}",
        "{apiVersion: v1, kind: ReplicationController, metadata: {name: a, namespace: default}, spec: {template: {metadata: \
         {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1'}]}}}}"
    ),
    needs_spec!(
        "policy-spec",
        "admissionregistration/v1.ValidatingAdmissionPolicy",
        "matchConstraints",
        "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: a}}",
        "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: a}, spec: {validations: \
         [{expression: 'true'}], matchConstraints: {resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], \
         resources: ['*']}]}}}"
    ),
    needs_spec!(
        "binding-spec",
        "admissionregistration/v1.ValidatingAdmissionPolicyBinding",
        "policyName",
        "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {name: a}}",
        "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {name: a}, spec: \
         {policyName: a, validationActions: [Deny]}}"
    ),
    needs_spec!(
        "mutating-policy-spec",
        "admissionregistration/v1.MutatingAdmissionPolicy",
        "mutations",
        "{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingAdmissionPolicy, metadata: {name: a}}",
        "{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingAdmissionPolicy, metadata: {name: a}, spec: \
         {reinvocationPolicy: Never, mutations: [{patchType: JSONPatch, jsonPatch: {expression: '[JSONPatch{}]'}}], \
         matchConstraints: {resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}}}"
    ),
    needs_spec!(
        "mutating-binding-spec",
        "admissionregistration/v1.MutatingAdmissionPolicyBinding",
        "policyName",
        "{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingAdmissionPolicyBinding, metadata: {name: a}}",
        "{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingAdmissionPolicyBinding, metadata: {name: a}, spec: \
         {policyName: a}}"
    ),
    needs_spec!(
        "api-service-spec",
        "apiregistration/v1.APIService",
        "version",
        "{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.a.example}}",
        "{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.a.example}, spec: {group: a.example, \
         version: v1, groupPriorityMinimum: 100, versionPriority: 10}}"
    ),
    Rule {
        name: "pod-template",
        at: "core/v1.PodTemplate",
        check: |at| {
            if at.get(&["template"]).is_none() {
                at.missing("template", "missing field `template`, which says what pods are made");
            }
        },
        refuses: &["{apiVersion: v1, kind: PodTemplate, metadata: {name: a, namespace: default}}"],
        accepts: &[
            "{apiVersion: v1, kind: PodTemplate, metadata: {name: a, namespace: default}, template: {spec: {containers: \
                    [{name: a, image: 'a:1'}]}}}",
        ],
        ..Rule::ALWAYS
    },
];

/// Reports a `spec` that is not there, for what the server misses in it.
fn spec(at: &mut At<'_>, needs: &str) {
    if at.get(&["spec"]).is_none() {
        at.missing("spec", format!("missing field `spec`, which holds its `{needs}`"));
    }
}
