//! Vocabularies and ids of fastai v2, and the special tokens undone.

mod support;

use serde_json::Value;
use support::{golden, rows, strings};
use ulmfit_text::{Special, TokenCounter, VocabConfig, VocabStyle, undo_specials};

fn read(name: &str) -> Value {
    serde_json::from_str(&golden(name)).expect("JSON")
}

fn counts(golden: &Value) -> TokenCounter {
    let counts: Vec<(String, u64)> =
        serde_json::from_value(golden["counts_in_first_seen_order"].clone()).expect("pairs");
    counts.into_iter().collect()
}

fn config(row: &Value) -> VocabConfig {
    let number = |name: &str| row[name].as_u64().unwrap_or_else(|| panic!("no `{name}`"));
    VocabConfig::new()
        .with_style(VocabStyle::FastaiV2)
        .with_min_freq(number("min_freq"))
        .with_max_size(number("max_vocab") as usize)
        .with_specials(
            row["special_toks"]
                .as_array()
                .map_or(Special::ALL.len(), Vec::len),
        )
}

#[test]
fn every_setting_gives_the_same_list() {
    let golden = read("vocab.json");
    let counts = counts(&golden);
    let cases = golden["cases"].as_array().expect("a list");
    assert!(!cases.is_empty());
    for case in cases {
        let vocab = config(case).build_from_counts(&counts);
        assert_eq!(vocab.tokens(), strings(case, "vocab"), "{:?}", config(case));
    }
}

#[test]
fn documents_get_the_same_ids() {
    let golden = read("vocab.json");
    let numericalize = &golden["numericalize"];
    let vocab = config(numericalize).build_from_counts(&counts(&golden));
    assert_eq!(vocab.tokens(), strings(numericalize, "vocab"));
    for (token, id) in numericalize["o2i"].as_object().expect("a map") {
        assert_eq!(
            u64::from(vocab.id(token)),
            id.as_u64().expect("an id"),
            "{token}"
        );
    }
    let texts = rows("tokens.jsonl");
    let docs = numericalize["docs"].as_array().expect("a list");
    assert!(!docs.is_empty());
    for doc in docs {
        let i = doc["i"].as_u64().expect("a row") as usize;
        let ids: Vec<u32> = serde_json::from_value(doc["ids"].clone()).expect("ids");
        assert_eq!(
            vocab.encode(&strings(&texts[i], "tokens")),
            ids,
            "document {i}"
        );
    }
}

#[test]
fn counting_the_tokens_gives_the_same_counts() {
    let golden = read("vocab.json");
    let mut counter = TokenCounter::new();
    rows("tokens.jsonl")
        .iter()
        .for_each(|row| counter.add(&strings(row, "tokens")));
    assert!(counter.iter().eq(counts(&golden).iter()));
}

/// Where fastai repeats every later word (its fault), the right outputs were worked out by hand.
#[test]
fn special_tokens_are_undone() {
    let by_hand: [(&[&str], &[&str]); 3] = [
        (
            &[
                "xxmaj", "hello", ",", "xxup", "nasa", "xxrep", "4", "!", "ok",
            ],
            &["Hello", ",", "NASA", "!!!!", "ok"],
        ),
        (&["xxwrep", "3", "no", "yes"], &["no", "no", "no", "yes"]),
        (
            &["xxrep", "3", "a", "xxrep", "2", "b", "c"],
            &["aaa", "bb", "c"],
        ),
    ];
    let golden = read("decode_spec.json");
    let mut corrected = 0;
    for row in golden.as_array().expect("a list") {
        let tokens = strings(row, "tokens");
        let expected = match by_hand.iter().find(|(input, _)| *input == tokens) {
            Some((_, right)) => {
                corrected += 1;
                right.iter().map(|&w| w.to_owned()).collect()
            }
            None => strings(row, "out"),
        };
        assert_eq!(undo_specials(&tokens), expected, "{tokens:?}");
    }
    assert_eq!(corrected, by_hand.len());
}
