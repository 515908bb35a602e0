//! What a pod may do, and what a role grants: whether a change allows more than before.
//!
//! Pods are held against the Pod Security Standards (module k8s.io/pod-security-admission, `policy/check_*.go`), rules
//! of RBAC against each other.

use std::collections::BTreeSet;

use smol_str::{SmolStr, ToSmolStr, format_smolstr};

use super::{admission, traffic};
use crate::kubernetes::SecurityLevel as Level;
use crate::kubernetes::pods::pod_template;
use crate::kubernetes::security::{BASELINE_CAPABILITIES, RESTRICTED_VOLUMES, SAFE_SYSCTLS, SELINUX_TYPES, names_at};
use crate::kubernetes::{Facts, Look, Manifest, Minor, Tree};
use crate::text::Node;

/// What a pod does that a level forbids: the best level that forbids nothing of it is its own.
type Breaches = BTreeSet<(Level, &'static str, SmolStr)>;

/// Returns what an object allows that it did not allow before, a sentence each.
pub(super) fn weakened(old: Option<&Manifest>, new: &Manifest, facts: &Facts) -> Vec<SmolStr> {
    let mut found = Vec::new();
    match (new.key.group.as_str(), new.key.kind.as_str()) {
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => roles(old, new, &mut found),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => bindings(old, new, &mut found),
        ("", "Namespace") => namespaces(old, new, &mut found),
        ("networking.k8s.io", "NetworkPolicy") => {
            found.extend(old.into_iter().flat_map(|old| traffic::opened(old, new)));
        }
        ("admissionregistration.k8s.io", _) => {
            found.extend(old.into_iter().flat_map(|old| admission::admitted(old, new)));
        }
        _ => pods(old, new, facts.minor, &mut found),
    }
    found
}

/// Says what an object kept others from, now that it is gone.
pub(super) fn unguarded(gone: &Manifest) -> Option<&'static str> {
    match (gone.key.group.as_str(), gone.key.kind.as_str()) {
        ("networking.k8s.io", "NetworkPolicy") => Some("traffic that it kept out is let in"),
        (
            "admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration" | "ValidatingAdmissionPolicy" | "ValidatingAdmissionPolicyBinding",
        ) => Some("what it refused is admitted"),
        _ => None,
    }
}

