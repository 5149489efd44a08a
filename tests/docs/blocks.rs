//! Every Rust block is compiled, and shell blocks name examples, packages and files that are there.

use super::shared::example;
use super::{book, files, parts, read, root};

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

/// Which program a line of the shell calls, and the tests that run it: `ulmfit` in `crates/ulmfit-cli/tests/docs_command.rs`,
/// `curl` in `serve.rs` there, `cargo` below, the commands for many machines in `tests/page.rs` of their crates.
#[test]
fn lines_of_the_shell_call_what_tests_run() {
    for page in book().into_iter().chain(["README.md".into()]) {
        let text = read(&page);
        for block in parts(&text).0.into_iter().filter(|b| b.kind == "sh") {
            let whole = block.text.replace("\\\n", " ");
            for line in whole.lines().filter(|line| !line.is_empty()) {
                let place = format!("{}, line {}: {line}", page.display(), block.line);
                let called = line.rsplit('|').next().unwrap_or(line);
                let program = called.split_whitespace().next().unwrap_or_default();
                let one = ["ulmfit", "cargo", "curl", "#"];
                let many = ["ulmfit-sql", "ulmfit-ballista", "mpirun"];
                assert!(one.iter().chain(&many).any(|&p| p == program), "{place}");
            }
        }
    }
}

#[test]
fn examples_of_the_pages_run() {
    let tests: String = files("tests", ".rs").iter().map(read).collect();
    let empty = tempfile::tempdir().unwrap();
    let mut pages = files("studies", ".md");
    pages.extend(book());
    pages.push("README.md".into());
    for page in pages {
        let text = read(&page);
        for block in parts(&text).0.into_iter().filter(|b| b.kind == "sh") {
            for line in block.text.lines() {
                let line = line.split(" #").next().unwrap_or(line).trim();
                let Some((_, call)) = line.split_once("--example ") else {
                    continue;
                };
                let place = format!("{}, line {}: {line}", page.display(), block.line);
                let mut words = call.split_whitespace();
                let name = words.next().unwrap_or_default();
                let arguments: Vec<&str> = words.filter(|word| *word != "--").collect();
                if arguments.is_empty() {
                    // Some run for minutes: another test runs them as they are, or on less data.
                    assert!(
                        tests.contains(&format!("\"{name}\"")),
                        "{place}: no test runs it"
                    );
                    continue;
                }
                // Data that is not there is exit code 1, a wrong command line is 2.
                let mut command = std::process::Command::new(example(name));
                let out = command
                    .args(arguments)
                    .current_dir(&empty)
                    .output()
                    .unwrap();
                let said = String::from_utf8_lossy(&out.stderr);
                assert!(matches!(out.status.code(), Some(0 | 1)), "{place}\n{said}");
            }
        }
    }
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
