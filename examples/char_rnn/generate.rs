//! Text, one character after another.

use ulmfit::model::Random;

use crate::corpus::Text;
use crate::model::CharModel;

/// Below 1 the probable characters become more so.
const TEMPERATURE: f32 = 0.7;

/// `length` characters that a model draws after the first of the held-out text, which stand at their beginning.
pub(crate) fn text(model: &CharModel, text: &Text, length: usize, seed: u64) -> String {
    let mut random = Random::new(seed);
    let prompt = &text.valid[..text.valid.len().min(40)];
    let mut ids = prompt.to_vec();
    let (mut shares, mut state) = model.next(prompt, &model.initial_state(1));
    for _ in 0..length {
        let id = draw(&shares, random.unit());
        ids.push(id);
        (shares, state) = model.next(&[id], &state);
    }
    ids.iter()
        .filter_map(|&id| text.alphabet.char(id))
        .collect()
}

/// The id in whose stretch of the cumulated probabilities `at` lies, from 0 to below 1; never padding.
fn draw(shares: &[f32], at: f32) -> u32 {
    let weights: Vec<f32> = shares
        .iter()
        .skip(1)
        .map(|p| p.powf(1.0 / TEMPERATURE))
        .collect();
    let mut left = at * weights.iter().sum::<f32>();
    for (id, weight) in (1..).zip(&weights) {
        left -= weight;
        if left < 0.0 {
            return id;
        }
    }
    weights.len() as u32
}
