//! Fields that the server does not let anybody change.

use super::{Bench, config, text};
use crate::controlplane::{ControlPlane, User, until};

const JOB: &str = "\
apiVersion: batch/v1
kind: Job
metadata:
  name: load
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: load
        image: busybox:1.36
";

const POLICY: &str = "\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: NS-policy}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [batch], apiVersions: [v1], operations: [CREATE], resources: [jobs]}]}
  validations: [{expression: \"!has(object.metadata.labels) || !('refused' in object.metadata.labels)\"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: NS-policy}
spec:
  policyName: NS-policy
  validationActions: [Deny]
  matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: NS}}}
";

fn newer(job: &str) -> String {
    job.replace("busybox:1.36", "busybox:1.37")
}

fn image(bench: &Bench) -> String {
    text(&bench.get("job/load")["spec"]["template"]["spec"]["containers"][0]["image"])
}

#[test]
fn a_job_is_made_anew_only_when_that_is_asked_for() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.set(JOB, &[]).ends(0, "1 created");
    let uid = bench.uid("job/load");
    let wanted = format!("{}{}", newer(JOB), config("a", "x"));
    let ran = bench.set(&wanted, &[]);
    ran.ends(1, "1 created, 1 failed");
    ran.finds(
        "immutable-field",
        11,
        &[
            "field is immutable",
            "containers[0].image` is another than before",
            "--recreate Job=on-change",
            "fanfold.dev/recreate: on-change",
        ],
    );
    assert_eq!((bench.uid("job/load"), image(&bench)), (uid.clone(), "busybox:1.36".into()));
    let ran = bench.set(&wanted, &["--recreate=Job=on-change"]);
    ran.ends(0, "1 recreated, 1 unchanged");
    assert!(text(&ran.end_of("Job/load")["reason"]).contains("spec.template"), "{ran:#?}");
    let after = bench.uid("job/load");
    assert_ne!(after, uid);
    assert_eq!(image(&bench), "busybox:1.37");
    bench.set(&wanted, &["--recreate=on-change"]).ends(0, "2 unchanged");
    assert_eq!(bench.uid("job/load"), after);
    bench.set(JOB, &["--recreate=on-change"]).ends(0, "1 recreated");
}

#[test]
fn an_annotation_decides_for_its_object() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let says = |policy: &str| {
        JOB.replace("  name: load", &format!("  name: load\n  annotations: {{fanfold.dev/recreate: {policy}}}"))
    };
    bench.set(&says("never"), &[]).ends(0, "1 created");
    let uid = bench.uid("job/load");
    bench.set(&newer(&says("never")), &["--recreate=on-change"]).ends(1, "1 failed");
    assert_eq!(bench.uid("job/load"), uid);
    bench.set(&newer(&says("on-change")), &[]).ends(0, "1 recreated");
    assert_ne!(bench.uid("job/load"), uid);
}

#[test]
fn the_old_object_stays_where_the_new_one_would_not_be_taken() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.set(JOB, &[]).ends(0, "1 created");
    let uid = bench.uid("job/load");
    // What only a policy of the cluster refuses, which nothing knows before the server is asked.
    bench.make(POLICY);
    let wrong = newer(JOB).replacen("  name: load\n", "  name: load\n  labels: {refused: here}\n", 1);
    let other = wrong.replace("name: load\n", "name: other\n");
    let create = ["create", "--dry-run=server", "--namespace", &bench.ns, "--filename=-"];
    until("the policy holds", || Ok(!bench.plane.kubectl_with(User::Admin, &create, other.as_str()).status.success()))
        .unwrap();
    let ran = bench.set(&wrong, &["--recreate=on-change"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.findings.iter().any(|finding| finding["code"] == "refused-by-server"), "{ran:#?}");
    assert_eq!((bench.uid("job/load"), image(&bench)), (uid, "busybox:1.36".into()));
}

#[test]
fn claims_are_made_anew_only_by_name() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let claim = |mode: &str| {
        format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data}}\nspec:\n  accessModes: [{mode}]\n  resources: {{requests: {{storage: 1Gi}}}}\n"
        )
    };
    bench.set(&claim("ReadWriteOnce"), &[]).ends(0, "1 created");
    let uid = bench.uid("pvc/data");
    let ran = bench.set(&claim("ReadWriteMany"), &["--recreate=on-change"]);
    ran.ends(1, "1 failed").finds(
        "immutable-field",
        5,
        &["its data is lost", "--recreate PersistentVolumeClaim=on-change"],
    );
    assert_eq!(bench.uid("pvc/data"), uid);
}

#[test]
fn a_stateful_set_is_made_anew_around_its_pods() {
    needs!(CONTROL_PLANE);
    let bench = Bench::on(ControlPlane::with_controllers());
    let set = |service: &str| {
        format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  serviceName: {service}\n  replicas: 1\n  selector: {{matchLabels: {{app: db}}}}\n  template:\n    metadata: {{labels: {{app: db}}}}\n    spec:\n      containers: [{{name: db, image: 'postgres:17'}}]\n"
        )
    };
    bench.set(&set("one"), &[]).ends(0, "1 created");
    until("the pod is there", || Ok(bench.is_there("pod/db-0"))).unwrap();
    let (uid, pod) = (bench.uid("statefulset/db"), bench.uid("pod/db-0"));
    let ran = bench.set(&set("two"), &[]);
    ran.ends(1, "1 failed").finds("immutable-field", 5, &["its pods and claims stay"]);
    bench.set(&set("two"), &["--recreate=StatefulSet=on-change"]).ends(0, "1 recreated");
    let after = bench.uid("statefulset/db");
    assert_ne!(after, uid);
    assert_eq!(bench.uid("pod/db-0"), pod);
    let owner = || text(&bench.get("pod/db-0")["metadata"]["ownerReferences"][0]["uid"]);
    until("the new one has taken it over", || Ok(owner() == after)).unwrap();
}
