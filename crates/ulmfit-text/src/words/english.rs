//! English words as spaCy 3.8's blank `en` tokenizer finds them, in time linear in the text.
//!
//! White space cuts the text into chunks. From each chunk prefixes and suffixes are cut, one at a time, until a special
//! case or nothing more is found; what remains is a special case, an address, or is cut at its infixes. In the end
//! special cases that were torn apart are mended.

use super::classes::Classes;
use super::exceptions::Exceptions;
use super::phrases::Phrases;
use super::{Piece, affixes, infixes, url};
use crate::pytext::{SPACE, char_at, is_space, skip};

/// Splits English text into words exactly as spaCy 3.8's blank English tokenizer does.
///
/// Every word is a slice of the text. One space between words is absorbed; any other white space is a word of its own.
/// Building one takes about a millisecond; splitting needs no lock and is linear in the text.
///
/// ```
/// use ulmfit_text::EnglishSplitter;
/// let splitter = EnglishSplitter::blank();
/// assert_eq!(splitter.split("I can't, e.g. :)"), ["I", "ca", "n't", ",", "e.g.", ":)"]);
/// ```
#[derive(Clone, Debug)]
pub struct EnglishSplitter {
    classes: Classes,
    exceptions: Exceptions,
    phrases: Phrases,
}

impl EnglishSplitter {
    /// The splitter as spaCy ships it.
    pub fn blank() -> Self {
        Self::with_whole(&[])
    }

    /// The splitter with tokens added that are never cut, as fastai adds its special tokens. They hold no white space
    /// and at most 255 bytes; others are not found in any text.
    ///
    /// ```
    /// use ulmfit_text::EnglishSplitter;
    /// let splitter = EnglishSplitter::with_whole(&["<unk>"]);
    /// assert_eq!(splitter.split("an <unk>."), ["an", "<unk>", "."]);
    /// ```
    pub fn with_whole(tokens: &[&str]) -> Self {
        let classes = Classes::new();
        let exceptions = Exceptions::new(tokens);
        let mut phrases = Phrases::default();
        for (text, pieces) in exceptions.iter() {
            if text.chars().any(is_space) {
                continue;
            }
            let mut words = Vec::new();
            let mut cuts = Vec::new();
            Chunks {
                text,
                classes,
                exceptions: None,
                words: &mut words,
                cuts: &mut cuts,
            }
            .split(0, text.len());
            let words: Vec<&str> = words
                .iter()
                .map(|w: &Piece| &text[w.start..w.end])
                .collect();
            phrases.insert(&words, pieces);
        }
        Self {
            classes,
            exceptions,
            phrases,
        }
    }

    /// The words of a text.
    pub fn split<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let mut pieces = Vec::new();
        self.pieces(text, &mut pieces);
        pieces.iter().map(|p| &text[p.start..p.end]).collect()
    }

    /// As [`split`](Self::split), into a buffer that is cleared first.
    pub(crate) fn pieces(&self, text: &str, words: &mut Vec<Piece>) {
        words.clear();
        let mut cuts = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let start = skip(text, at, true);
            if start > at {
                words.push(Piece {
                    start: at,
                    end: start,
                    spaced: false,
                });
            }
            let (end, letters) = chunk_end(text, start);
            if end > start {
                match letters.then(|| self.exceptions.get(&text[start..end])) {
                    // Letters alone hold no affix, no infix and no address.
                    Some(None) => words.push(Piece {
                        start,
                        end,
                        spaced: false,
                    }),
                    _ => {
                        let exceptions = Some(&self.exceptions);
                        Chunks {
                            text,
                            classes: self.classes,
                            exceptions,
                            words,
                            cuts: &mut cuts,
                        }
                        .split(start, end);
                    }
                }
            }
            at = end;
            if text.as_bytes().get(at) == Some(&b' ') {
                at += 1;
                if let Some(last) = words.last_mut() {
                    last.spaced = true;
                }
            }
        }
        self.phrases.apply(text, words);
    }
}

