//! Text from a language model, token by token, with the state carried: linear in the length.

use burn::tensor::Tensor;
use ulmfit_text::{Direction, RulePreset, TokenGrid};

use crate::encoder::state::HiddenState;
use crate::random::{Random, from_values};
use crate::text_model::TextLanguageModel;

/// How the next token is drawn. Filters apply in the order of the fields.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Logits are divided by this; 1 is the model's own distribution, towards 0 the most probable token wins.
    /// Default 0.8.
    pub temperature: f64,
    /// Only the `k` most probable tokens; default 50, 0 for all.
    pub top_k: usize,
    /// Only the most probable tokens that together reach this probability (nucleus); default 1, all.
    pub top_p: f64,
    /// Only tokens of at least this share of the most probable one's probability; default 0, all.
    pub min_p: f64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.8,
            top_k: 50,
            top_p: 1.0,
            min_p: 0.0,
        }
    }
}

impl Sampling {
    /// Always the most probable token.
    pub fn greedy() -> Self {
        Self {
            top_k: 1,
            ..Self::default()
        }
    }

    /// Draws an index of `logits`; those of minus infinity are never drawn. `None` if all are.
    fn draw(&self, logits: &[f32], random: &mut Random) -> Option<usize> {
        let temperature = self.temperature.max(1e-6);
        let mut order: Vec<usize> = (0..logits.len())
            .filter(|&id| logits[id] > f32::NEG_INFINITY)
            .collect();
        // Equal logits keep the order of ids, so that the draw is repeatable.
        order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
        if self.top_k > 0 {
            order.truncate(self.top_k);
        }
        let &top = order.first()?;
        let best = f64::from(logits[top]);
        let weight = |&id: &usize| ((f64::from(logits[id]) - best) / temperature).exp();
        let mut weights: Vec<f64> = order.iter().map(weight).collect();
        let total: f64 = weights.iter().sum();
        let mut sum = 0.0;
        let nucleus = weights.iter().position(|w| {
            sum += w / total;
            sum >= self.top_p
        });
        let kept = nucleus.map_or(weights.len(), |last| last + 1);
        let above = weights
            .iter()
            .take_while(|&&w| w >= self.min_p)
            .count()
            .max(1);
        weights.truncate(kept.min(above));
        let mut left = f64::from(random.unit()) * weights.iter().sum::<f64>();
        for (&id, weight) in order.iter().zip(&weights) {
            left -= weight;
            if left < 0.0 {
                return Some(id);
            }
        }
        Some(order[weights.len() - 1])
    }
}

/// Writes text with a language model.
#[derive(Clone, Debug)]
pub struct Generator {
    model: TextLanguageModel,
    /// Minus infinity for ids that are never written, else 0, `[1, V]`.
    forbidden: Tensor<2>,
}

impl Generator {
    /// A generator of a trained language model.
    pub fn new(model: &TextLanguageModel) -> Self {
        let vocab = model.text.vocab();
        let fields = RulePreset::ALL.map(RulePreset::field_mark).into_iter();
        let fields = fields.filter(|mark| vocab.contains(mark));
        let marks = fields.map(|mark| vocab.id(mark));
        let never = [vocab.unk_id(), vocab.pad_id()].into_iter().chain(marks);
        // A filler's text does not lead back to its id.
        let filler = |&id: &u32| vocab.id(vocab.token(id)) != id;
        let mut forbidden = vec![0.0; vocab.len()];
        let fillers = (0..vocab.len() as u32).filter(filler);
        for id in never.chain(fillers) {
            forbidden[id as usize] = f32::NEG_INFINITY;
        }
        let model = model.valid();
        let device = model.model.decoder_bias.device();
        Self {
            forbidden: from_values(forbidden, [1, vocab.len()], &device),
            model,
        }
    }

    /// The prompt and up to `tokens` further tokens as text, special tokens undone.
    ///
    /// `xxunk`, padding and fillers are never drawn; the start of a new document (`xxbos`) ends the text.
    /// The same seed gives the same text.
    pub fn generate(&self, prompt: &str, tokens: usize, sampling: &Sampling, seed: u64) -> String {
        let mut ids = self.encode(prompt);
        ids.extend(self.continue_ids(&ids, tokens, sampling, seed));
        self.text_of(&ids)
    }

    /// The ids that follow `prompt` (at least one id), at most `tokens` of them.
    pub fn continue_ids(
        &self,
        prompt: &[u32],
        tokens: usize,
        sampling: &Sampling,
        seed: u64,
    ) -> Vec<u32> {
        let mut random = Random::new(seed);
        let mut state = self.initial_state(1);
        let mut input = prompt.to_vec();
        let mut made = Vec::new();
        while made.len() < tokens {
            let (logits, next) = self.next_logits(&TokenGrid::new(1, input.len(), input), &state);
            state = next;
            let logits: Vec<f32> = logits.into_data().iter::<f32>().collect();
            match sampling.draw(&logits, &mut random) {
                Some(id) if id as u32 != self.end() => made.push(id as u32),
                _ => break,
            }
            input = made[made.len() - 1..].to_vec();
        }
        made
    }

    /// The id that begins a new document, and so ends a text.
    pub(crate) fn end(&self) -> u32 {
        self.model.text.vocab().bos_id()
    }

    pub(crate) fn encode(&self, prompt: &str) -> Vec<u32> {
        let mut ids = self.model.text.encode(prompt);
        // A model that reads backwards begins at the mark of the document behind; that of this one ends the text.
        if self.model.text.tokenizer_config().direction == Direction::Backward
            && let Some(mark) = ids.pop()
        {
            ids.insert(0, mark);
        }
        ids
    }

    pub(crate) fn text_of(&self, ids: &[u32]) -> String {
        self.model.text.decode(ids)
    }

    pub(crate) fn initial_state(&self, rows: usize) -> HiddenState {
        self.model.model.initial_state(rows)
    }

    /// The logits of the token after each row, `[B, V]`, those that are never written at minus infinity.
    pub(crate) fn next_logits(
        &self,
        input: &TokenGrid,
        state: &HiddenState,
    ) -> (Tensor<2>, HiddenState) {
        let (logits, next) = self.model.model.next_logits(input, state);
        (logits + self.forbidden.clone(), next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_cut_the_tail() {
        let logits = [0.0, 1.0, 2.0, f32::NEG_INFINITY];
        let draws = |sampling: Sampling| {
            let mut random = Random::new(1);
            let mut seen = [0; 4];
            for _ in 0..2000 {
                seen[sampling.draw(&logits, &mut random).expect("possible ids")] += 1;
            }
            seen
        };
        let all = Sampling {
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
        };
        // Probabilities 0.09, 0.245, 0.665.
        let seen = draws(all);
        assert!(seen[3] == 0 && (1270..1390).contains(&seen[2]), "{seen:?}");
        assert_eq!(draws(Sampling::greedy()), [0, 0, 2000, 0]);
        assert_eq!(draws(Sampling { top_p: 0.8, ..all })[0], 0);
        assert_eq!(draws(Sampling { min_p: 0.3, ..all })[0], 0);
        assert_eq!(draws(Sampling { min_p: 0.5, ..all })[1], 0);
    }
}
