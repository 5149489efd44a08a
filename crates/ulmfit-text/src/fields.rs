//! Several text columns as one text, and back.

use crate::specials::xx;

const MARK: &str = xx!(field);

/// The texts of several columns as one text, each behind `xxfld` and its number from 1, as fastai v2's `mark_fields`
/// writes them. A [`Tokenizer`](crate::Tokenizer) knows such a text and marks its fields as its own preset does.
///
/// ```
/// use ulmfit_text::{RulePreset, TokenizerConfig, join_fields};
/// let text = join_fields(&["a title", "a body"]);
/// assert_eq!(text, "xxfld 1 a title xxfld 2 a body");
/// let paper = TokenizerConfig::new().with_rules(RulePreset::Paper).init();
/// assert_eq!(paper.tokenize(&text).join(" "), "\n xbos xfld 1 a title xfld 2 a body");
/// assert_eq!(join_fields(&["only one"]), "only one");
/// ```
pub fn join_fields<S: AsRef<str>>(fields: &[S]) -> String {
    match fields {
        [only] => only.as_ref().to_owned(),
        fields => join(fields, Some(MARK)),
    }
}

/// Fields with a space between them, each behind `mark` and its number where there is one.
pub(crate) fn join<S: AsRef<str>>(fields: &[S], mark: Option<&str>) -> String {
    let mut out = String::new();
    for (i, field) in fields.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        if let Some(mark) = mark {
            out.push_str(&format!("{mark} {} ", i + 1));
        }
        out.push_str(field.as_ref());
    }
    out
}

/// The fields of a text of [`join_fields`]; none of any other text.
pub(crate) fn split(text: &str) -> Option<Vec<&str>> {
    let mut rest = text.strip_prefix(MARK)?.strip_prefix(" 1 ")?;
    let mut fields = Vec::new();
    while let Some((field, behind)) = rest.split_once(&format!(" {MARK} {} ", fields.len() + 2)) {
        fields.push(field);
        rest = behind;
    }
    fields.push(rest);
    (fields.len() > 1).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_fields_come_apart_again() {
        for fields in [&["a", "b c"][..], &["", "b", ""], &["a", ""]] {
            assert_eq!(split(&join_fields(fields)), Some(fields.to_vec()));
        }
        for text in [
            "xxfld",
            "xxfld 1 a",
            "xxfld 2 a xxfld 3 b",
            "a xxfld 1 b",
            "",
        ] {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
