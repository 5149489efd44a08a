//! Memory grows neither with the number of steps, checkpoints included, nor with what of a document is not pooled.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use burn::tensor::Device;
use ulmfit_data::LmLoaderConfig;
use ulmfit_model::{
    AwdLstmConfig, ClassifierConfig, DocumentWindow, LanguageModelConfig, Mode, Random,
};
use ulmfit_text::TokenGrid;
use ulmfit_train::observe::{BatchEnd, Observer};
use ulmfit_train::schedule::GroupRates;
use ulmfit_train::{Checkpoints, LmLearner, Run, Stage, Trained, Training, fit};

/// Resident memory in kilobytes, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[derive(Default)]
struct Memory(Vec<u64>);

impl Observer for Memory {
    fn batch_end(&mut self, _: &BatchEnd) {
        self.0.extend(resident());
    }
}

#[test]
fn memory_of_training() {
    if resident().is_none() {
        println!("skipped: this system has no /proc/self/status");
        return;
    }
    // One after the other, as both read the memory of the process, and on one thread: with several, the shares of the
    // allocator's arenas swing by more than the 2 % that are looked for.
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build_global()
        .unwrap();
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
    // What the graph of a batch of eight documents of so many chunks takes, in kilobytes.
    let taken = |chunks: usize| -> u64 {
        let (rows, len) = (8, 70 * chunks);
        let ids = (0..rows * len).map(|i| 9 + (i * 7 % 41) as u32).collect();
        let tokens = TokenGrid::new(rows, len, ids);
        let labels = &[0_u32, 1, 0, 1, 0, 1, 0, 1];
        let before = resident().unwrap();
        let loss = model.loss(&tokens, &[len; 8], labels, &mut Mode::train(3));
        let taken = resident().unwrap().saturating_sub(before);
        drop(loss);
        taken
    };
    taken(2);
    // All but two of the chunks would take some 8 MB each.
    let long = taken(42);
    println!("kept for the backward pass of a long document: {long} kB");
    assert!(long < 100_000, "{long} kB");
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
    // What leaks rises in every window. What the allocator takes rises in jumps, some of them late, and stays: it is told
    // from a leak by the windows between, each of which holds a checkpoint.
    let windows: Vec<u64> = memory.0[100..]
        .chunks(25)
        .filter_map(|window| window.iter().max().copied())
        .collect();
    let rises = windows.windows(2).filter(|pair| pair[1] > pair[0]).count();
    println!("the most of every 25 steps from 100 on, kB: {windows:?}");
    assert!(
        rises + 2 < windows.len() && 10 * windows[windows.len() - 1] <= 11 * windows[0],
        "the most of every 25 steps from 100 on, kB: {windows:?}"
    );
}
