//! The control plane itself: it starts, lets its users in, and keeps what it was told.

use super::{ControlPlane, Options, User, succeeded};

#[test]
fn both_users_may_make_objects() {
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
fn a_restart_keeps_objects() {
    let plane = ControlPlane::start(&Options::default());
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
}
