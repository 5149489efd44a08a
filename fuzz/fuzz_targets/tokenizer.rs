//! Any text through every preset of rules and every splitter: no panic, and what must hold of tokens holds.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use ulmfit_text::{RulePreset, Tokenizer, TokenizerConfig, Vocab, VocabConfig, WordSplit};

static TOKENIZERS: LazyLock<Vec<Tokenizer>> = LazyLock::new(|| {
    let config = |rules, words| TokenizerConfig::new().with_rules(rules).with_words(words);
    let all = RulePreset::ALL.into_iter().flat_map(|rules| {
        WordSplit::ALL
            .into_iter()
            .map(move |words| config(rules, words).init())
    });
    all.collect()
});

fuzz_target!(|text: &str| {
    for tokenizer in &*TOKENIZERS {
        let tokens = tokenizer.tokenize(text);
        assert!(!tokens.is_empty());
        assert!(tokens.iter().all(|token| !token.is_empty()), "{tokens:?}");
        let vocab: Vocab = VocabConfig::new()
            .with_min_freq(1)
            .build(std::slice::from_ref(&tokens));
        let ids = vocab.encode(&tokens);
        assert_eq!(ids.len(), tokens.len());
        let _ = vocab.decode(&ids);
    }
});
