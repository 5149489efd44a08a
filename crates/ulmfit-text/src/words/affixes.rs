//! What is cut from the ends of a chunk: spaCy's prefix and suffix expressions as hand-written matchers.

use super::classes::Classes;
use crate::pytext::{char_at, char_before};
use crate::tables::english::{BEFORE_STOP, CURRENCY, PREFIX, SUFFIX, UNITS, UPPER};

/// The longest entry of `UNITS` in bytes; how far back a suffix looks for a digit.
const LONGEST_UNIT: usize = 12;

/// Bytes to cut from the front, 0 for none.
#[inline]
pub(super) fn prefix(classes: Classes, word: &str) -> usize {
    let c = char_at(word, 0);
    if classes.of(c) & PREFIX != 0 {
        return c.len_utf8();
    }
    let rest = &word.as_bytes()[1.min(word.len())..];
    match c {
        '+' if !rest.first().is_some_and(u8::is_ascii_digit) => 1,
        '.' => match 1 + rest.iter().take_while(|&&b| b == b'.').count() {
            1 => 0, // One full stop stays; two or more are a word.
            run => run,
        },
        'U' if rest.starts_with(b"S$") => 3,
        'C' | 'A' if rest.starts_with(b"$") => 2,
        _ => 0,
    }
}

/// Bytes to cut from the end, 0 for none. The longest suffix wins, as in a search from the left.
#[inline]
pub(super) fn suffix(classes: Classes, word: &str) -> usize {
    let Some(c) = char_before(word, word.len()) else {
        return 0;
    };
    let rest = &word[..word.len() - c.len_utf8()];
    let flags = classes.of(c);
    match c {
        '.' => return full_stop(classes, rest),
        '…' if rest.ends_with('…') => return 2 * c.len_utf8(),
        _ if flags & SUFFIX != 0 => return c.len_utf8(),
        's' | 'S' if rest.ends_with('\'') => return 2,
        's' | 'S' if rest.ends_with('’') => return 1 + '’'.len_utf8(),
        '$' => {
            for (sign, len) in [("US", 3), ("C", 2), ("A", 2)] {
                if rest.strip_suffix(sign).is_some_and(ends_in_digit) {
                    return len;
                }
            }
        }
        _ => {}
    }
    if (c == '+' || flags & CURRENCY != 0) && ends_in_digit(rest) {
        return c.len_utf8();
    }
    unit(word)
}

/// A full stop after `rest`: part of a run, the end of a sentence, or part of the word.
fn full_stop(classes: Classes, rest: &str) -> usize {
    let run = 1 + rest.bytes().rev().take_while(|&b| b == b'.').count();
    if run > 1 {
        return run;
    }
    let mut before = rest.chars().rev();
    let (Some(last), second) = (before.next(), before.next()) else {
        return 0;
    };
    let flags = classes.of(last);
    let capitals = flags & UPPER != 0 && second.is_some_and(|c| classes.of(c) & UPPER != 0);
    let degrees = matches!(last, 'F' | 'f' | 'C' | 'c' | 'K' | 'k') && second == Some('°');
    usize::from(flags & BEFORE_STOP != 0 || capitals || degrees)
}

/// A unit of measure right after a digit. No unit holds a digit, so it begins after the last one.
fn unit(word: &str) -> usize {
    let tail = &word.as_bytes()[word.len().saturating_sub(LONGEST_UNIT + 1)..];
    let Some(digit) = tail.iter().rposition(u8::is_ascii_digit) else {
        return 0;
    };
    let tail = &tail[digit + 1..];
    match UNITS.binary_search_by(|unit| unit.as_bytes().cmp(tail)) {
        Ok(_) => tail.len(),
        Err(_) => 0,
    }
}

fn ends_in_digit(text: &str) -> bool {
    text.as_bytes().last().is_some_and(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes() {
        let classes = Classes::new();
        for (word, expected) in [
            ("(a", "("),
            ("+1", ""),
            ("+a", "+"),
            ("+", "+"),
            (".a", ""),
            ("...a", "..."),
            ("US$5", "US$"),
            ("C$5", "C$"),
            ("USA", ""),
            ("……a", "…"),
            ("-a", ""),
            ("€5", "€"),
            ("", ""),
        ] {
            assert_eq!(&word[..prefix(classes, word)], expected, "{word}");
        }
    }

    #[test]
    fn suffixes() {
        let classes = Classes::new();
        for (word, expected) in [
            ("a,", ","),
            ("dog's", "'s"),
            ("dog’S", "’S"),
            ("5km/h", "km/h"),
            ("5m", "m"),
            ("m", ""),
            ("5US$", "US$"),
            ("5$", "$"),
            ("$", ""),
            ("5%", "%"),
            ("%", ""),
            ("5+", "+"),
            ("a+", ""),
            ("a....", "...."),
            ("a……", "……"),
            ("end.", "."),
            ("A.", ""),
            ("AB.", "."),
            ("20°C.", "."),
            (".", ""),
            ("5كم", "كم"),
            ("", ""),
        ] {
            assert_eq!(
                &word[word.len() - suffix(classes, word)..],
                expected,
                "{word}"
            );
        }
    }

    #[test]
    fn units_are_sorted_and_short() {
        assert!(UNITS.is_sorted());
        assert!(
            UNITS
                .iter()
                .all(|u| u.len() <= LONGEST_UNIT && !u.contains(|c: char| c.is_ascii_digit()))
        );
    }
}
