//! Every call of the command in the README, the book and the studies is one that the command takes: verbs, options and
//! values.
//!
//! The calls run in an empty folder: their files are missing, which is exit code 1. A wrong command line is 2.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// All Markdown files of a folder.
fn pages(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages(&path, into);
        } else if path.extension().is_some_and(|end| end == "md") {
            into.push(path);
        }
    }
}

/// The lines of the shell blocks of a page, with their numbers; what a backslash continues is one line.
fn shell_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let (mut inside, mut continued) = (false, false);
    for (number, line) in (1..).zip(text.lines()) {
        if line.starts_with("```") {
            inside = line == "```sh";
            continue;
        }
        if !inside {
            continue;
        }
        let part = line.strip_suffix('\\').unwrap_or(line);
        match lines.last_mut() {
            Some((_, begun)) if continued => begun.push_str(part),
            _ => lines.push((number, part.to_owned())),
        }
        continued = part.len() < line.len();
    }
    lines
}

/// The words of the call of `ulmfit` on a line: double quotes hold words together, `|` begins another call, `#` a
/// comment, `>` a file for the output.
fn call(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quoted, mut started) = (Vec::new(), String::new(), false, false);
    for c in line.chars() {
        match c {
            '"' => (quoted, started) = (!quoted, true),
            '|' if !quoted => {
                words.clear();
                word.clear();
            }
            '#' | '<' | '>' if !quoted && word.is_empty() => break,
            c if c.is_whitespace() && !quoted => {
                if started {
                    words.push(std::mem::take(&mut word));
                }
                started = false;
            }
            c => {
                word.push(c);
                started = true;
            }
        }
    }
    if started {
        words.push(word);
    }
    (words.first()? == "ulmfit").then(|| words.split_off(1))
}

#[test]
fn the_command_takes_every_call_in_the_pages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut all = vec![root.join("README.md")];
    pages(&root.join("docs"), &mut all);
    pages(&root.join("studies"), &mut all);
    let empty = tempfile::tempdir().unwrap();
    let mut n = 0;
    for page in all {
        let text = std::fs::read_to_string(&page).unwrap();
        for (number, line) in shell_lines(&text) {
            let Some(arguments) = call(&line) else {
                continue;
            };
            let mut command = Command::new(env!("CARGO_BIN_EXE_ulmfit"));
            command.args(arguments).current_dir(&empty);
            let out = command.stdin(Stdio::null()).output().unwrap();
            let said = String::from_utf8_lossy(&out.stderr);
            let place = format!("{}, line {number}: {line}", page.display());
            assert!(matches!(out.status.code(), Some(0 | 1)), "{place}\n{said}");
            n += 1;
        }
    }
    assert!(n > 20, "{n} calls");
}

#[test]
fn calls_are_read_as_a_shell_does() {
    let read = |line| call(line).map(|words| words.join("_"));
    assert_eq!(read("ulmfit a \"b c\" --d # e"), Some("a_b c_--d".into()));
    assert_eq!(read("echo x | ulmfit a - > f"), Some("a_-".into()));
    assert_eq!(read("cargo run"), None);
    let page = "```sh\nulmfit a \\\n  --b\n\nulmfit c\n```\n";
    let lines: Vec<String> = shell_lines(page)
        .into_iter()
        .map(|(_, line)| line)
        .collect();
    assert_eq!(lines, ["ulmfit a   --b", "", "ulmfit c"]);
}
