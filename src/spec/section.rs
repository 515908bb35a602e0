//! The sections of a batch that hold objects by name: all of them fan out alike.

/// A section of a batch whose entries become objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Namespaces.
    Namespaces,
    /// ConfigMaps, from inline data and files.
    ConfigMaps,
    /// Secrets, from inline data and files.
    Secrets,
    /// PersistentVolumeClaims.
    Claims,
    /// ServiceAccounts.
    ServiceAccounts,
    /// Services that belong to no single workload.
    Services,
    /// Objects of any kind.
    Objects,
    /// Flat workloads.
    Workloads,
}

impl Section {
    /// All sections.
    pub const ALL: [Self; 8] = [
        Self::Namespaces,
        Self::ConfigMaps,
        Self::Secrets,
        Self::Claims,
        Self::ServiceAccounts,
        Self::Services,
        Self::Objects,
        Self::Workloads,
    ];

    /// Returns its key in a batch.
    pub fn key(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces",
            Self::ConfigMaps => "configMaps",
            Self::Secrets => "secrets",
            Self::Claims => "claims",
            Self::ServiceAccounts => "serviceAccounts",
            Self::Services => "services",
            Self::Objects => "objects",
            Self::Workloads => "workloads",
        }
    }

    /// Returns what messages call an entry of it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Claims => "claim",
            Self::Objects => "object",
            Self::Workloads => "workload",
            _ => self.kind(),
        }
    }

    /// Returns what messages call any entry of it, with its article.
    pub fn any(self) -> String {
        format!("{} {}", if self == Self::Objects { "an" } else { "a" }, self.noun())
    }

    /// Returns the kind of the objects of all its entries; empty where each says its own.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Namespaces => "Namespace",
            Self::ConfigMaps => "ConfigMap",
            Self::Secrets => "Secret",
            Self::Claims => "PersistentVolumeClaim",
            Self::ServiceAccounts => "ServiceAccount",
            Self::Services => "Service",
            Self::Objects | Self::Workloads => "",
        }
    }

    /// Whether an entry may be a name with nothing behind it.
    pub fn takes_names(self) -> bool {
        matches!(self, Self::Namespaces | Self::ServiceAccounts)
    }

    /// Whether its entries use templates.
    pub fn uses_templates(self) -> bool {
        matches!(self, Self::Objects | Self::Workloads)
    }
}
