//! `fanfold post-render` on what no Helm has written.

use crate::place::{Place, stderr, stdout};

#[test]
fn what_is_no_chart_output_is_refused() {
    let place = Place::new();
    let broken = "---\n# Source: shop/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a\n";
    let cases = [
        ("", "expected the manifests of a chart on standard input, found none"),
        ("---\n# Source: shop/templates/a.yaml\n", "expected the manifests of a chart on standard input, found none"),
        (broken, "rendered from `shop/templates/a.yaml`"),
        ("---\nno object\n", "expected an object of Kubernetes"),
        ("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\na: [\n", "unclosed bracket"),
    ];
    for (input, expected) in cases {
        let output = place.fanfold(&["post-render", "--log", "said.log"], input);
        assert_eq!(output.status.code(), Some(1), "{input}");
        assert!(stdout(&output).is_empty(), "nothing may be taken for manifests: {}", stdout(&output));
        assert!(stderr(&output).contains(expected), "{input}: {}", stderr(&output));
        assert_eq!(place.read("said.log"), stderr(&output));
    }
}
