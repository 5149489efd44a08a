//! Subword models: trained ones are the same in every run, foreign ones are read, text comes back.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value, json};
use support::{rows, text};
use ulmfit_text::{
    Direction, EndToken, RulePreset, Special, SubwordConfig, SubwordModel, SubwordSize,
    TokenizerConfig, Vocab, WordSplit, undo_specials,
};

fn corpus() -> Vec<String> {
    let rows = rows("tokens.jsonl");
    rows.iter().map(|r| text(r, "text").to_owned()).collect()
}

/// A small model that has a piece for every character of the corpus.
fn config() -> SubwordConfig {
    SubwordConfig::new()
        .with_size(SubwordSize::AtMost(1_500))
        .with_character_coverage(1.0)
}

fn train(rules: &TokenizerConfig) -> SubwordModel {
    SubwordModel::train(corpus(), rules, &config()).expect("a model")
}

fn with(model: &SubwordModel, rules: &TokenizerConfig) -> TokenizerConfig {
    rules.clone().with_words(WordSplit::Subword(model.clone()))
}

#[test]
fn the_same_texts_give_the_same_bytes_on_any_number_of_threads_and_in_any_order() {
    let first = train(&TokenizerConfig::new());
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let again = pool.unwrap().install(|| train(&TokenizerConfig::new()));
        assert!(again.to_json() == first.to_json(), "{threads} threads");
    }
    let backward = corpus().into_iter().rev();
    let again = SubwordModel::train(backward, &TokenizerConfig::new(), &config()).unwrap();
    assert!(again.to_json() == first.to_json(), "another order");
}

#[test]
fn plain_text_comes_back() {
    let rules = TokenizerConfig::new();
    let whitespace = rules.clone().with_words(WordSplit::Whitespace).init();
    for direction in [Direction::Forward, Direction::Backward] {
        let config = with(&train(&rules), &rules).with_direction(direction);
        let tokenizer = config.init();
        let mut same = 0;
        for text in &corpus() {
            let expected = undo_specials(&whitespace.tokenize(text)).join(" ");
            // Beyond ASCII, compatibility forms come back as plain characters (`…` as `...`); `xxunk` in a text is
            // unknown, also as a part of a word.
            if !expected.is_ascii() || expected.contains("xxunk") {
                continue;
            }
            let tokens = tokenizer.tokenize(text);
            assert_eq!(tokenizer.detokenize(&tokens), expected, "{text:?}");
            same += 1;
        }
        assert!(same > 200, "only {same} texts were compared");
    }
}

#[test]
fn the_vocabulary_is_complete_and_numbered_as_the_model() {
    let rules = TokenizerConfig::new();
    let model = train(&rules);
    let tokenizer = with(&model, &rules).init();
    let vocab = tokenizer.fixed_vocab().unwrap();
    assert_eq!(vocab, model.vocab());
    assert_eq!(Vocab::from_tokens(vocab.tokens().to_vec()).unwrap(), vocab);
    assert!(vocab.len() <= 1_500, "{}", vocab.len());
    let marks = Special::ALL.map(Special::as_str);
    assert_eq!(vocab.tokens()[..9], marks);
    let pieces = vocab.tokens()[9..].iter();
    assert!(pieces.clone().all(|p| !marks.iter().any(|m| p.contains(m))));

    let file: Value = serde_json::from_str(model.to_json()).unwrap();
    for (id, token) in vocab.tokens().iter().enumerate() {
        assert_eq!(file["model"]["vocab"][id][0], *token, "{id}");
    }
    for doc in tokenizer.tokenize_all(&corpus()) {
        assert!(doc.iter().all(|t| vocab.contains(t)), "{doc:?}");
    }
    assert_eq!(TokenizerConfig::new().init().fixed_vocab(), None);
}

#[test]
fn special_tokens_stay_whole_and_unknown_characters_are_unknown() {
    let rules = TokenizerConfig::new();
    let tokenizer = with(&train(&rules), &rules).init();
    let vocab = tokenizer.fixed_vocab().unwrap();
    let tokens = tokenizer.tokenize("NASA!!! \u{10300} no no no no (xxbos)");
    for mark in ["xxbos", "xxup", "xxrep", "xxwrep"] {
        assert_eq!(
            tokens.iter().filter(|t| *t == mark).count(),
            1,
            "{tokens:?}"
        );
    }
    assert_eq!(tokens[0], "xxbos");
    let unknown = vocab
        .encode(&tokens)
        .iter()
        .filter(|&&id| id == vocab.unk_id())
        .count();
    // The letter, and the text that only looks like a mark.
    assert_eq!(unknown, 2, "{tokens:?}");
    assert_eq!(tokenizer.tokenize(""), ["xxbos"]);
}

