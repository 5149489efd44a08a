//! `replace_all_caps` and `replace_maj` of fastai v2: capitals become marks, chunk by chunk, before splitting.
//!
//! Capitals are ASCII capitals: `É` counts as no letter at all, as in fastai's expressions.

use std::borrow::Cow;

use super::Rule;
use crate::pytext::{char_before, is_space, skip};
use crate::specials::{Special, xx};

/// A chunk that begins with a capital and holds no ASCII lower-case letter.
pub(super) const ALL_CAPS: Rule = Rule {
    name: "replace_all_caps",
    example: (
        "I LOVE this DVD, A1",
        concat!(
            "i ",
            xx!(up),
            " love this ",
            xx!(up),
            " dvd, ",
            xx!(up),
            " a1"
        ),
    ),
    apply: |text| {
        mark(text, Special::Up, |rest| {
            !rest.bytes().any(|b| b.is_ascii_lowercase())
        })
    },
};

/// A chunk whose only capital is its first character.
pub(super) const CAPITALIZED: Rule = Rule {
    name: "replace_maj",
    example: (
        "Hello McDonald I'm",
        concat!(xx!(maj), " hello McDonald ", xx!(maj), " i'm"),
    ),
    apply: |text| {
        mark(text, Special::Maj, |rest| {
            !rest.bytes().any(|b| b.is_ascii_uppercase())
        })
    },
};

/// Lower-cases the chunks that begin with a capital and whose rest passes, and marks those of two characters or more.
fn mark(text: &str, special: Special, passes: fn(&str) -> bool) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(offset) = bytes[at..].iter().position(u8::is_ascii_uppercase) {
        let start = at + offset;
        let end = skip(text, start, false);
        at = end;
        // A capital inside a chunk: what is before it was passed over above.
        if !char_before(text, start).is_none_or(is_space) || !passes(&text[start + 1..end]) {
            continue;
        }
        out.push_str(&text[copied..start]);
        if end - start > 1 {
            out.push_str(special.as_str());
            out.push(' ');
        }
        out.push_str(&text[start..end].to_lowercase());
        copied = end;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_caps() {
        for (text, expected) in [
            ("A", "a"),
            ("DVD,", "xxup dvd,"),
            ("C++", "xxup c++"),
            ("Aé", "xxup aé"),
            ("ÉCOLE", "ÉCOLE"),
            ("(AB)", "(AB)"),
            ("NASA's", "NASA's"),
            ("AB\nCD", "xxup ab\nxxup cd"),
        ] {
            assert_eq!((ALL_CAPS.apply)(text), expected, "{text}");
        }
    }

    #[test]
    fn capitalized() {
        for (text, expected) in [
            ("Ab Cd", "xxmaj ab xxmaj cd"),
            ("iPhone", "iPhone"),
            ("X-ray", "xxmaj x-ray"),
            ("École", "École"),
            ("I", "i"),
        ] {
            assert_eq!((CAPITALIZED.apply)(text), expected, "{text}");
        }
    }
}
