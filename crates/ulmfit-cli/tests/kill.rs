//! `ulmfit pretrain` and `finetune` as a user runs them: killed at any moment, resumed, and ending in the same file.
//!
//! By default three runs are killed; with `ULMFIT_SLOW_TESTS` set, ten.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Lines of words of which each follows from the one before, mostly.
fn write_text(path: &Path, lines: usize, seed: u64) {
    let (mut numbers, mut word, mut text) = (Numbers(seed), 0, String::new());
    for _ in 0..lines {
        for _ in 0..20 {
            word = match numbers.below(4) {
                0 => numbers.below(90),
                _ => (word * 7 + 3) % 90,
            };
            text.push_str(&format!("w{} ", (b'a' + (word % 26) as u8) as char));
            text.push_str(["on", "at", "by", "to"][word as usize % 4]);
            text.push(' ');
        }
        text.push('\n');
    }
    fs::write(path, text).unwrap();
}

/// A run in `folder`: text.txt to the file `out`, stored in the folder `run`.
fn pretrain(folder: &Path, out: &str, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ulmfit"));
    command
        .current_dir(folder)
        .args(["pretrain", "text.txt", "--out", out]);
    command.args(["--size", "tiny", "--batch-size", "4", "--seq-len", "16"]);
    command.args(["--epochs", "2", "--every", "7", "--checkpoints"]);
    command.arg(format!("{out}.run")).args(more);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

fn succeeds(mut command: Command) -> Output {
    let output = command.output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{message}");
    output
}

/// The message of a command that must fail.
fn fails(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Kills the process, as `kill -9` does, unless it ends by itself before that; returns whether it was killed.
fn killed(mut child: Child, after: Duration) -> bool {
    let started = Instant::now();
    while started.elapsed() < after {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "the resumed run failed");
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    // Only a signal ends a process without a code.
    child.wait().unwrap().code().is_none()
}

#[test]
fn a_run_that_is_killed_at_any_moment_ends_in_the_same_file() {
    let wanted = match std::env::var_os("ULMFIT_SLOW_TESTS") {
        Some(_) => 10,
        None => 3,
    };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_text(&folder.join("text.txt"), 400, 1);
    let started = Instant::now();
    succeeds(pretrain(folder, "whole", &[]));
    let whole_time = started.elapsed();
    let whole = fs::read(folder.join("whole")).unwrap();
    succeeds(pretrain(folder, "again", &[]));
    assert!(
        fs::read(folder.join("again")).unwrap() == whole,
        "the same seed twice"
    );

    let mut numbers = Numbers(2);
    let (mut kills, mut run) = (0, 0);
    while kills < wanted {
        run += 1;
        assert!(run <= 4 * wanted, "the runs end before they are killed");
        let out = format!("cut-{run}");
        // At most three kills a run, so that some have much behind them.
        for attempt in 0..4 {
            let mut command = pretrain(folder, &out, &["--resume"]);
            if attempt == 3 {
                succeeds(command);
                break;
            }
            let share = (numbers.below(90) + 3) as f64 / 100.0;
            let after = whole_time.mul_f64(share);
            command.stderr(Stdio::null());
            if !killed(command.spawn().unwrap(), after) {
                break;
            }
            kills += 1;
            let last = last_checkpoint(&folder.join(format!("{out}.run")));
            println!(
                "run {run}: killed after {after:.2?} of {whole_time:.2?}, newest checkpoint {last:?}"
            );
            assert!(!folder.join(&out).exists(), "no model before the end");
        }
        assert!(
            fs::read(folder.join(&out)).unwrap() == whole,
            "run {run} ended in another file"
        );
    }
}

/// The name of the newest checkpoint.
fn last_checkpoint(run: &Path) -> Option<String> {
    let names = fs::read_dir(run)
        .ok()?
        .map(|entry| entry.unwrap().file_name());
    let names = names.filter_map(|name| name.into_string().ok());
    names.filter(|name| name.ends_with(".safetensors")).max()
}

#[test]
fn nothing_that_was_made_is_replaced_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_text(&folder.join("text.txt"), 60, 3);
    fs::write(folder.join("mine"), b"mine").unwrap();
    let message = fails(pretrain(folder, "mine", &[]));
    assert!(
        message.contains("expected no file at mine") && message.contains("--force"),
        "{message}"
    );
    assert_eq!(fs::read(folder.join("mine")).unwrap(), b"mine");
    assert!(!folder.join("mine.run").exists());
    succeeds(pretrain(folder, "mine", &["--force", "--keep-checkpoints"]));
    assert_ne!(fs::read(folder.join("mine")).unwrap(), b"mine");
    // The folder still has that run's checkpoints.
    let message = fails(pretrain(folder, "mine", &["--force"]));
    assert!(message.contains("pass --resume"), "{message}");
    let message = fails(pretrain(
        folder,
        "mine",
        &["--force", "--resume", "--seed", "9"],
    ));
    assert!(message.contains("expected `seed` 9, found 0"), "{message}");
    write_text(&folder.join("text.txt"), 60, 4);
    let message = fails(pretrain(folder, "mine", &["--force", "--resume"]));
    assert!(
        message.contains("is of another run") && message.contains("training text"),
        "{message}"
    );
    let message = fails(pretrain(folder, "absent/model", &[]));
    assert!(message.contains("cannot write absent/model"), "{message}");
}

#[test]
fn a_model_is_fine_tuned_with_the_words_of_its_text_and_generates() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_text(&folder.join("text.txt"), 60, 5);
    succeeds(pretrain(folder, "general", &["--backward"]));
    let valid = "{\"body\": \"new words on film\"}\n".repeat(9);
    fs::write(folder.join("valid.jsonl"), valid).unwrap();
    fs::write(
        folder.join("films.csv"),
        format!("body\n{}", "a film of new words\n".repeat(40)),
    )
    .unwrap();
    let finetune = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ulmfit"));
        command
            .current_dir(folder)
            .args(["finetune", "general", "films.csv", "--text-column", "body"])
            .args(["--recipe", "default"]);
        command
            .args([
                "--valid",
                "valid.jsonl",
                "--out",
                "films",
                "--batch-size",
                "4",
            ])
            .args(more);
        command
    };
    let output = succeeds(finetune(&["--keep-checkpoints"]));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        message.contains("perplexity") && message.contains("fine-tune"),
        "{message}"
    );
    let once = fs::read(folder.join("films")).unwrap();
    // A finished run is not run again; its epochs are reported, and the file is the same.
    let output = succeeds(finetune(&["--resume", "--force"]));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        message.contains("new words") && message.contains("perplexity"),
        "{message}"
    );
    assert!(fs::read(folder.join("films")).unwrap() == once);
    let mut generate = Command::new(env!("CARGO_BIN_EXE_ulmfit"));
    generate
        .current_dir(folder)
        .args(["generate", "films", "a film"]);
    succeeds(generate);
}

