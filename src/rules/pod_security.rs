//! What a pod may do on its node: its operating system, the namespaces that it shares with the node, users, sysctls.

use super::at::{At, get, is_true, items, number, text};
use super::pod::{containers, forbid};
use super::value::check_once;
use super::{Minor, Rule};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::text::{Node, Value};

/// The operating systems that a pod may be for.
const SYSTEMS: [&str; 2] = ["linux", "windows"];
/// The most characters in the name of a sysctl.
const SYSCTL_LENGTH: usize = 253;
/// The sysctls of the IPC namespace, beside those below `fs.mqueue`.
const IPC_SYSCTLS: [&str; 10] = [
    "kernel.msg",
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.sem",
    "kernel.shm",
    "kernel.shm_rmid_forced",
    "kernel.shmall",
    "kernel.shmmax",
    "kernel.shmmni",
];
/// What is of Linux alone in the security context of a pod, and in that of a container.
const LINUX_OF_POD: [&str; 11] = [
    "appArmorProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "runAsGroup",
    "runAsUser",
    "seLinuxChangePolicy",
    "seLinuxOptions",
    "seccompProfile",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "sysctls",
];
const LINUX_OF_CONTAINER: [&str; 10] = [
    "allowPrivilegeEscalation",
    "appArmorProfile",
    "capabilities",
    "privileged",
    "procMount",
    "readOnlyRootFilesystem",
    "runAsGroup",
    "runAsUser",
    "seLinuxOptions",
    "seccompProfile",
];
/// The gate with which pods with users of their own may use the network of the node; it is off in all that is bundled.
const SHARED_NETWORK: &str = "UserNamespacesHostNetworkSupport";
/// What a pod shares with its node in Linux alone; the first two also where they are `false`.
const LINUX_NAMESPACES: [&str; 4] = ["hostUsers", "shareProcessNamespace", "hostIPC", "hostPID"];

/// Returns the security contexts of a pod's containers with the paths to them.
fn contexts(spec: &Node) -> impl Iterator<Item = (String, &Node)> {
    containers(spec).filter_map(|(place, container)| {
        Some((format!("{place}.securityContext"), get(container, &["securityContext"])?))
    })
}

fn is_empty_list(node: &Node) -> bool {
    node.as_seq().is_some_and(<[Node]>::is_empty)
}

fn check_windows(at: &mut At<'_>) {
    if at.get(&["os", "name"]).and_then(Node::as_str) != Some("windows") {
        return;
    }
    let spec = at.node();
    for field in LINUX_NAMESPACES {
        let counts = field.starts_with("hostU") || field.starts_with('s') || is_true(spec, &[field]);
        if let Some(node) = at.get(&[field]).filter(|_| counts) {
            forbid(at, field, node.origin(), format!("a pod for Windows has no `{field}`"));
        }
    }
    if let Some(node) = at.get(&["resources"]) {
        forbid(at, "resources", node.origin(), "a pod for Windows has no `resources` as a whole");
    }
    let of_pod = at.get(&["securityContext"]).map(|context| ("securityContext".to_owned(), context, &LINUX_OF_POD[..]));
    let of_containers = contexts(spec).map(|(place, context)| (place, context, &LINUX_OF_CONTAINER[..]));
    for (place, context, fields) in of_pod.into_iter().chain(of_containers) {
        for field in fields {
            if let Some(node) = get(context, &[field]).filter(|node| !is_empty_list(node)) {
                forbid(
                    at,
                    format_args!("{place}.{field}"),
                    node.origin(),
                    format!("a pod for Windows has no `{field}`"),
                );
            }
        }
    }
}

fn check_linux(at: &mut At<'_>) {
    if at.get(&["os", "name"]).and_then(Node::as_str) != Some("linux") {
        return;
    }
    let of_pod = at.get(&["securityContext"]).map(|context| ("securityContext".to_owned(), context));
    for (place, context) in of_pod.into_iter().chain(contexts(at.node())) {
        if let Some(node) = get(context, &["windowsOptions"]) {
            let place = format!("{place}.windowsOptions");
            forbid(at, place, node.origin(), "a pod for Linux has no `windowsOptions`");
        }
    }
}

