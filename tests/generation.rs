//! Writing text: the state is carried, seeds repeat, beams find more probable texts.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use burn::tensor::Tensor;
use ulmfit::burn;
use ulmfit::model::Random;
use ulmfit::prelude::*;
use ulmfit::text::TokenGrid;

/// An untrained model whose next-token probabilities are far from even.
fn model() -> TextLanguageModel {
    let config = TokenizerConfig::new();
    let words: Vec<String> = (0..60).map(|i| format!("word{i}")).collect();
    let tokens = config.init().tokenize_all(&[words.join(" ")]);
    let text = TextEncoding::new(config, VocabConfig::new().with_min_freq(1).build(&tokens));
    let sizes = AwdLstmConfig::new(text.vocab().len()).with_sizes(16, 24, 2);
    let device = Device::default();
    let mut model = LanguageModelConfig::new(sizes).init(8, &device).unwrap();
    model.encoder = AwdLstmConfig::new(text.vocab().len())
        .with_sizes(16, 24, 2)
        .init(&mut Random::new(9), &device)
        .unwrap();
    model.encoder.embedding = model.encoder.embedding.map(|x| x * 40.0);
    // No text ends early.
    let bos = text.vocab().bos_id() as usize;
    model.decoder_bias = model.decoder_bias.map(|bias| {
        let mut values: Vec<f32> = bias.to_data().iter::<f32>().collect();
        values[bos] = -1e3;
        Tensor::from_floats(&values[..], &bias.device())
    });
    TextLanguageModel::new(text, model).unwrap()
}

/// The log probabilities of the token after `ids`, from the start, without what is never written.
fn log_probabilities(model: &TextLanguageModel, ids: &[u32]) -> Vec<f64> {
    let grid = TokenGrid::new(1, ids.len(), ids.to_vec());
    let (logits, _) = model
        .model
        .next_logits(&grid, &model.model.initial_state(1));
    let mut logits: Vec<f64> = logits.into_data().iter::<f32>().map(f64::from).collect();
    for never in ["xxunk", "xxpad", "xxfld"] {
        logits[model.text.vocab().id(never) as usize] = f64::NEG_INFINITY;
    }
    let largest = logits.iter().fold(f64::MIN, |a, &b| a.max(b));
    let total = logits.iter().map(|x| (x - largest).exp()).sum::<f64>().ln() + largest;
    logits.iter().map(|x| x - total).collect()
}

#[test]
fn greedy_with_carried_state_equals_starting_over_at_every_step() {
    let model = model();
    let prompt = model.text.encode("word3 word5");
    let found = Generator::new(&model).continue_ids(&prompt, 40, &Sampling::greedy(), 1);
    let mut ids = prompt.clone();
    for &id in &found {
        let log_p = log_probabilities(&model, &ids);
        let best = (0..log_p.len()).fold(0, |top, i| if log_p[i] > log_p[top] { i } else { top });
        assert_eq!(id as usize, best);
        ids.push(id);
    }
    assert!(found.len() > 5, "{found:?}");
    assert!(found.windows(2).any(|pair| pair[0] != pair[1]));
}

#[test]
fn the_seed_decides_whatever_the_chunking() {
    let model = model();
    let generator = Generator::new(&model);
    let prompt = model
        .text
        .encode("word1 word2 word3 word4 word5 word6 word7");
    let sampling = Sampling::default();
    let whole = generator.continue_ids(&prompt, 30, &sampling, 11);
    assert_eq!(whole, generator.continue_ids(&prompt, 30, &sampling, 11));
    assert_eq!(
        whole[..9],
        generator.continue_ids(&prompt, 9, &sampling, 11)
    );
    assert_ne!(whole, generator.continue_ids(&prompt, 30, &sampling, 12));
    // The prompt read in chunks of any length leads to the same distribution.
    for size in [1, 2, 3, 7] {
        let mut state = model.model.initial_state(1);
        let mut last = Vec::new();
        for chunk in prompt.chunks(size) {
            let grid = TokenGrid::new(1, chunk.len(), chunk.to_vec());
            let (logits, next) = model.model.next_logits(&grid, &state);
            (state, last) = (next, logits.into_data().iter::<f32>().collect());
        }
        let grid = TokenGrid::new(1, prompt.len(), prompt.clone());
        let (logits, _) = model
            .model
            .next_logits(&grid, &model.model.initial_state(1));
        let expected: Vec<f32> = logits.into_data().iter::<f32>().collect();
        for (a, b) in last.iter().zip(&expected) {
            assert!((a - b).abs() < 1e-5, "chunks of {size}: {a} and {b}");
        }
    }
}

#[test]
fn beams_find_what_greed_misses() {
    let model = model();
    let generator = Generator::new(&model);
    let prompt = model.text.encode("word3");
    let tokens = 6;
    let mean = |ids: &[u32]| -> f64 {
        let step = |at: usize| {
            let before = [&prompt[..], &ids[..at]].concat();
            log_probabilities(&model, &before)[ids[at] as usize]
        };
        (0..ids.len()).map(step).sum::<f64>() / ids.len() as f64
    };
    let greedy = generator.continue_ids(&prompt, tokens, &Sampling::greedy(), 0);
    assert_eq!(generator.beam_ids(&prompt, tokens, 1), greedy);
    let wide = generator.beam_ids(&prompt, tokens, 30);
    assert!(
        mean(&wide) > mean(&greedy) + 1e-3,
        "{} over {}",
        mean(&wide),
        mean(&greedy)
    );
    assert_eq!(wide, generator.beam_ids(&prompt, tokens, 30));
    assert!(!generator.beam_search("word3", tokens, 10).contains("xx"));
}
