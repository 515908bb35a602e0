//! What the Pod Security Standards name: their levels, and what each level lets pods have (module
//! k8s.io/pod-security-admission, `policy/check_*.go`).

use super::Minor;

/// The levels of the Pod Security Standards, the strictest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecurityLevel {
    /// Everything is allowed.
    Privileged,
    /// What gives a pod the node is not allowed.
    Baseline,
    /// Nothing is allowed that a pod can do without.
    Restricted,
}

impl SecurityLevel {
    /// Returns its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }

    /// Returns the level of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Privileged, Self::Baseline, Self::Restricted].into_iter().find(|level| level.as_str() == text)
    }
}

/// Capabilities that the baseline lets a container add: those that it has anyway.
pub const BASELINE_CAPABILITIES: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Types of `SELinux` that the baseline knows, each with the first minor of the standards that does.
pub const SELINUX_TYPES: &[(&str, Minor)] = &[
    ("container_t", Minor(0)),
    ("container_init_t", Minor(0)),
    ("container_kvm_t", Minor(0)),
    ("container_engine_t", Minor(31)),
];

/// Kernel settings that are a pod's own, each with the first minor of the standards that says so.
pub const SAFE_SYSCTLS: &[(&str, Minor)] = &[
    ("kernel.shm_rmid_forced", Minor(0)),
    ("net.ipv4.ip_local_port_range", Minor(0)),
    ("net.ipv4.ip_unprivileged_port_start", Minor(0)),
    ("net.ipv4.tcp_syncookies", Minor(0)),
    ("net.ipv4.ping_group_range", Minor(0)),
    ("net.ipv4.ip_local_reserved_ports", Minor(27)),
    ("net.ipv4.tcp_keepalive_time", Minor(29)),
    ("net.ipv4.tcp_fin_timeout", Minor(29)),
    ("net.ipv4.tcp_keepalive_intvl", Minor(29)),
    ("net.ipv4.tcp_keepalive_probes", Minor(29)),
    ("net.ipv4.tcp_rmem", Minor(32)),
    ("net.ipv4.tcp_wmem", Minor(32)),
    ("net.ipv4.tcp_slow_start_after_idle", Minor(37)),
    ("net.ipv4.tcp_notsent_lowat", Minor(37)),
];

/// Returns the names of a list that a minor has.
pub fn names_at(list: &[(&'static str, Minor)], minor: Minor) -> impl Iterator<Item = &'static str> {
    list.iter().filter(move |(_, since)| *since <= minor).map(|(name, _)| *name)
}

/// Volumes that a restricted pod may have.
pub const RESTRICTED_VOLUMES: &[&str] = &[
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// All other volumes.
pub const OTHER_VOLUMES: &[&str] = &[
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::Facts;

    #[test]
    fn all_volumes_of_kubernetes_are_in_one_of_the_lists() {
        for facts in Minor::bundled().filter_map(Facts::of) {
            let ty = facts.ty(facts.type_id("core/v1.Volume").expect("there are volumes"));
            for field in ty.fields.iter().map(|field| field.name.as_str()).filter(|name| *name != "name") {
                let lists = [RESTRICTED_VOLUMES, OTHER_VOLUMES];
                assert_eq!(lists.iter().filter(|list| list.contains(&field)).count(), 1, "{field}");
            }
        }
    }
}