#[test]
fn every_preset_has_its_marks_in_the_vocabulary() {
    for rules in RulePreset::ALL {
        let config = TokenizerConfig::new().with_rules(rules);
        let config = with(&train(&config), &config).with_end(EndToken::Add);
        let tokenizer = config.init();
        let vocab = tokenizer.fixed_vocab().unwrap();
        assert_eq!(Vocab::from_tokens(vocab.tokens().to_vec()).unwrap(), vocab);
        let tokens = tokenizer.tokenize_fields(&["A GREAT film", "yes"]);
        assert!(
            tokens.iter().all(|t| vocab.contains(t)),
            "{rules}: {tokens:?}"
        );
        assert_eq!(vocab.token(vocab.bos_id()), tokens[0], "{rules}");
    }
}

#[test]
fn a_model_travels_in_the_configuration() {
    let rules = TokenizerConfig::new();
    let config = with(&train(&rules), &rules);
    let json = serde_json::to_string(&config).unwrap();
    let back: TokenizerConfig = serde_json::from_str(&json).unwrap();
    assert_eq!(back, config);
    assert!(serde_json::to_string(&back).unwrap() == json);
    let value = serde_json::to_value(&config).unwrap();
    assert_eq!(
        serde_json::from_value::<TokenizerConfig>(value).unwrap(),
        config
    );
    let texts = corpus();
    assert_eq!(
        back.init().tokenize_all(&texts),
        config.init().tokenize_all(&texts)
    );
}

/// WikiText-2's test part, where `ULMFIT_DATA_DIR` names the folder of the real data sets.
#[test]
fn real_text_gives_the_same_model_twice() {
    let path = "wikitext2/test.txt.zst";
    let file = std::env::var_os("ULMFIT_DATA_DIR").map(|f| std::path::Path::new(&f).join(path));
    let Some(Ok(packed)) = file.map(std::fs::read) else {
        eprintln!("skipped: no `{path}` (set ULMFIT_DATA_DIR to the folder that holds it)");
        return;
    };
    let text = String::from_utf8(zstd::decode_all(&packed[..]).unwrap()).unwrap();
    let rules = TokenizerConfig::new();
    let config = SubwordConfig::new();
    let train = || SubwordModel::train(text.lines(), &rules, &config).unwrap();
    let start = Instant::now();
    let model = train();
    let took = start.elapsed();
    assert!(train().to_json() == model.to_json());
    let tokenizer = with(&model, &rules).init();
    let start = Instant::now();
    let docs = tokenizer.tokenize_all(&text.lines().collect::<Vec<_>>());
    eprintln!(
        "{} tokens learned in {took:?}; {} characters are {} tokens in {:?}",
        model.vocab().len(),
        text.len(),
        docs.iter().map(Vec::len).sum::<usize>(),
        start.elapsed()
    );
}

/// A model of another maker: truncation, begin marks and lower-casing of its own.
fn word_piece() -> Value {
    json!({
        "version": "1.0",
        "truncation": { "direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0 },
        "padding": null,
        "added_tokens": [{
            "id": 1, "content": "[CLS]", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true,
        }],
        "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "post_processor": null,
        "decoder": { "type": "WordPiece", "prefix": "##", "cleanup": true },
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": { "[UNK]": 0, "[CLS]": 1, "slow": 2, "##er": 3, ".": 4, "xxpad": 5 },
        },
    })
}

#[test]
fn a_model_of_another_maker_is_read() {
    let model = SubwordModel::from_json(&word_piece().to_string()).unwrap();
    assert_eq!(model.vocab().tokens()[9..], ["[CLS]", "slow", "##er", "."]);
    let tokenizer = with(&model, &TokenizerConfig::new()).init();
    let tokens = tokenizer.tokenize("Slow. SLOWER what.");
    let expected = "xxbos xxmaj slow . xxup slow ##er xxunk .";
    assert_eq!(tokens.join(" "), expected);
    assert_eq!(tokenizer.detokenize(&tokens), "Slow. SLOWER xxunk .");
    assert_eq!(SubwordModel::from_json(model.to_json()).unwrap(), model);
}

