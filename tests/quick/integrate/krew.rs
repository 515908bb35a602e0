//! The manifest for krew, as it is filled in for a release.

use super::recipes::TARGETS;
use super::{Bench, yaml};
use crate::krew::{VERSION, archives, script};

#[test]
fn the_manifest_for_krew_gets_its_checksums() {
    needs!(AWK, BASH);
    let bench = Bench::new();
    let archives = archives();
    assert_eq!(archives.len(), TARGETS);
    let sums: Vec<String> =
        archives.iter().enumerate().map(|(at, name)| format!("{:064x}  {name}\n", at + 1)).collect();
    bench.write("SHA256SUMS", &sums.concat());
    let text = bench.ok("bash", &[&script(), VERSION, "SHA256SUMS"]);
    assert!(!text.contains('@'), "{text}");
    let manifest = yaml(&text);
    assert_eq!(manifest["apiVersion"], "krew.googlecontainertools.github.com/v1alpha2");
    assert_eq!((&manifest["kind"], &manifest["metadata"]["name"]), (&"Plugin".into(), &"fanfold".into()));
    assert_eq!(manifest["spec"]["version"], "v1.2.3");
    assert!(manifest["spec"]["shortDescription"].as_str().is_some_and(|text| text.len() <= 50 && !text.ends_with('.')));
    let platforms = manifest["spec"]["platforms"].as_array().expect("platforms");
    assert_eq!(platforms.len(), TARGETS);
    for platform in platforms {
        let uri = platform["uri"].as_str().expect("a URI");
        let name = uri.rsplit('/').next().expect("a name");
        assert_eq!(uri, format!("https://github.com/fanfold/fanfold/releases/download/v1.2.3/{name}"));
        let sum = platform["sha256"].as_str().expect("a checksum");
        assert!(sums.contains(&format!("{sum}  {name}\n")), "{platform}");
        let windows = platform["selector"]["matchLabels"]["os"] == "windows";
        assert_eq!(platform["bin"], if windows { "fanfold.exe" } else { "fanfold" });
    }
    bench.write("SHA256SUMS", &sums[1..].concat());
    let output = bench.run("bash", &[&script(), VERSION, "SHA256SUMS"]);
    assert!(!output.status.success() && output.stdout.is_empty(), "a checksum is missing");
}
