//! How much of the texts the vocabulary knows.

use super::{heads, table, write};
use crate::Report;
use crate::escape::Escaped;
use crate::number::{count, percent};

pub(super) fn section(report: &Report) -> String {
    if report.coverage.is_empty() {
        return String::new();
    }
    let mut rows = String::new();
    for part in &report.coverage {
        let share = part.unknown as f64 / part.tokens.max(1) as f64;
        write(
            &mut rows,
            format_args!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                Escaped(&part.part),
                count(part.documents as u64),
                count(part.tokens),
                count(part.unknown),
                percent(share)
            ),
        );
    }
    let head = heads(&["Part", "Documents", "Tokens", "Unknown", "Share"]);
    let mut out = "<p>A token that is not in the vocabulary reads as <code>xxunk</code>: the model sees that a word \
                   stands there, but not which.</p>\n"
        .to_owned();
    out.push_str(&table("Unknown tokens", "numbers", &head, &rows));
    if !report.unknown_words.is_empty() {
        out.push_str("<p>Most frequent in the validation texts: ");
        for (index, (word, n)) in report.unknown_words.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write(
                &mut out,
                format_args!("{comma}<code>{}</code>&nbsp;({n})", Escaped(word)),
            );
        }
        out.push_str("</p>\n");
    }
    out
}
