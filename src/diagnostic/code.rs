//! The stable list of codes. A code is never renamed and never changes its meaning; each has a page in `explain/`.

use super::Severity;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $severity:ident;)+) => {
        /// What kind of finding something is; its name is what `--allow`, `--deny` and `explain` take.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)+
        }

        impl Code {
            /// All codes, in the order in which the stages can find them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the stable name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Returns the severity that a finding of this code has unless told otherwise.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }

            /// Returns the source of its `explain` page.
            pub(super) fn page(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!("explain/", $name, ".md")),)+ }
            }
        }
    };
}

codes! {
    // Reading.
    /// A file or folder cannot be read.
    UnreadableFile = "unreadable-file", Error;
    /// A file is larger than the reader takes.
    FileTooLarge = "file-too-large", Error;
    /// A file is not UTF-8.
    InvalidEncoding = "invalid-encoding", Error;
    /// The text is not YAML.
    InvalidYaml = "invalid-yaml", Error;
    /// A mapping has a key twice.
    DuplicateKey = "duplicate-key", Error;
    /// A key is a list, a mapping or an alias.
    InvalidKey = "invalid-key", Error;
    /// A tag has no meaning here.
    UnknownTag = "unknown-tag", Error;
    /// Aliases expand to more nodes than the reader takes.
    TooManyAliases = "too-many-aliases", Error;
    /// A file holds no document.
    EmptyFile = "empty-file", Warning;
    /// A document is not a mapping.
    NotAMapping = "not-a-mapping", Error;
    /// Readers of YAML disagree on what an unquoted scalar is.
    AmbiguousScalar = "ambiguous-scalar", Error;

    // The shape of specs and manifests.
    /// A field that does not exist.
    UnknownField = "unknown-field", Error;
    /// A required field is missing.
    MissingField = "missing-field", Error;
    /// A value of another type than the field's.
    WrongType = "wrong-type", Error;
    /// A value that the field does not take.
    InvalidValue = "invalid-value", Error;
    /// Two items of a list that say the same where they may not.
    DuplicateValue = "duplicate-value", Error;
    /// A field that may not stand beside others.
    ForbiddenField = "forbidden-field", Error;
    /// A kind that does not exist in that group and version.
    UnknownKind = "unknown-kind", Error;
    /// An apiVersion that the chosen Kubernetes version no longer serves.
    RemovedApi = "removed-api", Error;
    /// An apiVersion that is served, but will be removed.
    DeprecatedApi = "deprecated-api", Warning;
    /// A field, annotation or label that Kubernetes has given up.
    DeprecatedField = "deprecated-field", Warning;
    /// A field that the server drops, since its feature gate is off.
    FieldGated = "field-gated", Warning;
    /// A custom resource whose definition is not among the inputs.
    UnknownCustomKind = "unknown-custom-kind", Note;
    /// A custom resource that its definition does not allow.
    CustomResource = "custom-resource", Error;
    /// Two objects of one identity.
    DuplicateObject = "duplicate-object", Error;
    /// A selector that selects none of the pods beside it.
    SelectsNothing = "selects-nothing", Warning;
    /// A budget that lets no pod be evicted.
    BlocksEvictions = "blocks-evictions", Warning;
    /// A claim for one node at a time that pods of several may want.
    SharedClaim = "shared-claim", Warning;
    /// An object over the size that etcd takes.
    ObjectTooLarge = "object-too-large", Error;
    /// An image from a registry that is no longer kept.
    RetiredRegistry = "retired-registry", Warning;
    /// An image without a tag, or with `latest`.
    ImageTag = "image-tag", Warning;
    /// A container that may use all memory of its node.
    NoMemoryLimit = "no-memory-limit", Warning;
    /// A Job that stays for ever once it is done.
    NoTtl = "no-ttl", Warning;
    /// A liveness probe that asks the same as the readiness probe.
    SameProbes = "same-probes", Warning;
    /// A number of replicas that an autoscaler sets too.
    AutoscaledReplicas = "autoscaled-replicas", Warning;
    /// An amount without its unit.
    UnclearAmount = "unclear-amount", Warning;
    /// What a single failure would take away; found by runs with `--rules ha`.
    HighAvailability = "high-availability", Error;
    /// A pod that the Pod Security Standards do not allow; found by runs with `--rules pss=…`.
    PodSecurity = "pod-security", Error;
    /// A default that another minor of Kubernetes changes; found by runs with `--upgrade`.
    ChangedDefault = "changed-default", Note;
    /// A policy of the cluster, or one that was named, does not allow it.
    Policy = "policy", Error;
    /// Whether a policy allows something depends on what is not here.
    PolicyUndecided = "policy-undecided", Note;

    // The language.
    /// A shorthand that cannot be read.
    InvalidShorthand = "invalid-shorthand", Error;
    /// A name that Kubernetes does not take.
    InvalidName = "invalid-name", Error;
    /// A parameter that is not declared.
    UnknownParameter = "unknown-parameter", Error;
    /// A parameter that nothing reads.
    UnusedParameter = "unused-parameter", Error;
    /// A parameter without default that was not given.
    MissingParameter = "missing-parameter", Error;
    /// A parameter whose value its schema does not allow.
    InvalidParameter = "invalid-parameter", Error;
    /// A profile that no batch declares.
    UnknownProfile = "unknown-profile", Error;
    /// A template that the batch does not declare.
    UnknownTemplate = "unknown-template", Error;
    /// A workload that the batch does not declare.
    UnknownWorkload = "unknown-workload", Error;
    /// An expression that cannot be read or evaluated.
    InvalidExpression = "invalid-expression", Error;
    /// A variable that an expression names and nothing defines.
    UndefinedVariable = "undefined-variable", Error;
    /// A matrix that cannot be expanded.
    InvalidMatrix = "invalid-matrix", Error;
    /// A matrix without instances.
    EmptyMatrix = "empty-matrix", Error;
    /// An override, exclude or include that matches nothing.
    UnmatchedEntry = "unmatched-entry", Error;
    /// Something that is written and changes nothing.
    WithoutEffect = "without-effect", Warning;
    /// An axis value that cannot be a label as it is.
    AxisLabel = "axis-label", Warning;
    /// More instances than the limit.
    TooManyInstances = "too-many-instances", Error;
    /// Two instances of one name.
    NameCollision = "name-collision", Error;
    /// A reference to something that nothing declares.
    UndeclaredReference = "undeclared-reference", Error;
    /// A probe, Service or Ingress that must name one of several ports.
    AmbiguousPort = "ambiguous-port", Error;
    /// A label that would change a pinned selector.
    SelectorConflict = "selector-conflict", Error;
    /// A patch that cannot be applied.
    InvalidPatch = "invalid-patch", Error;
    /// A patch that changes nothing.
    IneffectivePatch = "ineffective-patch", Error;

    // The cluster.
    /// Pods that no node of the cluster has room for.
    DoesNotFit = "does-not-fit", Warning;
    /// More than a quota of the cluster allows.
    QuotaExceeded = "quota-exceeded", Error;
    /// Less or more than a limit range of the cluster allows.
    LimitRange = "limit-range", Error;
    /// Something that is referred to is not in the cluster.
    MissingInCluster = "missing-in-cluster", Error;
    /// Something of the cluster that may not be read.
    NotReadable = "not-readable", Error;

    // The findings themselves.
    /// An `allow` comment that allows nothing.
    UnusedAllow = "unused-allow", Warning;
    /// An `allow` comment that cannot be read, or names a code that does not exist.
    InvalidAllow = "invalid-allow", Error;

    // What the server says.
    /// A kind that the cluster does not serve.
    NotServed = "not-served", Error;
    /// An object of another tool, or another set.
    OwnedElsewhere = "owned-elsewhere", Error;
    /// Fields that somebody else manages.
    FieldConflict = "field-conflict", Error;
    /// A field that cannot be changed.
    ImmutableField = "immutable-field", Error;
    /// An object that the server does not take.
    RefusedByServer = "refused-by-server", Error;
    /// An object that the server takes with a warning.
    ServerWarning = "server-warning", Warning;
}

