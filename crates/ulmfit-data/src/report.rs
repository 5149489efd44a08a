//! What was read of a source, so that nothing is lost without a word.

use std::collections::BTreeMap;
use std::fmt;

use crate::error::listed;

/// What was read of a source, and what was left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadReport {
    /// Files that were opened.
    pub files: usize,
    /// Rows, objects or lines; blank lines are none.
    pub rows: usize,
    /// Documents made of them.
    pub documents: usize,
    /// Documents whose text is blank.
    pub empty_texts: usize,
    /// Documents without a label, where labels were asked for.
    pub unlabeled: usize,
    /// Of these, the texts that stand for no label, such as `nan`, and how often each did.
    pub missing: BTreeMap<String, usize>,
    /// The line and the number of lines of the quoted field of a table that spans the most lines, if one spans several.
    pub longest_field: Option<(u64, u64)>,
    /// Files that are no documents, in words: not in a folder of a class, or hidden.
    pub left_out: Vec<String>,
}

impl ReadReport {
    /// This report and another one, added up.
    pub fn merge(&mut self, other: &Self) {
        self.files += other.files;
        self.rows += other.rows;
        self.documents += other.documents;
        self.empty_texts += other.empty_texts;
        self.unlabeled += other.unlabeled;
        for (text, n) in &other.missing {
            *self.missing.entry(text.clone()).or_default() += n;
        }
        let lines = |field: &Option<(u64, u64)>| field.map_or(0, |(_, lines)| lines);
        if lines(&other.longest_field) > lines(&self.longest_field) {
            self.longest_field = other.longest_field;
        }
        self.left_out.extend(other.left_out.iter().cloned());
    }
}

/// `180 documents of 180 rows in 1 file; 2 without a label (1 NULL, 1 nan)`
impl fmt::Display for ReadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |n: usize, what: &str| match n {
            1 => format!("1 {what}"),
            n => format!("{n} {what}s"),
        };
        write!(
            f,
            "{} of {} in {}",
            plural(self.documents, "document"),
            plural(self.rows, "row"),
            plural(self.files, "file")
        )?;
        if self.empty_texts > 0 {
            write!(f, "; {} without text", self.empty_texts)?;
        }
        if self.unlabeled > 0 {
            write!(f, "; {} without a label", self.unlabeled)?;
            let missing = self.missing.iter().map(|(text, n)| format!("{n} `{text}`"));
            let missing: Vec<String> = missing.collect();
            if !missing.is_empty() {
                write!(f, " ({})", missing.join(", "))?;
            }
        }
        if let Some((line, lines)) = self.longest_field {
            write!(
                f,
                "; the longest field has {lines} lines, from line {line} on"
            )?;
        }
        if !self.left_out.is_empty() {
            write!(f, "; left out: {}", listed(&self.left_out))?;
        }
        Ok(())
    }
}
