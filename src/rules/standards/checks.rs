//! The checks of the standards: twelve of the baseline, seven of the level `restricted`.
//!
//! A check looks at a pod and reports each place that is not allowed. Where the minors differ, the table says so, or the
//! lists in [`crate::kubernetes::security`].

use super::super::at::{number, text};
use super::super::set::HANDLERS;
use super::{Check, Found, Part, Pod, boolean, is_map};
use crate::diagnostic::words;
use crate::kubernetes::Minor;
use crate::kubernetes::security::{
    BASELINE_CAPABILITIES, OTHER_VOLUMES, RESTRICTED_VOLUMES, SAFE_SYSCTLS, SELINUX_TYPES, names_at,
};
use crate::text::Node;

const LAST: Minor = Minor(u32::MAX);

#[rustfmt::skip]
pub(super) static CHECKS: &[Check] = &[
    Check { name: "appArmorProfile", look: app_armor_profile, ..Check::BASELINE },
    Check { name: "capabilities_baseline", look: added_capabilities, ..Check::BASELINE },
    Check { name: "hostNamespaces", look: host_namespaces, ..Check::BASELINE },
    Check { name: "hostPathVolumes", look: host_path_volumes, ..Check::BASELINE },
    Check { name: "hostPorts", look: host_ports, ..Check::BASELINE },
    Check { name: "hostProbesAndHostLifecycle", minors: (Minor(34), LAST), look: hosts_of_probes, ..Check::BASELINE },
    Check { name: "privileged", look: privileged, ..Check::BASELINE },
    Check { name: "procMount", spares: Some((Minor(35), has_own_users)), look: proc_mount, ..Check::BASELINE },
    Check { name: "seLinuxOptions", look: se_linux_options, ..Check::BASELINE },
    Check { name: "seccompProfile_baseline", minors: (Minor(0), Minor(18)), look: seccomp_annotations, ..Check::BASELINE },
    Check { name: "seccompProfile_baseline", minors: (Minor(19), LAST), look: seccomp_profiles, ..Check::BASELINE },
    Check { name: "sysctls", look: sysctls, ..Check::BASELINE },
    Check { name: "windowsHostProcess", look: windows_host_process, ..Check::BASELINE },
    Check {
        name: "allowPrivilegeEscalation",
        minors: (Minor(8), LAST),
        spares: Some((Minor(25), is_windows)),
        look: privilege_escalation,
        ..Check::RESTRICTED
    },
    Check {
        name: "capabilities_restricted",
        minors: (Minor(22), LAST),
        instead_of: Some("capabilities_baseline"),
        spares: Some((Minor(25), is_windows)),
        look: all_capabilities,
        ..Check::RESTRICTED
    },
    Check {
        name: "procMount_restricted",
        minors: (Minor(35), LAST),
        instead_of: Some("procMount"),
        look: proc_mount,
        ..Check::RESTRICTED
    },
    Check {
        name: "restrictedVolumes",
        instead_of: Some("hostPathVolumes"),
        look: other_volumes,
        ..Check::RESTRICTED
    },
    Check {
        name: "runAsNonRoot",
        spares: Some((Minor(35), has_own_users)),
        look: run_as_non_root,
        ..Check::RESTRICTED
    },
    Check {
        name: "runAsUser",
        minors: (Minor(23), LAST),
        spares: Some((Minor(35), has_own_users)),
        look: run_as_user,
        ..Check::RESTRICTED
    },
    Check {
        name: "seccompProfile_restricted",
        minors: (Minor(19), LAST),
        instead_of: Some("seccompProfile_baseline"),
        spares: Some((Minor(25), is_windows)),
        look: seccomp_profile_required,
        ..Check::RESTRICTED
    },
];

/// Whether the nodes of a pod run Windows.
fn is_windows(pod: &Pod<'_>) -> bool {
    text(pod.spec.node, &["os", "name"]) == Some("windows")
}

/// Whether the users of a pod are not those of its node.
fn has_own_users(pod: &Pod<'_>) -> bool {
    pod.spec.get(&["hostUsers"]).is_some_and(|shared| shared.is(false))
}

