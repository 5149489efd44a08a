//! Memory grows neither with the number of steps, checkpoints included, nor with what of a document is not pooled.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use burn::tensor::Device;
use peak_alloc::PeakAlloc;
use ulmfit_data::LmLoaderConfig;
use ulmfit_model::{
    AwdLstmConfig, ClassifierConfig, DocumentWindow, LanguageModelConfig, Mode, Random,
};
use ulmfit_text::TokenGrid;
use ulmfit_train::observe::{BatchEnd, Observer};
use ulmfit_train::schedule::GroupRates;
use ulmfit_train::{Checkpoints, LmLearner, Run, Stage, Trained, Training, fit};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

#[derive(Default)]
struct Memory {
    steps: usize,
    /// The most that was allocated at one time, for every 25 steps.
    peaks: Vec<usize>,
}

impl Observer for Memory {
    fn batch_end(&mut self, _: &BatchEnd) {
        self.steps += 1;
        if self.steps.is_multiple_of(25) {
            self.peaks.push(ALLOCATED.peak_usage());
            ALLOCATED.reset_peak_usage();
        }
    }
}

#[test]
fn memory_of_training() {
    // One after the other, as both read what the whole process has allocated.
    memory_does_not_rise_with_the_steps();
    chunks_before_the_pooled_window_keep_nothing_for_the_backward_pass();
}

fn chunks_before_the_pooled_window_keep_nothing_for_the_backward_pass() {
    let device = Device::default().autodiff();
    let sizes = AwdLstmConfig::new(50).with_sizes(100, 400, 2);
    let encoder = sizes.init(&mut Random::new(1), &device).unwrap();
    let config = ClassifierConfig {
        window: DocumentWindow {
            bptt: 70,
            max_len: 140,
        },
        ..ClassifierConfig::new(2)
    };
    let model = config.init(encoder, 2, &device).unwrap();
    // What the graph of a batch of eight documents of so many chunks takes, in bytes.
    let taken = |chunks: usize| -> usize {
        let (rows, len) = (8, 70 * chunks);
        let ids = (0..rows * len).map(|i| 9 + (i * 7 % 41) as u32).collect();
        let tokens = TokenGrid::new(rows, len, ids);
        let labels = &[0_u32, 1, 0, 1, 0, 1, 0, 1];
        let before = ALLOCATED.current_usage();
        let loss = model.loss(&tokens, &[len; 8], labels, &mut Mode::train(3));
        let taken = ALLOCATED.current_usage().saturating_sub(before);
        drop(loss);
        taken
    };
    taken(2);
    // All but two of the chunks would take some 8 MB each.
    let long = taken(42);
    println!("kept for the backward pass of a long document: {long} bytes");
    assert!(long < 100_000_000, "{long} bytes");
}

fn memory_does_not_rise_with_the_steps() {
    const STEPS: usize = 300;
    let (rows, len) = (16, 30);
    let ids = (0..(rows * len * STEPS + 1) as u32).map(|i| 9 + (i * i + 3 * i) % 19_979);
    let config = LmLoaderConfig::new()
        .with_batch_size(rows)
        .with_seq_len(len);
    let train = config.build(vec![ids.collect()]).unwrap();
    assert_eq!(train.n_batches(), STEPS);
    let sizes = AwdLstmConfig::new(20_000).with_sizes(100, 200, 2);
    let device = Device::default().autodiff();
    let model = LanguageModelConfig::new(sizes).init(1, &device).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path()).with_every_steps(20);
    let mut memory = Memory::default();
    let mut run = Run::new(&mut memory).with_checkpoints(checkpoints);
    let stages = [Stage::one_cycle(
        "all",
        1,
        Trained::All,
        GroupRates::Same(1e-2),
    )];
    let learner = LmLearner::new(&train);
    fit(&learner, model, &Training::new(stages), &mut run).unwrap();
    // The bytes that are asked for, not the pages that the system gives: those depend on the allocator and swing.
    // Each window holds a checkpoint; the first two also hold what is allocated once.
    println!("the most of every 25 steps, bytes: {:?}", memory.peaks);
    let (early, late) = (memory.peaks[2], memory.peaks[memory.peaks.len() - 1]);
    assert!(
        late <= early + early / 2_000,
        "from {early} to {late} bytes: {:?}",
        memory.peaks
    );
}
