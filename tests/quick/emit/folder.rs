//! Output on a real disk: what is written, what is left alone, what is refused.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use fanfold::cli::output::{Rights, State, Written, check, check_file, write_file, write_folder};
use fanfold::diff::Committed;
use fanfold::emit::layout::OutputFile;
use tempfile::TempDir;

const FORCED: Rights<'_> = Rights { force: true, inputs: None };

fn file(path: &str, content: &str) -> OutputFile {
    OutputFile { path: path.to_owned(), bytes: content.into(), secret: false }
}

/// Returns a run that knows no secret.
fn nothing() -> Committed<'static> {
    Committed::of(&[], Box::leak(Box::default()))
}

fn write(files: &[OutputFile], folder: &Path) -> Written {
    write_folder(files, folder, Rights::default()).unwrap_or_else(|failure| panic!("{failure}"))
}

/// Returns the paths of all files of a folder but the index, with what they hold.
fn content(folder: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() != ".fanfold-files" {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
                all.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    all.sort();
    all
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

fn times(folder: &Path) -> Vec<SystemTime> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names.push(folder.to_owned());
    names.iter().map(|path| fs::metadata(path).unwrap().modified().unwrap()).collect()
}

#[test]
fn files_come_and_go_with_what_asks_for_them() {
    let root = TempDir::new().unwrap();
    let folder = root.path().join("new/out");
    let first =
        write(&[file("a.yaml", "a: 1\n"), file("templates/b.yaml", "b: 1\n"), file("c.yaml", "c: 1\n")], &folder);
    assert_eq!(first.written, ["a.yaml", "templates/b.yaml", "c.yaml"]);
    let index = fs::read_to_string(folder.join(".fanfold-files")).unwrap();
    let lines: Vec<_> = index.lines().map(|line| line.split_once("  ").unwrap()).collect();
    assert_eq!(lines.iter().map(|(_, path)| *path).collect::<Vec<_>>(), ["a.yaml", "c.yaml", "templates/b.yaml"]);
    assert!(lines.iter().all(|(hash, _)| hash.len() == 64));

    fs::write(folder.join("mine.yaml"), "mine: 1\n").unwrap();
    let second = write(&[file("a.yaml", "a: 2\n"), file("c.yaml", "c: 1\n")], &folder);
    assert_eq!(
        second,
        Written {
            written: vec!["a.yaml".to_owned()],
            unchanged: 1,
            removed: vec!["templates/b.yaml".to_owned()],
            ..Written::default()
        }
    );
    assert_eq!(content(&folder), pairs(&[("a.yaml", "a: 2\n"), ("c.yaml", "c: 1\n"), ("mine.yaml", "mine: 1\n")]));
    assert!(!folder.join("templates").exists());

    write(&[], &folder);
    assert_eq!(content(&folder), pairs(&[("mine.yaml", "mine: 1\n")]));
    assert!(!folder.join(".fanfold-files").exists());
}

#[test]
fn nothing_is_touched_when_nothing_has_changed() {
    let folder = TempDir::new().unwrap();
    let files = [file("a.yaml", "a: 1\n"), file("b.yaml", "b: 1\n")];
    write(&files, folder.path());
    let before = times(folder.path());
    std::thread::sleep(std::time::Duration::from_millis(20));
    let again = write(&files, folder.path());
    assert_eq!(again, Written { unchanged: 2, ..Written::default() });
    assert_eq!(times(folder.path()), before);
}

#[test]
fn files_of_others_are_not_overwritten() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("b.yaml"), "mine: 1\n").unwrap();
    fs::write(folder.path().join("same.yaml"), "same: 1\n").unwrap();
    let files = [file("a.yaml", "a: 1\n"), file("b.yaml", "b: 1\n"), file("same.yaml", "same: 1\n")];
    let failure = write_folder(&files, folder.path(), Rights::default()).unwrap_err().to_string();
    assert!(failure.starts_with("cannot write `") && failure.contains("b.yaml`: it is there already"), "{failure}");
    assert_eq!(content(folder.path()), pairs(&[("b.yaml", "mine: 1\n"), ("same.yaml", "same: 1\n")]));
    write_folder(&files, folder.path(), FORCED).unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("b.yaml")).unwrap(), "b: 1\n");
}

#[test]
fn changes_by_hand_are_reported() {
    let folder = TempDir::new().unwrap();
    write(&[file("a.yaml", "a: 1\n"), file("b.yaml", "b: 1\n")], folder.path());
    fs::write(folder.path().join("a.yaml"), "a: by hand\n").unwrap();
    fs::write(folder.path().join("b.yaml"), "b: by hand\n").unwrap();
    for _ in 0..2 {
        let written = write(&[file("a.yaml", "a: 1\n")], folder.path());
        assert_eq!(written.kept, ["b.yaml"]);
        assert!(written.removed.is_empty());
    }
    assert_eq!(content(folder.path()), pairs(&[("a.yaml", "a: 1\n"), ("b.yaml", "b: by hand\n")]));
    fs::write(folder.path().join("a.yaml"), "a: by hand\n").unwrap();
    assert_eq!(write(&[file("a.yaml", "a: 2\n")], folder.path()).overwritten, ["a.yaml"]);
}

