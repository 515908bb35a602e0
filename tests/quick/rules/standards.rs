//! The Pod Security Standards: for each check a pod that it refuses, and the near twin that it takes.

use std::collections::BTreeSet;

use fanfold::check::{Mode, check_objects};
use fanfold::diagnostic::{Diagnostic, Diagnostics};
use fanfold::kubernetes::{Facts, Minor, SecurityLevel};
use fanfold::read::read_documents;
use fanfold::rules::{Standard, judge_pods};
use fanfold::text::Sources;

use crate::bench::{Bench, stderr};

/// The spec of a pod that all levels take, with the places where cases change it.
const POD: &str = "{securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, containers: [{name: a, image: \
                   'a:1', securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}";
const OF_POD: &str = "{securityContext: {runAsNonRoot: true";
const CONTEXT_OF_POD: &str = "runAsNonRoot: true";
const CONTAINER: &str = "image: 'a:1'";
const CONTEXT: &str = "allowPrivilegeEscalation: false";
const DROP: &str = "drop: [ALL]";
const SECCOMP: &str = "seccompProfile: {type: RuntimeDefault}";
const PRIVILEGES: &str = "allowPrivilegeEscalation: false, ";

/// What is refused, of whom, where: the standard, the place of [`POD`] that is changed, what stands there in the pod that is
/// refused and in the one that is not, and the field that is named.
type Case = (&'static str, &'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const BASELINE: &[Case] = &[
    ("baseline", OF_POD, "hostNetwork: true", "hostNetwork: false", "hostNetwork"),
    ("baseline", OF_POD, "hostPID: true", "hostPID: false", "hostPID"),
    ("baseline", OF_POD, "hostIPC: true", "hostIPC: null", "hostIPC"),
    ("baseline", CONTEXT, "privileged: true", "privileged: false", "containers[0].securityContext.privileged"),
    ("baseline", OF_POD, "initContainers: [{name: b, image: b, securityContext: {privileged: true}}]", "initContainers: [{name: b, image: b}]", "initContainers[0].securityContext.privileged"),
    ("baseline", OF_POD, "volumes: [{name: v, hostPath: {path: /a}}]", "volumes: [{name: v, nfs: {server: a, path: /a}}]", "volumes[0].hostPath"),
    ("baseline", CONTAINER, "ports: [{containerPort: 80, hostPort: 80}]", "ports: [{containerPort: 80, hostPort: 0}]", "containers[0].ports[0].hostPort"),
    ("baseline", DROP, "add: [CHOWN, NET_RAW]", "add: [CHOWN, KILL]", "containers[0].securityContext.capabilities.add[1]"),
    ("baseline", CONTEXT_OF_POD, "appArmorProfile: {type: Unconfined}", "appArmorProfile: {type: RuntimeDefault}", "securityContext.appArmorProfile.type"),
    ("baseline", CONTEXT, "appArmorProfile: {type: Unconfined}", "appArmorProfile: {type: Localhost, localhostProfile: a}", "containers[0].securityContext.appArmorProfile.type"),
    ("baseline", CONTEXT_OF_POD, "seLinuxOptions: {type: spc_t}", "seLinuxOptions: {type: container_init_t}", "securityContext.seLinuxOptions.type"),
    ("baseline", CONTEXT, "seLinuxOptions: {user: root}", "seLinuxOptions: {level: s0}", "containers[0].securityContext.seLinuxOptions.user"),
    ("baseline", CONTEXT, "seLinuxOptions: {role: admin}", "seLinuxOptions: {role: ''}", "containers[0].securityContext.seLinuxOptions.role"),
    ("baseline", CONTEXT, "procMount: Unmasked", "procMount: Default", "containers[0].securityContext.procMount"),
    ("baseline", CONTEXT, "seccompProfile: {type: Unconfined}", "seccompProfile: {type: Localhost, localhostProfile: a}", "containers[0].securityContext.seccompProfile.type"),
    ("baseline", CONTEXT_OF_POD, "sysctls: [{name: kernel.msgmax, value: '1'}]", "sysctls: [{name: net.ipv4.tcp_syncookies, value: '1'}]", "securityContext.sysctls[0].name"),
    ("baseline", CONTEXT_OF_POD, "windowsOptions: {hostProcess: true}", "windowsOptions: {hostProcess: false}", "securityContext.windowsOptions.hostProcess"),
    ("baseline", CONTEXT, "windowsOptions: {hostProcess: true}", "windowsOptions: {}", "containers[0].securityContext.windowsOptions.hostProcess"),
    ("baseline", CONTAINER, "livenessProbe: {httpGet: {port: 80, host: example.com}}", "livenessProbe: {httpGet: {port: 80, host: ''}}", "containers[0].livenessProbe.httpGet.host"),
    ("baseline", CONTAINER, "startupProbe: {tcpSocket: {port: 80, host: '127.0.0.1'}}", "startupProbe: {tcpSocket: {port: 80}}", "containers[0].startupProbe.tcpSocket.host"),
    ("baseline", CONTAINER, "lifecycle: {preStop: {httpGet: {port: 80, host: b}}}", "lifecycle: {preStop: {httpGet: {port: 80}}}", "containers[0].lifecycle.preStop.httpGet.host"),
];

#[rustfmt::skip]
const RESTRICTED: &[Case] = &[
    ("restricted", OF_POD, "volumes: [{name: v, nfs: {server: a, path: /a}}]", "volumes: [{name: v, image: {reference: a}}]", "volumes[0].nfs"),
    ("restricted", OF_POD, "volumes: [{name: v, hostPath: {path: /a}}]", "volumes: [{name: v}]", "volumes[0].hostPath"),
    ("restricted", PRIVILEGES, "", PRIVILEGES, "containers[0].securityContext.allowPrivilegeEscalation"),
    ("restricted", PRIVILEGES, "allowPrivilegeEscalation: true, ", PRIVILEGES, "containers[0].securityContext.allowPrivilegeEscalation"),
    ("restricted", CONTEXT_OF_POD, "runAsNonRoot: false", CONTEXT_OF_POD, "securityContext.runAsNonRoot"),
    ("restricted", "runAsNonRoot: true, ", "", "runAsNonRoot: true, ", "securityContext.runAsNonRoot"),
    ("restricted", CONTEXT, "runAsNonRoot: false", "runAsNonRoot: true", "containers[0].securityContext.runAsNonRoot"),
    ("restricted", CONTEXT_OF_POD, "runAsUser: 0", "runAsUser: 1", "securityContext.runAsUser"),
    ("restricted", CONTEXT, "runAsUser: 0", "runAsUser: null", "containers[0].securityContext.runAsUser"),
    ("restricted", SECCOMP, "", SECCOMP, "securityContext.seccompProfile"),
    ("restricted", SECCOMP, "seccompProfile: {type: Unconfined}", SECCOMP, "securityContext.seccompProfile.type"),
    ("restricted", ", capabilities: {drop: [ALL]}", "", ", capabilities: {drop: [ALL]}", "containers[0].securityContext.capabilities.drop"),
    ("restricted", "[ALL]", "[NET_RAW]", "[NET_RAW, ALL]", "containers[0].securityContext.capabilities.drop"),
    ("restricted", DROP, "add: [CHOWN]", "add: [NET_BIND_SERVICE]", "containers[0].securityContext.capabilities.add[0]"),
    ("restricted", CONTEXT, "procMount: Unmasked", "procMount: Default", "containers[0].securityContext.procMount"),
    ("restricted", OF_POD, "hostPID: true", "hostUsers: true", "hostPID"),
];

/// What a minor refuses that the next one takes, or the other way round, and what is spared.
#[rustfmt::skip]
const CHANGES: &[(&str, &str, &str, &str)] = &[
    ("baseline@1.36", "baseline@1.37", CONTEXT_OF_POD, "sysctls: [{name: net.ipv4.tcp_notsent_lowat, value: '1'}]"),
    ("baseline@1.31", "baseline@1.32", CONTEXT_OF_POD, "sysctls: [{name: net.ipv4.tcp_rmem, value: '1'}]"),
    ("baseline@1.28", "baseline@1.29", CONTEXT_OF_POD, "sysctls: [{name: net.ipv4.tcp_fin_timeout, value: '1'}]"),
    ("baseline@1.26", "baseline@1.27", CONTEXT_OF_POD, "sysctls: [{name: net.ipv4.ip_local_reserved_ports, value: '1'}]"),
    ("baseline@1.30", "baseline@1.31", CONTEXT, "seLinuxOptions: {type: container_engine_t}"),
    ("baseline@1.34", "baseline@1.33", CONTAINER, "readinessProbe: {tcpSocket: {port: 80, host: b}}"),
    ("baseline@1.34", "baseline@1.35", OF_POD, "hostUsers: false, initContainers: [{name: b, image: b, securityContext: {procMount: Unmasked}}]"),
    ("restricted@1.23", "restricted@1.22", CONTEXT, "runAsUser: 0"),
    ("restricted@1.22", "restricted@1.21", DROP, "add: [CHOWN]"),
    ("baseline@1.19", "baseline@1.18", CONTEXT, "seccompProfile: {type: Unconfined}"),
];

/// Returns the findings about a Pod with annotations and a spec.
fn judge(standard: &str, annotations: &str, spec: &str) -> Vec<Diagnostic> {
    let text = format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: a, namespace: b, annotations: {{{annotations}}}}}, spec: {spec}}}"
    );
    let mut read = Diagnostics::new();
    let documents = read_documents(&mut Sources::default(), "a.yaml", text.clone().into(), &mut read);
    assert!(read.is_empty(), "{text}: {read:?}");
    let roots = documents.into_iter().map(|document| (document.root.clone(), document.root.origin()));
    let (manifests, _) = check_objects(roots.collect::<Vec<_>>(), Facts::newest(), Mode::Manifest);
    judge_pods(&manifests[0], &[Standard::parse(&format!("pss={standard}")).expect("a standard")])
}

