//! A subword model: words in, pieces out, and back.

use std::cell::Cell;
use std::fmt;
use std::fs;
use std::hash::{Hash, Hasher};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, Once};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use tokenizers::{Decoder, Tokenizer};

use crate::specials::STRINGS;
use crate::{Error, Result, Special, Vocab};

/// A model that cuts words into pieces: trained here ([`train`](Self::train)) or read from a `tokenizer.json` of the
/// Hugging Face library, of any kind that library has (unigram, BPE, WordPiece, word level). Needs the cargo feature
/// `subwords`.
///
/// The special tokens of the rules never reach the model. What stands between two of them does, its words joined by one
/// space. What the model has no piece for becomes `xxunk`. The file's own begin and end marks, truncation and random
/// merges (BPE dropout) are left out: the same text always gives the same pieces, all of them.
///
/// Serializes as that JSON, within a [`TokenizerConfig`](crate::TokenizerConfig) and hence in the model file; two models
/// are equal if their JSON is. A clone shares the model.
///
/// Deviation: fastai v2 numbers pieces by their counts, besides its special tokens, so that `xxbos` (never used) and
/// `▁xxbos` both have an id and rare pieces have none. Here special tokens are single and every piece has an id.
///
/// ```
/// use ulmfit_text::{SubwordConfig, SubwordModel, TokenizerConfig, WordSplit};
/// let texts = ["A slow start.", "It starts slowly, but it is not slow.", "Slower and slower!"];
/// let config = TokenizerConfig::new();
/// let model = SubwordModel::train(texts, &config, &SubwordConfig::new())?;
/// let tokenizer = config.with_words(WordSplit::Subword(model)).init();
///
/// let tokens = tokenizer.tokenize("Slow starts");
/// assert_eq!(tokens[..2], ["xxbos", "xxmaj"]);
/// assert_eq!(tokenizer.detokenize(&tokens), "Slow starts");
/// let vocab = tokenizer.fixed_vocab().expect("subwords bring their vocabulary");
/// assert!(!vocab.encode(&tokens).contains(&vocab.unk_id()));
/// # Ok::<(), ulmfit_text::Error>(())
/// ```
#[derive(Clone)]
pub struct SubwordModel(Arc<Inner>);

struct Inner {
    tokenizer: Tokenizer,
    json: String,
    kind: String,
    /// All pieces in the order of the model's ids, without the unknown one.
    pieces: Vec<String>,
    unk: Option<u32>,
}

/// The library counts through all ids up to the largest.
const LARGEST_ID: u64 = 10_000_000;

/// What hardly a model has a piece for: an Etruscan letter and one for private use.
const STRANGER: &str = "\u{10300}\u{f8ff} The quick brown fox, 1,234 \u{e9}\u{4e2d}!";

