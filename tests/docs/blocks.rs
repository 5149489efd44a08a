//! Every Rust block is compiled, and shell blocks name examples, packages and files that are there.

use super::{book, parts, read, root};

#[test]
fn every_page_with_rust_is_compiled() {
    let listed = read("src/book.rs");
    let mut n = 0;
    for page in book().into_iter().chain(["README.md".into()]) {
        let text = read(&page);
        for block in parts(&text).0 {
            let place = format!("{}, line {}", page.display(), block.line);
            let rust = block.kind.starts_with("rust");
            let plain = ["text", "sh", "toml", "diff", "python"].contains(&block.kind.as_str());
            assert!(
                plain || ["rust", "rust,no_run"].contains(&block.kind.as_str()),
                "{place}: expected rust, rust,no_run, text, sh, toml, diff or python, found `{}`",
                block.kind
            );
            n += usize::from(rust);
            assert!(
                !rust || listed.contains(&format!("\"../{}\"", page.display())),
                "{place}: not compiled; add the page to src/book.rs"
            );
        }
    }
    assert!(n > 20, "{n} blocks");
}

#[test]
fn commands_of_cargo_name_what_is_there() {
    for page in book().into_iter().chain(["README.md".into()]) {
        let text = read(&page);
        let shell = parts(&text).0.into_iter().filter(|b| b.kind == "sh");
        for line in
            shell.flat_map(|block| block.text.lines().map(str::to_owned).collect::<Vec<_>>())
        {
            let words: Vec<&str> = line.split_whitespace().collect();
            for pair in words.windows(2).filter(|_| words[0] == "cargo") {
                let there = match pair {
                    ["--example", name] => {
                        let file = root().join(format!("examples/{name}.rs"));
                        file.is_file() || root().join(format!("examples/{name}")).is_dir()
                    }
                    ["--path", path] => root().join(path).join("Cargo.toml").is_file(),
                    _ => true,
                };
                assert!(there, "{}: {pair:?} is not there: {line}", page.display());
            }
        }
    }
}