/// Returns the fields that are refused of the pod that has `words` in a place.
fn refused(standard: &str, place: &str, words: &str) -> Vec<String> {
    assert!(POD.contains(place), "{place}");
    let replaced = match place {
        OF_POD => format!("{{{words}, {}", OF_POD.trim_start_matches('{')),
        CONTEXT_OF_POD if words.starts_with(CONTEXT_OF_POD.split(' ').next().expect("a key")) => words.to_owned(),
        CONTEXT_OF_POD | CONTAINER | CONTEXT | DROP => format!("{place}, {words}"),
        _ => words.to_owned(),
    };
    let field = |finding: Diagnostic| {
        assert!(!finding.help.is_empty() && finding.message.contains("expected"), "{finding:?}");
        finding.subject.expect("a subject").field
    };
    judge(standard, "", &POD.replace(place, &replaced)).into_iter().map(field).collect()
}

#[test]
fn each_check_refuses_what_it_should_and_takes_the_near_twin() {
    assert!(judge("restricted", "", POD).is_empty());
    let mut wrong = Vec::new();
    for (standard, place, bad, good, field) in BASELINE.iter().chain(RESTRICTED) {
        let found = refused(standard, place, bad);
        if found != [format!("spec.{field}")] {
            wrong.push(format!("{standard} refuses {bad} at {field}: {found:?}"));
        }
        let found = refused(standard, place, good);
        if !found.is_empty() {
            wrong.push(format!("{standard} takes {good}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_restricted_pod_keeps_to_the_baseline_too_and_nothing_is_said_twice() {
    for (_, place, bad, _, field) in BASELINE {
        let found = refused("restricted", place, bad);
        assert!(found.contains(&format!("spec.{field}")), "{bad}: {found:?}");
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len(), "{bad}: {found:?}");
    }
    for (_, place, bad, ..) in &RESTRICTED[..RESTRICTED.len() - 1] {
        let is_baseline = ["hostPath", "Unconfined", "Unmasked"].iter().any(|word| bad.contains(word));
        assert_eq!(refused("baseline", place, bad).is_empty(), !is_baseline, "{bad}");
    }
}

#[test]
fn checks_are_those_of_the_version() {
    for (refusing, taking, place, words) in CHANGES {
        assert_eq!(refused(refusing, place, words).len(), 1, "{refusing}: {words}");
        assert_eq!(refused(taking, place, words), [""; 0], "{taking}: {words}");
    }
}

#[test]
fn pods_of_windows_and_with_users_of_their_own_are_spared() {
    let bare = "{os: {name: windows}, containers: [{name: a, image: 'a:1'}]}";
    assert_eq!(judge("restricted@1.24", "", bare).len(), 4);
    let found = judge("restricted@1.25", "", bare);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].message.contains("runAsNonRoot"), "{found:?}");
    let own = "{hostUsers: false, containers: [{name: a, image: 'a:1', securityContext: {runAsUser: 0, procMount: Unmasked}}]}";
    assert_eq!(judge("baseline@1.35", "", own).len(), 0);
    assert_eq!(judge("restricted@1.34", "", own).len(), 6);
    // Without the two about users; the level goes on to keep `/proc` masked.
    assert_eq!(judge("restricted@1.35", "", own).len(), 4);
}

#[test]
fn annotations_name_profiles() {
    let app_armor = |profile: &str| {
        let annotation = format!("container.apparmor.security.beta.kubernetes.io/a: {profile}");
        judge("restricted", &annotation, POD)
    };
    let found = app_armor("unconfined");
    let subject = found[0].subject.as_ref().expect("a subject");
    assert_eq!(subject.field, "metadata.annotations[container.apparmor.security.beta.kubernetes.io/a]");
    for profile in ["runtime/default", "localhost/a", "''"] {
        assert_eq!(app_armor(profile), []);
    }
    let seccomp = |standard: &str, annotation: &str| judge(standard, annotation, POD).len();
    for (annotation, number) in [
        ("seccomp.security.alpha.kubernetes.io/pod: unconfined", 1),
        ("seccomp.security.alpha.kubernetes.io/pod: docker/default", 0),
        ("container.seccomp.security.alpha.kubernetes.io/a: unconfined", 1),
        ("container.seccomp.security.alpha.kubernetes.io/other: unconfined", 0),
    ] {
        assert_eq!(seccomp("baseline@1.18", annotation), number, "{annotation}");
        assert_eq!(seccomp("baseline@1.19", annotation), 0, "{annotation}");
    }
}

#[test]
fn what_is_missing_is_missed_where_it_belongs() {
    let fields = |containers: &str| {
        let found = judge("restricted", "", &format!("{{containers: [{containers}]}}"));
        let users = found.into_iter().filter(|finding| finding.message.contains("runAsNonRoot"));
        users.map(|finding| finding.subject.expect("a subject").field).collect::<Vec<_>>()
    };
    // All containers want it: that is the pod's to say.
    assert_eq!(fields("{name: a, image: a}, {name: b, image: b}"), ["spec.securityContext.runAsNonRoot"]);
    let one = "{name: a, image: a, securityContext: {runAsNonRoot: true}}, {name: b, image: b}";
    assert_eq!(fields(one), ["spec.containers[1].securityContext.runAsNonRoot"]);
    let broken = "{name: a, image: a, securityContext: {runAsNonRoot: perhaps}}";
    assert_eq!(fields(broken), [""; 0], "the wrong type is told already");
}

const SPEC: &str = "\
apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: shop}
workloads:
  web:
    kind: CronJob
    schedule: 0 3 * * *
    matrix: {region: [eu, us]}
    image: nginx:1.27
    securityContext:
      privileged: true
";

fn deployment(context: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop}}\nspec:\n  selector: {{matchLabels: \
         {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n      - name: web\n        \
         image: nginx:1.27\n        securityContext:\n          {context}\n"
    )
}

#[test]
fn templates_of_specs_and_manifests_are_held_to_a_level_where_a_run_asks() {
    let bench = Bench::with(&[("spec.yaml", SPEC), ("web.yaml", &deployment("privileged: true"))]);
    for command in ["check", "build", "plan"] {
        bench.ok(&[command, "spec.yaml", "web.yaml"]);
        let said = bench.fails(1, &[command, "spec.yaml", "web.yaml", "--rules", "pss=baseline"]);
        for words in [
            "spec.yaml:11:19",
            "in 2 objects, first CronJob web-eu, field spec.jobTemplate.spec.template.spec.containers[0].securityContext.privileged",
            "web.yaml:13:23",
            "spec.template.spec.containers[0].securityContext.privileged",
            "the level `baseline` does not allow this `privileged`: expected `false`, found `true`",
            "2 errors",
        ] {
            assert!(said.contains(words), "{command}: {words}\n{said}");
        }
    }
    let template = "{apiVersion: v1, kind: PodTemplate, metadata: {name: a}, template: {spec: {hostPID: true, containers: [{name: a, image: a}]}}}";
    bench.write("template.yaml", template);
    let said = bench.fails(1, &["check", "template.yaml", "--rules", "pss=baseline"]);
    assert!(said.contains("field template.spec.hostPID"), "{said}");
}

#[test]
fn a_comment_may_allow_what_a_level_does_not_and_is_not_unused_where_no_run_asks() {
    let allowed = deployment("privileged: true # fanfold: allow(pod-security) it loads a module");
    let bench = Bench::with(&[("web.yaml", &allowed)]);
    bench.ok(&["check", "web.yaml", "--rules", "pss=baseline"]);
    let without = bench.run(&["check", "web.yaml", "--deny", "unused-allow"]);
    assert!(without.status.success(), "{}", stderr(&without));
}

#[test]
fn several_rule_sets_say_the_same_thing_once() {
    let bench = Bench::with(&[("web.yaml", &deployment("privileged: true"))]);
    let said = bench.fails(1, &["check", "web.yaml", "--rules", "pss=baseline,pss=restricted@1.34"]);
    assert_eq!(said.matches("does not allow this `privileged`").count(), 1, "{said}");
    assert!(said.contains("5 errors"), "{said}");
}

#[test]
fn rule_sets_and_versions_are_known_or_refused() {
    let standard = |level, minor| Ok(Standard { level, minor });
    assert_eq!(Standard::parse("pss=baseline"), standard(SecurityLevel::Baseline, Minor::NEWEST));
    assert_eq!(Standard::parse("pss=restricted@latest"), standard(SecurityLevel::Restricted, Minor::NEWEST));
    assert_eq!(Standard::parse("pss=restricted@1.34"), standard(SecurityLevel::Restricted, Minor(34)));
    assert_eq!(Standard::parse("pss=restricted@v1.0"), standard(SecurityLevel::Restricted, Minor(0)));
    let bench = Bench::with(&[("web.yaml", &deployment("privileged: false"))]);
    for (rules, words) in [
        ("pss=restrcited", "did you mean `pss=restricted`?"),
        ("restricted", "did you mean `pss=restricted`?"),
        ("pss=privileged", "known are `pss=baseline`, `pss=restricted` and `ha`"),
        ("cis", "known are"),
        ("pss=baseline,", "a value is required"),
        ("pss=baseline@1.99", "known are 1.0 to 1.37 and `latest`"),
        ("pss=baseline@lates", "did you mean `latest`?"),
    ] {
        let said = bench.fails(2, &["check", "web.yaml", "--rules", rules]);
        assert!(said.contains(words), "{rules}: {said}");
    }
}