fn pods(old: Option<&Manifest>, new: &Manifest, minor: Minor, found: &mut Vec<SmolStr>) {
    let breaches_of = |object: &Manifest| {
        let pod = pod_template(object).and_then(|template| template.present_at(&["spec"]))?;
        Some(breaches(pod, minor))
    };
    let Some(now) = breaches_of(new) else { return };
    let level = |breaches: &Breaches| match breaches.first() {
        None => Level::Restricted,
        Some((Level::Restricted, ..)) => Level::Baseline,
        Some(_) => Level::Privileged,
    };
    let Some(before) = old.and_then(breaches_of) else {
        // Few pods are restricted, and nothing was taken from them: only what baseline forbids is told of new ones.
        let told: Vec<SmolStr> = now.iter().filter(|(level, ..)| *level == Level::Baseline).map(told).collect();
        if !told.is_empty() {
            found.push(format_smolstr!("its pods are privileged: {}", told.join(", ")));
        }
        return;
    };
    let (was, is) = (level(&before), level(&now));
    let come: Vec<&(Level, &'static str, SmolStr)> = now.difference(&before).collect();
    let told: Vec<SmolStr> = come.iter().map(|breach| told(breach)).collect();
    if is < was {
        found.push(format_smolstr!(
            "the Pod Security level falls from {} to {}: {}",
            was.as_str(),
            is.as_str(),
            told.join(", ")
        ));
    } else {
        // A container that is new is as the others are.
        let known = |check: &str| before.iter().any(|(_, known, _)| *known == check);
        let more: Vec<SmolStr> =
            come.iter().filter(|(_, check, _)| !known(check)).map(|breach| self::told(breach)).collect();
        if !more.is_empty() {
            found.push(format_smolstr!("its pods may do more: {}", more.join(", ")));
        }
    }
}

fn told((_, check, place): &(Level, &'static str, SmolStr)) -> SmolStr {
    if place.is_empty() { (*check).into() } else { format_smolstr!("{check} ({place})") }
}

/// The minor whose list of kernel settings counts.
const SYSCTLS_OF: Minor = Minor(36);

/// Returns what a pod does that baseline or restricted forbid.
fn breaches(pod: &Node, minor: Minor) -> Breaches {
    let mut all = Breaches::new();
    let windows = pod.present_at(&["os", "name"]).and_then(Tree::scalar).as_deref() == Some("windows");
    let own_users = says(pod, &["hostUsers"], "false");
    let mut forbid = |level: Level, check: &'static str, place: &str| {
        all.insert((level, check, place.into()));
    };
    let mut baseline = |check: &'static str, place: &str| forbid(Level::Baseline, check, place);
    for (key, check) in [("hostNetwork", "host network"), ("hostPID", "host processes"), ("hostIPC", "host IPC")] {
        if pod.is_set(key) {
            baseline(check, "");
        }
    }
    for volume in pod.list("volumes") {
        let name = volume.word("name").unwrap_or_default();
        if volume.present_at(&["hostPath"]).is_some() {
            baseline("a path of the host", &name);
        }
    }
    for sysctl in pod.present_at(&["securityContext"]).map_or(&[][..], |context| context.list("sysctls")) {
        let name = sysctl.word("name").unwrap_or_default();
        if !names_at(SAFE_SYSCTLS, SYSCTLS_OF).any(|safe| name == safe) {
            baseline("an unsafe sysctl", &name);
        }
    }
    context(pod.present_at(&["securityContext"]), "", &mut baseline);
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    let containers: Vec<&Node> = lists.iter().flat_map(|list| pod.list(list)).collect();
    for container in &containers {
        let name = container.word("name").unwrap_or_default();
        let own = container.present_at(&["securityContext"]);
        context(own, &name, &mut baseline);
        if own.is_some_and(|own| own.is_set("privileged")) {
            baseline("a privileged container", &name);
        }
        for added in own.and_then(|own| own.present_at(&["capabilities"])).map_or(&[][..], |all| all.list("add")) {
            let capability = added.scalar().unwrap_or_default();
            if !BASELINE_CAPABILITIES.contains(&capability.as_str()) {
                baseline("an added capability", &format_smolstr!("{capability} in {name}"));
            }
        }
        let proc_mount = own.and_then(|own| own.word("procMount")).unwrap_or_default();
        let masked = matches!(proc_mount.as_str(), "" | "Default");
        if !(masked || own_users && minor >= Minor(35)) {
            baseline("an unmasked /proc", &name);
        }
        for port in container.list("ports") {
            if let Some(port) = port.number("hostPort").filter(|port| *port != 0) {
                baseline("a port of the host", &format_smolstr!("{port} in {name}"));
            }
        }
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            let host = |action: &str| container.present_at(&[probe, action, "host"]).and_then(Tree::scalar);
            if ["httpGet", "tcpSocket"].into_iter().filter_map(host).any(|host| !host.is_empty()) {
                baseline("a probe of another host", &name);
            }
        }
    }
    restricted(pod, &containers, windows, &mut all);
    all
}

