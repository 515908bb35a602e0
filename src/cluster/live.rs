//! An object as the server has it.

use serde_json::Value;

/// An object from an answer of the server, with short ways to what is asked of it most.
#[derive(Clone, Debug, PartialEq)]
pub struct Live(pub Value);

impl Live {
    /// Returns what lies at a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.0, |value, key| value.get(key))
    }

    /// Returns the text at a path of keys.
    pub fn text(&self, path: &[&str]) -> Option<&str> {
        self.at(path)?.as_str()
    }

    /// Returns the integer at a path of keys.
    pub fn integer(&self, path: &[&str]) -> Option<i64> {
        self.at(path)?.as_i64()
    }

    /// Returns the list at a path of keys; empty where there is none.
    pub fn list(&self, path: &[&str]) -> &[Value] {
        self.at(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        self.text(&["metadata", "name"]).unwrap_or_default()
    }

    /// Returns the namespace; empty for cluster-scoped objects.
    pub fn namespace(&self) -> &str {
        self.text(&["metadata", "namespace"]).unwrap_or_default()
    }

    /// Returns what tells this object from a later one of the same name.
    pub fn uid(&self) -> &str {
        self.text(&["metadata", "uid"]).unwrap_or_default()
    }

    /// Returns the version that changes with every write.
    pub fn resource_version(&self) -> &str {
        self.text(&["metadata", "resourceVersion"]).unwrap_or_default()
    }

    /// Returns the number that grows with every change of the specification.
    pub fn generation(&self) -> Option<i64> {
        self.integer(&["metadata", "generation"])
    }

    /// Returns a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.text(&["metadata", "labels", key])
    }

    /// Returns an annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.text(&["metadata", "annotations", key])
    }
}
