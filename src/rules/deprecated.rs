//! What Kubernetes has given up: fields, annotations and labels that it takes and warns of, or no longer reads at all.
//!
//! A settled structure enters, warnings leave. Versions of whole kinds are told by [`crate::check`], from the facts.

use super::at::{At, get, items, text};
use super::service::is_headless;
use super::value::has_any;
use super::{Minor, Rule};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::text::{Entry, Node, Origin};

/// Labels of nodes that have another name now, or none: since when, and what to write instead.
const NODE_LABELS: [(&str, &str, &str); 8] = [
    ("app.kubernetes.io/created-by", "since Kubernetes 1.9", ""),
    ("beta.kubernetes.io/arch", "since Kubernetes 1.14", "kubernetes.io/arch"),
    ("beta.kubernetes.io/instance-type", "since Kubernetes 1.17", "node.kubernetes.io/instance-type"),
    ("beta.kubernetes.io/os", "since Kubernetes 1.14", "kubernetes.io/os"),
    ("failure-domain.beta.kubernetes.io/region", "since Kubernetes 1.17", "topology.kubernetes.io/region"),
    ("failure-domain.beta.kubernetes.io/zone", "since Kubernetes 1.17", "topology.kubernetes.io/zone"),
    (
        "node-role.kubernetes.io/master",
        "and no node has it since Kubernetes 1.24",
        "node-role.kubernetes.io/control-plane",
    ),
    ("scheduler.alpha.kubernetes.io/preferAvoidPods", "since Kubernetes 1.22", ""),
];

/// Annotations that were replaced, wherever they stand: what is so, and the way out.
const ANNOTATIONS: [(&str, &str, &str); 13] = [
    ("pod.alpha.kubernetes.io/init-containers", GONE, "write `initContainers`"),
    ("pod.alpha.kubernetes.io/initialized", GONE, "take it out"),
    ("pod.beta.kubernetes.io/hostname", GONE, "write `hostname`"),
    ("pod.beta.kubernetes.io/init-containers", GONE, "write `initContainers`"),
    ("pod.beta.kubernetes.io/subdomain", GONE, "write `subdomain`"),
    ("scheduler.alpha.kubernetes.io/affinity", GONE, "write `affinity`"),
    ("scheduler.alpha.kubernetes.io/critical-pod", "has no effect since Kubernetes 1.16", "write `priorityClassName`"),
    ("scheduler.alpha.kubernetes.io/tolerations", GONE, "write `tolerations`"),
    ("security.alpha.kubernetes.io/sysctls", "has no effect since Kubernetes 1.11", "write `sysctls`"),
    ("security.alpha.kubernetes.io/unsafe-sysctls", "has no effect since Kubernetes 1.11", "write `sysctls`"),
    ("volume.alpha.kubernetes.io/storage-class", GONE, "write `storageClassName`"),
    ("volume.beta.kubernetes.io/mount-options", "is deprecated since Kubernetes 1.31", "write `mountOptions`"),
    ("volume.beta.kubernetes.io/storage-class", "is deprecated since Kubernetes 1.8", "write `storageClassName`"),
];
const GONE: &str = "has no effect any more";

/// Where volumes come from that no server has a driver for: since when.
const VOLUMES: [(&str, &str); 9] = [
    ("cephfs", "1.31"),
    ("flocker", "1.25"),
    ("gitRepo", "1.33"),
    ("glusterfs", "1.26"),
    ("photonPersistentDisk", "1.16"),
    ("quobyte", "1.25"),
    ("rbd", "1.31"),
    ("scaleIO", "1.22"),
    ("storageos", "1.25"),
];

pub(super) const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
pub(super) const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
pub(super) const APPARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// Warns of the key of a label that nodes have another one for.
fn node_label(at: &mut At<'_>, place: String, key: &str, origin: Origin) {
    let Some((_, since, instead)) = NODE_LABELS.iter().find(|(known, ..)| *known == key) else { return };
    let finding =
        Diagnostic::new(Code::DeprecatedField, origin, format!("the label `{key}` of nodes is deprecated {since}"));
    let help = (!instead.is_empty()).then(|| format!("write `{instead}`, which nodes have too"));
    let help = if key.ends_with("/master") { Some(format!("write `{instead}`")) } else { help };
    at.report(place, finding.maybe_help(help));
}

