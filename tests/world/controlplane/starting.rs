//! The control plane itself: it starts, lets its users in, and keeps what it was told.

use crate::controlplane::{ControlPlane, Options, User, succeeded, until};

#[test]
fn both_users_may_make_objects() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    let namespace = plane.namespace();
    for user in [User::Admin, User::Builder] {
        let name = user.name();
        succeeded(&plane.kubectl_as(user, &["create", "configmap", name, "--namespace", &namespace])).unwrap();
        let live = plane.get_json(&format!("/api/v1/namespaces/{namespace}/configmaps/{name}"));
        assert_eq!(live["metadata"]["namespace"], namespace.as_str(), "{live}");
        let who = plane.kubectl_as(user, &["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"]);
        assert_eq!(String::from_utf8_lossy(&who.stdout), name);
    }
}

#[test]
fn a_restart_keeps_flags_and_objects() {
    needs!(CONTROL_PLANE);
    let flags = vec!["--service-cluster-ip-range=10.64.0.0/16".to_owned()];
    let plane = ControlPlane::start(&Options { flags, ..Options::default() });
    let service = || plane.kubectl(&["get", "service", "kubernetes", "-o", "jsonpath={.spec.clusterIP}"]).stdout;
    until("the server has a service of its own", || Ok(service() == b"10.64.0.1")).unwrap();
    let namespace = plane.namespace();
    let path = format!("/api/v1/namespaces/{namespace}");
    let made = plane.get_json(&path);
    plane.restart_apiserver();
    assert_eq!(plane.get_json(&path), made);
    plane.restart_etcd();
    assert_eq!(plane.get_json(&path), made);
    plane.stop_apiserver();
    assert!(!plane.kubectl(&["get", "--raw", "/readyz"]).status.success());
    plane.start_apiserver();
    assert_eq!(plane.get_json(&path), made);
    assert_eq!(service(), b"10.64.0.1");
}
