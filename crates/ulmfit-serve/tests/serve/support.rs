//! A small model, texts for it, and when two of its answers count as the same.

use ulmfit::model::{HeadBlock, Random};
use ulmfit::prelude::*;
use ulmfit_serve::Answer;

const WORDS: [&str; 12] = [
    "a", "lovely", "dreadful", "film", "plot", "music", "I", "loved", "hated", "it", "and", "never",
];

/// Texts of 0 to 80 words, no two alike. Some end with a chunk of one token.
pub(crate) fn texts(n: usize) -> Vec<String> {
    let word = |at: usize| WORDS[at % WORDS.len()];
    let text = |i: usize| {
        if i == 0 {
            return String::new();
        }
        let words: Vec<&str> = (0..i * 7 % 81)
            .map(|j| word(i * 5 + j * j + i * j))
            .collect();
        format!("{} {i}.", words.join(" "))
    };
    (0..n).map(text).collect()
}

/// An untrained classifier whose outputs differ from text to text; each seed has its own.
pub(crate) fn classifier(task: Task, names: &[&str], seed: u64) -> TextClassifier {
    let device = Device::default();
    let tokens = TokenizerConfig::new().init().tokenize_all(&texts(81));
    let vocab = VocabConfig::new().with_min_freq(1).build(&tokens);
    let text = TextEncoding::new(TokenizerConfig::new(), vocab);
    // Multiples of 16: the processor's kernels run as in a model of usual size.
    let sizes = AwdLstmConfig::new(text.vocab().len()).with_sizes(16, 32, 2);
    let mut encoder = sizes.init(&mut Random::new(seed), &device).unwrap();
    encoder.embedding = encoder.embedding.map(|x| x * 20.0);
    let config = ClassifierConfig::new(names.len()).with_task(task);
    let mut model = config.init(encoder, seed, &device).unwrap();
    let last = model.head.blocks.pop().unwrap();
    model.head.blocks.push(HeadBlock {
        weight: last.weight.map(|x| x * 10.0),
        ..last
    });
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    TextClassifier::new(text, model, names).unwrap()
}

pub(crate) fn two_classes(seed: u64) -> TextClassifier {
    classifier(Task::SingleLabel, &["neg", "pos"], seed)
}

/// How near two probabilities of a text are: the same bits where the library itself has the same bits alone and in a
/// batch, as with its kernels for AVX-512; else what it promises.
pub(crate) struct Same {
    tolerance: f32,
}

impl Same {
    pub(crate) fn of(predictor: &Predictor) -> Self {
        let texts = texts(100);
        let together = predictor.predict_all(&texts);
        let alone = texts.iter().map(|text| predictor.predict(text));
        let exact = alone.eq(together);
        if !exact {
            eprintln!("this processor's kernels round batches otherwise: 1e-5 is allowed");
        }
        Self {
            tolerance: if exact { 0.0 } else { 1e-5 },
        }
    }

    pub(crate) fn holds(&self, a: &[f32], b: &[f32]) -> bool {
        a.len() == b.len()
            && a.iter()
                .zip(b)
                .all(|(a, b)| (a - b).abs() <= self.tolerance)
    }
}

/// The probabilities of an answer.
pub(crate) fn probabilities(answer: &Answer) -> &[f32] {
    match answer {
        Answer::Class { prediction, .. } => &prediction.probabilities,
        Answer::Numbers(numbers) => numbers,
    }
}
