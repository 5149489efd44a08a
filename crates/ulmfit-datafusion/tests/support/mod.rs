//! A small model in a file, and texts for it.

use std::path::PathBuf;

use tempfile::TempDir;
use ulmfit::model::{HeadBlock, Random};
use ulmfit::prelude::*;

const WORDS: [&str; 12] = [
    "a", "lovely", "dreadful", "film", "plot", "music", "I", "loved", "hated", "it", "and", "never",
];

/// Texts of 0 to 60 words.
pub(crate) fn texts(n: usize) -> Vec<String> {
    let text = |i: usize| {
        let words = (0..i * 7 % 61).map(|j| WORDS[(i * 5 + j * j) % WORDS.len()]);
        words.collect::<Vec<_>>().join(" ")
    };
    (0..n).map(text).collect()
}

/// The file of an untrained classifier whose answers differ from text to text; each seed has its own.
pub(crate) fn model_file(
    folder: &TempDir,
    name: &str,
    task: Task,
    classes: &[&str],
    seed: u64,
) -> PathBuf {
    let device = Device::default();
    let tokens = TokenizerConfig::new().init().tokenize_all(&texts(40));
    let vocab = VocabConfig::new().with_min_freq(1).build(&tokens);
    let text = TextEncoding::new(TokenizerConfig::new(), vocab);
    let sizes = AwdLstmConfig::new(text.vocab().len()).with_sizes(16, 32, 2);
    let mut encoder = sizes.init(&mut Random::new(seed), &device).unwrap();
    encoder.embedding = encoder.embedding.map(|x| x * 20.0);
    let config = ClassifierConfig::new(classes.len()).with_task(task);
    let mut model = config.init(encoder, seed, &device).unwrap();
    let last = model.head.blocks.pop().unwrap();
    model.head.blocks.push(HeadBlock {
        weight: last.weight.map(|x| x * 10.0),
        ..last
    });
    let classes = classes.iter().map(|&class| class.to_owned()).collect();
    let path = folder.path().join(name);
    let model = TextClassifier::new(text, model, classes).unwrap();
    model.save(&path).unwrap();
    path
}