/// The containers of a pod for Windows that run as processes of the node: all or none.
fn check_host_process(at: &mut At<'_>) {
    let flag = |context: Option<&Node>| match context?.at(&["windowsOptions", "hostProcess"])?.value() {
        Value::Bool(flag) => Some(*flag),
        _ => None,
    };
    let spec = at.node();
    let of_pod = flag(at.get(&["securityContext"]));
    let mut differs = false;
    let (mut some, mut all) = (None, true);
    for (place, container) in containers(spec) {
        let own = flag(get(container, &["securityContext"]));
        let node = get(container, &["securityContext", "windowsOptions", "hostProcess"]);
        if let (Some(wanted), Some(found), Some(node)) = (of_pod, own, node)
            && wanted != found
        {
            let message = format!("expected `{wanted}`, which is the `hostProcess` of the pod, found `{found}`");
            at.invalid(format_args!("{place}.securityContext.windowsOptions.hostProcess"), node, message);
            differs = true;
        }
        if own.or(of_pod) == Some(true) {
            some = some.or(node).or_else(|| get(spec, &["securityContext", "windowsOptions", "hostProcess"]));
        } else {
            all = false;
        }
    }
    let Some(node) = some else { return };
    if !all && !differs {
        at.invalid("", node, "expected `hostProcess` in all containers of the pod or in none, found it in some");
    }
    if !is_true(spec, &["hostNetwork"]) {
        let finding = Diagnostic::new(Code::InvalidValue, node.origin(), "`hostProcess` needs the network of the node")
            .help("write `hostNetwork: true` in the pod");
        at.report("hostNetwork", finding);
    }
}

fn check_host_users(at: &mut At<'_>) {
    let spec = at.node();
    if !matches!(spec.get("hostUsers").map(Node::value), Some(Value::Bool(false))) || is_windows(spec) {
        return;
    }
    if !at.keeps("core/v1.PodSpec", "hostUsers") {
        return;
    }
    for field in ["hostPID", "hostIPC", "hostNetwork"] {
        if field == "hostNetwork" && at.has_gate(SHARED_NETWORK) {
            continue;
        }
        if let Some(node) = at.get(&[field]).filter(|_| is_true(spec, &[field])) {
            forbid(at, field, node.origin(), format!("`{field}: true` and `hostUsers: false` exclude one another"));
        }
    }
    let may_have_devices = at.minor() < Minor(34);
    for (place, container) in containers(spec).filter(|_| !may_have_devices) {
        if let Some(node) = get(container, &["volumeDevices"]).filter(|node| !is_empty_list(node)) {
            let message = "a container of a pod with `hostUsers: false` has no `volumeDevices`";
            forbid(at, format_args!("{place}.volumeDevices"), node.origin(), message);
        }
    }
}

/// A container sees all of `/proc` only where its users are not those of the node.
fn check_proc_mount(at: &mut At<'_>) {
    let spec = at.node();
    if matches!(spec.get("hostUsers").map(Node::value), Some(Value::Bool(false))) || is_windows(spec) {
        return;
    }
    for (place, context) in contexts(spec) {
        if let Some(node) = get(context, &["procMount"]).filter(|node| node.as_str() == Some("Unmasked")) {
            let finding =
                Diagnostic::new(Code::InvalidValue, node.origin(), "`procMount: Unmasked` needs `hostUsers: false`")
                    .help("write `hostUsers: false` in the pod");
            at.report(format_args!("{place}.procMount"), finding);
        }
    }
}

fn is_windows(spec: &Node) -> bool {
    text(spec, &["os", "name"]) == Some("windows")
}

/// Returns the name of a sysctl with dots between its parts.
fn dotted(name: &str) -> String {
    let swap = |c| match c {
        '.' => '/',
        '/' => '.',
        other => other,
    };
    let slashed = name.find(['.', '/']).is_some_and(|at| name[at..].starts_with('/'));
    if slashed { name.chars().map(swap).collect() } else { name.to_owned() }
}

fn is_sysctl(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_part = |part: &str| {
        let part = part.as_bytes();
        part.first().is_some_and(|first| is_word(*first))
            && part.last().is_some_and(|last| is_word(*last))
            && part.iter().all(|byte| is_word(*byte) || matches!(byte, b'-' | b'_'))
    };
    name.len() <= SYSCTL_LENGTH && name.split(['.', '/']).all(is_part)
}

