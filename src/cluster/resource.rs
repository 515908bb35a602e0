//! Where objects of a kind live on the server.

use std::fmt::Write;

use smol_str::{SmolStr, format_smolstr};

/// A kind as the server serves it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: SmolStr,
    /// The version in the group.
    pub version: SmolStr,
    /// The kind.
    pub kind: SmolStr,
    /// The name in paths.
    pub plural: SmolStr,
    /// Whether its objects lie in namespaces.
    pub namespaced: bool,
    /// Whether their status is written apart from the rest.
    pub has_status: bool,
}

impl Resource {
    /// Returns a kind of the core group whose objects lie in namespaces, as all servers have it.
    pub fn core(kind: &str, plural: &str) -> Self {
        Self {
            group: SmolStr::default(),
            version: "v1".into(),
            kind: kind.into(),
            plural: plural.into(),
            namespaced: true,
            has_status: false,
        }
    }

    /// Returns the group and version, as objects name them.
    pub fn api_version(&self) -> SmolStr {
        if self.group.is_empty() { self.version.clone() } else { format_smolstr!("{}/{}", self.group, self.version) }
    }

    /// Returns the path of all objects in a namespace, or of all there are where none is given.
    pub fn collection(&self, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        match namespace {
            Some(namespace) if self.namespaced => format!("{root}/namespaces/{}/{}", escape(namespace), self.plural),
            _ => format!("{root}/{}", self.plural),
        }
    }

    /// Returns the path of one object.
    pub fn object(&self, namespace: &str, name: &str) -> String {
        format!("{}/{}", self.collection(Some(namespace)), escape(name))
    }
}

/// Names of some kinds, such as `ClusterRole`s, hold characters that end a path.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_server() {
        let resource = |group: &str, kind: &str, plural: &str, namespaced| Resource {
            group: group.into(),
            version: "v1".into(),
            kind: kind.into(),
            plural: plural.into(),
            namespaced,
            has_status: true,
        };
        let deployments = resource("apps", "Deployment", "deployments", true);
        assert_eq!(deployments.object("shop", "web"), "/apis/apps/v1/namespaces/shop/deployments/web");
        assert_eq!(deployments.collection(None), "/apis/apps/v1/deployments");
        let roles = resource("rbac.authorization.k8s.io", "ClusterRole", "clusterroles", false);
        assert_eq!(roles.object("", "a:b/c"), "/apis/rbac.authorization.k8s.io/v1/clusterroles/a%3Ab%2Fc");
        assert_eq!(resource("", "Namespace", "namespaces", false).object("", "x"), "/api/v1/namespaces/x");
    }
}
