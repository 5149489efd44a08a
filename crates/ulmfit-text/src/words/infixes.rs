//! Where a chunk is cut inside: spaCy's infix expression as a hand-written matcher.

use super::classes::Classes;
use crate::pytext::{char_at, char_before};
use crate::tables::english::{ALPHA, ICON, STOP_LEFT, STOP_RIGHT};

/// The next infix at or after byte `from`: where it starts and ends.
pub(super) fn next(classes: Classes, word: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = word.as_bytes();
    let mut at = from;
    while let Some(&b) = bytes.get(at) {
        if b < 0x80 {
            if MAY_SPLIT[b as usize]
                && let Some(len) = ascii(classes, word, at, b)
            {
                return Some((at, at + len));
            }
            at += 1;
        } else {
            let c = char_at(word, at);
            if let Some(len) = beyond_ascii(classes, word, at, c) {
                return Some((at, at + len));
            }
            at += c.len_utf8();
        }
    }
    None
}

const MAY_SPLIT: [bool; 128] = {
    let mut table = [false; 128];
    let mut i = 0;
    let signs = b".+-*^,~:<>=/";
    while i < signs.len() {
        table[signs[i] as usize] = true;
        i += 1;
    }
    table
};

/// The length of the infix that begins with the ASCII byte `b`.
fn ascii(classes: Classes, word: &str, at: usize, b: u8) -> Option<usize> {
    let rest = &word.as_bytes()[at..];
    let before = char_before(word, at);
    let before_is = |flag| before.is_some_and(|c| classes.of(c) & flag != 0);
    let digit_before = before.is_some_and(|c| c.is_ascii_digit());
    let letter_at = |i| rest.len() > i && classes.of(char_at(word, at + i)) & ALPHA != 0;
    let found = match b {
        b'.' => {
            let run = rest.iter().take_while(|&&b| b == b'.').count();
            if run > 1 {
                return Some(run);
            }
            before_is(STOP_LEFT) && classes.of(char_at(word, at + 1)) & STOP_RIGHT != 0
        }
        b'+' | b'*' | b'^' => digit_before && operand(rest),
        b'-' if digit_before && operand(rest) => true,
        b'-' => {
            if !(before_is(ALPHA) || digit_before) {
                return None;
            }
            let run = rest.iter().take(4).take_while(|&&b| b == b'-').count();
            return (run <= 3 && letter_at(run)).then_some(run);
        }
        b',' => before_is(ALPHA) && letter_at(1),
        _ => (before_is(ALPHA) || digit_before) && letter_at(1),
    };
    found.then_some(1)
}

/// Whether a digit or a minus follows an operator.
fn operand(rest: &[u8]) -> bool {
    rest.get(1)
        .is_some_and(|b| b.is_ascii_digit() || *b == b'-')
}

fn beyond_ascii(classes: Classes, word: &str, at: usize, c: char) -> Option<usize> {
    let len = c.len_utf8();
    if c == '…' || classes.of(c) & ICON != 0 {
        return Some(len);
    }
    if c != '–' && c != '—' {
        return None;
    }
    let before = char_before(word, at)?;
    if classes.of(before) & ALPHA == 0 && !before.is_ascii_digit() {
        return None;
    }
    let letter_after = |i| classes.of(char_at(word, at + i)) & ALPHA != 0;
    let double = c == '—' && word[at + len..].starts_with('—');
    match double {
        true => letter_after(2 * len).then_some(2 * len),
        false => letter_after(len).then_some(len),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: &str, expected: &[&str]) {
        let (classes, mut found, mut at) = (Classes::new(), Vec::new(), 0);
        while let Some((start, end)) = next(classes, word, at) {
            found.push(&word[start..end]);
            at = end;
        }
        assert_eq!(found, expected, "{word}");
    }

    #[test]
    fn infixes() {
        check("well-known", &["-"]);
        check("a--b---c----d", &["--", "---"]);
        check("a—b——c–d", &["—", "——", "–"]);
        check("1-2 3+-4 a+b", &["-", "+"]);
        check("end.Start", &["."]);
        check("end.start", &[]);
        check("a...b..c", &["...", ".."]);
        check("a,b 1,2 a,1", &[","]);
        check("a/b 1/2 1/a x=1 x=y", &["/", "/", "="]);
        check("wait…what😀ok", &["…", "😀"]);
        check("a-1 1-a -a a-", &["-"]);
    }
}
