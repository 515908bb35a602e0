//! The pipeline, stage by stage and as a whole, on inputs that are large in every direction.
//!
//! `cargo bench` ends in about three minutes; `cargo bench -- expand` runs one stage. Throughput is counted in bytes
//! where texts are read or written, in instances or objects elsewhere.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

mod generate;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use fanfold::check::{Mode, check_objects};
use fanfold::compile::{Compilation, Inputs, Settings, compile, read_inputs};
use fanfold::diagnostic::{Diagnostic, Diagnostics};
use fanfold::emit::Output;
use fanfold::expand::{Options, expand};
use fanfold::kubernetes::{Facts, Manifest, ObjectKey};
use fanfold::lower::{BatchPatches, Context, Declarations, Identify, instance_objects};
use fanfold::read::{Document, MemoryFiles, read_documents};
use fanfold::text::{Node, Origin, Sources};

const INSTANCES: usize = 10_000;

/// What no patch changes needs no second look.
#[derive(Debug)]
struct Unpatched;

impl Identify for Unpatched {
    fn identify(&self, object: &Node, _: &mut Vec<Diagnostic>) -> Option<ObjectKey> {
        ObjectKey::of(object)
    }

    fn is_namespaced(&self, _: &ObjectKey) -> bool {
        true
    }
}

fn documents(text: &str) -> Vec<Document> {
    let mut findings = Diagnostics::new();
    let documents = read_documents(&mut Sources::default(), "bench.yaml", text.into(), &mut findings);
    assert!(findings.is_empty(), "{:?}", findings.iter().next());
    documents
}

fn settings() -> Settings {
    Settings::default()
}

/// Compiles as `fanfold build` does.
fn compiled(text: &str) -> (Compilation, Diagnostics) {
    let files = MemoryFiles::default().with("bench.yaml", text);
    let (mut sources, mut findings) = (Sources::default(), Diagnostics::new());
    let no_stdin = || Ok(Vec::new());
    let inputs: Inputs = read_inputs(&["bench.yaml".into()], &files, no_stdin, &mut sources, &mut findings);
    let compilation = compile(inputs, &settings(), &files, &mut sources, &mut findings);
    (compilation, findings)
}

/// Renders into nothing and returns the number of bytes.
fn rendered(compilation: &Compilation) -> usize {
    let mut bytes = 0;
    let render = |object: &Manifest| {
        let mut document = Vec::new();
        Output::Yaml.write_document(&object.node, None, &mut document);
        document
    };
    let counted: Result<(), std::convert::Infallible> = compilation.render(render, |document| {
        bytes += black_box(document).len();
        Ok(())
    });
    match counted {
        Ok(()) => bytes,
    }
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, criterion::measurement::WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(5));
    group
}

fn read(criterion: &mut Criterion) {
    let mut group = group(criterion, "read");
    let inputs = [
        ("manifests", generate::manifests(INSTANCES)),
        ("literal workloads", generate::literal(1000)),
        ("wide", generate::wide(10_000)),
        ("deep", generate::deep(90)),
    ];
    for (name, text) in &inputs {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(*name, |bencher| {
            bencher.iter_batched(|| text.clone(), |text| documents(&text), BatchSize::PerIteration);
        });
    }
}

fn stages(criterion: &mut Criterion) {
    let spec = documents(&generate::fleet(INSTANCES)).remove(0);
    let files = MemoryFiles::default();
    let options = Options::default();
    let facts = Facts::newest();
    let (mut sources, mut findings) = (Sources::default(), Diagnostics::new());

    let mut expanding = group(criterion, "expand");
    expanding.throughput(Throughput::Elements(INSTANCES as u64));
    expanding.bench_function("fleet", |bencher| {
        bencher.iter(|| expand(&spec, facts, &options, &files, &mut sources, &mut findings));
    });
    expanding.finish();

    let expanded = expand(&spec, facts, &options, &files, &mut sources, &mut findings).expect("the spec expands");
    let declared = Declarations::default();
    let patches = BatchPatches::default();
    let context = Context { facts, batch: &expanded, declared: &declared, patches: &patches, identify: &Unpatched };
    let plan = expanded.plans.last().expect("workloads come last");
    let few = 1000;
    let mut lowering = group(criterion, "lower");
    lowering.throughput(Throughput::Elements(few as u64));
    lowering.bench_function("fleet", |bencher| {
        bencher.iter(|| {
            for at in 0..few {
                let mut findings = Diagnostics::new();
                let instance = plan.instance(at, &expanded.scope(), &mut findings);
                black_box(instance_objects(&context, plan, &instance, &mut findings));
            }
        });
    });
    lowering.finish();
    assert!(findings.is_empty());
}

fn check(criterion: &mut Criterion) {
    let roots: Vec<(Node, Origin)> = documents(&generate::manifests(1000))
        .into_iter()
        .map(|document| (document.root.clone(), document.root.origin()))
        .collect();
    let mut group = group(criterion, "check");
    group.throughput(Throughput::Elements(roots.len() as u64));
    group.bench_function("manifests", |bencher| {
        bencher.iter(|| {
            let (manifests, findings) = check_objects(roots.clone(), Facts::newest(), Mode::Manifest);
            assert!(findings.is_empty());
            manifests
        });
    });
}

fn emit(criterion: &mut Criterion) {
    let (compilation, _) = compiled(&generate::fleet(1000));
    let objects = compilation.objects();
    let mut group = group(criterion, "emit");
    for (name, output) in [("yaml", Output::Yaml), ("kyaml", Output::Kyaml), ("json", Output::Json)] {
        let write = || {
            let mut bytes = Vec::new();
            for object in &objects {
                output.write_document(&object.node, None, &mut bytes);
            }
            bytes
        };
        group.throughput(Throughput::Bytes(write().len() as u64));
        group.bench_function(name, |bencher| bencher.iter(write));
    }
}

fn whole(criterion: &mut Criterion) {
    let mut group = group(criterion, "build");
    for (name, spec, instances) in [
        ("one instance", generate::fleet(1), 1),
        ("fleet", generate::fleet(INSTANCES), INSTANCES),
        ("literal workloads", generate::literal(1000), 1000),
    ] {
        group.throughput(Throughput::Elements(instances as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let (compilation, findings) = compiled(&spec);
                assert!(findings.is_empty(), "{:?}", findings.iter().next());
                rendered(&compilation)
            });
        });
    }
    group.finish();

    let mut group = self::group(criterion, "check as a whole");
    let manifests = generate::manifests(INSTANCES);
    group.throughput(Throughput::Bytes(manifests.len() as u64));
    group.bench_function("manifests", |bencher| {
        bencher.iter(|| {
            let (compilation, findings) = compiled(&manifests);
            assert!(findings.is_empty(), "{:?}", findings.iter().next());
            compilation.len()
        });
    });
}

criterion_group!(benches, read, stages, check, emit, whole);
criterion_main!(benches);
