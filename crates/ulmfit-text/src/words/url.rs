//! Whether a chunk is a web address. spaCy's expression (3,505 characters) in one pass:
//! `[scheme://] [user[:password]@] (public IPv4 | host.name.tld) [:port] [/ ? or # and anything]`.

use super::classes::Classes;
use crate::pytext::{is_decimal, is_word};
use crate::tables::english::DOMAIN;

/// Whether the whole chunk, which holds no space, is an address.
///
/// The host may begin at the start, after a scheme, and after every `@`. A host holds none of `@ : / ? #`, so each
/// attempt ends before the next one begins and the whole is linear.
pub(super) fn matches(classes: Classes, word: &str) -> bool {
    let bytes = word.as_bytes();
    if !bytes.contains(&b'.') {
        return false; // Every host has a full stop in it.
    }
    let after_at = (1..bytes.len())
        .filter(|&i| bytes[i] == b'@')
        .map(|i| i + 1);
    host(classes, word)
        || scheme(word).is_some_and(|rest| host(classes, rest))
        || after_at.into_iter().any(|i| host(classes, &word[i..]))
}

/// What follows `scheme://`.
fn scheme(word: &str) -> Option<&str> {
    let (name, rest) = word.split_once("://")?;
    let mut chars = name.chars();
    let long_enough = chars.next().is_some() && chars.next().is_some();
    let plain = name
        .chars()
        .all(|c| is_word(c) || matches!(c, '+' | '-' | '.'));
    (long_enough && plain).then_some(rest)
}

fn host(classes: Classes, text: &str) -> bool {
    if !text.chars().next().is_some_and(is_host_edge) {
        return false;
    }
    let end = text.find([':', '/', '?', '#', '@']).unwrap_or(text.len());
    tail(&text[end..]) && (is_name(classes, &text[..end]) || is_public_ipv4(&text[..end]))
}

/// `[:port] [path]` up to the end.
fn tail(text: &str) -> bool {
    let path = match text.strip_prefix(':') {
        None => text,
        Some(port) => {
            let path = port.trim_start_matches(is_decimal);
            let digits = port[..port.len() - path.len()].chars().take(6).count();
            if !(2..=5).contains(&digits) {
                return false;
            }
            path
        }
    };
    path.is_empty() || path.starts_with(['/', '?', '#'])
}

/// `label.label.tld`: labels of 1 to 64 characters, a last part of 2 to 63 letters without capitals.
fn is_name(classes: Classes, text: &str) -> bool {
    let Some((labels, last)) = text.rsplit_once('.') else {
        return false;
    };
    let mut length = 0;
    let letters = last.chars().all(|c| {
        length += 1;
        length <= 63 && classes.of(c) & DOMAIN != 0
    });
    letters && length >= 2 && labels.split('.').all(is_label)
}

fn is_label(text: &str) -> bool {
    let inside = |c: char| is_host_edge(c) || c == '_' || c == '-';
    let mut length = 0;
    let plain = text.chars().all(|c| {
        length += 1;
        length <= 64 && inside(c)
    });
    plain && text.starts_with(is_host_edge) && text.ends_with(is_host_edge)
}

fn is_host_edge(c: char) -> bool {
    c.is_ascii_alphanumeric() || ('\u{a1}'..='\u{ffff}').contains(&c)
}

/// Four numbers, not in a private range: 10, 127, 169.254, 192.168 and 172.16 to 172.31 are no addresses.
fn is_public_ipv4(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(5, '.').collect();
    let [a, b, c, d] = parts[..] else {
        return false;
    };
    let number = |part: &str, most: [u32; 3], zero: bool| {
        let digits: Vec<char> = part.chars().take(4).collect();
        let first = digits.first().and_then(|c| c.to_digit(10));
        match digits[..] {
            // Only the first digit of a number is bound to ASCII, as in the expression (`\d` is any decimal).
            [x] => is_decimal(x) && (zero || first.is_some_and(|f| f > 0)),
            [x, y] => is_decimal(x) && is_decimal(y) && (zero || first.is_some_and(|f| f > 0)),
            [_, y, z] => match (first, y.to_digit(10)) {
                (Some(1), _) => is_decimal(y) && is_decimal(z),
                (Some(2), Some(y)) if y < most[1] => is_decimal(z),
                (Some(2), Some(y)) if y == most[1] => z.to_digit(10).is_some_and(|z| z <= most[2]),
                _ => false,
            },
            _ => false,
        }
    };
    let in_range = number(a, [2, 2, 3], false)
        && number(b, [2, 5, 5], true)
        && number(c, [2, 5, 5], true)
        && number(d, [2, 5, 4], false);
    let second = b.chars().collect::<Vec<_>>();
    let block = a == "172"
        && match second[..] {
            ['1', y] => matches!(y, '6'..='9'),
            ['2', y] => is_decimal(y),
            ['3', y] => matches!(y, '0' | '1'),
            _ => false,
        };
    let private = a == "10" || a == "127" || (a, b) == ("169", "254") || (a, b) == ("192", "168");
    in_range && !private && !block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let classes = Classes::new();
        let long = format!("{}.com", "a".repeat(64));
        let too_long = format!("{}.com", "a".repeat(65));
        for (word, expected) in [
            ("example.com", true),
            ("https://www.example.com/a?b#c", true),
            ("ada.lovelace+x@example.com", true),
            ("user:pass@example.com:80/x", true),
            ("h://a.bc", false),
            ("http://a.b", false),
            ("a.COM", false),
            ("a.com:1", false),
            ("a.com:123456", false),
            ("a.com:80x", false),
            ("-a.com", false),
            ("a-.com", false),
            ("a_b.com", true),
            ("a..com", false),
            ("@a.com", false),
            ("@@a.com", true),
            ("a@b@c.de", true),
            ("8.8.8.8", true),
            ("8.8.8.8:53", true),
            ("127.0.0.1", false),
            ("172.16.0.1", false),
            ("172.32.0.1", true),
            ("223.255.255.254", true),
            ("224.0.0.1", false),
            ("1.2.3.255", false),
            ("1.2.3", false),
            ("1.2.3.0", false),
            ("10.0.0.1/a", false),
            ("münchen.de", true),
            ("例え.テスト", true),
            ("file.txt,other", false),
            ("plain", false),
            (long.as_str(), true),
            (too_long.as_str(), false),
        ] {
            assert_eq!(matches(classes, word), expected, "{word}");
        }
    }
}
