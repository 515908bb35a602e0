//! The layouts, down to the bytes.

use fanfold::emit::Output;
use fanfold::emit::layout::Layout;

use crate::layout::{content, lay_out, paths};

#[test]
fn a_stream_is_one_file() {
    let files = lay_out(Layout::Stream, Output::Yaml);
    assert_eq!(paths(&files), ["shop.yaml"]);
    assert!(files[0].secret);
    assert_eq!(content(&files[0]).matches("---\n# source: specs/shop.yaml:1\n").count(), 3);
    assert_eq!(paths(&lay_out(Layout::Stream, Output::Json)), ["shop.json"]);
}

#[test]
fn each_object_has_its_file() {
    let files = lay_out(Layout::Files, Output::Yaml);
    assert_eq!(
        paths(&files),
        [
            "apiextensions.k8s.io_v1_customresourcedefinition_a.b.c.yaml",
            "v1_configmap_rules.yaml",
            "v1_secret_key.yaml"
        ]
    );
    assert_eq!(files.iter().map(|file| file.secret).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(
        content(&files[1]),
        "# source: specs/shop.yaml:1\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: rules\n  namespace: shop\n\
         data:\n  alert: at {{ $value }}\n"
    );
    assert!(content(&lay_out(Layout::Files, Output::Json)[1]).ends_with("}\n"));
    assert!(content(&lay_out(Layout::Files, Output::Kyaml)[1]).starts_with("---\n# source"));
}

#[test]
fn a_kustomization_lists_the_files_in_order() {
    let files = lay_out(Layout::Kustomize, Output::Yaml);
    assert_eq!(files.len(), 4);
    assert_eq!(files[3].path, "kustomization.yaml");
    assert_eq!(
        content(&files[3]),
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n\
         - apiextensions.k8s.io_v1_customresourcedefinition_a.b.c.yaml\n- v1_configmap_rules.yaml\n- v1_secret_key.yaml\n"
    );
}

#[test]
fn a_chart_has_templates_and_definitions_apart() {
    for output in [Output::Yaml, Output::Kyaml, Output::Json] {
        let plain = lay_out(Layout::Files, output);
        let chart = lay_out(Layout::Helm, output);
        let end = output.extension();
        assert_eq!(
            paths(&chart),
            [
                "Chart.yaml",
                "values.yaml",
                &format!("crds/apiextensions.k8s.io_v1_customresourcedefinition_a.b.c.{end}"),
                &format!("templates/v1_configmap_rules.{end}"),
                &format!("templates/v1_secret_key.{end}")
            ]
        );
        assert_eq!(content(&chart[0]), "apiVersion: v2\nname: shop\ntype: application\nversion: 0.1.0\n");
        assert_eq!(chart[2].bytes, plain[0].bytes, "Helm does not render what is in crds/");
    }
}
