//! The page: one function for each of its sections, each in its file.

mod beside;
mod classes;
mod curves;
mod mistakes;
mod numbers;
mod summary;
mod usage;
mod words;

use std::fmt::{self, Write as _};

use crate::Report;
use crate::escape::Escaped;

/// The page's style: `page.css` and that of the charts.
const STYLE: [&str; 2] = [
    include_str!("page.css"),
    include_str!("../charts/chart.css"),
];

/// A section: its anchor, its heading, and what writes it; nothing where the report has nothing for it.
type Section = (&'static str, &'static str, fn(&Report) -> String);

/// Every section in its order.
const SECTIONS: &[Section] = &[
    ("summary", "Summary", summary::section),
    ("beside", "Beside simpler models", beside::section),
    ("curves", "Training", curves::section),
    ("classes", "Classes", classes::section),
    ("numbers", "Predictions and labels", numbers::section),
    ("calibration", "Calibration", classes::calibration),
    ("mistakes", "Most confident mistakes", mistakes::section),
    ("words", "Unknown words", words::section),
    ("usage", "How to use the model", usage::section),
    ("recipe", "Recipe", usage::recipe),
];

/// The report as an HTML document: no script, no other file, no address.
///
/// ```
/// use ulmfit_report::{Report, page};
///
/// let page = page::html(&Report::new("reviews"));
/// assert!(page.starts_with("<!doctype html>") && page.contains("<title>reviews</title>"));
/// ```
pub fn html(report: &Report) -> String {
    let sections = SECTIONS
        .iter()
        .map(|(id, heading, write)| (id, heading, write(report)));
    let sections: Vec<_> = sections.filter(|(.., body)| !body.is_empty()).collect();
    let title = Escaped(&report.title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{}{}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n<nav aria-label=\"Sections\"><ul>\n",
        STYLE[0], STYLE[1]
    );
    for (id, heading, _) in &sections {
        write(
            &mut page,
            format_args!("<li><a href=\"#{id}\">{heading}</a></li>\n"),
        );
    }
    page.push_str("</ul></nav>\n</header>\n<main>\n");
    for (id, heading, body) in &sections {
        write(
            &mut page,
            format_args!(
                "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{heading}</h2>\n{body}</section>\n"
            ),
        );
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// Writing to a string cannot fail.
fn write(out: &mut String, what: fmt::Arguments<'_>) {
    let _ = out.write_fmt(what);
}

/// A table that can be scrolled where it is wider than the page; `head` and `rows` hold cells.
fn table(caption: &str, class: &str, head: &str, rows: &str) -> String {
    format!(
        "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"{caption}\">\n\
         <table class=\"{class}\">\n<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )
}

/// The headings of a table's columns.
fn heads(names: &[&str]) -> String {
    let cells = names
        .iter()
        .map(|name| format!("<th scope=\"col\">{name}</th>"));
    cells.collect()
}
