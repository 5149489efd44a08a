//! A learned model as a `tokenizer.json` of the Hugging Face library.

use serde_json::{Value, json};

use crate::Special;

/// Begins a word, as in SentencePiece.
pub(super) const WORD_START: char = '▁';

/// Runs of digits and runs of signs are cut off, each with the word start before it; what is left are runs of letters.
/// SentencePiece does so by default, too: no piece crosses these borders.
const RUNS: &str = r"▁?\p{N}+|▁?[^▁\p{L}\p{M}\p{N}]+";

/// The whole file round a model whose first nine tokens are the special ones.
///
/// Python's `tokenizers` reads it and gives the same ids to a text after the rules: the special tokens swallow the space
/// on both sides, as they stand alone between words here.
pub(super) fn file(model: &Value) -> Value {
    let special = |special: Special| {
        json!({
            "id": special.id(), "content": special.as_str(), "single_word": true,
            "lstrip": true, "rstrip": true, "normalized": false, "special": true,
        })
    };
    let metaspace = json!({
        "type": "Metaspace", "replacement": WORD_START, "prepend_scheme": "always", "split": true,
    });
    let runs = json!({
        "type": "Split", "pattern": { "Regex": RUNS }, "behavior": "Isolated", "invert": false,
    });
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": Special::ALL.map(special),
        "normalizer": { "type": "NFKC" },
        "pre_tokenizer": { "type": "Sequence", "pretokenizers": [metaspace, runs] },
        "post_processor": null,
        "decoder": metaspace,
        "model": model,
    })
}

/// A unigram model of these pieces and their log probabilities.
pub(super) fn unigram(pieces: &[(String, f64)]) -> Value {
    let specials = Special::ALL.iter().map(|s| (s.as_str(), 0.0));
    let pieces = pieces.iter().map(|(piece, score)| (piece.as_str(), *score));
    let vocab: Vec<(&str, f64)> = specials.chain(pieces).collect();
    json!({ "type": "Unigram", "unk_id": Special::Unk.id(), "vocab": vocab, "byte_fallback": false })
}
