//! Rules and words together: a [`Tokenizer`] turns raw text into tokens.

use std::sync::Arc;

use rayon::prelude::*;

use crate::Vocab;
use crate::fields;
use crate::rules::{self, MarksAt, RulePreset};
use crate::tokenizer_config::{Direction, EndToken, FieldMarks, TokenizerConfig};
use crate::words::{EnglishSplitter, Piece, Simple, WordSplit};

/// Turns raw text into tokens: rules, marks, words, rules over tokens.
///
/// A clone shares its tables; any number of threads can use one at the same time. Time is linear in the text,
/// whatever the text is.
///
/// ```
/// use ulmfit_text::TokenizerConfig;
/// let tokenizer = TokenizerConfig::new().init();
/// assert_eq!(
///     tokenizer.tokenize("I LOVED it, didn't you?"),
///     ["xxbos", "i", "xxup", "loved", "it", ",", "did", "n't", "you", "?"]
/// );
/// assert_eq!(tokenizer.tokenize(""), ["xxbos"]);
/// ```
#[derive(Clone, Debug)]
pub struct Tokenizer {
    config: TokenizerConfig,
    /// Present exactly if the configuration says English.
    english: Option<Arc<EnglishSplitter>>,
}

impl TokenizerConfig {
    /// The tokenizer. Cheap but for English, whose tables take about a millisecond.
    pub fn init(&self) -> Tokenizer {
        let english = (self.words == WordSplit::English)
            .then(|| Arc::new(EnglishSplitter::with_whole(self.rules.whole())));
        Tokenizer {
            config: self.clone(),
            english,
        }
    }
}

/// Text straight to ids.
impl Vocab {
    /// The ids of a text: `encode(&tokenizer.tokenize(text))` without the tokens between.
    ///
    /// ```
    /// use ulmfit_text::{TokenizerConfig, VocabConfig};
    /// let tokenizer = TokenizerConfig::new().init();
    /// let vocab = VocabConfig::new().with_min_freq(1).build(&tokenizer.tokenize_all(&["so good"]));
    /// assert_eq!(vocab.encode_text(&tokenizer, "good"), vocab.encode(&["xxbos", "good"]));
    /// ```
    pub fn encode_text(&self, tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
        let mut ids = Vec::with_capacity(text.len() / 4 + 2);
        tokenizer.for_each_token(text, |token| ids.push(self.id(token)));
        ids
    }

    /// The ids of many texts, in their order, made on all threads.
    pub fn encode_texts<S: AsRef<str> + Sync>(
        &self,
        tokenizer: &Tokenizer,
        texts: &[S],
    ) -> Vec<Vec<u32>> {
        let texts = texts.par_iter();
        texts
            .map(|text| self.encode_text(tokenizer, text.as_ref()))
            .collect()
    }
}

impl Tokenizer {
    /// What this tokenizer was made from.
    pub fn config(&self) -> &TokenizerConfig {
        &self.config
    }

    /// The tokens of one text. They begin with the begin token; an empty text has no other.
    pub fn tokenize(&self, text: &str) -> Vec<String> {
        self.tokenize_fields(&[text])
    }

    /// The tokens of a document of several text columns, each marked with its number (see [`FieldMarks`]).
    ///
    /// ```
    /// use ulmfit_text::TokenizerConfig;
    /// let tokens = TokenizerConfig::new().init().tokenize_fields(&["a title", "a body"]);
    /// assert_eq!(tokens.join(" "), "xxbos xxfld 1 a title xxfld 2 a body");
    /// ```
    pub fn tokenize_fields(&self, fields: &[&str]) -> Vec<String> {
        let mut tokens = Vec::new();
        self.visit(fields, |token| tokens.push(token.to_owned()));
        tokens
    }

    /// Calls `see` with the tokens of one text, in order: as [`tokenize`](Self::tokenize), without a string for each.
    ///
    /// ```
    /// use ulmfit_text::TokenizerConfig;
    /// let mut n = 0;
    /// TokenizerConfig::new().init().for_each_token("So good", |_| n += 1);
    /// assert_eq!(n, 4); // xxbos xxmaj so good
    /// ```
    pub fn for_each_token(&self, text: &str, see: impl FnMut(&str)) {
        self.visit(&[text], see);
    }

    fn visit(&self, fields: &[&str], mut see: impl FnMut(&str)) {
        let text = self.prepare_fields(fields);
        let mut pieces = Vec::with_capacity(text.len() / 4);
        self.split(&text, &mut pieces);
        let words = pieces.iter().map(|p| &text[p.start..p.end]);
        let backward = self.config.direction == Direction::Backward;
        let rules = self.config.rules.token_rules();
        let subwords = match &self.config.words {
            WordSplit::Subword(model) => Some(model),
            _ => None,
        };
        if rules.is_empty() && subwords.is_none() {
            if backward {
                words.rev().for_each(see);
            } else {
                words.for_each(see);
            }
            return;
        }
        let tokens = words.map(str::to_owned).collect();
        let mut tokens = rules
            .iter()
            .fold(tokens, |tokens, rule| (rule.apply)(tokens));
        if let Some(model) = subwords {
            tokens = model.cut(&tokens, self.config.rules.written());
        }
        if backward {
            tokens.reverse();
        }
        tokens.iter().for_each(|token| see(token));
    }

