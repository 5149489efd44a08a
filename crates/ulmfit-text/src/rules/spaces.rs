//! `spec_add_spaces` and `rm_useless_spaces`.

use std::borrow::Cow;

use super::Rule;

/// fastai v2 (and standard): spaces round `/`, `#` and `\`.
pub(super) const AROUND_SIGNS_V2: Rule = Rule {
    name: "spec_add_spaces",
    example: ("and/or #5 \\", "and / or  # 5  \\ "),
    apply: |text| pad(text, |b| matches!(b, b'/' | b'#' | b'\\')),
};

/// fastai v1: round `/`, `#` and line breaks.
pub(super) const AROUND_SIGNS_V1: Rule = Rule {
    name: "spec_add_spaces_v1",
    example: ("a/b\nc\\", "a / b \n c\\"),
    apply: |text| pad(text, |b| matches!(b, b'/' | b'#' | b'\n')),
};

/// fastai v0.7: round `/` and `#`.
pub(super) const AROUND_SIGNS_PAPER: Rule = Rule {
    name: "spec_add_spaces_paper",
    example: ("a/b\nc", "a / b\nc"),
    apply: |text| pad(text, |b| matches!(b, b'/' | b'#')),
};

/// All generations: one space instead of several. Tabs and line breaks stay.
pub(super) const USELESS: Rule = Rule {
    name: "rm_useless_spaces",
    example: ("a   b \n  c", "a b \n c"),
    apply: |text| {
        let bytes = text.as_bytes();
        let Some(first) = bytes.windows(2).position(|w| w == b"  ") else {
            return Cow::Borrowed(text);
        };
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        let mut at = first;
        loop {
            out.push_str(&rest[..=at]);
            rest = rest[at..].trim_start_matches(' ');
            match rest.as_bytes().windows(2).position(|w| w == b"  ") {
                Some(next) => at = next,
                None => break,
            }
        }
        out.push_str(rest);
        Cow::Owned(out)
    },
};

/// Applies a rule to text that may already be owned.
pub(super) fn owned(text: Cow<'_, str>, rule: Rule) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => (rule.apply)(text),
        Cow::Owned(text) => Cow::Owned((rule.apply)(&text).into_owned()),
    }
}

fn pad(text: &str, sign: fn(u8) -> bool) -> Cow<'_, str> {
    if !text.bytes().any(sign) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut copied = 0;
    // The signs are ASCII, so their places are character boundaries.
    for (at, b) in text.bytes().enumerate().filter(|&(_, b)| sign(b)) {
        out.push_str(&text[copied..at]);
        out.extend([' ', b as char, ' ']);
        copied = at + 1;
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_shrink_to_one() {
        for (text, expected) in [
            ("  ", " "),
            ("    a    ", " a "),
            ("a b", "a b"),
            ("a  \n   b", "a \n b"),
            ("\u{a0}\u{a0}", "\u{a0}\u{a0}"),
        ] {
            assert_eq!((USELESS.apply)(text), expected, "{text:?}");
        }
    }
}