impl SubwordModel {
    /// The model in a `tokenizer.json`.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::SubwordModel`] if it holds no model or one that has no token
    /// for unknown text.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let json = fs::read_to_string(path).map_err(|source| Error::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&json, &path.display().to_string())
    }

    /// The model in the text of a `tokenizer.json`.
    ///
    /// # Errors
    /// [`Error::SubwordModel`] as for [`from_file`](Self::from_file).
    pub fn from_json(json: &str) -> Result<Self> {
        Self::parse(json, "the json text")
    }

    /// The model as a `tokenizer.json`, without what is left out here. Python's `tokenizers` reads it, too.
    pub fn to_json(&self) -> &str {
        &self.0.json
    }

    /// The special tokens (ids 0 to 8) and all pieces of the model in its own order, but for its unknown piece and those
    /// that look like special tokens. Nothing need be counted. See also
    /// [`Tokenizer::fixed_vocab`](crate::Tokenizer::fixed_vocab), which knows the special tokens of every preset.
    pub fn vocab(&self) -> Vocab {
        self.vocab_behind(STRINGS)
    }

    pub(crate) fn vocab_behind(&self, reserved: &[&str]) -> Vocab {
        let pieces = self.0.pieces.iter().map(String::as_str);
        let pieces = pieces.filter(|p| !reserved.contains(p) && !STRINGS.contains(p));
        let tokens = reserved.iter().copied().chain(pieces);
        Vocab::new(tokens.map(str::to_owned).collect())
    }

    /// Words to pieces; the marks of the rules stay whole.
    pub(crate) fn cut(&self, words: &[String], marks: &[&str]) -> Vec<String> {
        let mark = |word: &String| marks.contains(&word.as_str());
        let unknown = || Special::Unk.as_str().to_owned();
        let mut out = Vec::with_capacity(2 * words.len());
        for run in words.chunk_by(|a, b| !mark(a) && !mark(b)) {
            if mark(&run[0]) {
                out.extend_from_slice(run);
                continue;
            }
            let text = run.join(" ");
            let encode = || self.0.tokenizer.encode_fast(text, false);
            let Some(Ok(encoding)) = caught(encode) else {
                out.extend(run.iter().map(|_| unknown()));
                continue;
            };
            for &id in encoding.get_ids() {
                let piece = self.0.tokenizer.id_to_token(id);
                let known = piece.filter(|p| Some(id) != self.0.unk && !mark(p));
                out.push(known.unwrap_or_else(unknown));
            }
        }
        out
    }

    /// Pieces to prepared text: words and marks with white space between them.
    pub(crate) fn join(&self, tokens: &[&str], marks: &[&str]) -> String {
        let mark = |token: &&str| marks.contains(token);
        let mut text = String::new();
        for run in tokens.chunk_by(|a, b| !mark(a) && !mark(b)) {
            text.push(' ');
            let pieces = || run.iter().map(|&p| p.to_owned()).collect();
            match self.0.tokenizer.get_decoder() {
                Some(decoder) if !mark(&run[0]) => {
                    let joined = decoder.decode(pieces());
                    text.push_str(&joined.unwrap_or_else(|_| run.join(" ")));
                }
                _ => text.push_str(&run.join(" ")),
            }
        }
        text
    }

    fn parse(json: &str, origin: &str) -> Result<Self> {
        let value = Value::from_str(json).map_err(|e| wrong(origin, &e))?;
        Self::from_value(value, origin)
    }

    pub(super) fn from_value(mut file: Value, origin: &str) -> Result<Self> {
        if !file["model"].is_object() {
            return Err(wrong(origin, &"no object `model` in it"));
        }
        let ids = file["model"]["vocab"].as_object();
        if let Some((piece, id)) = ids
            .into_iter()
            .flatten()
            .find(|(_, id)| id.as_u64().is_none_or(|id| id > LARGEST_ID))
        {
            return Err(wrong(origin, &format!("the id {id} of `{piece}`")));
        }
        for (part, field) in [
            ("", "truncation"),
            ("", "padding"),
            ("", "post_processor"),
            ("/model", "dropout"),
        ] {
            if let Some(value) = file.pointer_mut(part).and_then(|p| p.get_mut(field)) {
                *value = Value::Null;
            }
        }
        if let Some(merge) = unknown_merge(&file["model"]) {
            let found = format!(
                "a merge of {merge} in `model.merges`, of which a part or the whole is not in its vocabulary"
            );
            return Err(wrong(origin, &found));
        }
        let tokenizer = match caught(|| Tokenizer::deserialize(&file)) {
            Some(tokenizer) => tokenizer.map_err(|e| wrong(origin, &e))?,
            None => return Err(wrong(origin, &unusable(&file))),
        };
        let unk = match &file["model"]["unk_token"] {
            Value::String(token) => tokenizer.token_to_id(token),
            _ => file["model"]["unk_id"].as_u64().map(|id| id as u32),
        };
        match caught(|| tokenizer.encode_fast(STRANGER, false)) {
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                return Err(Error::SubwordModel {
                    origin: origin.to_owned(),
                    expected: "a model with a token for unknown text",
                    found: error.to_string(),
                });
            }
            None => return Err(wrong(origin, &unusable(&file))),
        }
        let mut pieces: Vec<(u32, String)> = tokenizer
            .get_vocab(true)
            .into_iter()
            .map(|(piece, id)| (id, piece))
            .filter(|(id, _)| Some(*id) != unk)
            .collect();
        pieces.sort_unstable();
        Ok(Self(Arc::new(Inner {
            json: tokenizer.to_string(false).map_err(|e| wrong(origin, &e))?,
            kind: file["model"]["type"].as_str().unwrap_or("model").to_owned(),
            pieces: pieces.into_iter().map(|(_, piece)| piece).collect(),
            tokenizer,
            unk,
        })))
    }
}

/// The result of a call into the library, which panics over some files; none then, and nothing is printed.
fn caught<T>(call: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    thread_local!(static CALLING: Cell<bool> = const { Cell::new(false) });
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !CALLING.get() {
                others(info);
            }
        }));
    });
    let before = CALLING.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    CALLING.set(before);
    result.ok()
}

/// The first merge of which a part or the whole is not in the vocabulary, as it is written.
fn unknown_merge(model: &Value) -> Option<&Value> {
    let vocab = model["vocab"].as_object()?;
    let prefix = model["continuing_subword_prefix"]
        .as_str()
        .unwrap_or_default();
    let known = |merge: &&Value| {
        let (left, right) = match merge {
            Value::String(pair) => pair.split_once(' ')?,
            Value::Array(pair) => match &pair[..] {
                [Value::String(left), Value::String(right)] => (left.as_str(), right.as_str()),
                _ => return None,
            },
            _ => return None,
        };
        let whole = format!("{left}{}", right.strip_prefix(prefix).unwrap_or(right));
        [left, right, &whole]
            .iter()
            .all(|token| vocab.contains_key(*token))
            .then_some(())
    };
    model["merges"]
        .as_array()?
        .iter()
        .find(|merge| known(merge).is_none())
}

/// Which part of a file the library cannot use, in words.
fn unusable(file: &Value) -> String {
    for field in ["normalizer", "pre_tokenizer", "decoder", "added_tokens"] {
        let mut alone = serde_json::json!({
            "model": { "type": "WordLevel", "vocab": { "a": 0 }, "unk_token": "a" },
        });
        alone[field] = file[field].clone();
        let usable =
            caught(|| Tokenizer::deserialize(&alone).map(|t| t.encode_fast(STRANGER, false)));
        if usable.is_none_or(|loaded| loaded.is_err()) {
            return format!("a field `{field}` that is damaged");
        }
    }
    "a field `model` that is damaged".to_owned()
}

fn wrong(origin: &str, found: &dyn fmt::Display) -> Error {
    Error::SubwordModel {
        origin: origin.to_owned(),
        expected: "a `tokenizer.json` of the Hugging Face library",
        found: found.to_string(),
    }
}

impl fmt::Debug for SubwordModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SubwordModel({}, {} pieces)",
            self.0.kind,
            self.0.pieces.len()
        )
    }
}

impl PartialEq for SubwordModel {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.json == other.0.json
    }
}

impl Eq for SubwordModel {}

impl Hash for SubwordModel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.json.hash(state);
    }
}

impl Serialize for SubwordModel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.tokenizer.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SubwordModel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_value(value, "the field `subword`").map_err(D::Error::custom)
    }
}
