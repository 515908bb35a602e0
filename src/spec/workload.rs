//! Flat workloads: the union of the fields of a kind's spec, of `PodSpec` and of its main container.
//!
//! Which field goes where is read from the facts. Where a name occurs twice, the outermost holds, save `resources` and
//! `securityContext`, which mean the container's; a test holds the list of such names to the ones known.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use smol_str::SmolStr;

use crate::kubernetes::{Facts, Field, Type};

/// The kinds that a workload may be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkloadKind {
    /// `apps/v1 Deployment`
    Deployment,
    /// `apps/v1 StatefulSet`
    StatefulSet,
    /// `apps/v1 DaemonSet`
    DaemonSet,
    /// `apps/v1 ReplicaSet`
    ReplicaSet,
    /// `batch/v1 Job`
    Job,
    /// `batch/v1 CronJob`
    CronJob,
    /// `v1 Pod`
    Pod,
}

/// The part of the object that a flat field goes into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Home {
    /// The spec of the object itself.
    Spec,
    /// The spec of a `CronJob`'s Jobs.
    Job,
    /// The spec of the pods.
    Pod,
    /// The main container.
    Container,
}

/// What a flat workload of one kind may hold, and where it goes.
#[derive(Debug)]
pub struct Union {
    /// The kind.
    pub kind: WorkloadKind,
    /// The type of the object's spec; `PodSpec` itself for a Pod.
    pub spec: &'static Type,
    /// `JobSpec`, in a `CronJob`.
    pub job: Option<&'static Type>,
    /// `PodSpec`.
    pub pod: &'static Type,
    /// `Container`.
    pub container: &'static Type,
}

impl Home {
    /// Whether a flat field of the name may mean the one of this part. The name of the container is none.
    fn takes(self, name: &str) -> bool {
        let is_containers = matches!(name, "resources" | "securityContext");
        name != "name" && !(self == Self::Pod && is_containers)
    }
}

impl WorkloadKind {
    /// All kinds, as findings list them.
    pub const ALL: [Self; 7] =
        [Self::Deployment, Self::StatefulSet, Self::DaemonSet, Self::ReplicaSet, Self::Job, Self::CronJob, Self::Pod];

    /// Returns the kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Returns the name of the kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::ReplicaSet => "ReplicaSet",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
            Self::Pod => "Pod",
        }
    }

    /// Returns the apiVersion that objects of the kind are written in.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::Deployment | Self::StatefulSet | Self::DaemonSet | Self::ReplicaSet => "apps/v1",
            Self::Job | Self::CronJob => "batch/v1",
            Self::Pod => "v1",
        }
    }

    /// Whether its objects find their pods by a selector.
    pub fn selects_pods(self) -> bool {
        matches!(self, Self::Deployment | Self::StatefulSet | Self::DaemonSet | Self::ReplicaSet)
    }

    /// Whether its pods run to completion.
    pub fn runs_jobs(self) -> bool {
        matches!(self, Self::Job | Self::CronJob)
    }

    /// Returns the longest name that leaves room for what controllers append: `CronJob` appends 11 characters, a
    /// `StatefulSet`'s revision hash must fit a label with its name.
    pub fn name_budget(self) -> usize {
        match self {
            Self::CronJob | Self::StatefulSet => 52,
            _ => 63,
        }
    }

    fn spec_type(self) -> &'static str {
        match self {
            Self::Deployment => "apps/v1.DeploymentSpec",
            Self::StatefulSet => "apps/v1.StatefulSetSpec",
            Self::DaemonSet => "apps/v1.DaemonSetSpec",
            Self::ReplicaSet => "apps/v1.ReplicaSetSpec",
            Self::Job => "batch/v1.JobSpec",
            Self::CronJob => "batch/v1.CronJobSpec",
            Self::Pod => "core/v1.PodSpec",
        }
    }
}

impl fmt::Display for WorkloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Union {
    /// Returns the union for a kind.
    pub fn of(facts: &'static Facts, kind: WorkloadKind) -> Self {
        let job = (kind == WorkloadKind::CronJob).then(|| facts.named("batch/v1.JobSpec"));
        let [spec, pod, container] =
            [kind.spec_type(), "core/v1.PodSpec", "core/v1.Container"].map(|name| facts.named(name));
        Self { kind, spec, job, pod, container }
    }

    /// Returns where a flat field goes and what it takes.
    pub fn field(&self, name: &str) -> Option<(Home, &'static Field)> {
        self.homes().filter(|(home, _)| home.takes(name)).find_map(|(home, ty)| Some((home, ty.field(name)?)))
    }

    /// Returns the names of all flat fields, sorted.
    pub fn names(&self) -> Vec<&'static str> {
        let taken = |(home, ty): (Home, &'static Type)| {
            ty.fields.iter().map(|field| field.name.as_str()).filter(move |name| home.takes(name))
        };
        self.homes().flat_map(taken).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Returns the parts, the outermost first.
    fn homes(&self) -> impl Iterator<Item = (Home, &'static Type)> {
        let own = (self.kind != WorkloadKind::Pod).then_some((Home::Spec, self.spec));
        let job = self.job.map(|job| (Home::Job, job));
        own.into_iter().chain(job).chain([(Home::Pod, self.pod), (Home::Container, self.container)])
    }

    /// Returns the names that stand in more than one part, sorted.
    pub fn clashes(&self) -> Vec<SmolStr> {
        let parts = [Some(self.container), Some(self.pod), self.job, Some(self.spec)];
        let mut seen: HashMap<&SmolStr, usize> = HashMap::new();
        let distinct = parts.into_iter().flatten().enumerate().filter(|(at, ty)| *at != 3 || ty.name != self.pod.name);
        for field in distinct.flat_map(|(_, ty)| &ty.fields) {
            *seen.entry(&field.name).or_default() += 1;
        }
        let mut names: Vec<SmolStr> =
            seen.into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name.clone()).collect();
        names.sort_unstable();
        names
    }
}
