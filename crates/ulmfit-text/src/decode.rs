//! Tokens back to text.

use std::ops::Range;

use crate::Special;
use crate::specials::paper;

/// No run is written out longer than this: a model may well generate a count of a billion.
const LONGEST_RUN: usize = 10_000;

/// Tokens without special tokens: capitals restored, repeats written out, begin and padding dropped.
///
/// `xxmaj w` is `W…`, `xxup w` is `W` in capitals, `xxrep n c` is `c` n times as one word, `xxwrep n w` is n words. A
/// count that is no number goes together with its mark; of two marks in a row the last counts.
///
/// Deviation: in fastai a repeat mark stays in force for all following words; here it applies to one.
///
/// ```
/// use ulmfit_text::undo_specials;
/// let tokens = ["xxbos", "xxmaj", "so", "xxrep", "3", "!", "xxwrep", "2", "no", "ok"];
/// assert_eq!(undo_specials(&tokens), ["So", "!!!", "no", "no", "ok"]);
/// ```
pub fn undo_specials<S: AsRef<str>>(tokens: &[S]) -> Vec<String> {
    let mut out = Vec::with_capacity(tokens.len());
    undo(tokens, usize::MAX, |word, times, _| {
        out.extend(std::iter::repeat_n(word, times));
    });
    out
}

/// A word of a text and the tokens it was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordSpan {
    /// The word, special tokens undone; a repeated word stands with its repeats.
    pub text: String,
    /// Its tokens, marks included.
    pub tokens: Range<usize>,
}

/// The words of [`undo_specials`], each with its tokens: what is known of tokens becomes known of words.
///
/// ```
/// use ulmfit_text::word_spans;
/// let words = word_spans(&["xxbos", "xxmaj", "so", "xxwrep", "2", "no"]);
/// let words: Vec<_> = words.iter().map(|w| (w.text.as_str(), w.tokens.clone())).collect();
/// assert_eq!(words, [("So", 1..3), ("no no", 3..6)]);
/// ```
pub fn word_spans<S: AsRef<str>>(tokens: &[S]) -> Vec<WordSpan> {
    word_spans_within(tokens, usize::MAX)
}

/// As [`word_spans`], with about `room` bytes for all runs together, such as the length of the text that the tokens are
/// of: a run that finds less is written out in part.
///
/// ```
/// use ulmfit_text::word_spans_within;
/// let words = word_spans_within(&["xxrep", "99999999999", "a", "xxrep", "3", "b"], 8);
/// let words: Vec<_> = words.iter().map(|w| w.text.as_str()).collect();
/// assert_eq!(words, ["aaaa", "b"]);
/// ```
pub fn word_spans_within<S: AsRef<str>>(tokens: &[S], room: usize) -> Vec<WordSpan> {
    let mut out = Vec::with_capacity(tokens.len());
    undo(tokens, room, |word, times, tokens| {
        let text = vec![word.as_str(); times].join(" ");
        out.push(WordSpan { text, tokens });
    });
    out
}

/// Calls `emit` with each word, how often it stands there, and its tokens; runs take no more than `room` bytes.
fn undo<S: AsRef<str>>(
    tokens: &[S],
    mut room: usize,
    mut emit: impl FnMut(String, usize, Range<usize>),
) {
    let mut within = |token: &str, times: usize| {
        let size = token.len() + 1;
        let times = times.min(room / size).max(1);
        room = room.saturating_sub(times * size);
        times
    };
    let mut pending = None;
    let mut run = None;
    let mut start = 0;
    for (at, token) in tokens.iter().map(AsRef::as_ref).enumerate() {
        if let Some(mark) = Mark::of(token) {
            (pending, run, start) = (Some(mark), None, at);
            continue;
        }
        let marked = start..at + 1;
        match (pending.take(), run.take()) {
            (Some(Mark::Dropped), _) | (None, _) => emit(token.to_owned(), 1, at..at + 1),
            (Some(Mark::Capitalized), _) => emit(capitalize(token), 1, marked),
            (Some(Mark::Upper), _) => emit(token.to_uppercase(), 1, marked),
            (Some(mark), None) => {
                run = token.parse().ok().map(|n: usize| n.min(LONGEST_RUN));
                pending = run.map(|_| mark);
            }
            (Some(_), Some(0)) => {}
            (Some(Mark::Characters), Some(n)) => {
                emit(token.repeat(within(token, n)), 1, marked);
            }
            (Some(Mark::Words), Some(n)) => emit(token.to_owned(), within(token, n), marked),
        }
    }
}

