//! The README, the book and the other pages: links lead somewhere, numbers are those of the sources,
//! and the examples of the tour run. Their Rust blocks are documentation tests, see `src/book.rs`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod blocks;
mod deviations;
mod links;
mod numbers;
#[path = "../shared/mod.rs"]
mod shared;
mod tour;

use std::path::{Path, PathBuf};

/// The folder of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files under a folder with this ending, as paths from the root, sorted.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            found.extend(files(&path, ending));
        } else if path.ends_with(ending) {
            found.push(path.into());
        }
    }
    found.sort();
    found
}

/// The pages of the book.
fn book() -> Vec<PathBuf> {
    let mut pages = files("docs", ".md");
    pages.retain(|page| !page.ends_with("SUMMARY.md"));
    assert!(pages.len() > 15, "{pages:?}");
    pages
}

/// A fenced block of a page.
struct Block {
    /// What stands behind the fence: `rust,no_run`.
    kind: String,
    text: String,
    /// The line of its fence, from 1.
    line: usize,
}

/// The fenced blocks of a page, and its other lines with their numbers.
fn parts(page: &str) -> (Vec<Block>, Vec<(usize, &str)>) {
    let (mut blocks, mut others) = (Vec::new(), Vec::new());
    let mut open: Option<Block> = None;
    for (line, text) in (1..).zip(page.lines()) {
        match (&mut open, text.strip_prefix("```")) {
            (Some(_), Some(_)) => {
                blocks.extend(open.take());
            }
            (Some(block), None) => {
                block.text += text;
                block.text.push('\n');
            }
            (None, Some(kind)) => {
                let (kind, text) = (kind.to_owned(), String::new());
                open = Some(Block { kind, text, line });
            }
            (None, None) => {
                others.push((line, text));
            }
        }
    }
    assert!(open.is_none(), "a block is not closed");
    (blocks, others)
}

/// What stands between single backticks on a line.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Cells of a table's row, without spaces around them.
fn cells(line: &str) -> Option<Vec<&str>> {
    let row = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(row.split('|').map(str::trim).collect())
}
