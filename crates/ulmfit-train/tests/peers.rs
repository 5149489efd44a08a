//! Several ranks train the bits of one process that accumulates the same parts, resumed or not.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Barrier, Mutex};
use std::{fs, thread};

use burn::tensor::Device;
use safetensors::SafeTensors;
use ulmfit_data::{LmLoader, LmLoaderConfig};
use ulmfit_model::{AwdLstmConfig, LanguageModel, LanguageModelConfig};
use ulmfit_train::observe::{BatchEnd, Observer};
use ulmfit_train::schedule::GroupRates;
use ulmfit_train::{
    AdamConfig, Checkpoints, Error, Interrupt, LmLearner, LmParts, Peers, Result, Resume, Run,
    Stage, Tensors, Trained, Training, fit,
};

const STEPS: usize = 50;

/// The threads of this process as ranks.
#[derive(Debug)]
struct Table {
    barrier: Barrier,
    sent: Mutex<Vec<Vec<Vec<u8>>>>,
}

#[derive(Debug)]
struct Seat<'a> {
    table: &'a Table,
    rank: usize,
    size: usize,
}

impl Peers for Seat<'_> {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn exchange(&self, outgoing: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
        assert_eq!(outgoing.len(), self.size);
        self.table.sent.lock().unwrap()[self.rank] = outgoing;
        self.table.barrier.wait();
        let sent = self.table.sent.lock().unwrap();
        let own = sent.iter().map(|from| from[self.rank].clone()).collect();
        drop(sent);
        self.table.barrier.wait();
        Ok(own)
    }
}

fn stream() -> LmLoader {
    let (rows, len) = (8, 6);
    let ids = (0..(rows * len * STEPS / 2) as u32).map(|i| 9 + (i * i + 3 * i) % 41);
    let config = LmLoaderConfig::new()
        .with_batch_size(rows)
        .with_seq_len(len);
    config.build(vec![ids.collect()]).unwrap()
}

fn model() -> LanguageModel {
    let sizes = AwdLstmConfig::new(50).with_sizes(8, 12, 2);
    let device = Device::default().autodiff();
    LanguageModelConfig::new(sizes).init(1, &device).unwrap()
}

fn training(accumulate: usize) -> Training {
    let rates = GroupRates::Same(1e-2);
    let adam = AdamConfig {
        clip: Some(0.25),
        ..AdamConfig::default()
    };
    Training::new([Stage::one_cycle("all", 2, Trained::All, rates)])
        .with_optimizer(adam)
        .with_accumulate(accumulate)
}

fn checkpoints(folder: &Path) -> Checkpoints {
    Checkpoints::new(folder)
        .with_every_steps(40)
        .with_keep(1_000)
        .with_resume(Resume::Newest)
}

/// One process with all parts.
fn alone(parts: usize, folder: &Path) -> Tensors {
    let stream = stream();
    let learner = LmParts::new(LmLearner::new(&stream).with_valid(&stream), parts).unwrap();
    let mut run = Run::default()
        .with_seed(3)
        .with_checkpoints(checkpoints(folder));
    let fitted = fit(&learner, model(), &training(parts), &mut run).unwrap();
    Tensors::of_module(&fitted.model)
}

/// Asks for the end of the run after some batches.
struct Ask(usize, Interrupt);

impl Observer for Ask {
    fn batch_end(&mut self, _: &BatchEnd) {
        self.0 -= 1;
        if self.0 == 0 {
            self.1.request();
        }
    }
}

