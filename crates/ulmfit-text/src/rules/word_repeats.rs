//! `replace_wrep`: runs of one word become a mark, a count and the word.

use std::borrow::Cow;
use std::fmt::Write;

use super::Rule;
use crate::pytext::{char_at, char_before, chunks, is_space, is_word, skip, split};
use crate::specials::{Special, paper, xx};

/// fastai v2 (and standard): three or more of one word between white space; the last may be followed by a sign.
pub(super) const FASTAI_V2: Rule = Rule {
    name: "replace_wrep",
    example: (
        "it is so so so good",
        concat!("it is ", xx!(word_rep), " 3 so  good"),
    ),
    apply: |text| {
        if !has_equal_neighbors(text) {
            return Cow::Borrowed(text);
        }
        mark_words(text)
    },
};

/// fastai v1: four or more of one word with what follows it.
pub(super) const FASTAI_V1: Rule = Rule {
    name: "replace_wrep_v1",
    example: (
        "no, no, no, no, yes",
        concat!(" ", xx!(word_rep), " 4 no,  yes"),
    ),
    apply: |text| mark_units(text, Special::WordRep.as_str()),
};

/// fastai v0.7: as v1, with its own mark.
pub(super) const PAPER: Rule = Rule {
    name: "replace_wrep_paper",
    example: ("so so so so good", " tk_wrep 4 so  good"),
    apply: |text| mark_units(text, paper::WORD_REP),
};

/// Whether any two neighboring chunks are equal. Three in a row begin with two, and few texts have any.
fn has_equal_neighbors(text: &str) -> bool {
    let mut previous = "";
    chunks(text).any(|(start, end)| {
        let chunk = &text[start..end];
        std::mem::replace(&mut previous, chunk) == chunk
    })
}

/// v2's expression by hand: `(?:\s|^)(\w+)\s+((?:\1\s+)+)\1(\s|\W|$)`.
///
/// A word must be a whole chunk, because white space stands on both sides of it. A match takes one white space before
/// it and one character behind it, which the next match cannot use again.
fn mark_words(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    loop {
        let start = skip(text, at, true);
        if start == text.len() {
            break;
        }
        let end = skip(text, start, false);
        at = end;
        let space_before = char_before(text, start).map_or(0, char::len_utf8);
        let free = start == 0 || start >= copied + space_before;
        if !free || !text[start..end].chars().all(is_word) {
            continue;
        }
        let Some(found) = repeats(text, start, end) else {
            continue;
        };
        out.push_str(&text[copied..start - space_before]);
        // Writing to a string cannot fail.
        let mark = Special::WordRep.as_str();
        let _ = write!(out, " {mark} {} {} ", found.count, &text[start..end]);
        out.push_str(&text[found.end..found.end + found.trail]);
        copied = found.end + found.trail;
        at = copied;
        if found.trail > 0 && !text[found.end..copied].chars().all(is_space) {
            at = skip(text, copied, false); // The rest of a chunk cannot begin a match.
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

struct Repeats {
    count: usize,
    /// The end of the last word, and the bytes of the character behind it.
    end: usize,
    trail: usize,
}

fn repeats(text: &str, start: usize, end: usize) -> Option<Repeats> {
    let word = &text[start..end];
    let (mut count, mut last) = (1, end);
    loop {
        let next = skip(text, last, true);
        if !text[next..].starts_with(word) {
            break;
        }
        let next_end = next + word.len();
        match text[next_end..].chars().next() {
            Some(c) if is_word(c) => break,
            Some(c) if is_space(c) => (count, last) = (count + 1, next_end),
            // The end of the text or a sign: the last word of the match.
            sign => {
                let trail = sign.map_or(0, char::len_utf8);
                return (count >= 2).then_some(Repeats {
                    count: count + 1,
                    end: next_end,
                    trail,
                });
            }
        }
    }
    let trail = char_at(text, last).len_utf8();
    (count >= 3).then_some(Repeats {
        count,
        end: last,
        trail,
    })
}

/// v1's expression by hand: `(\b\w+\W+)(\1{3,})`. The unit is a word and everything up to the next word.
fn mark_units<'t>(text: &'t str, mark: &str) -> Cow<'t, str> {
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(offset) = text[at..].find(is_word) {
        let start = at + offset;
        let word_end = end_of(text, start, is_word);
        let end = end_of(text, word_end, |c| !is_word(c));
        let unit = &text[start..end];
        at = end;
        if word_end == end {
            break;
        }
        let others = text.as_bytes()[end..].chunks_exact(unit.len());
        let others = others.take_while(|&u| u == unit.as_bytes()).count();
        if others < 3 {
            continue;
        }
        at = end + others * unit.len();
        out.push_str(&text[copied..start]);
        // fastai counts the words of the repeats, which are as many as the repeats only where the unit holds one.
        let count = 1 + split(&text[end..at]).count();
        // Writing to a string cannot fail.
        let _ = write!(out, " {mark} {count} {unit} ");
        copied = at;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

fn end_of(text: &str, from: usize, inside: impl Fn(char) -> bool) -> usize {
    text[from..]
        .find(|c| !inside(c))
        .map_or(text.len(), |offset| from + offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_words() {
        for (text, expected) in [
            ("a a a", " xxwrep 3 a "),
            ("a a", "a a"),
            ("a a a.", " xxwrep 3 a ."),
            ("x no no no y", "x xxwrep 3 no  y"),
            ("word word wordy", "word word wordy"),
            ("very, very, very", "very, very, very"),
            ("It is what it is what it is", "It is what it is what it is"),
            // The space behind the first match is used up, so only two `b` stand behind white space.
            ("a a a b b b", " xxwrep 3 a  b b b"),
            ("cat cat cat-like", " xxwrep 3 cat -like"),
            ("no No no", "no No no"),
        ] {
            assert_eq!((FASTAI_V2.apply)(text), expected, "{text}");
        }
    }

    #[test]
    fn four_units() {
        for (text, expected) in [
            ("no no no no", "no no no no"),
            ("no no no no ", " xxwrep 4 no  "),
            ("no no no no  x", " xxwrep 4 no   x"),
            ("so so so good", "so so so good"),
            // One chunk, so the count is off: fastai's own arithmetic.
            ("a-a-a-a-b", " xxwrep 2 a- b"),
        ] {
            assert_eq!((FASTAI_V1.apply)(text), expected, "{text}");
        }
    }
}
