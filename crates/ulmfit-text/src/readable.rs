//! Tokens back to readable text, by the tokenizer that made them.

use crate::tokenizer_config::Direction;
use crate::words::WordSplit;
use crate::{Tokenizer, detokenize, undo_specials};

impl Tokenizer {
    /// Text for readers from tokens of this tokenizer: in reading order, special tokens undone (see
    /// [`undo_specials`](crate::undo_specials)), words joined as this splitter cut them.
    ///
    /// | splitter | how tokens are joined |
    /// |---|---|
    /// | English, whitespace, punctuation | as English, see [`detokenize`](crate::detokenize) |
    /// | characters | without spaces; the spaces are tokens (`▁`) |
    /// | subwords | by the model; its words are joined by a space |
    ///
    /// What the rules threw away is gone. Tokens that no text gives, as a model may write them, do no harm.
    ///
    /// ```
    /// use ulmfit_text::{TokenizerConfig, WordSplit};
    /// let tokenizer = TokenizerConfig::new().with_words(WordSplit::Characters).init();
    /// let tokens = tokenizer.tokenize("A GREAT film");
    /// assert_eq!(tokens.join(" "), "xxbos a ▁ xxup g r e a t ▁ f i l m");
    /// assert_eq!(tokenizer.detokenize(&tokens), "a GREAT film");
    /// ```
    pub fn detokenize<S: AsRef<str>>(&self, tokens: &[S]) -> String {
        let config = self.config();
        let mut tokens: Vec<&str> = tokens.iter().map(AsRef::as_ref).collect();
        if config.direction == Direction::Backward {
            tokens.reverse();
        }
        let marks = config.rules.written();
        match &config.words {
            WordSplit::English | WordSplit::Whitespace | WordSplit::Punctuation => {
                detokenize(&undo_specials(&tokens))
            }
            WordSplit::Characters => {
                undo_in_text(&characters(&tokens, marks, config.rules.counted()))
            }
            WordSplit::Subword(model) => undo_in_text(&model.join(&tokens, marks)),
        }
    }
}

/// Characters to prepared text. The space behind a special token and its arguments was no token.
fn characters(tokens: &[&str], marks: &[&str], counted: [&str; 2]) -> String {
    let mut text = String::new();
    let mut arguments = 0;
    for token in tokens {
        let mark = marks.contains(token);
        if !mark && arguments == 0 {
            text.push_str(&token.replace('▁', " "));
            continue;
        }
        arguments = match () {
            () if counted.contains(token) => 2,
            () if mark => 0,
            () => arguments - 1,
        };
        text.push_str(token);
        text.push(' ');
    }
    text
}

/// Prepared text to text for readers. Line breaks and other white space stay, runs of spaces become one.
fn undo_in_text(text: &str) -> String {
    let mut out = String::new();
    let mut glue = true;
    for word in undo_specials(&words_and_breaks(text)) {
        let white = word.starts_with(char::is_whitespace);
        if !(glue || white) {
            out.push(' ');
        }
        out.push_str(&word);
        glue = white;
    }
    out
}

/// Words, and the white space between them where it is more than spaces.
fn words_and_breaks(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let white = first.is_whitespace();
        let end = rest.find(|c: char| c.is_whitespace() != white);
        let (run, tail) = rest.split_at(end.unwrap_or(rest.len()));
        if !white || run.contains(|c| c != ' ') {
            out.push(run);
        }
        rest = tail;
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::{Direction, RulePreset, TokenizerConfig, WordSplit};

    #[test]
    fn every_plain_splitter_gives_plain_text_back_in_both_directions() {
        for words in WordSplit::ALL {
            for direction in [Direction::Forward, Direction::Backward] {
                let config = TokenizerConfig::new().with_words(words.clone());
                let tokenizer = config.with_direction(direction).init();
                for text in ["a slow start, but good", "So GOOD", "no no no no", ""] {
                    let tokens = tokenizer.tokenize(text);
                    assert_eq!(tokenizer.detokenize(&tokens), text, "{words}");
                }
            }
        }
    }

    #[test]
    fn characters_keep_line_breaks_and_runs() {
        let config = TokenizerConfig::new().with_words(WordSplit::Characters);
        let tokenizer = config.clone().init();
        for (text, expected) in [
            ("one\n\ntwo", "one\n\ntwo"),
            ("wow!!!! ok", "wow !!!! ok"),
            ("é  è", "é è"),
        ] {
            assert_eq!(tokenizer.detokenize(&tokenizer.tokenize(text)), expected);
        }
        let paper = config.with_rules(RulePreset::Paper).init();
        let text = paper.detokenize(&paper.tokenize("A GREAT film"));
        assert_eq!(text, "\nxfld 1 a GREAT film");
    }

    #[test]
    fn tokens_that_no_text_gives_do_no_harm() {
        for words in WordSplit::ALL {
            let tokenizer = TokenizerConfig::new().with_words(words).init();
            for tokens in ["xxrep", "xxrep xxrep 3 a", "xxup xxmaj", "xxrep 9 ▁ ▁", "▁"] {
                let tokens: Vec<&str> = tokens.split(' ').collect();
                tokenizer.detokenize(&tokens);
            }
        }
    }
}