/// Warns of the keys of a selector of nodes.
fn node_selector(at: &mut At<'_>, path: &[&str]) {
    let Some(map) = at.get(path).and_then(Node::as_map) else { return };
    for Entry { key, .. } in map {
        node_label(at, format!("{}[{}]", path.join("."), key.text), &key.text, key.origin);
    }
}

/// Warns of the keys that expressions ask for.
fn expressions(at: &mut At<'_>, path: &[&str]) {
    for (number, expression) in at.items(path) {
        if let (Some(node), Some(key)) = (expression.get("key"), text(expression, &["key"])) {
            node_label(at, format!("{}[{number}].key", path.join(".")), key, node.origin());
        }
    }
}

fn one_key(at: &mut At<'_>, field: &str) {
    if let (Some(node), Some(key)) = (at.get(&[field]), at.text(&[field])) {
        node_label(at, field.to_owned(), key, node.origin());
    }
}

fn volumes(at: &mut At<'_>) {
    for (field, since) in VOLUMES {
        let Some(Entry { key, .. }) = entry(at.node(), field) else { continue };
        if field == "gitRepo" && at.minor() < Minor(33) {
            let help = "let an init container clone the repository into an `emptyDir`";
            let message = "`gitRepo` is deprecated since Kubernetes 1.11";
            at.warn(field, Code::DeprecatedField, key.origin, message, help);
            continue;
        }
        let help = match field {
            "gitRepo" => "let an init container clone the repository into an `emptyDir`",
            _ => "use a driver of CSI, through a claim or `csi`",
        };
        let message = format!("no server has a driver for `{field}` since Kubernetes {since}: the pods will not start");
        at.warn(field, Code::DeprecatedField, key.origin, message, help);
    }
}

/// Returns the entry of a field that is there, and not null.
fn entry<'a>(node: &'a Node, field: &str) -> Option<&'a Entry> {
    node.as_map()?.entry(field).filter(|entry| !entry.value.is_null())
}

/// Warns of annotations that say how a pod is confined, where no field says so.
fn confinement(at: &mut At<'_>) {
    let Some(annotations) = at.get(&["metadata", "annotations"]).and_then(Node::as_map) else { return };
    let Some(spec) = at.get(&["spec"]) else { return };
    let has = |node: &Node, field: &str| get(node, &["securityContext", field]).is_some();
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    let containers = || lists.iter().flat_map(|list| items(spec, &[list])).map(|(_, container)| container);
    let named = |name: &str| containers().find(|container| text(container, &["name"]) == Some(name));
    for Entry { key, value } in annotations {
        let (field, told) = if key.text == SECCOMP_POD {
            ("seccompProfile", (!has(spec, "seccompProfile")).then_some("has no effect since Kubernetes 1.27"))
        } else if let Some(container) = key.text.strip_prefix(SECCOMP_CONTAINER).and_then(named) {
            ("seccompProfile", (!has(container, "seccompProfile")).then_some("has no effect since Kubernetes 1.27"))
        } else if let Some(container) = key.text.strip_prefix(APPARMOR).and_then(named) {
            let is_said = has(container, "appArmorProfile") || says_the_same(spec, value, at.minor());
            ("appArmorProfile", (!is_said).then_some("is deprecated since Kubernetes 1.30"))
        } else {
            continue;
        };
        if let Some(told) = told {
            let message = format!("the annotation `{}` {told}", key.text);
            let help = format!("write `{field}` in the `securityContext`");
            at.warn(
                format_args!("metadata.annotations[{}]", key.text),
                Code::DeprecatedField,
                key.origin,
                message,
                &help,
            );
        }
    }
}

/// Whether the profile of all containers of a pod is that of an annotation.
fn says_the_same(spec: &Node, annotation: &Node, minor: Minor) -> bool {
    let Some(profile) = get(spec, &["securityContext", "appArmorProfile"]) else { return false };
    let own = match text(profile, &["type"]) {
        Some("RuntimeDefault") => "runtime/default".to_owned(),
        Some("Unconfined") => "unconfined".to_owned(),
        _ => format!("localhost/{}", text(profile, &["localhostProfile"]).unwrap_or_default()),
    };
    // Until 1.33 any profile was enough.
    minor < Minor(34) || annotation.as_str() == Some(own.as_str())
}

