//! The splitters that need no tables.

use super::Piece;
use crate::pytext::{chunks, is_space};

/// fastai v0.7's `tokenize`. Its character class reads the backslash as an escape, so `\` is not in it.
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~“”¨«»®´·º½¾¿¡§£₤‘’";

/// A splitter with the marks that it keeps whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Simple {
    /// Special tokens of the rules.
    pub(crate) whole: &'static [&'static str],
    /// Marks that a count and a character or a word follow.
    pub(crate) counted: [&'static str; 2],
}

impl Simple {
    pub(crate) fn whitespace(text: &str, words: &mut Vec<Piece>) {
        words.clear();
        words.extend(chunks(text).map(|(start, end)| Piece {
            start,
            end,
            spaced: true,
        }));
    }

    pub(crate) fn punctuation(self, text: &str, words: &mut Vec<Piece>) {
        words.clear();
        let mut push = |start, end| {
            if start < end {
                words.push(Piece {
                    start,
                    end,
                    spaced: false,
                });
            }
        };
        for (start, end) in chunks(text) {
            let chunk = &text[start..end];
            if self.whole.contains(&chunk) {
                // Deviation: v0.7 cuts its own marks at the `_`, which no model can have wanted.
                push(start, end);
                continue;
            }
            let mut from = start;
            for (i, c) in chunk
                .char_indices()
                .filter(|&(_, c)| PUNCTUATION.contains(c))
            {
                push(from, start + i);
                from = start + i + c.len_utf8();
                push(start + i, from);
            }
            push(from, end);
        }
    }

    pub(crate) fn characters(self, text: &str, words: &mut Vec<Piece>) {
        words.clear();
        let mut at = 0;
        let mut arguments = 0; // What still belongs to a counted mark stays whole as well.
        while at < text.len() {
            let rest = &text[at..];
            let end = rest.find(is_space).unwrap_or(rest.len());
            let chunk = &rest[..end];
            let mark = self.whole.contains(&chunk);
            if !chunk.is_empty() && (mark || arguments > 0) {
                arguments = match () {
                    () if self.counted.contains(&chunk) => 2,
                    () if mark => 0,
                    () => arguments - 1,
                };
                words.push(Piece {
                    start: at,
                    end: at + end,
                    spaced: false,
                });
                at += end + usize::from(rest[end..].starts_with(' '));
                continue;
            }
            // A run of spaces has no chunk; one character of it is enough to go on.
            let run = if end == 0 {
                1
            } else {
                rest[..end].chars().count()
            };
            for c in rest.chars().take(run) {
                words.push(Piece {
                    start: at,
                    end: at + c.len_utf8(),
                    spaced: false,
                });
                at += c.len_utf8();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specials::STRINGS;

    const SIMPLE: Simple = Simple {
        whole: STRINGS,
        counted: ["xxrep", "xxwrep"],
    };

    fn check(split: impl Fn(&str, &mut Vec<Piece>), text: &str, expected: &[&str]) {
        let mut pieces = Vec::new();
        split(text, &mut pieces);
        let words: Vec<&str> = pieces.iter().map(|p| &text[p.start..p.end]).collect();
        assert_eq!(words, expected, "{text:?}");
    }

    #[test]
    fn whitespace_keeps_punctuation() {
        check(
            Simple::whitespace,
            " a, \n b's\u{a0}c ",
            &["a,", "b's", "c"],
        );
    }

    #[test]
    fn punctuation_is_cut_off() {
        let split = |t: &str, w: &mut Vec<Piece>| SIMPLE.punctuation(t, w);
        check(
            split,
            "don't (stop)... “now” a\\b",
            &[
                "don", "'", "t", "(", "stop", ")", ".", ".", ".", "“", "now", "”", "a\\b",
            ],
        );
    }

    #[test]
    fn characters_keep_special_tokens_and_their_arguments() {
        let split = |t: &str, w: &mut Vec<Piece>| SIMPLE.characters(t, w);
        check(
            split,
            "xxbos xxmaj hi é",
            &["xxbos", "xxmaj", "h", "i", " ", "é"],
        );
        check(
            split,
            "a xxrep 12 ! b",
            &["a", " ", "xxrep", "12", "!", "b"],
        );
        check(split, "\n\n x", &["\n", "\n", " ", "x"]);
    }
}