/// Every rank in a thread of its own; the last one is asked to end after `ends` batches.
fn ranks(size: usize, folder: &Path, ends: Option<usize>) -> Vec<Result<Tensors>> {
    let table = Table {
        barrier: Barrier::new(size),
        sent: Mutex::new(vec![Vec::new(); size]),
    };
    let rank = |rank: usize| -> Result<Tensors> {
        let stream = stream();
        let learner = LmLearner::new(&stream).with_valid(&stream);
        let learner = LmParts::new(learner, size)?.of_rank(rank);
        let interrupt = Interrupt::default();
        let batches = ends.filter(|_| rank + 1 == size).unwrap_or(usize::MAX);
        let mut ask = Ask(batches, interrupt.clone());
        let seat = Seat {
            table: &table,
            rank,
            size,
        };
        let mut run = Run::new(&mut ask)
            .with_seed(3)
            .with_checkpoints(checkpoints(folder).with_interrupt(&interrupt))
            .with_peers(&seat);
        let fitted = fit(&learner, model(), &training(1), &mut run)?;
        Ok(Tensors::of_module(&fitted.model))
    };
    thread::scope(|scope| {
        let rank = &rank;
        let running: Vec<_> = (0..size).map(|r| scope.spawn(move || rank(r))).collect();
        running.into_iter().map(|r| r.join().unwrap()).collect()
    })
}

/// The tensors of all checkpoints, by file and name.
fn stored(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut stored = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        for (name, view) in SafeTensors::deserialize(&bytes).unwrap().iter() {
            let name = format!("{} {name}", path.file_name().unwrap().display());
            stored.insert(name, view.data().to_vec());
        }
    }
    stored
}

#[test]
fn two_and_four_ranks_train_the_bits_of_accumulation() {
    for size in [2, 4] {
        let (one, many) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let expected = alone(size, one.path());
        for found in ranks(size, many.path(), None) {
            assert!(found.unwrap() == expected, "{size} ranks");
        }
        // Hidden states of all ranks among them: one process could resume what several began.
        let (many, one) = (stored(many.path()), stored(one.path()));
        assert!(many.keys().filter(|name| name.contains("carry.1")).count() > 3);
        assert!(many == one, "{size} ranks: the checkpoints differ");
    }
}

#[test]
fn ranks_that_are_interrupted_resume_to_the_same_bits() {
    let (whole, cut) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let expected = ranks(2, whole.path(), None);
    for ends in [7, 30] {
        for rank in ranks(2, cut.path(), Some(ends)) {
            assert!(matches!(rank, Err(Error::Interrupted { .. })), "{rank:?}");
        }
    }
    for (found, expected) in ranks(2, cut.path(), None).into_iter().zip(expected) {
        assert!(found.unwrap() == expected.unwrap());
    }
    // And by one process.
    let alone = alone(2, cut.path());
    assert!(alone == ranks(2, whole.path(), None).remove(0).unwrap());
}

#[test]
fn ranks_that_do_not_divide_the_batch_are_an_error() {
    let stream = stream();
    let error = LmParts::new(LmLearner::new(&stream), 3).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected a batch size that 3 parts divide, found 8 rows; choose another batch size or another number of ranks"
    );
}

#[test]
fn a_rank_with_another_seed_is_named() {
    let table = Table {
        barrier: Barrier::new(2),
        sent: Mutex::new(vec![Vec::new(); 2]),
    };
    let rank = |rank: usize| {
        let stream = stream();
        let learner = LmLearner::new(&stream);
        let learner = LmParts::new(learner, 2).unwrap().of_rank(rank);
        let seat = Seat {
            table: &table,
            rank,
            size: 2,
        };
        let mut run = Run::default().with_seed(rank as u64).with_peers(&seat);
        let fitted = fit(&learner, model(), &training(1), &mut run);
        fitted.unwrap_err().to_string()
    };
    let (first, second) = thread::scope(|scope| {
        let second = scope.spawn(|| rank(1));
        (rank(0), second.join().unwrap())
    });
    let remedy = "start every rank with the same command, files and version, and give them one folder of checkpoints";
    assert_eq!(
        first,
        format!("rank 1 has another run: expected `seed` 0, found 1; {remedy}")
    );
    assert_eq!(
        second,
        format!("rank 0 has another run: expected `seed` 1, found 0; {remedy}")
    );
}
