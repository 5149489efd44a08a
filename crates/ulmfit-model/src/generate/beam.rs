//! Beam search: the most probable text, where sampling gives a likely one.

use burn::tensor::activation;
use ulmfit_text::TokenGrid;

use crate::generate::generator::Generator;

/// A text under way, and the sum of its tokens' log probabilities.
#[derive(Clone, Debug)]
struct Beam {
    ids: Vec<u32>,
    score: f64,
    ended: bool,
}

impl Beam {
    /// Log probability per token: without the division short texts would always win.
    fn mean(&self) -> f64 {
        self.score / self.ids.len().max(1) as f64
    }
}

impl Generator {
    /// The prompt and up to `tokens` further tokens that together are most probable, as text.
    ///
    /// Keeps the best `beams` texts at every step (fastai v1: 1000; 10 are enough for most) and ends one where a new
    /// document would begin. The text with the highest log probability per token wins. Time grows with `beams` times
    /// `tokens`; the state of each beam is carried.
    ///
    /// Deviation: fastai v1 draws among the last beams at random; here the same prompt always gives the same text.
    pub fn beam_search(&self, prompt: &str, tokens: usize, beams: usize) -> String {
        let ids = self.encode(prompt);
        let more = self.beam_ids(&ids, tokens, beams);
        self.text_of(&[ids, more].concat())
    }

    /// The ids that follow `prompt` (at least one id) in [`beam_search`](Self::beam_search).
    pub fn beam_ids(&self, prompt: &[u32], tokens: usize, beams: usize) -> Vec<u32> {
        let beams = beams.max(1);
        let start = Beam {
            ids: Vec::new(),
            score: 0.0,
            ended: false,
        };
        let mut running = vec![start];
        let mut ended: Vec<Beam> = Vec::new();
        let mut state = self.initial_state(1);
        let mut input = TokenGrid::new(1, prompt.len(), prompt.to_vec());
        for _ in 0..tokens {
            let (logits, next) = self.next_logits(&input, &state);
            let [_, vocabulary] = logits.dims();
            let log_p = activation::log_softmax(logits, 1).into_data();
            let log_p: Vec<f32> = log_p.iter::<f32>().collect();
            let mut steps = Vec::new();
            for (row, log_p) in log_p.chunks_exact(vocabulary).enumerate() {
                for id in best(log_p, beams) {
                    let score = running[row].score + f64::from(log_p[id as usize]);
                    steps.push((score, row, id));
                }
            }
            // Equal scores keep their order, so that the result is repeatable.
            steps.sort_by(|a, b| b.0.total_cmp(&a.0));
            steps.truncate(beams);
            let mut rows = Vec::new();
            let mut longer = Vec::new();
            for (score, row, id) in steps {
                let mut beam = running[row].clone();
                beam.score = score;
                beam.ended = id == self.end();
                if beam.ended {
                    ended.push(beam);
                } else {
                    beam.ids.push(id);
                    rows.push(row);
                    longer.push(beam);
                }
            }
            running = longer;
            if running.is_empty() {
                break;
            }
            state = next.select(&rows);
            let last = running.iter().filter_map(|beam| beam.ids.last().copied());
            input = TokenGrid::new(running.len(), 1, last.collect());
        }
        let all = ended.into_iter().chain(running);
        let best = all.reduce(|a, b| if b.mean() > a.mean() { b } else { a });
        best.map_or(Vec::new(), |beam| beam.ids)
    }
}

/// The `n` most probable ids that are possible at all, the best first.
fn best(log_p: &[f32], n: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..log_p.len() as u32)
        .filter(|&id| log_p[id as usize] > f32::NEG_INFINITY)
        .collect();
    order.sort_by(|&a, &b| log_p[b as usize].total_cmp(&log_p[a as usize]));
    order.truncate(n);
    order
}
