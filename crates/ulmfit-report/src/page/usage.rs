//! How the model is used, and every number it was made with.

use super::write;
use crate::Report;
use crate::escape::Escaped;

pub(super) fn section(report: &Report) -> String {
    let mut out = String::new();
    for snippet in &report.snippets {
        write(
            &mut out,
            format_args!(
                "<h3>{}</h3>\n<pre tabindex=\"0\"><code>{}</code></pre>\n",
                Escaped(&snippet.title),
                Escaped(&snippet.text)
            ),
        );
    }
    out
}

pub(super) fn recipe(report: &Report) -> String {
    if report.recipe.is_empty() {
        return String::new();
    }
    format!(
        "<details>\n<summary>Every number of the run, with its source</summary>\n\
         <pre tabindex=\"0\"><code>{}</code></pre>\n</details>\n",
        Escaped(&report.recipe)
    )
}