fn check_sysctls(at: &mut At<'_>) {
    let spec = at.node();
    let mut sound = Vec::new();
    for (index, sysctl) in items(spec, &["securityContext", "sysctls"]) {
        let Some((node, name)) = sysctl.get("name").and_then(|node| Some((node, node.as_str()?))) else { continue };
        let place = format!("securityContext.sysctls[{index}].name");
        if !is_sysctl(name) {
            let message = format!(
                "expected lowercase letters, digits, `-` and `_` between dots or slashes, found `{}`",
                words::shown(name)
            );
            at.report(place, Diagnostic::new(Code::InvalidName, node.origin(), message));
            continue;
        }
        let dotted = dotted(name);
        let (field, of) = if dotted.starts_with("net.") {
            ("hostNetwork", "network")
        } else if dotted.starts_with("fs.mqueue.") || IPC_SYSCTLS.contains(&dotted.as_str()) {
            ("hostIPC", "IPC")
        } else {
            sound.push((place, node));
            continue;
        };
        if is_true(spec, &[field]) {
            let message =
                format!("`{name}` cannot be set: with `{field}: true` the {of} namespace is that of the node");
            at.invalid(place, node, message);
        } else {
            sound.push((place, node));
        }
    }
    check_once(at, sound, |name| format!("the sysctl `{name}` is set twice"));
}