#[test]
fn paths_stay_inside_the_folder() {
    let root = TempDir::new().unwrap();
    let folder = root.path().join("out");
    for path in ["../a.yaml", "/a.yaml", "x/../../a.yaml", "", ".", "x\\..\\a.yaml", ".fanfold-files"] {
        let failure = write_folder(&[file(path, "a: 1\n")], &folder, FORCED).unwrap_err().to_string();
        assert!(failure.ends_with("it leads out of the folder of the output"), "{failure}");
    }
    assert!(!folder.exists());
    // Neither does a forged list of files make anything outside disappear.
    fs::write(root.path().join("precious"), "p").unwrap();
    fs::create_dir(&folder).unwrap();
    let forged = "148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940  ../precious\n<<<<<<< ours\n";
    fs::write(folder.join(".fanfold-files"), forged).unwrap();
    write(&[], &folder);
    assert!(root.path().join("precious").exists());
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_out_and_modes_are_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let root = TempDir::new().unwrap();
    let folder = root.path().join("out");
    fs::create_dir_all(root.path().join("elsewhere")).unwrap();
    fs::create_dir(&folder).unwrap();
    symlink(root.path().join("elsewhere"), folder.join("templates")).unwrap();
    assert!(write_folder(&[file("templates/a.yaml", "a: 1\n")], &folder, FORCED).is_err());

    let mode = |path: &str| fs::metadata(folder.join(path)).unwrap().permissions().mode() & 0o777;
    let secret = |text: &str| OutputFile { secret: true, ..file("secret.yaml", text) };
    write(&[secret("a: 1\n"), file("open.yaml", "a: 1\n")], &folder);
    assert_eq!(mode("secret.yaml"), 0o600);
    fs::set_permissions(folder.join("open.yaml"), fs::Permissions::from_mode(0o640)).unwrap();
    write(&[secret("a: 2\n"), file("open.yaml", "a: 2\n")], &folder);
    assert_eq!((mode("secret.yaml"), mode("open.yaml")), (0o600, 0o640));

    let target = root.path().join("target.yaml");
    fs::write(&target, "old").unwrap();
    let link = root.path().join("link.yaml");
    symlink(&target, &link).unwrap();
    assert_eq!(write_file(&file("", "new"), &link, FORCED).unwrap(), State::Listed);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&target).unwrap(), "new");
    let null = write_file(&file("", "gone"), Path::new("/dev/null"), Rights::default());
    assert_eq!(null.unwrap(), State::Written);
}

#[test]
fn an_interrupted_run_is_taken_up_again() {
    let folder = TempDir::new().unwrap();
    write(&[file("a.yaml", "a: 1\n")], folder.path());
    // As after a run that was stopped between renaming `a.yaml` and `b.yaml`: the list names the old and the new.
    let other = TempDir::new().unwrap();
    write(&[file("a.yaml", "a: 2\n"), file("b.yaml", "b: 1\n")], other.path());
    let read = |root: &TempDir| fs::read_to_string(root.path().join(".fanfold-files")).unwrap();
    fs::write(folder.path().join(".fanfold-files"), read(&folder) + &read(&other)).unwrap();
    fs::write(folder.path().join("a.yaml"), "a: 2\n").unwrap();
    let written = write(&[file("a.yaml", "a: 3\n"), file("b.yaml", "b: 3\n")], folder.path());
    assert_eq!(written.written, ["a.yaml", "b.yaml"]);
    assert!(written.overwritten.is_empty());
    assert_eq!(read(&folder).lines().count(), 2);
}

#[test]
fn one_file_is_written_whole() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("deep/out.yaml");
    let one = |text: &str| write_file(&file("", text), &path, Rights::default()).unwrap();
    assert_eq!(["a: 1\n", "a: 1\n", "a: 2\n"].map(one), [State::Listed, State::Unchanged, State::Written]);
    assert_eq!(content(folder.path()), pairs(&[("deep/out.yaml", "a: 2\n")]));
    let failure = write_file(&file("", "a: 1\n"), folder.path(), FORCED).unwrap_err().to_string();
    assert!(failure.ends_with("`: is a directory"), "{failure}");
    let failure = write_file(&file("", "a: 1\n"), &path.join("below"), FORCED).unwrap_err().to_string();
    assert!(failure.starts_with("cannot create `") || failure.starts_with("cannot write `"), "{failure}");
    assert!(!failure.contains("os error"), "{failure}");
}

#[test]
fn a_check_shows_what_is_stale_and_no_secret() {
    let folder = TempDir::new().unwrap();
    let secret = |text: &str| OutputFile { secret: true, ..file("secret.yaml", text) };
    write(
        &[
            file("a.yaml", "one: 1\ntwo: 2\n"),
            file("gone.yaml", "gone: 1\n"),
            secret("kind: Secret\npassword: hunter2\n"),
            OutputFile { secret: true, ..file("old.yaml", "  \"kind\": \"Secret\",\npassword: hunter3\n") },
        ],
        folder.path(),
    );
    let wanted =
        [file("new.yaml", "new: 1\n"), file("a.yaml", "one: 1\ntwo: 3\n"), secret("kind: Secret\npassword: hunter4\n")];
    let report = check(&wanted, folder.path(), &nothing()).unwrap().unwrap();
    assert_eq!(
        report,
        "--- a/a.yaml\n+++ b/a.yaml\n@@ -1,2 +1,2 @@\n one: 1\n-two: 2\n+two: 3\n\
         --- /dev/null\n+++ b/new.yaml\n@@ -0,0 +1 @@\n+new: 1\n\
         --- a/secret.yaml\n+++ b/secret.yaml\nfiles differ; they hold a Secret, which is not shown\n\
         --- a/gone.yaml\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone: 1\n\
         --- a/old.yaml\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-  \"kind\": •••\n-password: •••\n"
    );
    write(&wanted, folder.path());
    assert_eq!(check(&wanted, folder.path(), &nothing()).unwrap(), None);
    assert_eq!(check_file(&wanted[0], &folder.path().join("new.yaml"), &nothing()).unwrap(), None);
    assert!(check_file(&wanted[0], &folder.path().join("a.yaml"), &nothing()).unwrap().unwrap().contains("+new: 1"));
}
