//! Tokens and their ids.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use crate::specials::{FILLER, Special, paper};
use crate::{Error, Result, undo_specials, write_beside};

/// A list of tokens; a token's place is its id. Made by a [`VocabConfig`](crate::VocabConfig) or loaded.
///
/// Serializes as a plain list of strings and is checked when read: the special tokens stand where one of fastai's
/// generations puts them, and no token occurs twice (fillers excepted). A clone shares its tokens.
///
/// ```
/// use ulmfit_text::{Special, Vocab};
/// let tokens = Special::ALL.iter().map(|s| s.as_str().to_owned()).chain(["so".to_owned()]);
/// let vocab = Vocab::from_tokens(tokens.collect())?;
/// assert_eq!(vocab.encode(&["so", "what"]), [9, 0]);
/// assert_eq!(vocab.token(9), "so");
/// # Ok::<(), ulmfit_text::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Vocab {
    tokens: Arc<[String]>,
    /// Without fillers: no text means them.
    index: Arc<HashMap<String, u32>>,
    bos: u32,
}

impl Vocab {
    /// The vocabulary that consists of these tokens, in the order of their ids.
    ///
    /// # Errors
    /// [`Error::Vocab`] if the first tokens are not the special tokens of fastai v2, v1 or v0.7, if they are
    /// out of order, or if a token occurs twice.
    pub fn from_tokens(tokens: Vec<String>) -> Result<Self> {
        check_specials(&tokens)?;
        let vocab = Self::new(tokens);
        for (id, token) in vocab.tokens.iter().enumerate() {
            if vocab
                .index
                .get(token)
                .is_some_and(|&first| first as usize != id)
            {
                return Err(Error::Vocab {
                    id,
                    expected: "a token that did not occur before".to_owned(),
                    found: token.clone(),
                    remedy: "remove the second one and its embedding row",
                });
            }
        }
        Ok(vocab)
    }

    /// The vocabulary of tokens that are known to be in order.
    pub(crate) fn new(tokens: Vec<String>) -> Self {
        let mut index = HashMap::with_capacity(tokens.len());
        // Deviation: fastai gives fillers an id when a vocabulary is loaded, but none when it is built.
        for (id, token) in tokens.iter().enumerate().filter(|(_, t)| *t != FILLER) {
            index.entry(token.clone()).or_insert(id as u32);
        }
        let bos = [Special::Bos.as_str(), paper::BOS]
            .iter()
            .find_map(|t| index.get(*t))
            .copied();
        Self {
            tokens: tokens.into(),
            index: index.into(),
            bos: bos.unwrap_or(Special::Unk.id()),
        }
    }

    /// This vocabulary, and behind it the tokens of `other` that it lacks. Fillers are not among them.
    ///
    /// ```
    /// use ulmfit_text::VocabConfig;
    /// let config = VocabConfig::new().with_min_freq(1);
    /// let of = |text: &str| config.build(&[text.split(' ').map(str::to_owned).collect::<Vec<_>>()]);
    /// assert_eq!(of("film").joined(&of("sea film")).tokens()[9..], ["film", "sea"]);
    /// ```
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        let further = other.tokens.iter();
        let further = further.filter(|token| *token != FILLER && !self.contains(token));
        Self::new(self.tokens.iter().chain(further).cloned().collect())
    }

    /// The number of ids, fillers included.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there is no token at all.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The id of a token, or of the unknown token.
    pub fn id(&self, token: &str) -> u32 {
        self.index.get(token).copied().unwrap_or(self.unk_id())
    }

    /// Whether a token has an id of its own. Fillers have none.
    pub fn contains(&self, token: &str) -> bool {
        self.index.contains_key(token)
    }

    /// The token of an id; for an id that is too large, the unknown token.
    pub fn token(&self, id: u32) -> &str {
        self.tokens
            .get(id as usize)
            .map_or(Special::Unk.as_str(), String::as_str)
    }

    /// All tokens in the order of their ids.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// The id of unknown words: 0 in every generation.
    pub fn unk_id(&self) -> u32 {
        Special::Unk.id()
    }

    /// The id that fills batches up: 1 in every generation.
    pub fn pad_id(&self) -> u32 {
        Special::Pad.id()
    }

    /// The id that begins a document; the unknown one if this vocabulary has none (a paper's without `xbos`).
    pub fn bos_id(&self) -> u32 {
        self.bos
    }

    /// Tokens to ids.
    pub fn encode<S: AsRef<str>>(&self, tokens: &[S]) -> Vec<u32> {
        tokens.iter().map(|t| self.id(t.as_ref())).collect()
    }

    /// Ids to tokens, special ones included.
    pub fn decode_tokens(&self, ids: &[u32]) -> Vec<&str> {
        ids.iter().map(|&id| self.token(id)).collect()
    }

    /// Ids to words joined by spaces, with the special tokens undone (see [`undo_specials`]). For readable
    /// English, pass the undone tokens to [`detokenize`](crate::detokenize).
    ///
    /// ```
    /// use ulmfit_text::{TokenizerConfig, VocabConfig};
    /// let docs = TokenizerConfig::new().init().tokenize_all(&["So good, SO good!!!"]);
    /// let vocab = VocabConfig::new().with_min_freq(1).build(&docs);
    /// assert_eq!(vocab.decode(&vocab.encode(&docs[0])), "So good , SO good !!!");
    /// ```
    pub fn decode(&self, ids: &[u32]) -> String {
        undo_specials(&self.decode_tokens(ids)).join(" ")
    }

    /// Writes the tokens as a JSON list, one a line. The file is written beside and renamed, so that it is never
    /// seen half written.
    ///
    /// # Errors
    /// [`Error::Io`] if a step fails.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let json = |source| Error::Json {
            path: path.to_owned(),
            source,
        };
        let mut text = String::from("[\n");
        for (id, token) in self.tokens.iter().enumerate() {
            text.push_str(&serde_json::to_string(token).map_err(json)?);
            text.push_str(if id + 1 < self.len() { ",\n" } else { "\n" });
        }
        text.push_str("]\n");
        write_beside(path, text.as_bytes()).map_err(|source| Error::Io {
            action: "write",
            path: path.to_owned(),
            source,
        })
    }

    /// Reads what [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::Json`] if it holds no vocabulary.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = fs::read(path).map_err(|source| Error::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        serde_json::from_slice(&text).map_err(|source| Error::Json {
            path: path.to_owned(),
            source,
        })
    }
}