/// Checks what a pod and a container both may say of themselves.
fn context(context: Option<&Node>, place: &str, baseline: &mut impl FnMut(&'static str, &str)) {
    let Some(context) = context else { return };
    let word = |path: &[&str]| context.present_at(path).and_then(Tree::scalar).unwrap_or_default();
    if word(&["seccompProfile", "type"]) == "Unconfined" {
        baseline("no seccomp profile", place);
    }
    if word(&["appArmorProfile", "type"]) == "Unconfined" {
        baseline("no AppArmor profile", place);
    }
    let selinux = |key: &str| word(&["seLinuxOptions", key]);
    let ty = selinux("type");
    let is_known = ty.is_empty() || names_at(SELINUX_TYPES, Minor::NEWEST).any(|known| ty == known);
    if !is_known || !selinux("user").is_empty() || !selinux("role").is_empty() {
        baseline("other SELinux options", place);
    }
    if word(&["windowsOptions", "hostProcess"]) == "true" {
        baseline("a process of the Windows host", place);
    }
}

fn restricted(pod: &Node, containers: &[&Node], windows: bool, all: &mut Breaches) {
    let mut forbid = |check: &'static str, place: &str| {
        all.insert((Level::Restricted, check, place.into()));
    };
    for volume in pod.list("volumes") {
        let is_free = |key: &str| RESTRICTED_VOLUMES.contains(&key) || ["name", "hostPath"].contains(&key);
        let other = volume.members().any(|(key, value)| !is_free(key) && !value.is_null());
        if other {
            forbid("a volume of another type", &volume.word("name").unwrap_or_default());
        }
    }
    let of_pod = |path: &[&str]| pod.present_at(path).and_then(Tree::scalar);
    for container in containers {
        let name = container.word("name").unwrap_or_default();
        let own = |path: &[&str]| container.present_at(path).and_then(Tree::scalar);
        let either = |key: &[&str]| {
            let path: Vec<&str> = ["securityContext"].into_iter().chain(key.iter().copied()).collect();
            own(&path).or_else(|| of_pod(&path))
        };
        if either(&["runAsNonRoot"]).as_deref() != Some("true") {
            forbid("it may run as root", &name);
        }
        if either(&["runAsUser"]).as_deref() == Some("0") {
            forbid("it runs as user 0", &name);
        }
        if windows {
            continue;
        }
        if own(&["securityContext", "allowPrivilegeEscalation"]).as_deref() != Some("false") {
            forbid("privileges may be escalated", &name);
        }
        if !matches!(
            either(&["seccompProfile", "type"]).as_deref(),
            Some("RuntimeDefault" | "Localhost" | "Unconfined")
        ) {
            forbid("a seccomp profile is not set", &name);
        }
        let capabilities =
            |key: &str| container.present_at(&["securityContext", "capabilities"]).map_or(&[][..], |all| all.list(key));
        if !capabilities("drop").iter().any(|dropped| dropped.scalar().as_deref() == Some("ALL")) {
            forbid("capabilities are not dropped", &name);
        }
        for added in capabilities("add").iter().filter_map(Tree::scalar) {
            if added != "NET_BIND_SERVICE" && BASELINE_CAPABILITIES.contains(&added.as_str()) {
                forbid("an added capability", &format_smolstr!("{added} in {name}"));
            }
        }
    }
}

fn says(node: &Node, path: &[&str], word: &str) -> bool {
    node.present_at(path).and_then(Tree::scalar).is_some_and(|text| text == word)
}

/// The level that a namespace keeps its pods to.
fn namespaces(old: Option<&Manifest>, new: &Manifest, found: &mut Vec<SmolStr>) {
    const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
    let level = |object: &Manifest| {
        let text = object.node.present_at(&["metadata", "labels", ENFORCE]).and_then(Tree::scalar);
        text.and_then(|text| Level::parse(&text)).unwrap_or(Level::Privileged)
    };
    let Some(was) = old.map(level) else { return };
    let is = level(new);
    if is < was {
        found.push(format_smolstr!("pods in it are kept to {} and no longer to {}", is.as_str(), was.as_str()));
    }
}

/// One thing that a rule grants: a verb on a resource of a group and of some name, or on a path.
type Grant = [SmolStr; 4];

fn grants(role: &Manifest) -> BTreeSet<Grant> {
    let texts = |rule: &Node, key: &str| rule.list(key).iter().filter_map(Tree::scalar).collect::<Vec<SmolStr>>();
    let mut all = BTreeSet::new();
    for rule in role.node.list("rules") {
        let verbs = texts(rule, "verbs");
        let mut names = texts(rule, "resourceNames");
        if names.is_empty() {
            names.push("*".into());
        }
        for verb in &verbs {
            for group in &texts(rule, "apiGroups") {
                for resource in &texts(rule, "resources") {
                    all.extend(names.iter().map(|name| [verb.clone(), group.clone(), resource.clone(), name.clone()]));
                }
            }
            let paths = texts(rule, "nonResourceURLs");
            all.extend(paths.into_iter().map(|path| [verb.clone(), "/".into(), path, "*".into()]));
        }
    }
    all
}

