//! The example specs and what they compile to: `specs/NAME.yaml` in, the bytes of `golden/specs/NAME.yaml` out.
//!
//! A line `# golden: profile=prod tag=1.28` in the leading comment of a spec asks for a second output with that profile and
//! that parameter, `golden/specs/NAME.prod-1.28.yaml`. [`crate::golden`] in the quick tests holds them against the files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fanfold::compile::{Compilation, Inputs, Settings, compile, read_inputs};
use fanfold::diagnostic::{Diagnostics, Format, Style, render};
use fanfold::emit::{Output, Stream};
use fanfold::expand::Options;
use fanfold::kubernetes::Manifest;
use fanfold::read::MemoryFiles;
use fanfold::text::{Entry, Key, Map, Node, Origin, Sources, Value};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A spec, and what the command line says about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Case {
    /// The path of the spec: `specs/shop.yaml`.
    pub(crate) spec: String,
    /// What the golden line says, in order: profiles and parameters.
    pub(crate) given: Vec<(String, String)>,
}

impl Case {
    pub(crate) fn options(&self) -> Options {
        let mut options = Options::default();
        let mut params = Map::new();
        for (name, value) in &self.given {
            if name == "profile" {
                options.profiles.push(value.into());
            } else {
                let key = Key::new(name.as_str(), Origin::NOWHERE);
                params.set(key, Node::new(Value::Plain(value.into()), Origin::NOWHERE));
            }
        }
        options.params.push(params);
        options
    }

    /// Returns what the same run is on the command line.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["build".to_owned(), self.spec.clone()];
        for (name, value) in &self.given {
            arguments.push(if name == "profile" {
                format!("--profile={value}")
            } else {
                format!("--set={name}={value}")
            });
        }
        arguments
    }

    pub(crate) fn golden(&self) -> PathBuf {
        let stem = Path::new(&self.spec).file_stem().unwrap().to_str().unwrap();
        let values: Vec<&str> = self.given.iter().map(|(_, value)| value.as_str()).collect();
        let suffix = if values.is_empty() { String::new() } else { format!(".{}", values.join("-")) };
        Path::new(ROOT).join(format!("golden/specs/{stem}{suffix}.yaml"))
    }

    pub(crate) fn inputs(&self, files: &MemoryFiles, sources: &mut Sources) -> Inputs {
        let mut diagnostics = Diagnostics::new();
        let stdin = || unreachable!("no spec comes from there");
        let inputs = read_inputs(std::slice::from_ref(&self.spec), files, stdin, sources, &mut diagnostics);
        assert_none(&diagnostics, sources, &self.spec);
        inputs
    }

    /// Compiles the spec, which has no findings.
    pub(crate) fn compile(&self, files: &MemoryFiles) -> Compilation {
        let mut sources = Sources::default();
        let inputs = self.inputs(files, &mut sources);
        let (compilation, diagnostics) = run(inputs, self.options(), files, &mut sources);
        assert_none(&diagnostics, &sources, &format!("{self:?}"));
        compilation
    }
}

pub(crate) fn run(
    inputs: Inputs,
    options: Options,
    files: &MemoryFiles,
    sources: &mut Sources,
) -> (Compilation, Diagnostics) {
    run_by(&Settings { options, ..Settings::default() }, inputs, files, sources)
}

pub(crate) fn run_by(
    settings: &Settings,
    inputs: Inputs,
    files: &MemoryFiles,
    sources: &mut Sources,
) -> (Compilation, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let compilation = compile(inputs, settings, files, sources, &mut diagnostics);
    (compilation, diagnostics)
}

pub(crate) fn assert_none(diagnostics: &Diagnostics, sources: &Sources, what: &str) {
    let style = Style { color: false, width: 120 };
    assert!(diagnostics.is_empty(), "{what}\n{}", render(diagnostics, sources, Format::Human, style));
}

/// Returns the bytes that `build` writes.
pub(crate) fn emitted(compilation: &Compilation) -> Vec<u8> {
    let mut stream = Stream::new(Vec::new(), Output::Yaml);
    compilation.render(|object| object.node.clone(), |node| stream.push(&node, None)).unwrap();
    stream.finish().unwrap()
}

/// Returns what a golden file holds: the bytes that `build` writes, without the values of Secrets.
pub(crate) fn golden_bytes(compilation: &Compilation) -> Vec<u8> {
    let mut stream = Stream::new(Vec::new(), Output::Yaml);
    compilation.render(masked, |node| stream.push(&node, None)).unwrap();
    stream.finish().unwrap()
}

/// Returns an object, in place of each value of a Secret the word `masked` in base64, which a server takes.
fn masked(object: &Manifest) -> Node {
    let node = &object.node;
    let (Some(map), Some(data)) = (node.as_map(), node.get("data").filter(|_| object.key.kind == "Secret")) else {
        return node.clone();
    };
    let hidden = data
        .as_map()
        .into_iter()
        .flatten()
        .map(|entry| Entry { key: entry.key.clone(), value: Node::string("bWFza2Vk", entry.value.origin()) });
    let mut map = map.clone();
    map.put("data", Node::map(hidden.collect(), data.origin()));
    Node::map(map, node.origin())
}

/// Returns each object on its own, by its identity.
pub(crate) fn by_identity(compilation: &Compilation) -> BTreeMap<String, Vec<u8>> {
    let text = |object: &Manifest| {
        let mut bytes = Vec::new();
        Output::Yaml.write_document(&object.node, None, &mut bytes);
        (object.key.to_string(), bytes)
    };
    compilation.objects().iter().map(text).collect()
}

/// Returns the objects of all specs, as often as they are made.
pub(crate) fn objects() -> Vec<Manifest> {
    let files = files();
    cases().iter().flat_map(|case| case.compile(&files).objects()).collect()
}

/// Returns all files below `specs`.
pub(crate) fn files() -> MemoryFiles {
    fn add(folder: &Path, files: MemoryFiles) -> MemoryFiles {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).fold(files, |files, path| {
            if path.is_dir() {
                return add(&path, files);
            }
            let name = path.strip_prefix(ROOT).unwrap().to_str().unwrap().replace('\\', "/");
            files.with(name, fs::read(&path).unwrap())
        })
    }
    add(&Path::new(ROOT).join("specs"), MemoryFiles::default())
}

/// Returns all specs with their variants, sorted.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(Path::new(ROOT).join("specs")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# ") && name.ends_with(".yaml"), "{name} starts with a comment on what it shows");
        let spec = format!("specs/{name}");
        let head = text.lines().take_while(|line| line.starts_with('#'));
        for line in head.filter_map(|line| line.strip_prefix("# golden: ")) {
            let given = line.split(' ').map(|word| word.split_once('=').expect("NAME=VALUE"));
            let given = given.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            cases.push(Case { spec: spec.clone(), given });
        }
        cases.push(Case { spec, given: Vec::new() });
    }
    cases.sort();
    cases
}