impl PartialEq for Vocab {
    fn eq(&self, other: &Self) -> bool {
        self.tokens == other.tokens
    }
}

impl Eq for Vocab {}

impl TryFrom<Vec<String>> for Vocab {
    type Error = Error;

    fn try_from(tokens: Vec<String>) -> Result<Self> {
        Self::from_tokens(tokens)
    }
}

impl From<Vocab> for Vec<String> {
    fn from(vocab: Vocab) -> Self {
        vocab.tokens.to_vec()
    }
}

/// The special tokens must stand in front, in the order of one generation. From v2's nine the last ones may be
/// missing (fastai's `special_toks`), but the first two, which stand for unknown words and padding, may not.
fn check_specials(tokens: &[String]) -> Result<()> {
    let strings = |specials: [Special; 9]| specials.map(Special::as_str);
    let starts_with =
        |list: &[&str]| tokens.len() >= list.len() && tokens.iter().zip(list).all(|(t, l)| t == l);
    if starts_with(&strings(Special::ALL_V1)) || starts_with(&[paper::UNK, paper::PAD]) {
        return Ok(());
    }
    let v2 = strings(Special::ALL);
    let found = tokens.iter().zip(v2).take_while(|(t, s)| t == s).count();
    let next = tokens.get(found).map_or("", String::as_str);
    if found == v2.len() || found >= 2 && !v2.contains(&next) {
        return Ok(());
    }
    Err(Error::Vocab {
        id: found,
        expected: format!("the special token `{}`", v2[found]),
        found: next.to_owned(),
        remedy: "a vocabulary begins with the special tokens in the order of fastai v2, v1 or v0.7",
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{TokenCounter, VocabConfig, VocabStyle};

    fn vocab(style: VocabStyle) -> Vocab {
        let counts: TokenCounter = [("so", 5), ("xbos", 4)].into_iter().collect();
        VocabConfig::new()
            .with_style(style)
            .build_from_counts(&counts)
    }

    #[test]
    fn ids() {
        let vocab = vocab(VocabStyle::FastaiV2);
        assert_eq!(vocab.len(), 16);
        assert_eq!(
            (vocab.id("so"), vocab.id("xxfake"), vocab.id("nothing")),
            (9, 0, 0)
        );
        assert_eq!((vocab.unk_id(), vocab.pad_id(), vocab.bos_id()), (0, 1, 2));
        assert_eq!((vocab.token(15), vocab.token(16)), ("xxfake", "xxunk"));
        assert!(vocab.contains("so") && !vocab.contains("xxfake"));
        assert_eq!(self::vocab(VocabStyle::Paper).bos_id(), 3);
    }

    #[test]
    fn every_style_survives_a_file() {
        let path =
            std::env::temp_dir().join(format!("ulmfit-text-vocab-{}.json", std::process::id()));
        for style in [
            VocabStyle::Standard,
            VocabStyle::FastaiV1,
            VocabStyle::FastaiV2,
            VocabStyle::Paper,
        ] {
            vocab(style).save(&path).unwrap();
            assert_eq!(Vocab::load(&path).unwrap(), vocab(style));
        }
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, "[\n\"_unk_\",\n\"_pad_\",\n\"so\",\n\"xbos\"\n]\n");
        fs::remove_file(&path).unwrap();
        let error = Vocab::load(&path).unwrap_err().to_string();
        assert!(
            error.contains("cannot read") && error.contains("ulmfit-text-vocab"),
            "{error}"
        );
    }

    #[test]
    fn bad_lists_are_refused() {
        let v2 = Special::ALL.map(|s| s.as_str().to_owned());
        let with = |more: &[&str]| {
            v2.iter()
                .cloned()
                .chain(more.iter().map(|m| (*m).to_owned()))
                .collect::<Vec<_>>()
        };
        assert!(Vocab::from_tokens(with(&["a", "xxfake", "xxfake"])).is_ok());
        assert!(Vocab::from_tokens(v2[..3].to_vec()).is_ok());
        let mut swapped = with(&["a"]);
        swapped.swap(5, 8);
        for (tokens, part) in [
            (Vec::new(), "entry 0: expected the special token `xxunk`"),
            (vec!["the".to_owned()], "found `the`"),
            (
                with(&["a", "b", "a"]),
                "entry 11: expected a token that did not occur before, found `a`",
            ),
            (with(&["xxpad"]), "entry 9"),
            (
                swapped,
                "entry 5: expected the special token `xxrep`, found `xxmaj`",
            ),
        ] {
            let error = Vocab::from_tokens(tokens).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(serde_json::from_str::<Vocab>("[1]").is_err());
    }
}
