//! The pages whose examples need programs of others or a cluster ([`crate::support::book`]): the real ones. Helm is Helm 4,
//! or Helm 3 below `<!-- helm: 3 -->`; the cluster has controllers, and nodes that only pretend.

use crate::controlplane::{ControlPlane, User};
use crate::place::Place;
use crate::reuse::programs;
use crate::support::book;

#[test]
fn examples_that_need_the_world_do_what_the_pages_say() {
    needs!(CONTROL_PLANE, HELM, KUSTOMIZE, GIT);
    let pages: Vec<_> = book::pages().into_iter().filter(book::Page::needs_the_world).collect();
    assert!(pages.iter().any(book::Page::needs_a_cluster), "a page applies something");
    let mut faults = Vec::new();
    for page in pages {
        let place = Place::new();
        place.link("bin/kustomize", &programs::kustomize());
        place.link("bin/kubectl", &programs::kubectl());
        place.link("bin/helm", &programs::helm_of(4));
        place.link("helm-3/helm", &programs::helm_of(3));
        let kubeconfig = page.needs_a_cluster().then(|| ControlPlane::with_controllers().kubeconfig(User::Admin));
        faults.extend(page.run(&place, |shell, helm| {
            if let Some(kubeconfig) = &kubeconfig {
                shell.env("KUBECONFIG", kubeconfig);
            }
            if helm == Some("3") {
                let bins = ["helm-3", "bin"].map(|name| place.path(name).display().to_string());
                shell.env("PATH", format!("{}:/usr/bin:/bin", bins.join(":")));
            }
        }));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
