//! What must hold for every text: no panic, linear time, lossless ids, and the standard's few differences.

mod support;

use std::time::{Duration, Instant};

use proptest::prelude::*;
use support::{rows, text};
use ulmfit_text::{
    EnglishSplitter, RulePreset, Special, TokenizerConfig, VocabConfig, WordSplit, undo_specials,
};

/// Whether one of the three mended faults can fire: an entity, a run of exactly three letters, a run of digits.
fn faults_can_fire(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let runs = chars.chunk_by(|a, b| a == b);
    let runs_differ = |run: &[char]| run.len() > 2 && run[0].is_alphanumeric();
    text.contains('&') || text.contains("amp;") || runs.into_iter().any(runs_differ)
}

#[test]
fn standard_is_v2_where_no_fault_fires() {
    let v2 = TokenizerConfig::new()
        .with_rules(RulePreset::FastaiV2)
        .init();
    let standard = TokenizerConfig::new().init();
    let mut same = 0;
    for row in rows("tokens.jsonl")
        .iter()
        .filter(|r| !faults_can_fire(text(r, "text")))
    {
        let input = text(row, "text");
        assert_eq!(standard.tokenize(input), v2.tokenize(input), "{input:?}");
        same += 1;
    }
    assert!(same > 300, "only {same} texts were compared");
}

#[test]
fn hostile_texts_take_linear_time() {
    for rules in RulePreset::ALL {
        for words in WordSplit::ALL {
            let config = TokenizerConfig::new().with_rules(rules).with_words(words);
            // The default in full; the others, of which there are many, at a tenth.
            hostile(
                &config,
                if config == TokenizerConfig::new() {
                    1_000_000
                } else {
                    100_000
                },
            );
        }
    }
}

fn hostile(config: &TokenizerConfig, million: usize) {
    let texts = [
        "x".repeat(10 * million),
        "\n".repeat(million),
        "(".repeat(million),
        ".".repeat(million),
        "a.".repeat(million),
        "a@".repeat(million),
        "a-".repeat(million),
        ":)".repeat(million),
        ": )".repeat(million),
        "é".repeat(million),
        "&".repeat(million),
        "&am".repeat(million),
        "a ".repeat(million),
        "a b ".repeat(million),
        "a, a, ".repeat(million),
        "A".repeat(million),
        "<br ".repeat(million),
        "http://".repeat(million),
        "1:".repeat(million),
        format!("5{}", "k".repeat(million)),
        format!("{}'s", "'".repeat(million)),
        format!("a{}b", " ".repeat(million)),
    ];
    let tokenizer = config.init();
    for text in &texts {
        let start = Instant::now();
        let tokens = tokenizer.tokenize(text);
        let (took, head) = (start.elapsed(), text.chars().take(8).collect::<String>());
        assert!(!tokens.is_empty());
        // Quadratic time would be minutes; a second per million characters is generous.
        assert!(
            took < Duration::from_secs(10),
            "{config:?} {head:?}: {took:?}"
        );
    }
}

/// Texts that look like what the rules look for.
fn tricky() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "a",
        "A",
        "the ",
        " ",
        "  ",
        "\n",
        "&amp;",
        "&#39;",
        "&#x",
        "&",
        ";",
        "...",
        ".",
        ",",
        "<br />",
        "<unk>",
        "\\",
        "\\n",
        "!!!",
        "so so so ",
        "xxrep ",
        "3 ",
        "xxwrep ",
        "can't",
        "'s",
        "5km",
        "$",
        "http://",
        "a.co",
        "@",
        ":)",
        ":",
        ")",
        "—",
        "…",
        "é",
        "É",
        "ß",
        "İ",
        "Σ",
        "日",
        "😀",
        "\u{301}",
        "\u{a0}",
        "\u{1c}",
        "\u{85}",
        "\u{3000}",
        "1",
        "²",
        "-",
        "/",
        "#",
    ]);
    prop_oneof![
        prop::collection::vec(parts, 0..24).prop_map(|parts| parts.concat()),
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn every_preset_and_splitter_takes_every_text(text in tricky()) {
        for rules in RulePreset::ALL {
            for words in WordSplit::ALL {
                let tokenizer = TokenizerConfig::new().with_rules(rules).with_words(words).init();
                let tokens = tokenizer.tokenize(&text);
                prop_assert!(!tokens.is_empty());
                prop_assert!(tokens.iter().all(|t| !t.is_empty()));
                undo_specials(&tokens);
            }
        }
    }

    #[test]
    fn words_are_the_text_without_absorbed_spaces(text in tricky()) {
        let words = EnglishSplitter::blank().split(&text);
        prop_assert_eq!(words.concat().replace(' ', ""), text.replace(' ', ""));
    }

    #[test]
    fn standard_is_v2_on_any_text_without_a_fault(text in tricky()) {
        prop_assume!(!faults_can_fire(&text));
        let v2 = TokenizerConfig::new().with_rules(RulePreset::FastaiV2).init();
        prop_assert_eq!(TokenizerConfig::new().init().tokenize(&text), v2.tokenize(&text));
    }

    #[test]
    fn ids_and_tokens_round_trip(texts in prop::collection::vec(tricky(), 1..6)) {
        let docs = TokenizerConfig::new().init().tokenize_all(&texts);
        let vocab = VocabConfig::new().with_min_freq(1).build(&docs);
        for doc in &docs {
            let ids = vocab.encode(doc);
            prop_assert_eq!(vocab.decode_tokens(&ids), doc.iter().map(String::as_str).collect::<Vec<_>>());
        }
        for special in Special::ALL {
            prop_assert_eq!(vocab.id(special.as_str()), special.id());
        }
        let json = serde_json::to_string(&vocab).expect("serializes");
        prop_assert_eq!(serde_json::from_str::<ulmfit_text::Vocab>(&json).expect("reads back"), vocab);
    }
}
