//! What is shown of texts that hold secrets.

use super::*;

fn shown(text: &str, sound: bool) -> String {
    let mut sources = Sources::default();
    let name = if sound { "a.yaml" } else { "b.yaml" };
    let documents =
        crate::read::read_documents(&mut sources, name, text.into(), &mut crate::diagnostic::Diagnostics::new());
    assert_eq!(documents.is_empty(), !sound, "{text}");
    let (_, file) = sources.files().next().expect("a file");
    let mut shown = file.text.to_string();
    for range in file.hidden().iter().rev() {
        shown.replace_range(range.start as usize..range.end as usize, "#");
    }
    shown
}

#[test]
fn a_secret_shows_its_name_and_its_keys() {
    let text = "# who\napiVersion: v1\nkind: Secret\nmetadata: {name: db, labels: {a: b}}\ntype: Opaque\nstringDta:\n  pw: x # y\n  z: |\n    a: b\n";
    let told = "#\napiVersion: v1\nkind: Secret\nmetadata: #name: db# labels: #a: #\ntype: Opaque\nstringDta:\n  pw: #\n  z: #\n    #\n";
    assert_eq!(shown(text, true), told);
}

#[test]
fn lists_in_lists_and_lists_of_secrets_are_seen_through() {
    for text in [
        "apiVersion: v1\nkind: List\nitems:\n- kind: List\n  items:\n  - kind: Secret\n    data: {a: TOKEN}\n",
        "apiVersion: v1\nkind: SecretList\nitems:\n- data: {a: TOKEN}\n",
        "apiVersion: fanfold.dev/v1\nkind: Batch\nprofiles: {p: {secrets: {db: {Data: {a: TOKEN}}}}}\n",
        "apiVersion: fanfold.dev/v1\nkind: Batch\npatch: {Secret/db: {data: {a: TOKEN}}}\n",
        "x: &x TOKEN\nkind: Secret\ndata: {a: *x}\n",
        "Kind: Secret\ndata: {a: TOKEN}\n",
        "kind: secret\ndata: {a: TOKEN}\n",
    ] {
        assert!(!shown(text, true).contains("TOKEN"), "{}", shown(text, true));
    }
    for text in [
        "kind: SealedSecret\napiVersion: a/v1\nspec: {a: TOKEN}\n",
        "apiVersion: v1\nkind: ServiceAccount\nsecrets: [{name: TOKEN}]\n",
    ] {
        assert!(shown(text, true).contains("TOKEN"), "{}", shown(text, true));
    }
}

#[test]
fn a_spec_that_cannot_be_read_shows_all_but_its_parameters() {
    let text =
        "kind: Batch\nparams:\n  pw: x\n# y\n  tag: {default: z}\nworkloads:\n  w:\n    image: {{ params.tag }}\n";
    let told = "kind: Batch\nparams:\n  pw: #\n#\n  tag: #\nworkloads:\n  w:\n    image: {{ params.tag }}\n";
    assert_eq!(shown(text, false), told);
    let text = "{kind: Batch, params: {pw: x}, image: {{ params.tag }}}\n- a: [\n";
    assert!(!shown(text, false).contains('x'));
    let text = "profiles: {prod: {params: {pw: x}}}\na: b: c\n";
    assert!(!shown(text, false).contains('x'));
}

#[test]
fn what_cannot_be_read_shows_keys_alone() {
    let text = "kind: Secret\nstringData:\n  pw: A: B\n  cert: |\n    x: y\n  - q\n  b: \"c\n  d: e\n";
    assert_eq!(shown(text, false), "kind: Secret\nstringData:\n  pw: #\n  cert: #\n    #\n  #\n  b: #\n  #\n");
}

#[test]
fn what_fans_a_secret_out_and_names_it_is_no_secret() {
    let text = "apiVersion: fanfold.dev/v1\nkind: Batch\nsecrets:\n  db: {matrix: {t: [a, b]}, name: \"x-{{ matrix.t }}\", labels: {t: \"{{ matrix.t }}\", l: TOKEN}, external: TOKEN, other: TOKEN, stringData: {name: TOKEN},\n    overrides: [{match: {t: a}, stringData: {a: TOKEN}}]}\nobjects:\n  s: {kind: Secret, matrix: tenants, namespace: n, data: {a: TOKEN}}\n";
    let told = shown(text, true);
    assert!(!told.contains("TOKEN"), "{told}");
    for part in
        ["{t: [a, b]}", "\"x-{{ matrix.t }}\"#", "#t: \"{{ matrix.t }}\"#", "#match: {t: a}#", " tenants#", " n#"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    for text in [
        "apiVersion: fanfold.dev/v1\nkind: Batch\nsecrets: {stringData: {name: TOKEN, namespace: TOKEN}}\n",
        "apiVersion: fanfold.dev/v1\nkind: Batch\nsecrets: {db: {labels: {a: {b: TOKEN}}, name: [TOKEN]}}\n",
        "apiVersion: v1\nkind: Secret\nname: TOKEN\n",
    ] {
        assert!(!shown(text, true).contains("TOKEN"), "{}", shown(text, true));
    }
}