impl Code {
    /// Returns the code of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// Whether a comment or `--allow` may leave its findings out.
    ///
    /// Warnings and notes may always be; of the errors only those after which the output is whole, so that leaving the
    /// finding out leaves nothing else out.
    pub fn is_allowable(self) -> bool {
        self.severity() != Severity::Error
            || matches!(
                self,
                Self::AmbiguousScalar
                    | Self::UnknownKind
                    | Self::RemovedApi
                    | Self::CustomResource
                    | Self::PodSecurity
                    | Self::Policy
                    | Self::HighAvailability
                    | Self::UnusedParameter
                    | Self::EmptyMatrix
                    | Self::UnmatchedEntry
                    | Self::UndeclaredReference
                    | Self::IneffectivePatch
            )
            || self.is_of_preflight()
    }

    /// Whether only some runs find it: those with a flag, of a command, or with a cluster.
    pub fn is_of_request(self) -> bool {
        self.is_of_cluster()
            || self.is_advice()
            || matches!(self, Self::PodSecurity | Self::HighAvailability | Self::ChangedDefault)
    }

    /// Whether it is advice that mostly holds for all of a run or for nothing of it: people are told once, with the places.
    pub fn is_advice(self) -> bool {
        matches!(self, Self::ImageTag | Self::NoMemoryLimit | Self::NoTtl | Self::SameProbes | Self::AutoscaledReplicas)
    }

    /// Whether only a run that has a cluster finds it.
    pub fn is_of_cluster(self) -> bool {
        self.is_of_preflight() || self.is_of_server()
    }

    /// Whether a look into a cluster finds it, before anything is sent.
    pub fn is_of_preflight(self) -> bool {
        matches!(
            self,
            Self::DoesNotFit | Self::QuotaExceeded | Self::LimitRange | Self::MissingInCluster | Self::NotReadable
        )
    }

    /// Whether it is what the server says of an object, or what stands in the way of sending it.
    pub fn is_of_server(self) -> bool {
        matches!(
            self,
            Self::NotServed
                | Self::OwnedElsewhere
                | Self::FieldConflict
                | Self::ImmutableField
                | Self::RefusedByServer
                | Self::ServerWarning
        )
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
