//! Texts and flags in, the findings of `fanfold check` out.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use fanfold::compile::{Settings, compile, read_inputs};
use fanfold::diagnostic::{Diagnostics, Format, Style, render};
use fanfold::kubernetes::{Facts, Manifest, Minor};
use fanfold::policy::Policy;
use fanfold::read::{Files, Listing, MemoryFiles};
use fanfold::text::{Key, Map, Node, Origin, Sources, Value};
use fanfold::upgrade;

const INPUT: &str = "example.yaml";

/// One run over an input.
#[derive(Default)]
pub(super) struct Run {
    files: Disk,
    cluster: String,
    flags: Vec<String>,
    /// Whether advice is given, as `fanfold check` does.
    advised: bool,
}

/// What a run found.
pub(super) struct Seen {
    sources: Sources,
    pub(super) findings: Diagnostics,
}

/// Files in memory, some of which claim to be larger than they are.
#[derive(Default)]
struct Disk {
    files: MemoryFiles,
    sizes: BTreeMap<String, u64>,
}

impl Run {
    pub(super) fn of(text: &str) -> Self {
        Self::default().with_file(INPUT, text.into())
    }

    pub(super) fn with_file(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.files.files = self.files.files.with(name, bytes);
        self
    }

    pub(super) fn with_size(mut self, name: &str, size: u64) -> Self {
        self.files.sizes.insert(name.into(), size);
        self.with_file(name, Vec::new())
    }

    pub(super) fn with_flags(mut self, flags: &[&str]) -> Self {
        self.flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        self
    }

    pub(super) fn advised(self, advised: bool) -> Self {
        Self { advised, ..self }
    }

    pub(super) fn with_cluster(mut self, objects: &str) -> Self {
        objects.clone_into(&mut self.cluster);
        self
    }

    pub(super) fn check(&self) -> Seen {
        let range = self
            .flags
            .chunks(2)
            .find(|pair| pair[0] == "--upgrade")
            .map(|pair| pair[1].split("..").collect::<Vec<_>>());
        match range.as_deref() {
            Some([from, to]) => {
                let minor = |text| Minor::parse(text).expect("a minor");
                let minors = Minor::bundled().filter(|known| (minor(from)..=minor(to)).contains(known));
                let looks: Vec<_> = minors.map(|minor| (minor, self.check_for(Some(minor)))).collect();
                Self::upgraded(looks)
            }
            _ => self.check_for(None).0,
        }
    }

    fn upgraded(mut looks: Vec<(Minor, (Seen, Vec<Manifest>))>) -> Seen {
        let seen: Vec<upgrade::Seen<'_>> = looks
            .iter()
            .map(|(minor, (seen, objects))| upgrade::Seen {
                minor: *minor,
                findings: &seen.findings,
                sources: &seen.sources,
                objects,
            })
            .collect();
        let findings = upgrade::changes(&seen).into_iter().map(|change| change.finding).collect();
        let (_, (last, _)) = looks.pop().expect("a range has an end");
        Seen { findings, sources: last.sources }
    }

    fn check_for(&self, minor: Option<Minor>) -> (Seen, Vec<Manifest>) {
        let mut sources = Sources::default();
        let mut found = Diagnostics::new();
        let mut settings = self.settings(&mut sources);
        settings.facts = minor.and_then(Facts::of).unwrap_or(settings.facts);
        let no_stdin = || Err(io::ErrorKind::NotFound.into());
        let inputs = read_inputs(&[INPUT.to_owned()], &self.files, no_stdin, &mut sources, &mut found);
        let compilation = compile(inputs, &settings, &self.files, &mut sources, &mut found);
        // Emitting must find nothing that checking did not.
        let objects = compilation.objects();
        if !self.cluster.is_empty() {
            found.append(crate::preflight::against(&self.cluster, &objects, settings.facts).findings);
        }
        let policy = Policy::parse(&[], &[]).expect("nothing is denied or allowed");
        (Seen { findings: policy.apply(found, &sources), sources }, objects)
    }

    fn settings(&self, sources: &mut Sources) -> Settings {
        let mut settings = Settings::default();
        settings.asked.advice = self.advised;
        let mut set = Map::new();
        for pair in self.flags.chunks(2) {
            let [flag, value] = pair else { panic!("{flag:?} has a value", flag = self.flags) };
            match flag.as_str() {
                "--set" => {
                    let (name, text) = value.split_once('=').expect("a name and a value");
                    let file = sources.add("--set", value.as_str());
                    let node = Node::new(Value::Plain(text.into()), Origin::new(file, name.len() + 1, value.len()));
                    set.set(Key::new(name, Origin::new(file, 0, name.len())), node);
                }
                "-p" | "--profile" => settings.options.profiles.push(value.into()),
                "--max-instances" => settings.options.max_instances = value.parse().expect("a number"),
                "--kubernetes-version" => {
                    settings.facts = Minor::parse(value).and_then(Facts::of).expect("a bundled minor");
                }
                "--upgrade" => {}
                "--rules" => settings.asked.add(value).expect("a rule set"),
                _ => panic!("the examples take no flag {flag}"),
            }
        }
        settings.options.params.push(set);
        settings
    }
}

impl Seen {
    /// Returns what a user sees.
    pub(super) fn human(&self) -> String {
        render(&self.findings, &self.sources, Format::Human, Style { color: false, width: 120 })
    }
}

impl Files for Disk {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        assert!(!self.sizes.contains_key(path), "a file that is too large is not read");
        self.files.read(path)
    }

    fn size(&self, path: &str) -> io::Result<u64> {
        self.sizes.get(path).copied().map_or_else(|| self.files.size(path), Ok)
    }

    fn list(&self, folder: &str) -> io::Result<Arc<Listing>> {
        self.files.list(folder)
    }

    fn is_folder(&self, path: &str) -> bool {
        self.files.is_folder(path)
    }
}
