//! Rows as values of parameters through the command line: `--params`, and what is not told of a secret one.

use crate::bench::Bench;

const SPEC: &str = "\
apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: shop}
params:
  tenants: {rows: own.csv, items: {properties: {zip: {type: string}, seats: {type: integer}}}}
configMaps:
  c: {matrix: {rows: \"{{ params.tenants }}\"}, nameHash: false, data: {all: \"{{ matrix.seats }} {{ matrix.zip }}\"}}
";
const OWN: &str = "tenant,seats,zip\nown,1,00001\n";
const OTHER: &str = "tenant,seats,zip\r\nother,2,\"01234\"\r\n";

fn bench() -> Bench {
    Bench::with(&[
        ("specs/s.yaml", SPEC),
        ("specs/own.csv", OWN),
        ("in/tenants.csv", OTHER),
        ("in/prod.csv", OTHER),
        ("in/tenants.tsv", "tenant\tseats\tzip\nother\t2\t01234\n"),
        ("in/tenants.json", "[{\"tenant\": \"other\", \"seats\": 2, \"zip\": \"01234\"}]"),
        ("in/all.yaml", "tenants: [{tenant: other, seats: 2, zip: 01234}]\n"),
        ("in/named.yaml", "tenants: {rows: prod.csv}\n"),
        ("in/words.yaml", "[a, b]\n"),
        ("in/bad.csv", "tenant,seats,zip\nother,many,01234\n"),
        ("in/short.csv", "tenant,seats,zip\nother,hush\n"),
    ])
}

#[test]
fn params_takes_tables() {
    let bench = bench();
    let build = |params: &[&str]| {
        let args: Vec<&str> =
            ["build", "specs/s.yaml"].into_iter().chain(params.iter().flat_map(|given| ["--params", given])).collect();
        let (code, said, beside) = bench.said(&args);
        assert_eq!(code, Some(0), "{params:?}: {said}{beside}");
        said
    };
    assert!(build(&[]).contains("name: c-own"));
    let given: &[&[&str]] = &[
        &["in/tenants.csv"],
        &["in/tenants.tsv"],
        &["in/tenants.json"],
        &["tenants=in/prod.csv"],
        &["tenants=in/tenants.json"],
        &["in/all.yaml"],
        &["in/named.yaml"],
        &["tenants=in/words.yaml", "in/tenants.csv"],
    ];
    for given in given {
        let said = build(given);
        assert!(said.contains("name: c-other") && said.contains("all: 2 01234"), "{given:?}: {said}");
    }
}

#[test]
fn tables_of_the_command_line_are_checked() {
    let bench = bench();
    let check = |params: &str| bench.said(&["check", "specs/s.yaml", "--params", params, "--format", "short"]);
    let refused = [
        ("in/prod.csv", "--params:1:4: error[unknown-parameter]: no parameter `prod` is declared"),
        ("tenants=in/bad.csv", "in/bad.csv:2:7: error[invalid-parameter]: parameter `tenants`: expected an integer"),
        ("tenants=in/short.csv", "in/short.csv:2:1: error[invalid-matrix]: expected"),
        ("tenants=in/words.yaml", "in/words.yaml:1:2: error[invalid-parameter]: parameter `tenants`"),
    ];
    for (params, expected) in refused {
        let (code, said, _) = check(params);
        assert!(code == Some(1) && said.contains(expected) && !said.contains("hush"), "{params}: {said}");
    }
    let (_, said, _) = bench.said(&["check", "specs/s.yaml", "--params", "in/prod.csv"]);
    assert!(said.contains("`--params tenants=FILE` gives the rows to `tenants`"), "{said}");
    let (code, _, said) = bench.said(&["check", "specs/s.yaml", "--params", "in/words.yaml"]);
    assert!(code == Some(2) && said.contains("expected a mapping of parameters"), "{said}");
}

#[test]
fn a_cell_is_secret_where_its_parameter_is() {
    let bench = bench();
    bench.write("specs/own.csv", "tenant,seats,zip\nown,TOPSECRET,00001\n");
    let (_, said, _) = bench.said(&["check", "specs/s.yaml"]);
    assert!(said.contains("TOPSECRET"), "{said}");
    let secret = SPEC.to_owned() + "secrets: {s: {stringData: {x: \"{{ params.tenants[0].seats }}\"}}}\n";
    bench.write("specs/s.yaml", &secret);
    for rows in ["tenant,seats,zip\nown,TOPSECRET,00001\n", "tenant,seats,zip\nown,TOPSECRET\n"] {
        bench.write("specs/own.csv", rows);
        for format in ["human", "json", "sarif"] {
            let (code, said, beside) = bench.said(&["check", "specs/s.yaml", "--format", format]);
            assert!(code == Some(1) && !format!("{said}{beside}").contains("TOPSECRET"), "{said}{beside}");
        }
    }
}
