//! A training loop of one's own: everything here is public, nothing is private to the library.
//!
//! It trains a language model with one step for two batches, a schedule defined here, and a rate for each layer group,
//! and keeps the loss of every batch.

use ulmfit::data::{DocumentOrder, LmLoader};
use ulmfit::model::LanguageModel;
use ulmfit::prelude::*;
use ulmfit::train::schedule::{GroupRates, Hyper, Schedule};

/// Rate and momentum of a schedule that the library does not have: a saw-tooth of so many steps.
pub fn saw_tooth(period: usize) -> Schedule {
    Schedule::custom("saw_tooth", move |step, _| Hyper {
        rate: 1.0 - (step % period) as f64 / period as f64,
        momentum: 0.9,
    })
}

/// The stream of some documents.
pub fn stream(documents: Vec<Vec<u32>>) -> ulmfit::data::Result<LmLoader> {
    let config = LmLoaderConfig::new().with_batch_size(2).with_seq_len(8);
    config.with_order(DocumentOrder::Kept).build(documents)
}

/// Trains for `epochs` and returns the model and the loss of every step.
pub fn train(mut lm: LanguageModel, data: &LmLoader, epochs: usize) -> (LanguageModel, Vec<f32>) {
    let groups = LayerGroups::language_model(&lm);
    let stage = Stage::one_cycle("all", epochs, Trained::All, GroupRates::paper(2e-2));
    let stage = stage.with_schedule(saw_tooth(10));
    let plan = stage
        .plan(&groups, epochs * data.n_batches())
        .expect("one rate a group");
    let mut adam = AdamConfig::default().init();
    let mut mode = Mode::train(7);
    let mut losses = Vec::new();
    for epoch in 0..epochs {
        let batches: Vec<_> = data.epoch(epoch).collect();
        let mut state = lm.initial_state(batches[0].inputs.rows());
        for pair in batches.chunks(2) {
            // The sum of two batches' objectives: one step for both.
            let mut objective = None;
            for batch in pair {
                let (loss, next) = lm.loss(&batch.inputs, &batch.targets, &state, &mut mode);
                state = next;
                losses.push(loss.cross_entropy.into_scalar::<f32>());
                let part = loss.objective / pair.len() as f64;
                objective = Some(match objective {
                    Some(sum) => sum + part,
                    None => part,
                });
            }
            let Some(objective) = objective else { continue };
            let (rates, momentum) = plan.at(losses.len() / 2);
            lm = adam.step(lm, objective.backward(), &groups, &rates, momentum);
        }
    }
    (lm, losses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loop_learns() {
        let sizes = AwdLstmConfig::new(30).with_sizes(8, 16, 2);
        let device = Device::default().autodiff();
        let config = LanguageModelConfig::new(sizes).with_dropouts(Dropouts::none());
        let lm = config.init(1, &device).expect("valid sizes");
        // A cycle over ten ids: what comes next is certain.
        let document = (0..2000).map(|i| 9 + i % 10).collect();
        let data = stream(vec![document]).expect("enough tokens");
        let (_, losses) = train(lm, &data, 20);
        assert!(
            losses[0] > 3.0,
            "an untrained model knows nothing: {}",
            losses[0]
        );
        let last = losses[losses.len() - 1];
        assert!(last < 0.7, "the cycle should be learned: {last}");
    }
}
