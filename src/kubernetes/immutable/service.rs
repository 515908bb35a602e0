//! What updates of Services may not change: what the server gives a Service stays its own.
//!
//! A manifest does not say what was given where it leaves that open; that something was is certain, and what, is not.

use super::{Rule, Update};
use crate::kubernetes::Tree;

/// An address that says that there is none.
const HEADLESS: &str = "None";
/// The family of addresses that clusters give first, but for those that say otherwise.
const USUAL_FAMILY: &str = "IPv4";

impl<O: Tree, S: Tree, N: Tree> Update<'_, O, S, N> {
    pub(super) fn service(&mut self) {
        let spec = |key: &'static str| ["spec", key];
        let (was, is) = (Self::text_of(self.old, &spec("type")), Self::text_of(self.new, &spec("type")));
        if [was, is].contains(&Some("ExternalName")) {
            return;
        }
        self.address(is);
        let first = |list: Option<&str>| list.map(str::to_owned);
        let old = first(Self::first_of(self.old, "ipFamilies"));
        let new = first(Self::first_of(self.new, "ipFamilies"));
        let refused = match (old, new) {
            (Some(old), Some(new)) => (old != new).then_some(Rule::SetOnce),
            (None, Some(new)) => (new != USUAL_FAMILY && !self.has_address()).then_some(Rule::Given),
            _ => None,
        };
        if let Some(rule) = refused {
            self.refuse("spec.ipFamilies[0]".to_owned(), "spec.ipFamilies", rule);
        }
        if was == Some("LoadBalancer") && is == Some("LoadBalancer") {
            self.keep("spec.loadBalancerClass", Rule::SetOnce);
            self.health_check();
        }
    }

    /// The address stays: the server puts back what it gave, where it is left out.
    fn address(&mut self, kind: Option<&str>) {
        let path = ["spec", "clusterIP"];
        let old = Self::text_of(self.old, &path).or_else(|| Self::first_of(self.old, "clusterIPs")).map(str::to_owned);
        let one = Self::text_of(self.new, &path).map(|new| ("spec.clusterIP", "spec.clusterIP", new.to_owned()));
        let list = || {
            Self::first_of(self.new, "clusterIPs").map(|new| ("spec.clusterIPs[0]", "spec.clusterIPs", new.to_owned()))
        };
        match (old, one.or_else(list)) {
            (Some(old), Some((path, field, new))) if old != new => self.refuse(path.to_owned(), field, Rule::SetOnce),
            (None, Some((path, field, _))) => self.refuse(path.to_owned(), field, Rule::Given),
            // A Service without an address of its own has no ports of nodes either.
            (Some(old), None) if old == HEADLESS && matches!(kind, Some("NodePort" | "LoadBalancer")) => {
                self.refuse("spec.type".to_owned(), "spec.clusterIP", Rule::SetOnce);
            }
            _ => {}
        }
    }

    /// The port that balancers ask stays as long as there is one.
    fn health_check(&mut self) {
        const FIELD: &str = "spec.healthCheckNodePort";
        let path = ["spec", "healthCheckNodePort"];
        let policy = ["spec", "externalTrafficPolicy"];
        let has_one =
            Self::text_of(self.old, &policy) == Some("Local") && Self::text_of(self.new, &policy) == Some("Local");
        let Some(new) = Self::number(self.new, &path).filter(|port| *port != 0) else { return };
        match Self::number(self.old, &path).filter(|port| *port != 0) {
            Some(old) if old != new => self.refuse(FIELD.to_owned(), FIELD, Rule::Immutable),
            None if has_one => self.refuse(FIELD.to_owned(), FIELD, Rule::Given),
            _ => {}
        }
    }

    /// Whether what stands says which address it has.
    fn has_address(&self) -> bool {
        Self::first_of(self.old, "clusterIPs").is_some() || Self::text_of(self.old, &["spec", "clusterIP"]).is_some()
    }

    fn first_of<'t, T: Tree>(tree: &'t T, list: &str) -> Option<&'t str> {
        tree.at(&["spec", list])?.items().first()?.as_text()
    }
}
