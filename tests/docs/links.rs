//! Links between the pages, to headings on them, and to files of the repository.

use std::path::{Component, Path, PathBuf};

use super::{book, files, parts, read, root, spans};

/// The anchor that a heading gets, on GitHub and in the book.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
        _ => None,
    });
    kept.collect()
}

fn anchors(page: &Path) -> Vec<String> {
    let text = read(page);
    let headings = parts(&text).1.into_iter();
    let headings = headings.filter(|(_, line)| line.starts_with('#'));
    headings
        .map(|(_, line)| anchor(line.trim_start_matches('#')))
        .collect()
}

/// The targets of the links on a line, without those in code.
fn targets(line: &str) -> Vec<String> {
    let text: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
    let ends = text.split("](").skip(1);
    ends.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()))
        .collect()
}

/// `docs/changes/../a.md` as `docs/a.md`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(plain.pop(), "{}: outside", path.display()),
            other => plain.push(other),
        }
    }
    plain
}

#[test]
fn every_link_leads_somewhere() {
    let mut pages = [files("docs", ".md"), files("studies", ".md")].concat();
    let others = [
        "README",
        "ARCHITECTURE",
        "CONTRIBUTING",
        "CHANGELOG",
        "THIRD-PARTY",
    ];
    pages.extend(others.map(|name| format!("{name}.md").into()));
    let mut n = 0;
    for page in &pages {
        let in_book = page.starts_with("docs");
        let text = read(page);
        for (line, text) in parts(&text).1 {
            for target in targets(text) {
                let place = format!("{}, line {line}: {target}", page.display());
                let (path, heading) = target.split_once('#').unwrap_or((&target, ""));
                n += 1;
                let to = if path.starts_with("https://") {
                    continue;
                } else if path.is_empty() {
                    page.clone()
                } else {
                    let to = plain(&page.parent().unwrap().join(path));
                    assert!(
                        !in_book || to.starts_with("docs"),
                        "{place}: outside of the book; name the file instead"
                    );
                    to
                };
                assert!(root().join(&to).exists(), "{place}: no such file");
                assert!(
                    heading.is_empty() || anchors(&to).contains(&heading.to_owned()),
                    "{place}: no such heading; there are {:?}",
                    anchors(&to)
                );
            }
        }
    }
    assert!(n > 60, "{n} links");
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = read("docs/SUMMARY.md");
    for page in book() {
        let path = page.strip_prefix("docs").unwrap();
        let entry = format!("({})", path.display());
        assert!(
            summary.contains(&entry),
            "{entry} is not in docs/SUMMARY.md"
        );
    }
}

#[test]
fn files_that_pages_name_are_there() {
    for page in book() {
        let text = read(&page);
        for (line, text) in parts(&text).1 {
            for path in spans(text) {
                let of_code = ["crates/", "examples/", "studies/", "tests/", "fuzz/"].iter();
                let whole = !path.contains(['<', '*', '{', ' ', '…']);
                if of_code.into_iter().any(|top| path.starts_with(top)) && whole {
                    // Some paths begin within a crate.
                    let mut tops = vec![root().to_owned()];
                    let crates = std::fs::read_dir(root().join("crates")).unwrap();
                    tops.extend(crates.map(|entry| entry.unwrap().path()));
                    let there = tops.iter().any(|top| top.join(path).exists());
                    assert!(there, "{}, line {line}: {path}", page.display());
                }
            }
        }
    }
}
