//! `replace_rep`: runs of one character become a mark, a count and the character.

use std::borrow::Cow;
use std::fmt::Write;

use super::Rule;
use crate::pytext::{is_alpha, is_numeric, is_space};
use crate::specials::{Special, paper, xx};

/// Runs count from three for signs, from four for letters, never for digits.
pub(super) const STANDARD: Rule = Rule {
    name: "replace_rep",
    example: (
        "sooo www 1,000 sooooo!!!",
        concat!("sooo www 1,000 s ", xx!(rep), " 5 o  ", xx!(rep), " 3 ! "),
    ),
    apply: |text| {
        mark_runs(text, Special::Rep.as_str(), |c| match () {
            // Deviation: fastai v2 marks `www` and the zeros of `1,000`, and so tears addresses and numbers.
            () if is_alpha(c) => 4,
            () if is_numeric(c) => usize::MAX,
            () => 3,
        })
    },
};

/// fastai v2: runs of three or more.
pub(super) const FASTAI_V2: Rule = Rule {
    name: "replace_rep_v2",
    example: (
        "www 1,000",
        concat!(" ", xx!(rep), " 3 w  1, ", xx!(rep), " 3 0 "),
    ),
    apply: |text| mark_runs(text, Special::Rep.as_str(), |_| 3),
};

/// fastai v1: runs of four or more.
pub(super) const FASTAI_V1: Rule = Rule {
    name: "replace_rep_v1",
    example: ("cccc www", concat!(" ", xx!(rep), " 4 c  www")),
    apply: |text| mark_runs(text, Special::Rep.as_str(), |_| 4),
};

/// fastai v0.7: as v1, with its own mark.
pub(super) const PAPER: Rule = Rule {
    name: "replace_rep_paper",
    example: ("!!!!", " tk_rep 4 ! "),
    apply: |text| mark_runs(text, paper::REP, |_| 4),
};

fn mark_runs<'t>(text: &'t str, mark: &str, shortest: fn(char) -> usize) -> Cow<'t, str> {
    let mut out = String::new();
    let mut copied = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        // The common case, two different characters, must cost next to nothing.
        if chars.next_if(|&(_, next)| next == c).is_none() {
            continue;
        }
        let mut run = 2;
        while chars.next_if(|&(_, next)| next == c).is_some() {
            run += 1;
        }
        if run > 2 && run >= shortest(c) && !is_space(c) {
            out.push_str(&text[copied..start]);
            // Writing to a string cannot fail.
            let _ = write!(out, " {mark} {run} {c} ");
            copied = start + run * c.len_utf8();
        }
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
    fn standard_thresholds() {
        for (text, expected) in [
            ("!!", "!!"),
            ("!!!", " xxrep 3 ! "),
            ("aaa", "aaa"),
            ("aaaa", " xxrep 4 a "),
            ("1000000", "1000000"),
            ("²²²²", "²²²²"),
            ("ééééx", " xxrep 4 é x"),
            ("😀😀😀", " xxrep 3 😀 "),
            ("\n\n\n\n    ", "\n\n\n\n    "),
            ("____", " xxrep 4 _ "),
        ] {
            assert_eq!((STANDARD.apply)(text), expected, "{text}");
        }
    }

    #[test]
    fn older_thresholds() {
        assert_eq!(
            (FASTAI_V1.apply)("aaa aaaa 0000"),
            "aaa  xxrep 4 a   xxrep 4 0 "
        );
        assert_eq!((PAPER.apply)("good!!!! no!!!"), "good tk_rep 4 !  no!!!");
    }
}
