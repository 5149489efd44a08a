//! Python's idea of characters. The reference implementations are Python; where its string methods
//! and Rust's disagree, theirs decide what a space, a letter or an upper-case word is.

use crate::tables::unicode::{ALPHA, DECIMAL, NUMERIC, TITLE};

/// `str.isspace` and `\s`: Unicode white space and the four separators U+001C to U+001F.
#[inline]
pub(crate) fn is_space(c: char) -> bool {
    match c {
        '\t'..='\r' | '\u{1c}'..=' ' => true,
        '\0'..='\x7f' => false,
        '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' => true,
        '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => true,
        _ => false,
    }
}

/// `\w`: letters, numbers of every kind and `_`, but no combining marks.
pub(crate) fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    is_alpha(c) || is_numeric(c)
}

/// `str.isalpha`.
pub(crate) fn is_alpha(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphabetic()
    } else {
        holds(ALPHA, c)
    }
}

/// `str.isalnum` without `str.isalpha`: digits, fractions, number letters.
pub(crate) fn is_numeric(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_digit()
    } else {
        holds(NUMERIC, c)
    }
}

/// `\d`: decimal digits of any script.
pub(crate) fn is_decimal(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_digit()
    } else {
        holds(DECIMAL, c)
    }
}

/// `str.isupper` of one character.
pub(crate) fn is_upper_char(c: char) -> bool {
    c.is_uppercase()
}

/// `str.isupper`: some cased character, and none of them lower or title case.
pub(crate) fn is_upper(text: &str) -> bool {
    text.chars().any(char::is_uppercase)
        && !text.chars().any(|c| c.is_lowercase() || holds(TITLE, c))
}

/// `str.islower`: some cased character, and none of them upper or title case.
pub(crate) fn is_lower(text: &str) -> bool {
    text.chars().any(char::is_lowercase)
        && !text.chars().any(|c| c.is_uppercase() || holds(TITLE, c))
}

/// `str.strip()`.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `str.split()`: the maximal runs of non-space characters.
pub(crate) fn split(text: &str) -> impl Iterator<Item = &str> {
    chunks(text).map(|(start, end)| &text[start..end])
}

/// Where the maximal runs of non-space characters start and end, in bytes.
pub(crate) fn chunks(text: &str) -> Chunks<'_> {
    Chunks { text, at: 0 }
}

pub(crate) struct Chunks<'t> {
    text: &'t str,
    at: usize,
}

impl Iterator for Chunks<'_> {
    type Item = (usize, usize);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let start = skip(self.text, self.at, true);
        if start == self.text.len() {
            return None;
        }
        self.at = skip(self.text, start, false);
        Some((start, self.at))
    }
}

/// The end of the run of space (or non-space) characters that begins at byte `at`.
#[inline]
pub(crate) fn skip(text: &str, mut at: usize, space: bool) -> usize {
    let bytes = text.as_bytes();
    while let Some(&b) = bytes.get(at) {
        if b < 0x80 {
            if SPACE[b as usize] != space {
                break;
            }
            at += 1;
        } else {
            let c = char_at(text, at);
            if is_space(c) != space {
                break;
            }
            at += c.len_utf8();
        }
    }
    at
}

/// The character at byte `at`; NUL past the end, so that a caller at the end needs no case of its own.
#[inline]
pub(crate) fn char_at(text: &str, at: usize) -> char {
    text[at..].chars().next().unwrap_or('\0')
}

/// The character before byte `at`, if any.
#[inline]
pub(crate) fn char_before(text: &str, at: usize) -> Option<char> {
    text[..at].chars().next_back()
}

/// [`is_space`] of the ASCII characters.
pub(crate) const SPACE: [bool; 128] = {
    let mut table = [false; 128];
    let mut b = 0;
    while b < 128 {
        table[b] = matches!(b, 9..=13 | 28..=32);
        b += 1;
    }
    table
};

fn holds(ranges: &[(u32, u32)], c: char) -> bool {
    let c = c as u32;
    let at = ranges.partition_point(|&(_, last)| last < c);
    ranges.get(at).is_some_and(|&(first, _)| first <= c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_are_pythons() {
        let spaces: Vec<u32> = (0..0x11_0000)
            .filter_map(char::from_u32)
            .filter(|&c| is_space(c))
            .map(u32::from)
            .collect();
        assert_eq!(spaces.len(), 29);
        for c in [0x1c, 0x1f, 0x85, 0xa0, 0x3000] {
            assert!(spaces.contains(&c));
        }
        assert!(!is_space('\u{200b}') && !is_space('\u{feff}'));
    }

    #[test]
    fn words_hold_no_marks_but_fractions() {
        for (c, expected) in [
            ('a', true),
            ('_', true),
            ('²', true),
            ('½', true),
            ('日', true),
            ('\u{301}', false),
            ('-', false),
        ] {
            assert_eq!(is_word(c), expected, "{c:?}");
        }
        assert!(is_decimal('٣') && !is_decimal('²') && is_numeric('²') && !is_alpha('²'));
    }

    #[test]
    fn case_needs_a_cased_character() {
        assert!(is_upper("A1") && is_upper("ÉCOLE") && !is_upper("11") && !is_upper("Ab"));
        assert!(!is_upper("ǅ") && !is_lower("ǅ") && is_lower("a'b") && !is_lower("''"));
    }

    #[test]
    fn chunks_cover_the_words() {
        assert_eq!(
            split(" a\u{a0}\u{1c}bc \n").collect::<Vec<_>>(),
            ["a", "bc"]
        );
        assert_eq!(split("  ").count(), 0);
        assert_eq!(strip("\u{a0}x \u{1f}"), "x");
    }
}