fn covers(known: &Grant, grant: &Grant) -> bool {
    known.iter().zip(grant).enumerate().all(|(at, (known, grant))| {
        // Paths are a world of their own, which no group stands for.
        known == grant || (known == "*" && !(at == 1 && grant == "/")) || (at == 2 && covers_part(known, grant))
    })
}

/// `*/scale` stands for the scale of every resource, `/logs/*` for all paths below.
fn covers_part(known: &str, grant: &str) -> bool {
    match known.strip_prefix("*/") {
        Some(part) => grant.rsplit_once('/').is_some_and(|(_, of)| of == part),
        None => known.starts_with('/') && known.strip_suffix('*').is_some_and(|above| grant.starts_with(above)),
    }
}

fn roles(old: Option<&Manifest>, new: &Manifest, found: &mut Vec<SmolStr>) {
    const SHOWN: usize = 5;
    let before = old.map(grants).unwrap_or_default();
    let more: Vec<SmolStr> = grants(new)
        .iter()
        .filter(|grant| !before.iter().any(|known| covers(known, grant)))
        .map(|[verb, group, resource, name]| {
            let of = if matches!(group.as_str(), "" | "/") { SmolStr::default() } else { format_smolstr!(".{group}") };
            let named = if name == "*" { SmolStr::default() } else { format_smolstr!(" {name}") };
            format_smolstr!("{verb} {resource}{of}{named}")
        })
        .collect();
    if !more.is_empty() {
        let rest = more.len().saturating_sub(SHOWN);
        let tail = if rest > 0 { format!(", and {rest} more") } else { String::new() };
        found.push(format_smolstr!("it grants {}{tail}", more[..more.len() - rest].join(", ")));
    }
    let aggregated =
        |object: &Manifest| object.node.present_at(&["aggregationRule"]).map(|rule| format!("{:?}", text_of(rule)));
    if aggregated(new).is_some() && old.and_then(aggregated) != aggregated(new) {
        found.push("it gathers what other roles grant".into());
    }
    let aggregates = |object: &Manifest| -> BTreeSet<SmolStr> {
        let labels = object.node.present_at(&["metadata", "labels"]);
        let all = labels.into_iter().flat_map(Tree::members);
        all.filter_map(|(key, value)| {
            let to = key.strip_prefix("rbac.authorization.k8s.io/aggregate-to-")?;
            (value.scalar()? == "true").then(|| to.to_smolstr())
        })
        .collect()
    };
    let before = old.map(aggregates).unwrap_or_default();
    for role in aggregates(new).difference(&before) {
        found.push(format_smolstr!("what it grants is added to `{role}`"));
    }
}

fn bindings(old: Option<&Manifest>, new: &Manifest, found: &mut Vec<SmolStr>) {
    let subjects = |object: &Manifest| -> BTreeSet<SmolStr> {
        let all = object.node.list("subjects").iter();
        all.map(|subject| {
            let word = |key: &str| subject.word(key).unwrap_or_default();
            let namespace = word("namespace");
            let of = if namespace.is_empty() { namespace } else { format_smolstr!("{namespace}/") };
            format_smolstr!("{} {of}{}", word("kind"), word("name"))
        })
        .collect()
    };
    let role = |object: &Manifest| {
        let word = |key: &str| object.node.present_at(&["roleRef", key]).and_then(Tree::scalar).unwrap_or_default();
        format_smolstr!("{} {}", word("kind"), word("name"))
    };
    let (is, now) = (role(new), subjects(new));
    let before = old.map(subjects).unwrap_or_default();
    let other_role = old.is_some_and(|old| role(old) != is);
    let more: Vec<&str> =
        now.iter().filter(|subject| other_role || !before.contains(*subject)).map(SmolStr::as_str).collect();
    if !more.is_empty() {
        found.push(format_smolstr!("{is} is given to {}", more.join(", ")));
    }
}

fn text_of(node: &Node) -> Vec<String> {
    match node.look() {
        Look::Map(_) => node
            .members()
            .flat_map(|(key, value)| text_of(value).into_iter().map(move |text| format!("{key}.{text}")))
            .collect(),
        Look::List(items) => items.iter().flat_map(text_of).collect(),
        other => vec![format!("{other:?}")],
    }
}