/// Registries that are no longer kept: what became of them, and where the images are now.
const REGISTRIES: [(&str, &str, &str); 5] = [
    ("docker.bintray.io", "was shut down in 2021", ""),
    ("docker.pkg.github.com", "is no longer served", "ghcr.io"),
    ("gcr.io/google-containers", "gets no images any more", "registry.k8s.io"),
    ("gcr.io/google_containers", "gets no images any more", "registry.k8s.io"),
    ("k8s.gcr.io", "is frozen since April 2023, and will be shut down", "registry.k8s.io"),
];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "retired-registry",
        at: "core/v1.Container",
        check: |at| {
            let Some((node, image)) = at.get(&["image"]).zip(at.text(&["image"])) else { return };
            let is_from = |registry: &str| image.strip_prefix(registry).is_some_and(|rest| rest.starts_with('/'));
            if let Some((registry, told, instead)) = REGISTRIES.iter().find(|(registry, ..)| is_from(registry)) {
                let help = match *instead {
                    "" => "take the image from where it is kept now".to_owned(),
                    instead => format!("take it from `{instead}`"),
                };
                let message = format!("the registry `{registry}` {told}");
                at.warn("image", Code::RetiredRegistry, node.origin(), message, &help);
            }
        },
        warns: &["{name: a, image: 'k8s.gcr.io/pause:3.9'}"],
        accepts: &["{name: a, image: 'registry.k8s.io/pause:3.9'}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "deprecated-annotations",
        at: "meta/v1.ObjectMeta",
        check: |at| {
            let Some(annotations) = at.get(&["annotations"]).and_then(Node::as_map) else { return };
            for Entry { key, .. } in annotations {
                let Some((_, told, help)) = ANNOTATIONS.iter().find(|(known, ..)| *known == key.text) else { continue };
                let message = format!("the annotation `{}` {told}", key.text);
                at.warn(format_args!("annotations[{}]", key.text), Code::DeprecatedField, key.origin, message, help);
            }
        },
        warns: &["{name: a, namespace: default, annotations: {volume.beta.kubernetes.io/storage-class: fast}}"],
        accepts: &["{name: a, namespace: default, annotations: {volume.kubernetes.io/storage-class: fast}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "deprecated-confinement",
        at: "core/v1.PodTemplateSpec",
        check: confinement,
        warns: &[
            "{metadata: {annotations: {seccomp.security.alpha.kubernetes.io/pod: runtime/default}}, spec: {containers: [{name: a, image: 'a:1'}]}}",
            "{metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/a: runtime/default}}, spec: {containers: [{name: a, image: 'a:1'}]}}",
        ],
        accepts: &[
            "{metadata: {annotations: {seccomp.security.alpha.kubernetes.io/pod: runtime/default}}, spec: {securityContext: {seccompProfile: {type: RuntimeDefault}}, containers: [{name: a, image: 'a:1'}]}}",
            "{metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/a: runtime/default}}, spec: {securityContext: {appArmorProfile: {type: RuntimeDefault}}, containers: [{name: a, image: 'a:1'}]}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "deprecated-confinement-of-pod",
        at: "core/v1.Pod",
        check: confinement,
        warns: &[
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default, annotations: {container.seccomp.security.alpha.kubernetes.io/a: runtime/default}}, spec: {containers: [{name: a, image: 'a:1'}]}}",
        ],
        accepts: &[
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default, annotations: {container.seccomp.security.alpha.kubernetes.io/a: runtime/default}}, spec: {containers: [{name: a, image: 'a:1', securityContext: {seccompProfile: {type: RuntimeDefault}}}]}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "deprecated-node-selector",
        at: "core/v1.PodSpec",
        check: |at| node_selector(at, &["nodeSelector"]),
        warns: &["{nodeSelector: {beta.kubernetes.io/os: linux}, containers: [{name: a, image: 'a:1'}]}"],
        accepts: &["{nodeSelector: {kubernetes.io/os: linux}, containers: [{name: a, image: 'a:1'}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "deprecated-node-affinity",
        at: "core/v1.NodeSelectorTerm",
        check: |at| expressions(at, &["matchExpressions"]),
        warns: &["{matchExpressions: [{key: failure-domain.beta.kubernetes.io/zone, operator: In, values: [a]}]}"],
        accepts: &["{matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [a]}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "deprecated-spread-key",
        at: "core/v1.TopologySpreadConstraint",
        check: |at| one_key(at, "topologyKey"),
        warns: &[
            "{maxSkew: 1, topologyKey: failure-domain.beta.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {}}",
        ],
        accepts: &[
            "{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "deprecated-runtime-class-selector",
        at: "node/v1.Scheduling",
        check: |at| node_selector(at, &["nodeSelector"]),
        warns: &["{nodeSelector: {beta.kubernetes.io/arch: arm64}}"],
        accepts: &["{nodeSelector: {kubernetes.io/arch: arm64}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "deprecated-topology",
        at: "core/v1.TopologySelectorLabelRequirement",
        check: |at| one_key(at, "key"),
        warns: &["{key: failure-domain.beta.kubernetes.io/zone, values: [a]}"],
        accepts: &["{key: topology.kubernetes.io/zone, values: [a]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "deprecated-capacity-topology",
        at: "storage/v1.CSIStorageCapacity",
        check: |at| {
            node_selector(at, &["nodeTopology", "matchLabels"]);
            expressions(at, &["nodeTopology", "matchExpressions"]);
        },
        warns: &[
            "{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: a, namespace: default}, storageClassName: a, nodeTopology: {matchLabels: {beta.kubernetes.io/os: linux}}}",
        ],
        accepts: &[
            "{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: a, namespace: default}, storageClassName: a, nodeTopology: {matchLabels: {kubernetes.io/os: linux}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "removed-volume",
        at: "core/v1.Volume",
        check: volumes,
        warns: &[
            "{name: v, gitRepo: {repository: 'https://git.example/a'}}",
            "{name: v, glusterfs: {endpoints: a, path: b}}",
        ],
        accepts: &["{name: v, emptyDir: {}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "removed-persistent-volume",
        at: "core/v1.PersistentVolumeSpec",
        check: |at| {
            volumes(at);
            if let Some(node) =
                at.get(&["persistentVolumeReclaimPolicy"]).filter(|node| node.as_str() == Some("Recycle"))
            {
                let message = "the policy `Recycle` is deprecated";
                let help = "use volumes that a class makes, with `Delete` or `Retain`";
                at.warn("persistentVolumeReclaimPolicy", Code::DeprecatedField, node.origin(), message, help);
            }
        },
        warns: &[
            "{accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, cephfs: {monitors: [a]}}",
            "{accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, persistentVolumeReclaimPolicy: Recycle, hostPath: {path: /a}}",
        ],
        accepts: &[
            "{accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, persistentVolumeReclaimPolicy: Retain, hostPath: {path: /a}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "deprecated-external-ips",
        at: "core/v1.ServiceSpec",
        minors: (Minor(36), Minor(u32::MAX)),
        check: |at| {
            let is_outside = at.text(&["type"]) != Some("ExternalName") && !is_headless(at.node());
            if let Some(Entry { key, .. }) =
                entry(at.node(), "externalIPs").filter(|entry| is_outside && has_any(Some(&entry.value)))
            {
                let message = "`externalIPs` is deprecated, and some clusters no longer implement it";
                at.warn(
                    "externalIPs",
                    Code::DeprecatedField,
                    key.origin,
                    message,
                    "use a Service of `type: LoadBalancer`",
                );
            }
        },
        warns: &["{ports: [{port: 80}], externalIPs: [10.9.8.7]}"],
        accepts: &["{ports: [{port: 80}], type: LoadBalancer}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "deprecated-distribution",
        at: "core/v1.ServiceSpec",
        minors: (Minor(35), Minor(u32::MAX)),
        check: |at| {
            if let Some(node) = at.get(&["trafficDistribution"]).filter(|node| node.as_str() == Some("PreferClose")) {
                let message = "`PreferClose` is deprecated since Kubernetes 1.35";
                at.warn(
                    "trafficDistribution",
                    Code::DeprecatedField,
                    node.origin(),
                    message,
                    "write `PreferSameZone`, which is the same",
                );
            }
        },
        warns: &["{ports: [{port: 80}], trafficDistribution: PreferClose}"],
        accepts: &["{ports: [{port: 80}], trafficDistribution: PreferSameZone}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "deprecated-hints",
        at: "core/v1.Service",
        check: |at| {
            const KEY: &str = "service.kubernetes.io/topology-aware-hints";
            let annotations = at.get(&["metadata", "annotations"]).and_then(Node::as_map);
            if let Some(Entry { key, .. }) = annotations.and_then(|annotations| annotations.entry(KEY)) {
                let message = format!("the annotation `{KEY}` is deprecated since Kubernetes 1.27");
                let help = "write `service.kubernetes.io/topology-mode`";
                at.warn(format_args!("metadata.annotations[{KEY}]"), Code::DeprecatedField, key.origin, message, help);
            }
        },
        warns: &[
            "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: default, annotations: {service.kubernetes.io/topology-aware-hints: auto}}, spec: {ports: [{port: 80}]}}",
        ],
        accepts: &[
            "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: default, annotations: {service.kubernetes.io/topology-mode: auto}}, spec: {ports: [{port: 80}]}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "deprecated-ingress-class",
        at: "networking/v1.Ingress",
        check: |at| {
            const KEY: &str = "kubernetes.io/ingress.class";
            let annotations = at.get(&["metadata", "annotations"]).and_then(Node::as_map);
            let has_class = at.get(&["spec", "ingressClassName"]).is_some();
            if let Some(Entry { key, .. }) = annotations.and_then(|all| all.entry(KEY)).filter(|_| !has_class) {
                let message = format!("the annotation `{KEY}` is deprecated since Kubernetes 1.18");
                at.warn(
                    format_args!("metadata.annotations[{KEY}]"),
                    Code::DeprecatedField,
                    key.origin,
                    message,
                    "write `ingressClassName`",
                );
            }
        },
        warns: &[
            "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, namespace: default, annotations: {kubernetes.io/ingress.class: nginx}}, spec: {defaultBackend: {service: {name: a, port: {number: 80}}}}}",
        ],
        accepts: &[
            "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, namespace: default}, spec: {ingressClassName: nginx, defaultBackend: {service: {name: a, port: {number: 80}}}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "deprecated-address-type",
        at: "discovery/v1.EndpointSlice",
        check: |at| {
            if let Some(node) = at.get(&["addressType"]).filter(|node| node.as_str() == Some("FQDN")) {
                let message = "endpoints of `addressType: FQDN` are deprecated, and nothing reads them";
                at.warn(
                    "addressType",
                    Code::DeprecatedField,
                    node.origin(),
                    message,
                    "use a Service of `type: ExternalName`",
                );
            }
        },
        warns: &[
            "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a, namespace: default}, addressType: FQDN, endpoints: [{addresses: [a.example]}]}",
        ],
        accepts: &[
            "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a, namespace: default}, addressType: IPv4, endpoints: [{addresses: [10.1.2.3]}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "deprecated-node-fields",
        at: "core/v1.NodeSpec",
        check: |at| {
            for (field, told) in [("configSource", "was removed"), ("externalID", "is deprecated: nothing reads it")] {
                if let Some(Entry { key, .. }) =
                    entry(at.node(), field).filter(|entry| entry.value.as_str() != Some(""))
                {
                    at.warn(field, Code::DeprecatedField, key.origin, format!("`{field}` {told}"), "take it out");
                }
            }
        },
        warns: &["{externalID: a}"],
        accepts: &["{providerID: a}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "uppercase-driver",
        at: "resource/v1.ResourceSliceSpec",
        check: |at| {
            if let Some((node, driver)) = at.get(&["driver"]).zip(at.text(&["driver"]))
                && driver.bytes().any(|byte| byte.is_ascii_uppercase())
            {
                let message = format!("expected the name of a driver in small letters, found {}", words::word(driver));
                at.warn("driver", Code::ServerWarning, node.origin(), message, "");
            }
        },
        warns: &["{driver: A.example, nodeName: a, pool: {name: a, generation: 1, resourceSliceCount: 1}}"],
        accepts: &["{driver: a.example, nodeName: a, pool: {name: a, generation: 1, resourceSliceCount: 1}}"],
        ..Rule::ALWAYS
    },
];