#[test]
fn what_is_no_model_is_refused_with_its_name() {
    let path = std::env::temp_dir().join(format!("ulmfit-subwords-{}.json", std::process::id()));
    let missing = SubwordModel::from_file(&path).unwrap_err().to_string();
    assert!(
        missing.contains("cannot read") && missing.contains("ulmfit-subwords"),
        "{missing}"
    );
    let mut nameless = word_piece();
    let mut far = word_piece();
    far["model"]["vocab"]["far"] = json!(u32::MAX);
    nameless["model"]["unk_token"] = json!("[NO]");
    for (content, part) in [
        ("nothing", "expected ident"),
        ("[1]", "no object `model`"),
        (r#"{"model":{"type":"Unigram"}}"#, "tokenizer.json"),
        (
            r#"{"model":{"type":"Unigram","vocab":[["a",-1.0]]}}"#,
            "a token for unknown text",
        ),
        (&nameless.to_string(), "a token for unknown text"),
        (&far.to_string(), "the id 4294967295 of `far`"),
    ] {
        std::fs::write(&path, content).unwrap();
        let error = SubwordModel::from_file(&path).unwrap_err().to_string();
        assert!(
            error.contains(part) && error.contains("ulmfit-subwords"),
            "{error}"
        );
    }
    std::fs::remove_file(&path).unwrap();
    let error = serde_json::from_str::<TokenizerConfig>(r#"{"words":{"subword":{}}}"#).unwrap_err();
    assert!(error.to_string().contains("no subword model"), "{error}");
}

#[test]
fn settings_that_cannot_be_met_are_refused() {
    let rules = TokenizerConfig::new();
    let train = |texts: &[&str], config: SubwordConfig| {
        SubwordModel::train(texts, &rules, &config)
            .unwrap_err()
            .to_string()
    };
    let small = SubwordConfig::new().with_size(SubwordSize::AtMost(10));
    assert!(train(&["abc"], small).contains("a size of 14 or more for 4 characters"));
    assert!(train(&[], SubwordConfig::new()).contains("none among 0 distinct words"));
    assert!(train(&["", "!!!"], SubwordConfig::new().with_min_freq(2)).contains("2 times or more"));
    for coverage in [0.0, -1.0, 1.1, f64::NAN] {
        let config = SubwordConfig::new().with_character_coverage(coverage);
        assert!(train(&["abc"], config).contains("character coverage"));
    }
}

#[test]
fn hostile_texts_take_linear_time() {
    let rules = TokenizerConfig::new();
    let tokenizer = with(&train(&rules), &rules).init();
    for part in [
        "x", "ab", ".", "日", "\u{301}", "a ", "a-", "1:", "A ", "xxrep ", "▁",
    ] {
        let start = Instant::now();
        tokenizer.tokenize(&part.repeat(100_000));
        let took = start.elapsed();
        assert!(took < Duration::from_secs(10), "{part:?}: {took:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn training_takes_every_text(texts in prop::collection::vec(any::<String>(), 0..8)) {
        let rules = TokenizerConfig::new();
        let config = SubwordConfig::new().with_character_coverage(1.0);
        if let Ok(model) = SubwordModel::train(&texts, &rules, &config) {
            let tokenizer = with(&model, &rules).init();
            let vocab = tokenizer.fixed_vocab().unwrap();
            for text in &texts {
                let tokens = tokenizer.tokenize(text);
                prop_assert!(tokens.iter().all(|t| vocab.contains(t)));
                tokenizer.detokenize(&tokens);
            }
        }
    }

    #[test]
    fn any_text_can_be_cut_and_any_tokens_joined(text in any::<String>(), ids in prop::collection::vec(0..400_u32, 0..40)) {
        static MODEL: std::sync::LazyLock<SubwordModel> =
            std::sync::LazyLock::new(|| train(&TokenizerConfig::new()));
        let tokenizer = with(&MODEL, &TokenizerConfig::new()).init();
        let vocab = tokenizer.fixed_vocab().unwrap();
        let tokens = tokenizer.tokenize(&text);
        prop_assert!(tokens.iter().all(|t| vocab.contains(t) && !t.is_empty()));
        tokenizer.detokenize(&vocab.decode_tokens(&ids));
    }
}

#[test]
fn a_file_over_which_the_library_panics_is_an_error() {
    let says = |json: &str, parts: &[&str]| {
        let message = SubwordModel::from_json(json).unwrap_err().to_string();
        for part in parts {
            assert!(message.contains(part), "`{part}` is missing in: {message}");
        }
        // In a model file and a recipe, too.
        let config = format!(r#"{{"words":{{"subword":{json}}}}}"#);
        let message = serde_json::from_str::<TokenizerConfig>(&config)
            .unwrap_err()
            .to_string();
        assert!(message.contains(parts[0]), "{message}");
    };
    says(
        r#"{"model":{"type":"BPE","vocab":{"x":0,"y":3},"merges":["x y"]}}"#,
        &["`model.merges`", "\"x y\"", "vocabulary"],
    );
    says(
        r#"{"model":{"type":"BPE","vocab":{"x":0,"xy":1},"merges":[["x","y"]]}}"#,
        &["`model.merges`"],
    );
    says(
        r#"{"normalizer":{"type":"Precompiled","precompiled_charsmap":"AAAB"},
            "model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["b",-2.5]]}}"#,
        &["`normalizer`"],
    );
    // Four bytes of a table that has no entry: the library reads it and fails over the first text.
    says(
        r#"{"normalizer":{"type":"Precompiled","precompiled_charsmap":"AAAAAA=="},
            "model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["b",-2.5]]}}"#,
        &["`normalizer`"],
    );
}
