//! One page of a list: bytes enter, with what was asked for; what was made of each object leaves, or that it is no such list.
//!
//! Objects are read one by one, and only what is made of them stays: a page needs the memory of its bytes and of one object.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use smol_str::{SmolStr, format_smolstr};

use super::reply::described;
use super::{Live, Lost, Resource};

/// What a list has to be to count as the one that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    plural: SmolStr,
    /// The kind of the list; `None` where a definition may have given it any name.
    kind: Option<SmolStr>,
    api_version: SmolStr,
    /// The namespace of all its objects, where one was named.
    namespace: Option<SmolStr>,
    /// A label, its value, and whether the objects have it or have another one.
    label: Option<(SmolStr, SmolStr, bool)>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PageMetadata {
    pub(super) r#continue: String,
    pub(super) resource_version: String,
}

/// What a page held.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) made: Vec<T>,
    /// How many objects there were.
    pub(super) objects: usize,
    pub(super) metadata: PageMetadata,
}

/// What stands before the items.
#[derive(Deserialize)]
struct Head {
    kind: String,
    metadata: PageMetadata,
}

impl Expected {
    /// Returns what a list of a kind is, in a namespace or in all; of label selectors, comparisons with one value count.
    pub(super) fn of(resource: &Resource, namespace: Option<&str>, selector: &str) -> Self {
        // Definitions name their lists; those of Kubernetes itself are named by rule.
        let own = !resource.group.contains('.') || resource.group.ends_with(".k8s.io");
        let label = match selector.split_once("!=") {
            Some((label, value)) => Some((label.into(), value.into(), false)),
            None => selector.split_once('=').map(|(label, value)| (label.into(), value.into(), true)),
        };
        Self {
            plural: resource.plural.clone(),
            kind: own.then(|| format_smolstr!("{}List", resource.kind)),
            api_version: resource.api_version(),
            namespace: namespace.filter(|_| resource.namespaced).map(SmolStr::from),
            label,
        }
    }

    fn is(&self, kind: &str, api_version: &str) -> bool {
        let metadata_only = kind == "PartialObjectMetadataList" && api_version.starts_with("meta.k8s.io/");
        let of_kind = match &self.kind {
            Some(expected) => kind == expected,
            None => kind.ends_with("List") && kind != "List",
        };
        metadata_only || (of_kind && api_version == self.api_version)
    }

    /// Says what is wrong with an object that was not asked for.
    fn problem(&self, live: &Live) -> Option<String> {
        if live.name().is_empty() {
            return Some("an object without a name".into());
        }
        let named = || format!("`{}`", live.name());
        if let Some(namespace) = &self.namespace
            && live.namespace() != namespace
        {
            return Some(format!("{} of the namespace `{}`", named(), live.namespace()));
        }
        let kind = live.text(&["kind"]).unwrap_or_default();
        let list = self.kind.as_deref().unwrap_or_default();
        if !kind.is_empty()
            && kind != "PartialObjectMetadata"
            && list.strip_suffix("List").is_some_and(|own| own != kind)
        {
            return Some(format!("the {kind} {}", named()));
        }
        let (label, value, has) = self.label.as_ref()?;
        let found = live.label(label) == Some(value);
        (found != *has).then(|| format!("{} {} the label `{label}`", named(), if *has { "without" } else { "with" }))
    }

    /// Reads a page; `each` makes of an object what stays of it.
    pub(super) fn read<T>(
        &self,
        content: &str,
        body: &[u8],
        each: &impl Fn(Live) -> Option<T>,
    ) -> Result<Page<T>, Lost> {
        // Of Secrets not even a name that somebody else gives is told.
        let expected = |found: &str| {
            let found = if self.plural == "secrets" { "another answer" } else { found };
            Lost::foreign(format!("expected a list of {}, found {found}", self.plural))
        };
        let mut whole = Whole { expected: self, each, made: Vec::new(), objects: 0, problem: None };
        let mut reader = serde_json::Deserializer::from_slice(body);
        let read = whole.by_ref().deserialize(&mut reader).and_then(|read| reader.end().map(|()| read));
        match (read, whole.problem) {
            (_, Some(problem)) => Err(expected(&format!("{problem} in it"))),
            (Ok(Outer { kind, api_version, metadata, items: true }), None) if self.is(&kind, &api_version) => {
                Ok(Page { made: whole.made, objects: whole.objects, metadata })
            }
            _ => Err(expected(&described(content, body))),
        }
    }
}

/// Reads what a page says before its items: no text in it can hold quotes that are not escaped.
pub(super) fn head(body: &[u8]) -> Option<PageMetadata> {
    const ITEMS: &[u8] = br#","items":["#;
    let end = body.windows(ITEMS.len()).take(8 * 1024).position(|window| window == ITEMS)?;
    let head: Head = serde_json::from_slice(&[&body[..end], b"}"].concat()).ok()?;
    Some(head.metadata).filter(|metadata| head.kind.ends_with("List") && !metadata.resource_version.is_empty())
}

/// Reads a page with all of its items.
struct Whole<'a, T, F> {
    expected: &'a Expected,
    each: &'a F,
    made: Vec<T>,
    objects: usize,
    problem: Option<String>,
}

/// What a page is beside its items.
#[derive(Default)]
struct Outer {
    kind: String,
    api_version: String,
    metadata: PageMetadata,
    /// Whether the key of the items is there: its value may be null.
    items: bool,
}

impl<T, F> Whole<'_, T, F> {
    fn by_ref(&mut self) -> &mut Self {
        self
    }
}