fn check_ids(at: &mut At<'_>) {
    let single = ["runAsUser", "runAsGroup", "fsGroup"].into_iter();
    let single = single.filter_map(|field| Some((field.to_owned(), at.get(&[field])?)));
    let groups = at.items(&["supplementalGroups"]).map(|(index, node)| (format!("supplementalGroups[{index}]"), node));
    for (place, node) in single.chain(groups).collect::<Vec<_>>() {
        if let Some(found) = number(node).filter(|found| !(0..=i64::from(i32::MAX)).contains(found)) {
            at.invalid(place, node, format!("expected a number from 0 to {}, found `{found}`", i32::MAX));
        }
    }
    if let Some(node) = at.get(&["seLinuxChangePolicy"])
        && let Some(found) = node.as_str().filter(|found| !matches!(*found, "MountOption" | "Recursive"))
    {
        let message = format!("expected `MountOption` or `Recursive`, found {}", words::word(found));
        let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
        at.report("seLinuxChangePolicy", finding.did_you_mean_word(found, ["MountOption", "Recursive"]));
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "pod-os",
        at: "core/v1.PodOS",
        check: |at| {
            if let Some(node) = at.get(&["name"])
                && let Some(found) = node.as_str().filter(|found| !SYSTEMS.contains(found))
            {
                let message = format!("expected `linux` or `windows`, found {}", words::word(found));
                let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
                at.report("name", finding.did_you_mean_word(found, SYSTEMS));
            }
        },
        refuses: &["{name: Linux}", "{name: ''}"],
        accepts: &["{name: linux}", "{name: windows}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "windows-pod",
        at: "core/v1.PodSpec",
        check: check_windows,
        refuses: &[
            "{os: {name: windows}, hostUsers: true, containers: [{name: a, image: 'a:1'}]}",
            "{os: {name: windows}, hostPID: true, containers: [{name: a, image: 'a:1'}]}",
            "{os: {name: windows}, securityContext: {runAsUser: 1}, containers: [{name: a, image: 'a:1'}]}",
            "{os: {name: windows}, containers: [{name: a, image: 'a:1', securityContext: {readOnlyRootFilesystem: false}}]}",
            "{os: {name: windows}, resources: {requests: {cpu: 1}}, containers: [{name: a, image: 'a:1'}]}",
        ],
        accepts: &[
            "{os: {name: linux}, hostUsers: true, containers: [{name: a, image: 'a:1', securityContext: {readOnlyRootFilesystem: false}}]}",
            "{os: {name: windows}, hostPID: false, securityContext: {runAsNonRoot: true}, containers: [{name: a, image: 'a:1'}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "linux-pod",
        at: "core/v1.PodSpec",
        check: check_linux,
        refuses: &[
            "{os: {name: linux}, securityContext: {windowsOptions: {runAsUserName: a}}, containers: [{name: a, image: 'a:1'}]}",
            "{os: {name: linux}, containers: [{name: a, image: 'a:1', securityContext: {windowsOptions: {runAsUserName: a}}}]}",
        ],
        accepts: &[
            "{os: {name: windows}, securityContext: {windowsOptions: {runAsUserName: a}}, containers: [{name: a, image: 'a:1'}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "host-process",
        at: "core/v1.PodSpec",
        check: check_host_process,
        refuses: &[
            "{securityContext: {windowsOptions: {hostProcess: true}}, containers: [{name: a, image: 'a:1'}]}",
            "{hostNetwork: true, containers: [{name: a, image: 'a:1', securityContext: {windowsOptions: {hostProcess: true}}}, {name: b, image: 'a:1'}]}",
            "{hostNetwork: true, securityContext: {windowsOptions: {hostProcess: true}}, containers: [{name: a, image: 'a:1', securityContext: {windowsOptions: {hostProcess: false}}}, {name: b, image: 'a:1'}]}",
        ],
        accepts: &[
            "{hostNetwork: true, securityContext: {windowsOptions: {hostProcess: true}}, containers: [{name: a, image: 'a:1'}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "host-users",
        at: "core/v1.PodSpec",
        check: check_host_users,
        refuses: &[
            "{hostUsers: false, hostPID: true, containers: [{name: a, image: 'a:1'}]}",
            "{hostUsers: false, hostIPC: true, containers: [{name: a, image: 'a:1'}]}",
            "{hostUsers: false, hostNetwork: true, containers: [{name: a, image: 'a:1'}]}",
            "{hostUsers: false, volumes: [{name: v, persistentVolumeClaim: {claimName: v}}], containers: [{name: a, image: 'a:1', volumeDevices: [{name: v, devicePath: /dev/v}]}]}",
        ],
        accepts: &[
            "{hostUsers: true, hostPID: true, containers: [{name: a, image: 'a:1'}]}",
            "{hostUsers: false, hostPID: false, containers: [{name: a, image: 'a:1'}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "proc-mount-users",
        at: "core/v1.PodSpec",
        check: check_proc_mount,
        refuses: &["{containers: [{name: a, image: 'a:1', securityContext: {procMount: Unmasked}}]}"],
        accepts: &["{hostUsers: false, containers: [{name: a, image: 'a:1', securityContext: {procMount: Unmasked}}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "shared-processes",
        at: "core/v1.PodSpec",
        check: |at| {
            let spec = at.node();
            if is_true(spec, &["hostPID"]) && is_true(spec, &["shareProcessNamespace"]) && !is_windows(spec) {
                let node = spec.get("shareProcessNamespace").unwrap_or(spec);
                let message = "`shareProcessNamespace: true` and `hostPID: true` exclude one another";
                at.invalid("shareProcessNamespace", node, message);
            }
        },
        refuses: &["{shareProcessNamespace: true, hostPID: true, containers: [{name: a, image: 'a:1'}]}"],
        accepts: &["{shareProcessNamespace: false, hostPID: true, containers: [{name: a, image: 'a:1'}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "sysctl",
        at: "core/v1.PodSpec",
        check: check_sysctls,
        refuses: &[
            "{securityContext: {sysctls: [{name: A, value: '1'}]}, containers: [{name: a, image: 'a:1'}]}",
            "{securityContext: {sysctls: [{name: a, value: '1'}, {name: a, value: '2'}]}, containers: [{name: a, image: 'a:1'}]}",
            "{hostNetwork: true, securityContext: {sysctls: [{name: net/ipv4.a, value: '1'}]}, containers: [{name: a, image: 'a:1'}]}",
            "{hostIPC: true, securityContext: {sysctls: [{name: kernel.sem, value: '1'}]}, containers: [{name: a, image: 'a:1'}]}",
        ],
        accepts: &[
            "{hostIPC: true, securityContext: {sysctls: [{name: net/ipv4.a, value: '1'}]}, containers: [{name: a, image: 'a:1'}]}",
            "{hostNetwork: true, securityContext: {sysctls: [{name: kernel.sem, value: '1'}]}, containers: [{name: a, image: 'a:1'}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "pod-ids",
        at: "core/v1.PodSecurityContext",
        check: check_ids,
        refuses: &[
            "{runAsUser: -1}",
            "{runAsGroup: 2147483648}",
            "{fsGroup: -1}",
            "{supplementalGroups: [1, -1]}",
            "{seLinuxChangePolicy: recursive}",
        ],
        accepts: &["{runAsUser: 0, fsGroup: 2147483647, supplementalGroups: [0]}", "{seLinuxChangePolicy: Recursive}"],
        ..Rule::ALWAYS
    },
];
