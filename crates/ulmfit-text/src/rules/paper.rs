//! Rules that only fastai v0.7 has.

use std::borrow::Cow;

use super::Rule;
use crate::pytext::{is_space, is_upper, is_word};
use crate::specials::paper;

/// `do_caps`: everything is lower-cased; words in capitals of three characters or more are marked.
pub(super) const CAPS: Rule = Rule {
    name: "do_caps",
    example: ("THE END of It, OK", " t_up the  t_up end of it, ok"),
    apply: |text| {
        let mut out = String::with_capacity(text.len() + 16);
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let word = is_word(first);
            let end = rest.find(|c| is_word(c) != word).unwrap_or(rest.len());
            let (piece, after) = rest.split_at(end);
            if is_upper(piece) && piece.chars().count() > 2 {
                out.extend([" ", paper::UP, " "]);
            }
            out.push_str(&piece.to_lowercase());
            rest = after;
        }
        Cow::Owned(out)
    },
};

/// `sub_br`: `<br>`, `<br/>` and the like become line breaks.
pub(super) const LINE_BREAKS: Rule = Rule {
    name: "sub_br",
    example: ("a<br>b< BR/>c<bring>", "a\nb\nc<bring>"),
    apply: |text| {
        let mut out = String::new();
        let mut copied = 0;
        for (start, _) in text.match_indices('<') {
            if let Some(len) = line_break(&text[start..]) {
                out.push_str(&text[copied..start]);
                out.push('\n');
                copied = start + len;
            }
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(&text[copied..]);
        Cow::Owned(out)
    },
};

/// The bytes of a leading `<\s*br\s*/?>`.
fn line_break(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('<')?.trim_start_matches(is_space);
    let rest = rest
        .strip_prefix(['b', 'B'])?
        .strip_prefix(['r', 'R'])?
        .trim_start_matches(is_space);
    let rest = rest.strip_prefix('/').unwrap_or(rest).strip_prefix('>')?;
    Some(text.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_capitals_lose_their_case() {
        for (text, expected) in [
            ("NASA's", " t_up nasa's"),
            ("OK I", "ok i"),
            ("MP3", " t_up mp3"),
            ("ÉCOLE", " t_up école"),
            ("123", "123"),
            ("Hello", "hello"),
        ] {
            assert_eq!((CAPS.apply)(text), expected, "{text}");
        }
    }
}