/// The profiles of `AppArmor` and `seccomp` that confine a container.
const PROFILES: [&str; 2] = ["RuntimeDefault", "Localhost"];
const A_PROFILE: &str = "`RuntimeDefault` or `Localhost`";

fn app_armor_profile(pod: &Pod<'_>, found: &mut Found<'_>) {
    const PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";
    profiles(pod, found, "appArmorProfile");
    annotations(
        pod,
        found,
        |name| name.starts_with(PREFIX),
        |profile| profile.is_empty() || profile == "runtime/default" || profile.starts_with("localhost/"),
    );
}

fn seccomp_profiles(pod: &Pod<'_>, found: &mut Found<'_>) {
    profiles(pod, found, "seccompProfile");
}

/// Forbids profiles that confine nothing.
fn profiles(pod: &Pod<'_>, found: &mut Found<'_>, field: &str) {
    for context in pod.contexts() {
        let Some(ty) = context.get(&[field, "type"]) else { continue };
        if !ty.text().is_empty() && !PROFILES.contains(&ty.text()) {
            found.forbid(&ty, field, A_PROFILE, format!("write `{field}: {{type: RuntimeDefault}}`"));
        }
    }
}

fn seccomp_annotations(pod: &Pod<'_>, found: &mut Found<'_>) {
    const OF_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
    const PREFIX: &str = "container.seccomp.security.alpha.kubernetes.io/";
    let names: Vec<&str> = pod.containers.iter().filter_map(|container| text(container.node, &["name"])).collect();
    annotations(
        pod,
        found,
        |name| name == OF_POD || name.strip_prefix(PREFIX).is_some_and(|container| names.contains(&container)),
        |profile| ["runtime/default", "docker/default"].contains(&profile) || profile.starts_with("localhost/"),
    );
}

/// Forbids profiles that annotations name, as they did before there were fields.
fn annotations(
    pod: &Pod<'_>,
    found: &mut Found<'_>,
    is_meant: impl Fn(&str) -> bool,
    is_allowed: impl Fn(&str) -> bool,
) {
    for entry in pod.annotations.into_iter().flatten() {
        let (name, profile) = (entry.key.text.as_str(), entry.value.as_str());
        if is_meant(name) && profile.is_some_and(|profile| !is_allowed(profile)) {
            let part = Part { place: format!("metadata.annotations[{name}]"), node: &entry.value };
            found.forbid(&part, name, "`runtime/default` or `localhost/…`", "write `runtime/default`");
        }
    }
}

fn added_capabilities(pod: &Pod<'_>, found: &mut Found<'_>) {
    let help = || format!("containers may add {}", words::list(BASELINE_CAPABILITIES.iter().copied(), "and"));
    for container in pod.in_containers(&["securityContext", "capabilities"]) {
        for added in container.items(&["add"]) {
            if added.node.as_str().is_some_and(|name| !BASELINE_CAPABILITIES.contains(&name)) {
                found.forbid(&added, "capabilities.add", "a capability that containers have anyway", help());
            }
        }
    }
}

fn host_namespaces(pod: &Pod<'_>, found: &mut Found<'_>) {
    for (field, what) in [("hostNetwork", "network"), ("hostPID", "processes"), ("hostIPC", "IPC")] {
        if let Some(shared) = pod.spec.get(&[field]).filter(|shared| shared.is(true)) {
            found.forbid(&shared, field, "`false`", format!("take it out: the pod then has its own {what}"));
        }
    }
}

fn host_path_volumes(pod: &Pod<'_>, found: &mut Found<'_>) {
    for volume in pod.spec.items(&["volumes"]) {
        if let Some(path) = volume.get(&["hostPath"]) {
            let help = "write `emptyDir: {}` for what may be lost, a `persistentVolumeClaim` for what is kept";
            found.forbid(&path, "hostPath", "a volume that is no path of the node", help);
        }
    }
}

fn host_ports(pod: &Pod<'_>, found: &mut Found<'_>) {
    let ports: Vec<Part<'_>> = pod.containers.iter().flat_map(|container| container.items(&["ports"])).collect();
    for port in ports.iter().filter_map(|port| port.get(&["hostPort"])) {
        if number(port.node).is_some_and(|number| number != 0) {
            found.forbid(&port, "hostPort", "no port of the node", "take it out: a Service leads to the pod");
        }
    }
}