    /// The vocabulary that comes with the splitter: all that a subword model can write, so that nothing need be
    /// counted. `None` for the other splitters, whose vocabulary is a [`VocabConfig`](crate::VocabConfig)'s work.
    ///
    /// The special tokens of the rules stand in front, then the model's pieces in its own order.
    pub fn fixed_vocab(&self) -> Option<Vocab> {
        let WordSplit::Subword(model) = &self.config.words else {
            return None;
        };
        Some(model.vocab_behind(self.config.rules.reserved()))
    }

    /// The tokens of many texts, in their order. All cores work; the result never depends on how many there are.
    ///
    /// ```
    /// use ulmfit_text::TokenizerConfig;
    /// let docs = TokenizerConfig::new().init().tokenize_all(&["one", "two"]);
    /// assert_eq!(docs[1], ["xxbos", "two"]);
    /// ```
    pub fn tokenize_all<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Vec<Vec<String>> {
        texts
            .par_iter()
            .map(|text| self.tokenize(text.as_ref()))
            .collect()
    }

    /// One text after the rules and with its marks, before it is cut into words: what the splitter sees.
    ///
    /// ```
    /// use ulmfit_text::TokenizerConfig;
    /// let tokenizer = TokenizerConfig::new().init();
    /// assert_eq!(tokenizer.prepare("Fish &amp; Chips"), "xxbos xxmaj fish & xxmaj chips");
    /// ```
    pub fn prepare(&self, text: &str) -> String {
        self.prepare_fields(&[text])
    }

    fn prepare_fields(&self, fields: &[&str]) -> String {
        let preset = self.config.rules;
        let marks = preset.marks();
        let joined_before = match fields {
            [text] => fields::split(text),
            _ => None,
        };
        let fields = joined_before.as_deref().unwrap_or(fields);
        let mark_fields = match self.config.fields {
            FieldMarks::WhenSeveral => fields.len() > 1 || preset == RulePreset::Paper,
            FieldMarks::Always => true,
            FieldMarks::Never => false,
        };
        let joined;
        let body = match fields {
            [text] if !mark_fields => *text,
            _ => {
                joined = fields::join(fields, mark_fields.then_some(marks.field));
                &joined
            }
        };
        let end = match self.config.end {
            EndToken::Omit => String::new(),
            EndToken::Add => format!(" {}", marks.end),
        };
        match marks.at {
            MarksAt::BeforeRules => {
                rules::run(preset.rules(), &format!("{} {body}{end}", marks.begin)).into_owned()
            }
            MarksAt::AfterRules => {
                format!("{} {}{end}", marks.begin, rules::run(preset.rules(), body))
            }
        }
    }

    fn split(&self, text: &str, pieces: &mut Vec<Piece>) {
        let preset = self.config.rules;
        let simple = Simple {
            whole: preset.written(),
            counted: preset.counted(),
        };
        match (&self.english, &self.config.words) {
            (Some(english), _) => english.pieces(text, pieces),
            (None, WordSplit::Punctuation) => simple.punctuation(text, pieces),
            (None, WordSplit::Characters) => simple.characters(text, pieces),
            // Subwords are cut from the words between white space, after the rules over tokens.
            (None, _) => Simple::whitespace(text, pieces),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(preset: RulePreset, text: &str) -> String {
        TokenizerConfig::new()
            .with_rules(preset)
            .init()
            .tokenize(text)
            .join(" ")
    }

    #[test]
    fn generations_differ() {
        let text = "Mr. Smith saw www.NASA.gov, the end.Start &amp; 1,000 TESTS!!!";
        for (preset, expected) in [
            (
                RulePreset::Standard,
                "xxbos xxmaj mr . xxmaj smith saw www.nasa.gov , the end.start & 1,000 xxup tests xxrep 3 !",
            ),
            (
                RulePreset::FastaiV2,
                "xxbos xxmaj mr . xxmaj smith saw xxrep 3 w .nasa.gov , the end.start & & 1 , xxrep 3 0 xxup tests xxrep 3 !",
            ),
            (
                RulePreset::FastaiV1,
                "xxbos xxmaj mr. xxmaj smith saw www.nasa.gov , the end . xxmaj start & & 1,000 xxup tests ! ! !",
            ),
        ] {
            assert_eq!(tokens(preset, text), expected, "{preset}");
        }
    }

    #[test]
    fn the_papers_documents() {
        assert_eq!(
            tokens(RulePreset::Paper, "A GREAT film!!!!"),
            "\n xbos xfld 1 a t_up great film tk_rep 4 !"
        );
        let paper = TokenizerConfig::new().with_rules(RulePreset::Paper).init();
        assert_eq!(
            paper.tokenize_fields(&["a", "b"]).join(" "),
            "\n xbos xfld 1 a xfld 2 b"
        );
    }

    #[test]
    fn end_token_and_fields() {
        let config = TokenizerConfig::new().with_end(EndToken::Add);
        assert_eq!(config.init().tokenize("ab."), ["xxbos", "ab", ".", "xxeos"]);
        let config = TokenizerConfig::new().with_fields(FieldMarks::Always);
        assert_eq!(config.init().tokenize("a"), ["xxbos", "xxfld", "1", "a"]);
        let config = TokenizerConfig::new().with_fields(FieldMarks::Never);
        assert_eq!(
            config.init().tokenize_fields(&["a", "b"]),
            ["xxbos", "a", "b"]
        );
    }

    #[test]
    fn threads_do_not_show() {
        let texts: Vec<String> = (0..500).map(|i| format!("Text {i} isn't long")).collect();
        let tokenizer = TokenizerConfig::new().init();
        let one_by_one: Vec<_> = texts.iter().map(|t| tokenizer.tokenize(t)).collect();
        assert_eq!(tokenizer.tokenize_all(&texts), one_by_one);
    }
}
