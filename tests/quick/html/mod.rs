//! The page of `fanfold diff --format html`, byte by byte; the other binary uses it in a browser.

use std::fs;

use crate::cases::hold_files;
use crate::page::{case, page};

#[test]
fn the_page_is_what_its_golden_file_says() {
    hold_files(&[case()], |case| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let shown = page(folder.path(), &case.file("old.yaml"), &case.file("new.yaml"));
        let shown = fs::read_to_string(shown).expect("the page");
        for secret in ["bm90LXlldC1zZWVu", "c2Vlbi1ieS1ub2JvZHk=", "not-yet-seen", "seen-by-nobody"] {
            assert!(!shown.contains(secret), "the page holds {secret}");
        }
        vec![("page.html", shown)]
    });
}

/// Returns the names of the axes and the number of instances that a page draws of Jobs with these labels.
fn drawn(rows: &[&[(&str, &str)]]) -> (Vec<String>, Vec<String>, usize) {
    let side = |image: &str| -> String {
        let job = |(at, labels): (usize, &&[(&str, &str)])| {
            let labels: String =
                labels.iter().map(|(name, value)| format!(", matrix.fanfold.dev/{name}: \"{value}\"")).collect();
            format!(
                "---\napiVersion: batch/v1\nkind: Job\nmetadata: {{name: a-{at}, labels: {{app.kubernetes.io/name: a{labels}}}}}\n\
                 spec: {{template: {{spec: {{containers: [{{name: a, image: {image}}}]}}}}}}\n"
            )
        };
        rows.iter().enumerate().map(job).collect()
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let page = fs::read_to_string(page(folder.path(), &side("a"), &side("b"))).expect("the page");
    let start = "<script type=\"application/json\" id=\"data\">";
    let data = page.split_once(start).and_then(|(_, rest)| rest.split_once("</script>")).expect("data").0;
    let data: serde_json::Value = serde_json::from_str(data).expect("JSON");
    let batch = &data["batches"][0];
    let axes = batch["axes"].as_array().expect("axes");
    let values = axes[0]["values"].as_array().expect("values").iter();
    (
        axes.iter().map(|axis| axis["name"].as_str().expect("a name").to_owned()).collect(),
        values.map(|value| value.as_str().expect("a value").to_owned()).collect(),
        batch["cells"].as_array().expect("cells").len(),
    )
}

#[test]
fn rows_of_a_table_are_drawn_along_the_column_that_tells_them_apart() {
    let rows: Vec<[(&str, &str); 3]> = [("globex", "10"), ("acme", "54"), ("hooli", "7"), ("initech", "54")]
        .into_iter()
        .map(|(tenant, seats)| [("cpu", "1"), ("seats", seats), ("tenant", tenant)])
        .collect();
    let rows: Vec<&[(&str, &str)]> = rows.iter().map(|row| &row[..]).collect();
    let (axes, values, cells) = drawn(&rows);
    assert_eq!((axes, cells), (vec!["tenant".to_owned()], 4));
    assert_eq!(values, ["acme", "globex", "hooli", "initech"]);
    // A matrix with a hole is a grid all the same.
    let cell = |region, tier| [("region", region), ("tier", tier)];
    let matrix = [cell("eu", "gold"), cell("eu", "tin"), cell("us", "gold")];
    let matrix: Vec<&[(&str, &str)]> = matrix.iter().map(|row| &row[..]).collect();
    assert_eq!(drawn(&matrix).0, ["region", "tier"]);
}
