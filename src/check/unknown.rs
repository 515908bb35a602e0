//! Fields that a type does not have, and those that it must have: what was most likely meant.

use smol_str::SmolStr;

use super::hint;
use super::shape::{Mode, Walk};
use super::slip;
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, did_you_mean, surely_means, words};
use crate::kubernetes::Type;
use crate::limits;
use crate::rules::Path;
use crate::spec::{Level, ours};
use crate::text::{Entry, Map, Node, Origin};

impl Walk<'_> {
    /// Reports a field that the type does not have, and returns the one that was meant if that can be guessed.
    pub(super) fn unknown_field(
        &mut self,
        entry: &Entry,
        ty: &'static Type,
        map: &Map,
        path: &Path<'_>,
    ) -> Option<&'static str> {
        let name = entry.key.text.as_str();
        let message = format!("`{}` has no field `{name}`", words::type_name(&ty.name));
        let mut finding = Diagnostic::new(Code::UnknownField, entry.key.origin, message).label("unknown field");
        let absent = ty.fields.iter().map(|field| field.name.as_str()).filter(|known| !map.contains(known));
        // Each way out takes a look at some hundred fields, and of very many findings most are only counted.
        if self.found() > limits::FINDINGS_OF_A_CODE {
            self.report(finding, &Path::Field(path, name));
            return None;
        }
        if let Some(slip) = slip::of(entry, ty, map, self.facts) {
            self.report(Diagnostic { fix: slip.fix, ..finding.help(slip.help) }, &Path::Field(path, name));
            return slip.field;
        }
        let near = did_you_mean(name, absent.clone()).and_then(|near| ty.field(near));
        let fits = near.is_some_and(|field| hint::may_be(&entry.value, &field.schema));
        let sure = fits && near.is_some_and(|field| surely_means(name, &field.name, absent));
        let named = |finding: Diagnostic, field: &str| {
            let edit = Edit::word(entry.key.origin, name, field);
            finding.help(format!("did you mean `{field}`?")).with_fix(Fix::safe_if(sure, [edit]))
        };
        // A letter more or less is nearer than another place that has the name.
        let is_plural = |field: &str| field.strip_suffix('s') == Some(name) || name.strip_suffix('s') == Some(field);
        if let Some(field) = near.filter(|field| sure || fits && is_plural(&field.name)) {
            self.report(named(finding, &field.name), &Path::Field(path, name));
            return Some(&field.name);
        }
        let here = self.around.last().and_then(|(_, node)| hint::below(entry, ty, node, self.facts));
        // What belongs in a field that is not there stands for it.
        let into = here.as_ref().and_then(|(place, _, _)| ty.field(place)).map(|field| field.name.as_str());
        let help = here
            .map(|(_, help, fix)| (help, fix))
            .or_else(|| hint::above(entry, &self.around))
            .or_else(|| Some((self.foreign(name, ty)?, None)))
            .or_else(|| Some((hint::other_minor(name, ty, self.facts)?, None)));
        let meant = near.filter(|_| help.is_none()).map(|field| field.name.as_str());
        if let Some((help, fix)) = help {
            finding = Diagnostic { fix, ..finding.help(help) };
        } else if let Some(field) = meant {
            finding = named(finding, field);
        }
        self.report(finding, &Path::Field(path, name));
        meant.or(into)
    }

    /// Says what is written in a spec in place of a word of another tool.
    fn foreign(&self, name: &str, ty: &Type) -> Option<String> {
        match (self.mode, name, ty.name.as_str()) {
            (Mode::Manifest, ..) => None,
            (_, "matrix", _) => Some("`matrix` stands beside `kind`, in the workload itself".to_owned()),
            (_, _, "core/v1.Container") => ours(Level::Workload, name),
            // A service of Compose is what runs.
            (_, _, "core/v1.ServiceSpec") if self.runs(name) => {
                Some("a Service is an address; what runs is written under `workloads: {NAME: {image: …}}`".to_owned())
            }
            _ => None,
        }
    }

    /// Whether a word is about what runs: a field of containers, or what others call one.
    fn runs(&self, name: &str) -> bool {
        self.facts.named("core/v1.Container").field(name).is_some() || ours(Level::Workload, name).is_some()
    }

    pub(super) fn missing_field(&mut self, name: &SmolStr, ty: &Type, path: &Path<'_>, anchor: Origin) {
        // One that stands in the structure around, which has no such field, is reported there.
        let is_outside = |(outer, node): &(&Type, Node)| outer.field(name).is_none() && node.get(name).is_some();
        if self.around.last().is_some_and(is_outside) {
            self.unsound += 1;
            return;
        }
        let message = format!("missing field `{name}` of `{}`", words::type_name(&ty.name));
        let finding = Diagnostic::new(Code::MissingField, anchor, message).label(format!("`{name}` is missing here"));
        self.report(finding, &Path::Field(path, name));
    }
}
