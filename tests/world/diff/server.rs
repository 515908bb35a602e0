//! What is said to be refused, held against a real server: it takes every other change of the cases.

use fanfold::kubernetes::immutable::refused;
use fanfold::kubernetes::{Facts, Manifest};
use fanfold::text::Node;
use serde_json::json;

use crate::controlplane::{ControlPlane, User};
use crate::sides::{Sides, cases};

/// Returns the manifests of a file, each as it is written, in the namespace of its case.
fn documents(text: &str, namespace: &str) -> Vec<String> {
    let documents = text.split("---\n").filter(|document| document.contains("kind:"));
    documents.map(|document| document.replace("namespace: shop", &format!("namespace: {namespace}"))).collect()
}

fn applied(plane: &ControlPlane, manifest: &str, flags: &[&str]) -> Result<(), String> {
    let arguments = [&["apply", "--server-side", "--force-conflicts", "--filename=-"], flags].concat();
    let output = plane.kubectl_with(User::Admin, &arguments, manifest);
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// A class whose volumes may grow.
const CLASS: &str = "\
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: example.com/disk
allowVolumeExpansion: true
";

/// Binds a claim to a volume of its size: what is not bound yet cannot grow, which no manifest says.
fn bind(plane: &ControlPlane, claim: &Manifest) {
    let storage = claim.node.at(&["spec", "resources", "requests", "storage"]).and_then(Node::as_str).expect("a size");
    let (name, namespace) = (claim.key.name.as_str(), format!("--namespace={}", claim.key.namespace));
    let status = json!({"status": {"phase": "Bound", "capacity": {"storage": storage}}});
    let patch = format!("--patch={status}");
    let bound = plane.kubectl(&["patch", "pvc", name, &namespace, "--subresource=status", "--type=merge", &patch]);
    assert!(bound.status.success(), "{}", String::from_utf8_lossy(&bound.stderr));
}

#[test]
fn the_server_refuses_what_is_said_to_be_refused_and_nothing_else() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    let facts = Facts::newest();
    applied(plane, CLASS, &[]).expect("the class is made");
    let (mut wrong, mut taken, mut not_taken) = (Vec::new(), 0, 0);
    for case in cases() {
        let name = case.name();
        let namespace = plane.namespace();
        let (old, new) = (documents(&case.file("old.yaml"), &namespace), documents(&case.file("new.yaml"), &namespace));
        let sides = Sides::read(&old.join("---\n"), &new.join("---\n"));
        let known = |object: &Manifest| facts.kind(&object.key.group, &object.key.version, &object.key.kind).is_some();
        for (object, manifest) in sides.new.iter().zip(&new).filter(|(object, _)| known(object)) {
            let before = sides.old.iter().zip(&old).find(|(before, _)| before.key == object.key);
            let Some((before, standing)) = before else { continue };
            // What the server never took cannot be changed there.
            if let Err(error) = applied(plane, standing, &[]) {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
            if object.key.kind == "PersistentVolumeClaim" {
                bind(plane, before);
            }
            let said = refused(facts, &before.node, &before.node, &object.node);
            let found = applied(plane, manifest, &["--dry-run=server"]);
            match (said.is_empty(), &found) {
                (true, Ok(())) => taken += 1,
                (false, Err(error)) if error.contains("is invalid") || error.contains("Forbidden") => not_taken += 1,
                _ => wrong.push(format!("{name}: said {said:?}, found {found:?}")),
            }
            // A definition remembers what was ever stored.
            if object.key.kind == "CustomResourceDefinition" {
                plane.kubectl_with(User::Admin, &["delete", "--timeout=60s", "--filename=-"], standing.as_str());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(taken > 20 && not_taken > 5, "{taken} taken, {not_taken} not");
}
