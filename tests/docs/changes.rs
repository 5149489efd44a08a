//! The worked changes fit the code: every line of context stands in the file that it is to change, and new files are new.

use super::{files, parts, read, root};

#[test]
fn every_hunk_fits() {
    let mut n = 0;
    for page in files("docs/changes", ".md") {
        let text = read(&page);
        for block in parts(&text).0.iter().filter(|block| block.kind == "diff") {
            let place = format!("{}, line {}", page.display(), block.line);
            let (head, body) = block.text.split_once('\n').unwrap();
            let path = head
                .strip_prefix("--- ")
                .unwrap_or_else(|| panic!("{place}: --- PATH"));
            let source = read(path);
            let source: Vec<&str> = source.lines().collect();
            let mut from = 0;
            for hunk in body.split("@@\n") {
                // What stands there now; blank lines may have lost their space.
                let old = hunk.lines().filter(|line| !line.starts_with('+'));
                let old: Vec<&str> = old.map(|line| line.get(1..).unwrap_or("")).collect();
                let place_of = |window: &[&str]| window == old;
                let at = source[from..].windows(old.len().max(1)).position(place_of);
                let at = at.unwrap_or_else(|| {
                    panic!(
                        "{place}: {path} does not have these lines in this order:\n{}",
                        old.join("\n")
                    )
                });
                from += at + old.len();
                n += 1;
            }
        }
    }
    assert!(n > 30, "{n} hunks");
}

#[test]
fn new_files_are_new_and_beside_others_of_their_kind() {
    let mut n = 0;
    for page in files("docs/changes", ".md") {
        let text = read(&page);
        for block in parts(&text).0 {
            let Some(rest) = block.before.strip_prefix("New file `") else {
                continue;
            };
            let path = root().join(rest.split('`').next().unwrap());
            assert!(
                !path.exists() && path.parent().unwrap().is_dir(),
                "{}",
                path.display()
            );
            n += 1;
        }
    }
    assert_eq!(n, 6);
}
