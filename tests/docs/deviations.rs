//! Every deviation that a comment names has its row.

use std::collections::BTreeSet;

use super::{files, read, spans};

#[test]
fn every_deviation_has_its_row() {
    let page = read("docs/deviations.md");
    let rows: BTreeSet<&str> = page.lines().flat_map(spans).collect();
    for folder in ["crates", "examples"] {
        for file in [files(folder, ".rs"), files(folder, ".toml")].concat() {
            let inside = folder == "examples" || file.iter().any(|part| part == "src");
            if inside && read(&file).contains("Deviation") {
                let name = file.to_str().unwrap();
                assert!(
                    rows.contains(name),
                    "docs/deviations.md has no row for {name}"
                );
            }
        }
    }
    for line in page.split("## Defaults").next().unwrap().lines() {
        for file in spans(line).filter(|span| span.starts_with("crates/") && span.contains('.')) {
            assert!(
                read(file).contains("Deviation"),
                "{file} has no such comment"
            );
        }
    }
}