impl<'de, T, F: Fn(Live) -> Option<T>> DeserializeSeed<'de> for &mut Whole<'_, T, F> {
    type Value = Outer;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Outer, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de, T, F: Fn(Live) -> Option<T>> Visitor<'de> for &mut Whole<'_, T, F> {
    type Value = Outer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outer, A::Error> {
        let mut outer = Outer::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "kind" => outer.kind = map.next_value()?,
                "apiVersion" => outer.api_version = map.next_value()?,
                "metadata" => outer.metadata = map.next_value()?,
                "items" => {
                    map.next_value_seed(Items(&mut *self))?;
                    outer.items = true;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(outer)
    }
}

/// Reads the items, one after the other.
struct Items<'b, 'a, T, F>(&'b mut Whole<'a, T, F>);

impl<'de, T, F: Fn(Live) -> Option<T>> DeserializeSeed<'de> for Items<'_, '_, T, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_option(self)
    }
}

impl<'de, T, F: Fn(Live) -> Option<T>> Visitor<'de> for Items<'_, '_, T, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("items")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self(whole) = self;
        while let Some(item) = items.next_element::<Map<String, Value>>()? {
            let live = Live(Value::Object(item));
            whole.objects += 1;
            if whole.problem.is_none() {
                whole.problem = whole.expected.problem(&live);
                whole.made.extend((whole.each)(live));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(group: &str, kind: &str) -> Resource {
        Resource {
            group: group.into(),
            version: "v1".into(),
            kind: kind.into(),
            plural: format_smolstr!("{}s", kind.to_lowercase()),
            namespaced: true,
            has_status: true,
        }
    }

    fn read(expected: &Expected, body: &str) -> Result<Page<Live>, Lost> {
        expected.read("", body.as_bytes(), &Some)
    }

    #[test]
    fn the_head_of_a_page_says_where_the_next_one_starts() {
        let body = r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":"abc"},"items":[{"metadata":{"name":"x"}}]}"#;
        let said = head(body.as_bytes()).expect("a head");
        assert_eq!((said.r#continue.as_str(), said.resource_version.as_str()), ("abc", "7"));
        let page = read(&Expected::of(&resource("", "Pod"), None, ""), body).expect("a page");
        assert_eq!((page.objects, page.made[0].name(), page.metadata.r#continue.as_str()), (1, "x", "abc"));
        for other in [br#"{"items":[{"a":1}],"metadata":{"continue":"abc"}}"#.as_slice(), b"{}", b""] {
            assert!(head(other).is_none());
        }
    }

    #[test]
    fn what_is_no_list_is_not_an_empty_one() {
        let pods = Expected::of(&resource("", "Pod"), None, "");
        for empty in [
            r#"{"kind":"PodList","apiVersion":"v1","items":[]}"#,
            r#"{"kind":"PodList","apiVersion":"v1","metadata":{},"items":null}"#,
            r#"{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","items":[]}"#,
        ] {
            assert_eq!(read(&pods, empty).expect(empty).objects, 0);
        }
        for other in [
            "",
            "<html>",
            "{}",
            "[]",
            "null",
            r#"{"items":[]}"#,
            r#"{"kind":"PodList","apiVersion":"v1"}"#,
            r#"{"kind":"Pod","apiVersion":"v1","items":[]}"#,
            r#"{"kind":"ServiceList","apiVersion":"v1","items":[]}"#,
            r#"{"kind":"List","apiVersion":"v1","items":[]}"#,
            r#"{"kind":"PodList","apiVersion":"v2","items":[]}"#,
            r#"{"kind":"PodList","apiVersion":"v1","items":[1,2]}"#,
            r#"{"kind":"PodList","apiVersion":"v1","items":[{}]}"#,
            r#"{"kind":"PodList","apiVersion":"v1","items":[{"metadata":null}]}"#,
            r#"{"kind":"PodList","apiVersion":"v1","items":[]} x"#,
            r#"{"kind":"Status","apiVersion":"v1"}"#,
        ] {
            let lost = read(&pods, other).err().unwrap_or_else(|| panic!("{other} is no list"));
            assert!(lost.foreign && lost.hopeless && lost.reason.contains("expected a list of pods"), "{lost}");
        }
        let caches = Expected::of(&resource("shop.dev", "Cache"), None, "");
        assert!(
            read(&caches, r#"{"kind":"Caches2List","apiVersion":"shop.dev/v1","items":[]}"#).is_ok(),
            "its own name"
        );
        assert!(read(&caches, r#"{"kind":"PodList","apiVersion":"v1","items":[]}"#).is_err());
    }

    #[test]
    fn objects_that_were_not_asked_for_are_no_part_of_a_list() {
        let body = |item: &str| format!(r#"{{"kind":"PodList","apiVersion":"v1","items":[{item}]}}"#);
        let mine = r#"{"metadata":{"name":"a","namespace":"shop","labels":{"of":"me"}}}"#;
        let theirs = r#"{"metadata":{"name":"b","namespace":"shop"}}"#;
        let other = r#"{"metadata":{"name":"c","namespace":"other","labels":{"of":"me"}}}"#;
        let service = r#"{"kind":"Service","metadata":{"name":"d","namespace":"shop","labels":{"of":"me"}}}"#;
        let expected = |selector: &str| Expected::of(&resource("", "Pod"), Some("shop"), selector);
        for (selector, item, problem) in [
            ("of=me", mine, None),
            ("of!=me", theirs, None),
            ("of=me", theirs, Some("`b` without the label `of`")),
            ("of!=me", mine, Some("`a` with the label `of`")),
            ("of=me", other, Some("`c` of the namespace `other`")),
            ("of=me", service, Some("the Service `d`")),
        ] {
            let found = read(&expected(selector), &body(item)).err().map(|lost| lost.reason);
            match problem {
                Some(problem) => assert!(found.as_ref().is_some_and(|found| found.contains(problem)), "{found:?}"),
                None => assert_eq!(found, None),
            }
        }
    }
}
