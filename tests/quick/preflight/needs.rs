//! Which lists are read for a batch.

use fanfold::kubernetes::Facts;
use fanfold::preflight::Cluster;

use super::{compiled, live};

/// Returns what is asked for, round by round.
fn rounds(batch: &str, cluster: &str) -> Vec<Vec<String>> {
    let (objects, _) = compiled(batch, std::path::Path::new("needs"));
    let live = live(cluster);
    let mut known = Cluster::new("default");
    let mut rounds = Vec::new();
    loop {
        let needs = known.needs(&objects, Facts::newest());
        if needs.is_empty() {
            return rounds;
        }
        let told = |need: &fanfold::preflight::Need| {
            let part = if need.metadata_only { " metadata" } else { "" };
            format!("{}/{}{part}", need.namespace.as_deref().unwrap_or("*"), need.plural)
        };
        rounds.push(needs.iter().map(told).collect());
        for need in needs {
            known.put(&need, live.iter().filter(|object| need.takes(object)).cloned());
        }
    }
}

const NAMESPACES: &str = "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n";

#[test]
fn a_config_needs_its_namespace_and_the_quotas_there() {
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\n";
    assert_eq!(rounds(config, NAMESPACES), [vec!["*/namespaces metadata"], vec!["shop/resourcequotas"]]);
    let quota = format!(
        "{NAMESPACES}---\n{{apiVersion: v1, kind: ResourceQuota, metadata: {{name: q, namespace: shop}}, status: {{hard: {{configmaps: 3}}}}}}"
    );
    let third = &rounds(config, &quota)[2];
    assert_eq!(*third, ["shop/configmaps metadata"], "a quota of ConfigMaps needs to know which are there");
    assert_eq!(rounds(config, "").len(), 1, "nothing is read in a namespace that is not there");
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a}\n";
    assert_eq!(rounds(role, NAMESPACES), Vec::<Vec<String>>::new());
}

#[test]
fn pods_need_nodes_and_what_they_refer_to() {
    let batch = "apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: shop, namespace: shop}
secrets: {db: {external: true}, own: {stringData: {a: b}}}
workloads:
  web: {kind: Deployment, image: a, env: {A: {secret: db/password}, B: {secret: own/a}}}
";
    assert_eq!(
        rounds(batch, NAMESPACES),
        [
            vec!["*/namespaces metadata", "*/nodes", "*/pods", "*/priorityclasses"],
            vec!["shop/limitranges", "shop/resourcequotas", "shop/secrets metadata"]
        ]
    );
}

#[test]
fn what_cannot_be_read_is_not_guessed_at() {
    let batch = "apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: shop, namespace: shop}
secrets: {db: {external: true}}
workloads: {web: {kind: Deployment, image: a, env: {A: {secret: db/password}}}}
";
    let (objects, _) = compiled(batch, std::path::Path::new("needs"));
    let mut known = Cluster::new("default");
    for _ in 0..5 {
        for need in known.needs(&objects, Facts::newest()) {
            known.put_unknown(&need);
        }
    }
    assert!(known.needs(&objects, Facts::newest()).is_empty(), "what is unknown is not asked for again");
    let found = fanfold::preflight::preflight(&objects, &known, Facts::newest());
    assert_eq!(found.findings.len(), 0);
    assert!(found.room.is_none());
}
