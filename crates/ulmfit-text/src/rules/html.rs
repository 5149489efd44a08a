//! `fix_html`: leftovers of markup and of other tokenizers, then the character references.

use std::borrow::Cow;

use super::unescape::unescape;
use super::{Rule, spaces};
use crate::specials::{Special, paper, xx};

/// As v2's, but an entity goes with its ampersand.
pub(super) const STANDARD: Rule = Rule {
    name: "fix_html",
    example: (
        "&quot;x&quot; &amp; &#39;z&#39; AT&amp;T<br />",
        "'x' & 'z' AT&T\n",
    ),
    apply: |text| {
        // Deviation: fastai replaces `amp;` and leaves the `&` before it, so `&amp;` becomes `&&`.
        let text = literals(ampersands(text), ENTITIES_WITH_AMPERSAND);
        unescape(literals(literals(text, FASTAI), ELLIPSIS))
    },
};

/// fastai v2: the ampersand of the listed entities survives.
pub(super) const FASTAI_V2: Rule = Rule {
    name: "fix_html_v2",
    example: (
        "&quot;x&quot; AT&amp;T... <unk>",
        concat!("&'x&' AT&&T … ", xx!(unk)),
    ),
    apply: |text| unescape(literals(literals(Cow::Borrowed(text), FASTAI), ELLIPSIS)),
};

/// fastai v1: also ` @,@ ` and spaces round backslashes, but no ellipsis.
pub(super) const FASTAI_V1: Rule = Rule {
    name: "fix_html_v1",
    example: ("1 @,@ 000 a\\b...", "1,000 a \\ b..."),
    apply: |text| {
        let text = literals(Cow::Borrowed(text), FASTAI);
        spaces::owned(unescape(literals(text, V1)), spaces::USELESS)
    },
};

/// `fixup` of fastai v0.7.
pub(super) const PAPER: Rule = Rule {
    name: "fixup_paper",
    example: ("an <unk>  a\\b 1 @,@ 000", "an u_n a \\ b 1 @,@ 000"),
    apply: |text| {
        let text = literals(Cow::Borrowed(text), &[("<unk>", paper::UNK_IN_TEXT)]);
        let text = literals(text, FASTAI);
        spaces::owned(unescape(literals(text, BACKSLASH)), spaces::USELESS)
    },
};

type Literals = &'static [(&'static str, &'static str)];

const ENTITIES_WITH_AMPERSAND: Literals = &[
    ("&#39;", "'"),
    ("&#146;", "'"),
    ("&nbsp;", " "),
    ("&#36;", "$"),
    ("&quot;", "'"),
];

/// Common to all generations, in fastai's order.
const FASTAI: Literals = &[
    ("#39;", "'"),
    ("amp;", "&"),
    ("#146;", "'"),
    ("nbsp;", " "),
    ("#36;", "$"),
    ("\\n", "\n"),
    ("quot;", "'"),
    ("<br />", "\n"),
    ("\\\"", "\""),
    ("<unk>", Special::Unk.as_str()),
    (" @.@ ", "."),
    (" @-@ ", "-"),
];

const ELLIPSIS: Literals = &[("...", " …")];
const V1: Literals = &[(" @,@ ", ","), ("\\", " \\ ")];
const BACKSLASH: Literals = &[("\\", " \\ ")];

/// `&amp;` to `&`, however often it was escaped: before all others, so that `&amp;quot;` is one entity then.
fn ampersands(text: &str) -> Cow<'_, str> {
    if !text.contains("&amp;") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("&amp;") {
        out.push_str(before);
        out.push('&');
        rest = after.trim_start_matches("amp;");
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Replaces literals one after the other.
fn literals<'t>(mut text: Cow<'t, str>, list: Literals) -> Cow<'t, str> {
    // One look at the text tells which literals can occur at all; after a replacement, look again.
    let mut present = Present::of(&text);
    for (from, to) in list {
        if present.may_hold(from) && text.contains(from) {
            text = Cow::Owned(text.replace(from, to));
            present = Present::of(&text);
        }
    }
    text
}

/// Which of the bytes that mark a literal occur.
struct Present(u8);

impl Present {
    const fn bit(b: u8) -> u8 {
        match b {
            b';' => 1,
            b'\\' => 2,
            b'<' => 4,
            b'@' => 8,
            b'.' => 16,
            _ => 0,
        }
    }

    fn of(text: &str) -> Self {
        const BITS: [u8; 256] = {
            let mut bits = [0; 256];
            let mut b = 0;
            while b < 256 {
                bits[b] = Present::bit(b as u8);
                b += 1;
            }
            bits
        };
        Self(text.bytes().fold(0, |bits, b| bits | BITS[b as usize]))
    }

    fn may_hold(&self, literal: &str) -> bool {
        let wanted = Self::of(literal).0;
        self.0 & wanted == wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_rule_leaves_no_ampersand() {
        for (text, expected) in [
            ("&amp;", "&"),
            ("&amp;amp;amp;amp;", "&"),
            ("&amp;amp;quot;", "'"),
            ("&amp;#39;", "'"),
            ("&amp;quot;", "'"),
            ("a&nbsp;b", "a b"),
            ("&#36;5", "$5"),
            ("didn&#146;t", "didn't"),
            ("&&amp;", "&&"),
            // As in v2:
            ("R amp; D", "R & D"),
            ("&lt;b&gt;", "<b>"),
            ("wait...", "wait …"),
            ("caf&eacute;", "café"),
        ] {
            assert_eq!((STANDARD.apply)(text), expected, "{text}");
        }
    }

    #[test]
    fn older_generations() {
        assert_eq!((FASTAI_V1.apply)("a  b\\nc &lt;  d"), "a b\nc < d");
        assert_eq!((FASTAI_V1.apply)("<unk> x \\\\ y"), "xxunk x \\ \\ y");
        assert_eq!((PAPER.apply)("<br />1 @.@ 5 &amp;"), "\n1.5 &&");
    }

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(
            (STANDARD.apply)("plain; text. <b> \\ @"),
            Cow::Borrowed(_)
        ));
    }
}
