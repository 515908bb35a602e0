//! The jobs for GitLab, run by gitlab-ci-local, which reads and runs pipelines as GitLab and its runner do.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::release::{Release, SCRIPT, VERSION};
use super::server::Server;
use super::{Bench, SPEC, stderr, stdout};

/// Returns where gitlab-ci-local is: in the target folder.
pub(crate) fn program() -> Option<PathBuf> {
    crate::needs::installed("gitlab-ci-local/node_modules/.bin/gitlab-ci-local")
}

/// A repository whose jobs install a release, and the commit that its merge request starts from.
struct Project {
    bench: Bench,
    releases: Server,
    base: String,
}

/// How a pipeline ended.
struct Pipeline {
    /// Whether each job passed.
    passed: BTreeMap<String, bool>,
    log: String,
}

impl Project {
    fn new() -> Project {
        let bench = Bench::new();
        bench.ok("fanfold", &["integrate", "gitlab"]);
        bench.ok("fanfold", &["build", "specs", "-o", "manifests"]);
        bench.write(".gitlab-ci.yml", "include: [{local: .gitlab/fanfold.yml}]\n");
        let base = bench.commit();
        // What is fetched from GitLab comes from here.
        let origin = "https://gitlab.example.com/owner/shop.git";
        bench.ok("git", &["remote", "add", "origin", origin]);
        bench.ok("git", &["config", &format!("url.{}.insteadOf", bench.folder.path().display()), origin]);
        let release = Release::pack(&bench, "x86_64-unknown-linux-musl", SCRIPT);
        let releases = Server::start(move |asked| release.answer(&asked.path, &release.sum));
        // The machine of a job is its own: what would change this one is led elsewhere.
        let programs = bench.programs.path().display().to_string();
        std::fs::remove_file(bench.programs.path().join("fanfold")).expect("the program is there");
        bench.script("apk", "#!/bin/sh\n[ \"$*\" = 'add --no-cache git' ]\n");
        bench.script("wget", "#!/bin/sh\n[ \"$1\" = -q ] && shift && exec curl -sSf --remote-name-all \"$@\"\n");
        let tar = format!(
            "#!/bin/sh\n[ \"$3 $4\" = '-C /usr/local/bin' ] && PATH=/usr/bin:/bin exec tar \"$1\" \"$2\" -C '{programs}' \"$5\"\n"
        );
        bench.script("tar", &tar);
        Project { bench, releases, base }
    }

    /// Runs the pipeline of a merge request on what is there.
    fn pipeline(&self) -> Pipeline {
        let mut command = self.bench.command(program().expect("gitlab-ci-local"));
        command.args(["--force-shell-executor", "--concurrency=1", "--ignore-predefined-vars=CI_PIPELINE_SOURCE"]);
        let release = format!("FANFOLD_RELEASE={}/v{VERSION}", self.releases.url());
        let base = format!("CI_MERGE_REQUEST_DIFF_BASE_SHA={}", self.base);
        for variable in ["CI_PIPELINE_SOURCE=merge_request_event", &base, &release] {
            command.args(["--variable", variable]);
        }
        let output = command.output().expect("gitlab-ci-local runs");
        let log = stdout(&output) + &stderr(&output);
        let verdicts = log.lines().filter_map(|line| {
            let (verdict, job) = line.trim().split_once(' ')?;
            ["PASS", "FAIL"].contains(&verdict).then(|| (job.trim().to_owned(), verdict == "PASS"))
        });
        Pipeline { passed: verdicts.collect(), log }
    }
}

impl Pipeline {
    fn passed(&self, job: &str) -> bool {
        *self.passed.get(&format!("fanfold:{job}")).unwrap_or_else(|| panic!("no job `{job}` ended: {}", self.log))
    }
}

#[test]
fn gitlab_runs_the_jobs_that_are_written() {
    needs!(BASH, CURL, GIT, GITLAB_CI_LOCAL, NODE, RSYNC);
    let project = Project::new();
    let bench = &project.bench;
    let pipeline = project.pipeline();
    assert_eq!(pipeline.passed.len(), 3, "{}", pipeline.log);
    assert!(pipeline.passed.values().all(|passed| *passed), "{}", pipeline.log);

    bench.write("specs/shop.yaml", &SPEC.replace("1.27", "1.28"));
    let pipeline = project.pipeline();
    assert!(!pipeline.passed("build"), "the manifests are stale: {}", pipeline.log);
    assert!(pipeline.passed("check") && pipeline.passed("diff"), "{}", pipeline.log);
    assert!(pipeline.log.contains("nginx:1.27 \u{2192} nginx:1.28"), "{}", pipeline.log);

    bench.write("specs/shop.yaml", &SPEC.replace("image:", "imag:"));
    let pipeline = project.pipeline();
    assert!(!pipeline.passed("check") && !pipeline.passed("diff"), "an error is no difference: {}", pipeline.log);
    let report: Vec<Value> = serde_json::from_str(&bench.read("gl-code-quality-report.json")).expect("a list");
    assert!(!report.is_empty());
    for issue in &report {
        for field in ["description", "check_name", "fingerprint"] {
            assert!(issue[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {issue}");
        }
        let severities = ["info", "minor", "major", "critical", "blocker"];
        assert!(issue["severity"].as_str().is_some_and(|severity| severities.contains(&severity)), "{issue}");
        assert_eq!(issue["location"]["path"], "specs/shop.yaml", "{issue}");
        assert!(issue["location"]["lines"]["begin"].as_u64().is_some_and(|line| line > 0), "{issue}");
    }
}
