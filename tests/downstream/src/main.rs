//! What the tests kill: trains one of the networks, says each batch, and writes its weights.
//!
//! ```text
//! downstream-train convolution|recurrence CHECKPOINTS WEIGHTS
//! ```

use std::error::Error;
use std::io::Write as _;
use std::path::Path;

use downstream::convolution::{Convolution, Documents};
use downstream::recurrence::{Recurrence, Stream};
use downstream::train;
use ulmfit::prelude::*;
use ulmfit::train::Learner;
use ulmfit::train::checkpoint::save_weights;
use ulmfit::train::observe::{BatchEnd, EpochEnd, Observer};

/// Says each batch and each epoch, at once.
struct Say;

impl Observer for Say {
    fn batch_end(&mut self, end: &BatchEnd) {
        println!("batch {}/{}", end.batch, end.batches);
        let _ = std::io::stdout().flush();
    }

    fn epoch_end(&mut self, end: &EpochEnd) {
        println!("epoch {}", end.epoch);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [network, checkpoints, weights] = &arguments[..] else {
        return Err("expected a network, a folder of checkpoints and a file of weights".into());
    };
    let device = Device::default().autodiff();
    match &network[..] {
        "convolution" => run(
            &Documents::new(160, 1),
            Convolution::new(2, &device),
            checkpoints,
            weights,
        ),
        "recurrence" => run(
            &Stream::new(1500, 1)?,
            Recurrence::new(2, &device),
            checkpoints,
            weights,
        ),
        other => Err(format!("expected convolution or recurrence, found `{other}`").into()),
    }
}

fn run<L: Learner>(
    learner: &L,
    model: L::Model,
    checkpoints: &str,
    weights: &str,
) -> Result<(), Box<dyn Error>> {
    let model = train(learner, model, Some(Path::new(checkpoints)), &mut Say)?;
    Ok(save_weights(weights, &model)?)
}
