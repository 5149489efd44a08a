//! The messages in the chapter on troubleshooting are those of the code, and none of the libraries' is missing; the
//! deviations have their rows.

use std::collections::BTreeSet;

use super::{cells, files, parts, read, spans};

const PAGE: &str = "docs/troubleshooting.md";

/// The string literals of a source, each with what stands in front of it on the same line or the line before.
fn literals(source: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut before = String::new();
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // A comment may hold a single quote or backtick of any kind.
            '/' if chars.peek() == Some(&'/') => {
                chars.by_ref().find(|&c| c == '\n');
            }
            '\'' => {
                // The literal of a quote: '"' or '\"'.
                let rest: String = chars.clone().take(3).collect();
                let skip = match rest.as_str() {
                    rest if rest.starts_with("\"'") => 2,
                    "\\\"'" => 3,
                    _ => 0,
                };
                chars.by_ref().take(skip).for_each(drop);
            }
            '"' => {
                let mut text = String::new();
                while let Some(c) = chars.next() {
                    match (c, chars.peek()) {
                        ('"', _) => break,
                        ('\\', Some('\n')) => {
                            while chars.next_if(|c| c.is_whitespace()).is_some() {}
                        }
                        ('\\', Some(&next)) => {
                            chars.next();
                            text.push(next);
                        }
                        (c, _) => text.push(c),
                    }
                }
                found.push((std::mem::take(&mut before), text));
            }
            c if c.is_whitespace() => {}
            c => before.push(c),
        }
    }
    found
}

/// A message with `…` for every part that is filled in or stands in backticks.
fn pattern(message: &str) -> String {
    let (mut filled, mut rest) = (String::new(), message);
    while let Some((text, more)) = rest.split_once('{') {
        filled += text;
        filled.push('…');
        rest = more.split_once('}').map_or("", |(_, rest)| rest);
    }
    filled += rest;
    let parts = filled.split('`').enumerate();
    let parts: Vec<&str> = parts
        .map(|(n, part)| if n % 2 == 1 { "…" } else { part })
        .collect();
    let mut out = parts.concat();
    while out.contains("……") {
        out = out.replace("……", "…");
    }
    out
}

/// Every message of the code, and those of the libraries' errors.
fn messages() -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut all, mut errors) = (BTreeSet::new(), BTreeSet::new());
    let code = files("crates", ".rs")
        .into_iter()
        .chain(files("src", ".rs"));
    for file in code {
        if !file.iter().any(|part| part == "src") {
            continue;
        }
        for (before, text) in literals(&read(&file)) {
            let text = pattern(&text);
            if before.ends_with("#[error(") {
                errors.insert(text.clone());
            }
            all.insert(text);
        }
    }
    assert!(errors.len() > 40, "{errors:?}");
    (all, errors)
}

#[test]
fn quoted_messages_are_those_of_the_code() {
    let (all, errors) = messages();
    let page = read(PAGE);
    let mut headings = BTreeSet::new();
    for (line, text) in parts(&page).1 {
        if let Some(heading) = text.strip_prefix("### ") {
            let message = heading.trim_matches('`');
            assert!(
                all.contains(message),
                "{PAGE}, line {line}: no such message in the code: {message}"
            );
            headings.insert(message.to_owned());
        }
        let ending = cells(text).and_then(|cells| Some(spans(cells[0]).next()?.to_owned()));
        if let Some(ending) = ending {
            assert!(
                all.iter().any(|message| message.contains(&ending)),
                "{PAGE}, line {line}: no such ending in the code: {ending}"
            );
        }
    }
    for error in errors {
        assert!(
            headings.contains(&error),
            "{PAGE}: expected a heading for every error of the libraries, found none for this one; add\n### `{error}`"
        );
    }
}

#[test]
fn the_reader_of_literals_reads() {
    let source = "#[error(\n    \"a {b}: \\\n     `{}` {c}{d} \\\"e\\\"\"\n)] let c = '\"'; // don't\n f(\"g\")";
    let found = literals(source);
    assert_eq!(
        found[0],
        ("#[error(".into(), "a {b}: `{}` {c}{d} \"e\"".into())
    );
    assert_eq!(pattern(&found[0].1), "a …: … … \"e\"");
    assert_eq!(found[1].1, "g");
}

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
