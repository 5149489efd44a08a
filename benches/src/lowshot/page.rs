//! The page of the study: its table stands between two comments, its picture beside it.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use ulmfit::text::write_beside;

use super::cells::Line;
use super::picture::chart;
use super::table::table;

/// The two lines of the page between which the table stands.
const BEGIN: &str = "<!-- table: ulmfit-bench lowshot --report -->";
const END: &str = "<!-- end of the table -->";

/// Writes `lowshot.svg` into the folder, and the table into its `lowshot.md`.
pub(super) fn write(lines: &[Line], folder: &Path) -> anyhow::Result<Value> {
    let page = folder.join("lowshot.md");
    let text = std::fs::read_to_string(&page)
        .with_context(|| format!("cannot read {}", page.display()))?;
    let Some((before, rest)) = text.split_once(BEGIN) else {
        bail!("{}: expected a line {BEGIN}, found none", page.display());
    };
    let Some((_, after)) = rest.split_once(END) else {
        bail!(
            "{}: expected a line {END} after {BEGIN}, found none",
            page.display()
        );
    };
    let text = format!("{before}{BEGIN}\n\n{}\n{END}{after}", table(lines));
    write_beside(&page, text.as_bytes())
        .with_context(|| format!("cannot write {}", page.display()))?;
    let picture = folder.join("lowshot.svg");
    write_beside(&picture, chart(lines).file().as_bytes())
        .with_context(|| format!("cannot write {}", picture.display()))?;
    Ok(json!({ "page": page, "picture": picture, "cells": lines.len() }))
}
