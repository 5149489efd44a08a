//! The model beside simpler ones on the same documents.

use super::{heads, table, write};
use crate::Report;
use crate::escape::Escaped;
use crate::number::percent;

pub(super) fn section(report: &Report) -> String {
    let Some(beside) = &report.beside else {
        return String::new();
    };
    let mut rows = String::new();
    for row in &beside.rows {
        let (low, high) = row.interval;
        write(
            &mut rows,
            format_args!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{} to {}</td></tr>\n",
                Escaped(&row.name),
                percent(row.accuracy),
                percent(low),
                percent(high)
            ),
        );
    }
    let head = heads(&["Model", "Accuracy", "95 % interval"]);
    format!(
        "<p>{}</p>\n{}",
        Escaped(&beside.sentence),
        table("Models on the same documents", "beside", &head, &rows)
    )
}