/// Twenty moments in all, five of each verb.
#[test]
fn a_verb_that_is_killed_leaves_each_output_absent_old_or_whole() {
    const MOMENTS: u32 = 5;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_text(&folder.join("text.txt"), 40, 7);
    succeeds(pretrain(folder, "lm", &[]));
    let reviews: String = (0..40)
        .map(|n| format!("{},A {} film.\n", n % 2, ["dull", "good"][n % 2]))
        .collect();
    fs::write(folder.join("t.csv"), format!("label,text\n{reviews}")).unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ulmfit-model/tests/golden");
    let golden = golden.join("import");
    let (weights, vocab) = (golden.join("v2.pth"), golden.join("itos_v2.pkl"));
    let (weights, vocab) = (weights.to_str().unwrap(), vocab.to_str().unwrap());
    let train = "train t.csv --pretrained none --size tiny --pretrain-epochs 2 --epochs 2 --out m \
        --report r.html --language-model-out l --direction both --resume --force";
    let finetune = "finetune lm text.txt --recipe default --batch-size 4 --out m --resume --force";
    let import = format!("import {weights} --vocab {vocab} --out m --force");
    let export = "export lm --format fastai --out m --vocab-out v.json --force";
    for (line, outputs) in [
        (train, &["m", "m.backward", "l", "r.html"][..]),
        (finetune, &["m"]),
        (import.as_str(), &["m"]),
        (export, &["m", "v.json"]),
    ] {
        let run = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_ulmfit"));
            command.current_dir(folder).args(line.split_whitespace());
            command.stdin(Stdio::null()).stdout(Stdio::null());
            command.stderr(Stdio::null());
            command
        };
        let begin = || {
            let _ = fs::remove_dir_all(folder.join("m.checkpoints"));
            // Some outputs are there before, others are not.
            for (index, output) in outputs.iter().enumerate() {
                match index % 2 {
                    0 => fs::write(folder.join(output), "old").unwrap(),
                    _ => fs::remove_file(folder.join(output)).unwrap_or_default(),
                }
            }
        };
        begin();
        let started = Instant::now();
        succeeds(run());
        let time = started.elapsed();
        let whole: Vec<Vec<u8>> = outputs
            .iter()
            .map(|output| fs::read(folder.join(output)).unwrap())
            .collect();
        for moment in 1..=MOMENTS {
            begin();
            // The last moments are about the end, where files come into place.
            let after = time.mul_f64(f64::from(2 * moment + 1) / f64::from(2 * MOMENTS));
            let was_killed = killed(run().spawn().unwrap(), after);
            println!("{line}: {after:.3?} of {time:.3?}, killed: {was_killed}");
            for (index, (output, whole)) in outputs.iter().zip(&whole).enumerate() {
                let found = fs::read(folder.join(output)).ok();
                let before = (index % 2 == 0).then(|| b"old".to_vec());
                let is_new = match (&found, output.ends_with(".html")) {
                    // A page tells times.
                    (Some(page), true) => page.ends_with(b"</html>\n") && page.len() > 1000,
                    (found, _) => found.as_ref() == Some(whole),
                };
                assert!(is_new || found == before, "{line}, {after:?}: {output}");
            }
        }
    }
}