#[derive(Clone, Copy)]
enum Mark {
    Dropped,
    Capitalized,
    Upper,
    Characters,
    Words,
}

impl Mark {
    fn of(token: &str) -> Option<Self> {
        match Special::ALL.into_iter().find(|s| s.as_str() == token) {
            Some(Special::Bos | Special::Pad) => Some(Self::Dropped),
            Some(Special::Maj) => Some(Self::Capitalized),
            Some(Special::Up) => Some(Self::Upper),
            Some(Special::Rep) => Some(Self::Characters),
            Some(Special::WordRep) => Some(Self::Words),
            Some(_) => None,
            None => match token {
                paper::BOS | paper::PAD => Some(Self::Dropped),
                paper::UP => Some(Self::Upper),
                paper::REP => Some(Self::Characters),
                paper::WORD_REP => Some(Self::Words),
                _ => None,
            },
        }
    }
}

fn capitalize(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// Words to English text: no space before `.` or `n't`, none after `(`, quotes paired.
///
/// A best effort for readers; what the rules threw away is gone.
///
/// ```
/// use ulmfit_text::detokenize;
/// let words = ["I", "do", "n't", "know", "(", "it", "'s", "\"", "odd", "\"", ")", "."];
/// assert_eq!(detokenize(&words), "I don't know (it's \"odd\").");
/// ```
pub fn detokenize<S: AsRef<str>>(words: &[S]) -> String {
    let mut out = String::new();
    let mut open_quote = false;
    let mut glue = true;
    for word in words.iter().map(AsRef::as_ref) {
        if word.trim().is_empty() {
            // White space is a word of its own only where there was more of it than one space.
            out.push_str(word);
            glue = true;
            continue;
        }
        let quote = word == "\"";
        let space = !(glue || clings_left(word) || quote && open_quote);
        if space {
            out.push(' ');
        }
        out.push_str(word);
        open_quote ^= quote;
        glue = clings_right(word) || quote && open_quote;
    }
    out
}

/// Words without a space before them.
fn clings_left(word: &str) -> bool {
    const CONTRACTED: &[&str] = &[
        "n't", "n’t", "'s", "’s", "'m", "’m", "'d", "’d", "'re", "’re", "'ve", "’ve", "'ll", "’ll",
    ];
    let closing = |c| {
        matches!(
            c,
            '.' | ',' | '!' | '?' | ';' | ':' | ')' | ']' | '}' | '%' | '…' | '”' | '»'
        )
    };
    let ending = |c| matches!(c, '.' | '!' | '?' | '…');
    // A sign alone or `?!`, but not `:)`.
    let signs = word.chars().all(ending) || word.chars().all(closing) && word.chars().count() == 1;
    signs || CONTRACTED.iter().any(|c| c.eq_ignore_ascii_case(word))
}

/// Words without a space behind them.
fn clings_right(word: &str) -> bool {
    matches!(
        word,
        "(" | "[" | "{" | "$" | "£" | "€" | "#" | "“" | "«" | "¿" | "¡"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tokens: &str, expected: &str) {
        let tokens: Vec<&str> = tokens.split_whitespace().collect();
        assert_eq!(undo_specials(&tokens).join(" "), expected, "{tokens:?}");
    }

    #[test]
    fn marks_are_undone_once() {
        check(
            "xxmaj hello , xxup nasa xxrep 4 ! ok",
            "Hello , NASA !!!! ok",
        );
        check("xxwrep 3 no yes", "no no no yes");
        check("xxrep 3 a xxrep 2 b c", "aaa bb c");
        check(
            "xxbos t_up nasa tk_rep 4 ! tk_wrep 2 no xxpad xxpad",
            "NASA !!!! no no",
        );
    }

    #[test]
    fn broken_marks_do_little_harm() {
        check("xxrep x a", "a");
        check("xxmaj xxup a b", "A b");
        check("xxmaj", "");
        check("xxrep 3", "");
        check("xxrep 0 a b", "b");
        check("xxwrep 0 a b", "b");
        assert_eq!(
            undo_specials(&["xxrep", "99999999999", "x"])[0].len(),
            LONGEST_RUN
        );
    }

    #[test]
    fn english_spacing() {
        for (words, expected) in [
            (
                "Well , that is \" it \" : 5 % ( or $ 5 ) !!!",
                "Well, that is \"it\": 5% (or $5)!!!",
            ),
            ("They 've said it is n't :)", "They've said it isn't :)"),
        ] {
            let words: Vec<&str> = words.split(' ').collect();
            assert_eq!(detokenize(&words), expected);
        }
        assert_eq!(detokenize(&["a", "\n\n", "b"]), "a\n\nb");
    }
}
