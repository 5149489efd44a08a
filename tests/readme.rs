//! The program in the README is `examples/quickstart.rs` to the letter, and it runs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

#[expect(missing_docs, reason = "a program as a user writes it")]
mod quickstart {
    include!("../examples/quickstart.rs");

    pub(crate) fn run() -> Result<(), Box<dyn std::error::Error>> {
        main()
    }
}

#[test]
fn the_readme_shows_the_quickstart_and_it_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
    let program = read("examples/quickstart.rs");
    assert!(read("README.md").contains(&format!("```rust\n{program}```")));

    // `reviews.csv` with a header, from a part of the bundled sample.
    let set = ulmfit::data::ReviewSet::open(root.join("examples/data")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let few = set.train.balanced(40, 0).unwrap();
    few.write_csv(folder.path().join("rows.csv")).unwrap();
    let rows = std::fs::read_to_string(folder.path().join("rows.csv")).unwrap();
    std::fs::write(
        folder.path().join("reviews.csv"),
        format!("label,text\n{rows}"),
    )
    .unwrap();
    std::env::set_current_dir(folder.path()).unwrap();
    quickstart::run().unwrap();
    assert!(folder.path().join("reviews.safetensors").is_file());
}