fn hosts_of_probes(pod: &Pod<'_>, found: &mut Found<'_>) {
    for handler in
        HANDLERS.into_iter().flat_map(|handler| ["httpGet", "tcpSocket"].map(|way| [handler, &[way, "host"]].concat()))
    {
        for host in pod.in_containers(&handler) {
            if !host.text().is_empty() {
                found.forbid(&host, "host", "none", "take it out: the pod itself is asked");
            }
        }
    }
}

fn privileged(pod: &Pod<'_>, found: &mut Found<'_>) {
    for privileged in pod.in_containers(&["securityContext", "privileged"]) {
        if privileged.is(true) {
            found.forbid(&privileged, "privileged", "`false`", "write `privileged: false`, or take it out");
        }
    }
}

fn proc_mount(pod: &Pod<'_>, found: &mut Found<'_>) {
    for mount in pod.in_containers(&["securityContext", "procMount"]) {
        if !["", "Default"].contains(&mount.text()) {
            found.forbid(&mount, "procMount", "`Default`", "write `procMount: Default`, or take it out");
        }
    }
}

fn se_linux_options(pod: &Pod<'_>, found: &mut Found<'_>) {
    let types = || names_at(SELINUX_TYPES, pod.minor);
    let (known, expected): (Vec<&str>, String) = (types().collect(), words::list(types(), "or"));
    for context in pod.contexts() {
        if let Some(ty) = context.get(&["seLinuxOptions", "type"])
            && !ty.text().is_empty()
            && !known.contains(&ty.text())
        {
            found.forbid(&ty, "seLinuxOptions.type", &expected, "write one of them, or take it out");
        }
        for field in ["user", "role"] {
            if let Some(value) = context.get(&["seLinuxOptions", field]).filter(|value| !value.text().is_empty()) {
                found.forbid(&value, &format!("seLinuxOptions.{field}"), "none", "take it out");
            }
        }
    }
}

fn sysctls(pod: &Pod<'_>, found: &mut Found<'_>) {
    let minor = pod.minor;
    for sysctl in pod.spec.items(&["securityContext", "sysctls"]) {
        let Some(name) = sysctl.get(&["name"]).filter(|name| !name.text().is_empty()) else { continue };
        if !names_at(SAFE_SYSCTLS, minor).any(|safe| safe == name.text()) {
            let help = format!("safe are {}", words::list(names_at(SAFE_SYSCTLS, minor), "and"));
            found.forbid(&name, "sysctls", "a setting that is safe for the node", help);
        }
    }
}

fn windows_host_process(pod: &Pod<'_>, found: &mut Found<'_>) {
    for context in pod.contexts() {
        if let Some(value) = context.get(&["windowsOptions", "hostProcess"]).filter(|value| value.is(true)) {
            found.forbid(&value, "windowsOptions.hostProcess", "`false`", "write `hostProcess: false`, or take it out");
        }
    }
}

fn other_volumes(pod: &Pod<'_>, found: &mut Found<'_>) {
    let types = || RESTRICTED_VOLUMES.iter().copied();
    for volume in pod.spec.items(&["volumes"]) {
        // One without a type is an `emptyDir` to the server.
        if types().any(|ty| volume.get(&[ty]).is_some()) {
            continue;
        }
        if let Some((ty, other)) = OTHER_VOLUMES.iter().find_map(|ty| Some((*ty, volume.get(&[ty])?))) {
            found.forbid(
                &other,
                ty,
                "a volume of another type",
                format!("allowed are {}", words::list(types(), "and")),
            );
        }
    }
}

fn privilege_escalation(pod: &Pod<'_>, found: &mut Found<'_>) {
    const FIELD: &str = "allowPrivilegeEscalation";
    let help = "write `allowPrivilegeEscalation: false` in the `securityContext` of the container";
    for container in &pod.containers {
        match said(container, &[FIELD], |value| boolean(value).map(|value| !value)) {
            Said::Nothing => found.require(container, FIELD, "`false`", help),
            Said::Refused(value) => found.forbid(&value, FIELD, "`false`", help),
            Said::Allowed | Said::Unsound => {}
        }
    }
}

