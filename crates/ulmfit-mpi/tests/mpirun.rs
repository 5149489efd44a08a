//! `mpirun` as a user types it: the bits of one process, also after a rank was killed; mistakes end all ranks.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use ulmfit::data::{LmLoaderConfig, PreparedText, Source};
use ulmfit::model::{AwdLstmConfig, LanguageModelConfig, TextEncoding, TextLanguageModel};
use ulmfit::prelude::{Device, Recipe};
use ulmfit::train::{LmLearner, LmParts, Run, fit};

const BATCH: usize = 8;

/// Lines of words that follow one another by a rule.
fn text(folder: &Path) -> PathBuf {
    let path = folder.join("text.txt");
    let mut state = 7_u32;
    let mut line = |_| {
        let words = (0..12).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            format!("w{}", (state >> 24) % 40)
        });
        words.collect::<Vec<_>>().join(" ")
    };
    let lines: Vec<String> = (0..400).map(&mut line).collect();
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    path
}

struct Job<'a> {
    ranks: usize,
    out: &'a Path,
    epochs: &'a str,
    more: &'a [&'a str],
}

impl Job<'_> {
    fn start(&self, text: &Path) -> Child {
        let n = self.ranks.to_string();
        Command::new("mpirun")
            // More ranks than cores, and the root of a container: what Open MPI refuses unasked.
            .args([
                "--oversubscribe",
                "-n",
                &n,
                env!("CARGO_BIN_EXE_ulmfit-mpi"),
            ])
            .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
            .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
            .args(["pretrain", text.to_str().unwrap(), "--size", "16/24/2"])
            .args([
                "--seq-len",
                "10",
                "--seed",
                "3",
                "--min-freq",
                "1",
                "--threads",
                "1",
            ])
            .args([
                "--lm-epochs",
                self.epochs,
                "--lm-batch-size",
                &BATCH.to_string(),
            ])
            .args([
                "--checkpoint-every",
                "4",
                "--out",
                self.out.to_str().unwrap(),
            ])
            .args(self.more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn run(&self, text: &Path) -> Output {
        self.start(text).wait_with_output().unwrap()
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn has_mpirun() -> bool {
    let found = Command::new("mpirun").arg("--version").output().is_ok();
    if !found {
        println!("skipped: mpirun is not installed");
    }
    found
}

/// What one process saves that accumulates the gradients of as many parts.
fn alone(text: &Path, parts: usize, folder: &TempDir) -> Vec<u8> {
    let recipe = Recipe::default();
    let lm = &recipe.language_model;
    let source = Source::new(text);
    let tokenizer = recipe.tokenizer.init();
    let words = recipe.vocabulary.clone().with_min_freq(1);
    let prepared = PreparedText::open(folder.path().join("alone")).unwrap();
    let vocab = prepared.vocabulary(&source, &tokenizer, &words).unwrap();
    let ids = prepared.ids("train", &source, &tokenizer, &vocab).unwrap();
    let (train, valid) = ids.hold_out(20);
    let encoder = AwdLstmConfig::new(vocab.len()).with_sizes(16, 24, 2);
    let mut config = LanguageModelConfig::new(encoder);
    let mut dropouts = lm.clone();
    dropouts.pretrain_drop_mult = Some(1.0);
    config.dropouts = dropouts.pretrain_dropouts();
    config.regularization = lm.regularization;
    let model = config.init(3, &Device::default().autodiff()).unwrap();
    let loader = LmLoaderConfig::new()
        .with_batch_size(BATCH)
        .with_seq_len(10)
        .with_lengths(lm.lengths)
        .with_seed(3);
    let (train, valid) = (loader.build(train).unwrap(), loader.build(valid).unwrap());
    let learner = LmLearner::new(&train).with_valid(Some(&valid));
    let learner = LmParts::new(learner, parts).unwrap();
    let training = lm.training(&lm.pretrain).with_accumulate(parts);
    let mut run = Run::default().with_seed(3);
    let model = fit(&learner, model, &training, &mut run).unwrap().model;
    let text = TextEncoding::new(recipe.tokenizer, vocab);
    let path = folder.path().join("alone.safetensors");
    TextLanguageModel::new(text, model)
        .unwrap()
        .save(&path)
        .unwrap();
    fs::read(path).unwrap()
}

#[test]
fn two_and_four_ranks_save_what_one_process_saves() {
    if !has_mpirun() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let text = text(folder.path());
    for ranks in [2, 4] {
        let out = folder.path().join(format!("{ranks}.safetensors"));
        let job = Job {
            ranks,
            out: &out,
            epochs: "1",
            more: &[],
        };
        let output = job.run(&text);
        assert!(output.status.success(), "{}", told(&output));
        let (found, expected) = (fs::read(&out).unwrap(), alone(&text, ranks, &folder));
        assert!(
            found == expected,
            "{ranks} ranks: other bytes than one process"
        );
        assert!(
            !folder
                .path()
                .join(format!("{ranks}.safetensors.checkpoints"))
                .exists()
        );
    }
}

#[test]
fn a_rank_that_is_killed_ends_all_and_the_run_resumes_to_the_same_bytes() {
    if !has_mpirun() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let text = text(folder.path());
    let (whole, out) = (
        folder.path().join("whole.safetensors"),
        folder.path().join("killed.safetensors"),
    );
    let output = Job {
        ranks: 2,
        out: &whole,
        epochs: "20",
        more: &[],
    }
    .run(&text);
    assert!(output.status.success(), "{}", told(&output));

    let running = Job {
        ranks: 2,
        out: &out,
        epochs: "20",
        more: &[],
    }
    .start(&text);
    let checkpoints = folder.path().join("killed.safetensors.checkpoints");
    let started = Instant::now();
    while !has_checkpoint(&checkpoints) {
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "no checkpoint"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    let ranks = children(running.id());
    assert_eq!(ranks.len(), 2);
    let killed = Command::new("kill")
        .args(["-9", &ranks[1].to_string()])
        .status();
    assert!(killed.unwrap().success());
    let output = running.wait_with_output().unwrap();
    assert!(!output.status.success() && !out.exists());
    assert!(
        told(&output).contains("signal 9") || told(&output).contains("Killed"),
        "{}",
        told(&output)
    );

    let output = Job {
        ranks: 2,
        out: &out,
        epochs: "20",
        more: &["--resume"],
    }
    .run(&text);
    assert!(output.status.success(), "{}", told(&output));
    assert!(told(&output).contains("resuming from"), "{}", told(&output));
    assert!(
        fs::read(&out).unwrap() == fs::read(&whole).unwrap(),
        "other bytes than the unbroken run"
    );
}

#[test]
fn rows_that_cannot_be_shared_end_all_ranks_with_a_message() {
    if !has_mpirun() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let text = text(folder.path());
    let out = folder.path().join("out.safetensors");
    let output = Job {
        ranks: 3,
        out: &out,
        epochs: "1",
        more: &[],
    }
    .run(&text);
    let message = told(&output);
    assert!(!output.status.success() && !out.exists(), "{message}");
    assert!(
        message.contains("of 3: error: ") && message.contains(&BATCH.to_string()),
        "{message}"
    );
}

fn has_checkpoint(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("step-") && name.ends_with(".safetensors")
        })
    })
}

/// The processes that a process has started.
fn children(parent: u32) -> Vec<u32> {
    let output = Command::new("ps")
        .args(["-o", "pid=", "--ppid", &parent.to_string()])
        .output();
    let output = String::from_utf8(output.unwrap().stdout).unwrap();
    let pids = output.split_whitespace().map(|pid| pid.parse().unwrap());
    pids.collect()
}
