//! Namespaces that hold only so much.

use super::{Bench, config, configs, text};
use crate::controlplane::{ControlPlane, until};

fn limit(bench: &Bench, resource: &str, count: usize) {
    bench.make(&format!(
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: few}}\nspec: {{hard: {{{resource}: '{count}'}}}}\n"
    ));
    let known = || !bench.get("resourcequota/few")["status"]["hard"].is_null();
    until("the quota is counted", || Ok(known())).unwrap();
}

#[test]
fn what_exceeds_a_quota_is_found_and_the_rest_applied() {
    needs!(CONTROL_PLANE);
    let bench = Bench::on(ControlPlane::with_controllers());
    limit(&bench, "count/services", 1);
    let service = |name: &str| {
        format!("---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec:\n  ports: [{{port: 80}}]\n")
    };
    let ran = bench.set(&format!("{}{}{}", config("a", "x"), service("s-1"), service("s-2")), &["--concurrency=1"]);
    ran.ends(1, "2 created, 1 failed");
    ran.finds("refused-by-server", 16, &["exceeded quota: few", "used: count/services=1", "have the quota raised"]);
}

#[test]
fn many_objects_that_race_on_a_quota_all_get_in() {
    needs!(CONTROL_PLANE);
    let bench = Bench::on(ControlPlane::with_controllers());
    // The certificate of the cluster and the parent of the set count as well.
    limit(&bench, "count/configmaps", 62);
    until("the certificate is there", || Ok(bench.is_there("configmap/kube-root-ca.crt"))).unwrap();
    let ran = bench.set(&configs(60), &["--concurrency=32"]);
    ran.ends(0, "60 created");
    let quota = bench.get("resourcequota/few");
    assert_eq!(text(&quota["status"]["used"]["count/configmaps"]), "62", "{quota}");
    assert!(bench.set(&configs(61), &[]).finding()["message"].to_string().contains("exceeded quota"));
}
