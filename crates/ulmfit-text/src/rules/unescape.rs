//! HTML character references, as Python's `html.unescape` reads them: HTML5 names by longest prefix, with or without
//! semicolon, and numbers with the Windows-1252 corrections.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use entities::ENTITIES;

use crate::tables::entities::{DROPPED, REPLACED};

/// Names may have this many characters before the semicolon.
const LONGEST_NAME: usize = 32;

/// What each name stands for; with the ampersand, and with the semicolon where it needs one.
static NAMED: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let pair = |entity: &entities::Entity| (entity.entity, entity.characters);
    ENTITIES.iter().map(pair).collect()
});

/// Replaces every character reference.
pub(super) fn unescape(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('&') {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let used = match rest[1..].strip_prefix('#') {
            Some(number) => numeric(number, &mut out).map(|n| n + 2),
            None => named(rest, &mut out),
        };
        let used = used.unwrap_or_else(|| {
            out.push('&');
            1
        });
        rest = &rest[used..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// What follows `&#`. Writes the character and returns the bytes used; none if this is no number.
fn numeric(text: &str, out: &mut String) -> Option<usize> {
    let (prefix, radix) = match text.as_bytes().first() {
        Some(b'x' | b'X') => (1, 16),
        _ => (0, 10),
    };
    let digits = text[prefix..]
        .bytes()
        .take_while(|&b| (b as char).is_digit(radix))
        .count();
    if digits == 0 {
        return None;
    }
    // Deviation: Python refuses numbers of more than 4,300 digits; here they are too large, as all others.
    let number = text[prefix..prefix + digits].bytes().fold(0u32, |n, b| {
        let digit = (b as char).to_digit(radix).unwrap_or(0);
        n.saturating_mul(radix).saturating_add(digit)
    });
    if let Ok(at) = REPLACED.binary_search_by_key(&number, |&(n, _)| n) {
        out.push_str(REPLACED[at].1);
    } else if !DROPPED
        .iter()
        .any(|&(first, last)| (first..=last).contains(&number))
    {
        out.push(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    let end = prefix + digits;
    Some(end + usize::from(text[end..].starts_with(';')))
}

/// A text that begins with `&`. Writes what the longest known name stands for and returns the bytes of both; what is
/// behind it holds no further `&` of the same reference and is copied by the caller.
fn named(reference: &str, out: &mut String) -> Option<usize> {
    let text = &reference[1..];
    let stop = |c: char| matches!(c, '\t' | '\n' | '\u{c}' | ' ' | '<' | '&' | '#' | ';');
    let length: usize = text
        .chars()
        .take(LONGEST_NAME)
        .take_while(|&c| !stop(c))
        .map(char::len_utf8)
        .sum();
    if length == 0 {
        return None;
    }
    // A name may end in a semicolon; it has at least two characters unless it is the whole reference.
    let whole = length + usize::from(text[length..].starts_with(';'));
    let names = text
        .char_indices()
        .map(|(i, c)| i + c.len_utf8())
        .take_while(|&end| end <= whole);
    let names: Vec<usize> = names.skip_while(|&end| end < 2 && end != whole).collect();
    names.into_iter().rev().find_map(|end| {
        out.push_str(NAMED.get(&reference[..1 + end])?);
        Some(1 + end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        for (text, expected) in [
            ("&lt;", "<"),
            ("&lt", "<"),
            ("&ltx", "<x"),
            ("&notit;", "¬it;"),
            ("&notin;", "∉"),
            ("&#x41;&#65;&#65x", "AAAx"),
            ("&#150;", "–"),
            ("&#128;", "€"),
            (
                "&#0;&#xD800;&#1114112;&#99999999999999;",
                "\u{fffd}\u{fffd}\u{fffd}\u{fffd}",
            ),
            ("&#1;&#xFDD0;", ""),
            ("&;&#;&#x;& &nosuch;", "&;&#;&#x;& &nosuch;"),
            ("&&lt;", "&<"),
            ("&copy2", "©2"),
            ("plain", "plain"),
        ] {
            assert_eq!(unescape(Cow::Borrowed(text)), expected, "{text}");
        }
    }

    #[test]
    fn names_are_sorted() {
        // As many as Python's `html.entities.html5` has.
        assert_eq!(NAMED.len(), 2231);
        assert!(REPLACED.is_sorted_by_key(|&(number, _)| number));
    }
}