/// The end of the chunk that begins at `at`, and whether it is all ASCII letters.
#[inline]
fn chunk_end(text: &str, mut at: usize) -> (usize, bool) {
    let bytes = text.as_bytes();
    let mut letters = true;
    while let Some(&b) = bytes.get(at) {
        if b < 0x80 {
            if SPACE[b as usize] {
                break;
            }
            letters &= b.is_ascii_alphabetic();
            at += 1;
        } else {
            let c = char_at(text, at);
            if is_space(c) {
                break;
            }
            letters = false;
            at += c.len_utf8();
        }
    }
    (at, letters)
}

/// Splits one chunk of a text; `cuts` is scratch space.
struct Chunks<'a> {
    text: &'a str,
    classes: Classes,
    exceptions: Option<&'a Exceptions>,
    words: &'a mut Vec<Piece>,
    cuts: &'a mut Vec<usize>,
}

impl Chunks<'_> {
    fn split(mut self, mut start: usize, mut end: usize) {
        self.cuts.clear();
        while start < end && !self.is_exception(start, end) {
            let word = &self.text[start..end];
            let prefix = affixes::prefix(self.classes, word);
            if prefix > 0 && self.is_exception(start + prefix, end) {
                self.push(start, start + prefix);
                start += prefix;
                break;
            }
            let suffix = affixes::suffix(self.classes, &word[prefix..]);
            if suffix > 0 && self.is_exception(start, end - suffix) {
                self.cuts.push(end);
                end -= suffix;
                break;
            }
            if prefix + suffix == 0 {
                break;
            }
            if prefix > 0 {
                self.push(start, start + prefix);
                start += prefix;
            }
            if suffix > 0 {
                self.cuts.push(end);
                end -= suffix;
            }
        }
        let mut at = end;
        if start < end {
            self.core(start, end);
        }
        while let Some(cut) = self.cuts.pop() {
            self.push(at, cut);
            at = cut;
        }
    }

    /// What remains between the affixes.
    fn core(&mut self, start: usize, end: usize) {
        let word = &self.text[start..end];
        if let Some(pieces) = self.exceptions.and_then(|e| e.get(word)) {
            let mut from = start;
            for piece_end in pieces.ends() {
                self.push(from, start + piece_end);
                from = start + piece_end;
            }
            return;
        }
        if url::matches(self.classes, word) {
            return self.push(start, end);
        }
        let (mut from, mut at) = (0, 0);
        while let Some((infix, infix_end)) = infixes::next(self.classes, word, at) {
            at = infix_end;
            if infix == 0 {
                continue; // An infix in front is no cut.
            }
            if infix > from {
                self.push(start + from, start + infix);
            }
            self.push(start + infix, start + infix_end);
            from = infix_end;
        }
        if from < word.len() {
            self.push(start + from, end);
        }
    }

    fn is_exception(&self, start: usize, end: usize) -> bool {
        self.exceptions
            .is_some_and(|e| e.get(&self.text[start..end]).is_some())
    }

    fn push(&mut self, start: usize, end: usize) {
        self.words.push(Piece {
            start,
            end,
            spaced: false,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(EnglishSplitter::blank().split(text), expected, "{text:?}");
    }

    #[test]
    fn affixes_exceptions_and_infixes() {
        check(
            "(well-known) e.g., it's \"fine\".",
            &[
                "(", "well", "-", "known", ")", "e.g.", ",", "it", "'s", "\"", "fine", "\"", ".",
            ],
        );
        check(
            "cannot gonna can't",
            &["can", "not", "gon", "na", "ca", "n't"],
        );
        check(
            "https://example.com. 5km",
            &["https://example.com", ".", "5", "km"],
        );
    }

    #[test]
    fn white_space_beyond_one_space_is_a_word() {
        check("a  b \n\nc\td ", &["a", " ", "b", "\n\n", "c", "\t", "d"]);
        check("  a", &["  ", "a"]);
        check(" ", &[" "]);
        check("", &[]);
    }

    #[test]
    fn torn_special_cases_are_mended() {
        check(":):):)", &[":)", ":)", ":)"]);
        check("(: ):", &["(:", "):"]);
        check(": )", &[":", ")"]);
    }
}
