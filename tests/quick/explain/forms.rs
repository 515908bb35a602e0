//! The forms of keys that `explain` shows are forms that compile.

use fanfold::diagnostic::Code;
use fanfold::explain::FORMS;
use fanfold::spec::keys;

use super::run::Run;
use super::spec;

#[test]
fn every_form_of_a_workload_is_read() {
    let of_batches: Vec<&str> = keys::names(&[keys::BATCH]);
    for (key, _) in FORMS.iter().filter(|(key, _)| !of_batches.contains(key)) {
        for form in fanfold::explain::forms(key) {
            let ports = if form.starts_with("ports") { "" } else { "    ports: {http: 80}\n" };
            let kind = if form.contains("OnDelete") { "StatefulSet" } else { "Deployment" };
            let service = match kind {
                _ if form.starts_with("service") => "",
                "StatefulSet" => "    service: headless\n",
                _ => "    service: ClusterIP\n",
            };
            let matrix = if ["matrix", "instances"].contains(key) { "" } else { "    matrix: {region: [eu, us]}\n" };
            let text = spec(&format!(
                "configMaps: {{app: {{data: {{LOG_LEVEL: info}}}}}}\nsecrets: {{db: {{external: true}}}}\n\
                 claims: {{data: {{size: 10Gi, accessModes: [ReadWriteMany]}}}}\n\
                 matrices: {{tenants: {{rows: jobs.csv}}}}\ntemplates: {{probed: {{}}, tolerant: {{}}}}\n\
                 workloads:\n  web:\n    kind: {kind}\n    image: nginx:1.27\n{ports}{service}{matrix}    {form}\n"
            ));
            let seen = Run::of(&text).with_file("jobs.csv", "name,size\na,1\nb,2\n".into()).check();
            let refused = seen
                .codes()
                .into_iter()
                .filter(|code| !matches!(code, Code::UnusedParameter | Code::WithoutEffect | Code::BlocksEvictions))
                .count();
            assert_eq!(refused, 0, "{form}\n{}", seen.human());
        }
    }
}

#[test]
fn every_form_is_one_of_its_key() {
    for (key, lines) in FORMS {
        assert!(!lines.is_empty(), "{key} has a form");
        assert!(fanfold::explain::forms(key).iter().all(|line| line.starts_with(&format!("{key}: "))), "{key}");
    }
}