fn run_as_non_root(pod: &Pod<'_>, found: &mut Found<'_>) {
    const FIELD: &str = "runAsNonRoot";
    let help = "write `runAsNonRoot: true` in the `securityContext` of the pod";
    either(pod, found, &[FIELD], boolean, ("`true`", help));
}

fn run_as_user(pod: &Pod<'_>, found: &mut Found<'_>) {
    for context in pod.contexts() {
        if let Some(user) = context.get(&["runAsUser"]).filter(|user| number(user.node) == Some(0)) {
            found.forbid(&user, "runAsUser", "a user that is not root", "write another number, or take it out");
        }
    }
}

fn seccomp_profile_required(pod: &Pod<'_>, found: &mut Found<'_>) {
    let help = "write `seccompProfile: {type: RuntimeDefault}` in the `securityContext` of the pod";
    let is_allowed = |ty: &Node| text(ty, &[]).map(|ty| PROFILES.contains(&ty));
    either(pod, found, &["seccompProfile", "type"], is_allowed, (A_PROFILE, help));
}

/// Holds to a value what the pod says for all its containers, and what each of them says of its own.
fn either(
    pod: &Pod<'_>,
    found: &mut Found<'_>,
    path: &[&str],
    is_allowed: impl Fn(&Node) -> Option<bool>,
    (expected, help): (&str, &str),
) {
    let of_pod = said(&pod.spec, path, &is_allowed);
    if let Said::Refused(value) = &of_pod {
        found.forbid(value, path[0], expected, help);
    }
    let mut silent = Vec::new();
    for container in &pod.containers {
        match said(container, path, &is_allowed) {
            Said::Nothing => silent.push(container),
            Said::Refused(value) => found.forbid(&value, path[0], expected, help),
            Said::Allowed | Said::Unsound => {}
        }
    }
    if !matches!(of_pod, Said::Nothing) {
        return;
    }
    if !silent.is_empty() && silent.len() == pod.containers.len() {
        found.require(&pod.spec, path[0], expected, help);
    } else {
        silent.into_iter().for_each(|container| found.require(container, path[0], expected, help));
    }
}

fn all_capabilities(pod: &Pod<'_>, found: &mut Found<'_>) {
    const DROP: &str = "capabilities.drop";
    let help = "write `capabilities: {drop: [ALL]}` in the `securityContext` of the container";
    for container in &pod.containers {
        let Some(context) = container.get(&["securityContext"]).filter(|context| is_map(context.node)) else {
            if container.get(&["securityContext"]).is_none() {
                found.require(container, DROP, "`ALL` in it", help);
            }
            continue;
        };
        match context.get(&["capabilities", "drop"]) {
            None => found.require(container, DROP, "`ALL` in it", help),
            Some(drop) if context.items(&["capabilities", "drop"]).iter().all(|dropped| dropped.text() != "ALL") => {
                found.forbid(&drop, DROP, "`ALL` in it", help);
            }
            Some(_) => {}
        }
        for added in context.items(&["capabilities", "add"]) {
            if added.node.as_str().is_some_and(|name| name != "NET_BIND_SERVICE") {
                found.forbid(&added, "capabilities.add", "`NET_BIND_SERVICE` alone", "take it out");
            }
        }
    }
}

/// What a pod or a container says in its security context.
enum Said<'a> {
    /// Nothing.
    Nothing,
    /// What is allowed.
    Allowed,
    /// What is not.
    Refused(Part<'a>),
    /// Something that has no sound shape, which is reported as such.
    Unsound,
}

/// Returns what a pod or a container says; where the field at the start of the path is there, so are all others.
fn said<'a>(part: &Part<'a>, path: &[&str], is_allowed: impl Fn(&Node) -> Option<bool>) -> Said<'a> {
    let Some(context) = part.get(&["securityContext"]) else { return Said::Nothing };
    if is_map(context.node) && context.get(&path[..1]).is_none() {
        return Said::Nothing;
    }
    let Some(value) = context.get(path) else { return Said::Unsound };
    match is_allowed(value.node) {
        Some(true) => Said::Allowed,
        Some(false) => Said::Refused(value),
        None => Said::Unsound,
    }
}
