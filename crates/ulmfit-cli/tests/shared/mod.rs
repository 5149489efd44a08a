//! What the tests of the command share: a folder with small files, and the command run in it.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// A model that trains in a moment.
pub(crate) const TINY: &str = "\
sizes = { embed = 8, hidden = 16, layers = 1 }
vocabulary.min_freq = 1
language_model.batch_size = 4
language_model.seq_len = 12
classifier.batch_size = 8
";

/// What a run of the command left.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Asserts success.
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }

    /// Asserts an error with all of `parts` in its message, and nothing on the standard output.
    pub(crate) fn fails(self, parts: &[&str]) -> Self {
        assert_eq!(self.code, Some(1), "{}", self.stderr);
        for part in parts {
            assert!(
                self.stderr.contains(part),
                "`{part}` is missing in: {}",
                self.stderr
            );
        }
        assert!(
            self.stderr.contains("error: ") && self.stdout.is_empty(),
            "{}",
            self.stdout
        );
        self
    }

    /// The last line of the standard output as JSON.
    pub(crate) fn result(&self) -> serde_json::Value {
        let last = self.stdout.lines().last().unwrap_or_default();
        let value: serde_json::Value = serde_json::from_str(last).unwrap();
        assert_eq!(value["event"], "result", "{last}");
        value
    }
}

/// The command in `folder`, with its words separated by spaces.
pub(crate) fn command(folder: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ulmfit"));
    command.current_dir(folder).args(line.split_whitespace());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs it to its end.
pub(crate) fn ulmfit(folder: &Path, line: &str) -> Ran {
    let output = command(folder, line).output().unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A table `stars,body` of `n` reviews of two classes that a word tells apart.
pub(crate) fn write_reviews(path: &Path, n: usize) {
    let mut text = "stars,body\n".to_owned();
    for i in 0..n {
        let (label, word) = [("bad", "dreadful"), ("good", "lovely")][i % 2];
        let name = ["film", "play", "book", "song", "show"][i / 2 % 5];
        text.push_str(&format!(
            "{label},\"A {word} {name}, number {}; the {word} end of it!\"\n",
            i % 7
        ));
    }
    fs::write(path, text).unwrap();
}

/// A folder with reviews.csv, tiny.toml, and a classifier `model` and a language model `lm` that were trained on them;
/// made once for a test file, and only read.
pub(crate) fn trained() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let name = format!("{}-trained", env!("CARGO_CRATE_NAME"));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        write_reviews(&folder.join("reviews.csv"), 80);
        fs::write(folder.join("tiny.toml"), TINY).unwrap();
        let train = "train reviews.csv --text-column body --label-column stars --config tiny.toml --pretrained none --out model --no-report";
        ulmfit(&folder, &format!("{train} --language-model-out lm")).done();
        folder
    });
    &FOLDER
}

/// A folder of its own with reviews.csv and tiny.toml.
pub(crate) fn fresh() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_reviews(&folder.path().join("reviews.csv"), 80);
    fs::write(folder.path().join("tiny.toml"), TINY).unwrap();
    folder
}

/// A file system in memory, of `size`, that is unmounted in the end; none, with a message, where it may not be mounted.
pub(crate) struct Mounted(pub(crate) PathBuf);

impl Mounted {
    pub(crate) fn new(at: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir_all(&at).unwrap();
        let mut command = Command::new("mount");
        command
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(&at);
        let mounted = command
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !mounted {
            eprintln!("skipped: a file system in memory cannot be mounted here");
        }
        mounted.then_some(Self(at))
    }

    pub(crate) fn make_read_only(&self) {
        let mut command = Command::new("mount");
        command.args(["-o", "remount,ro"]).arg(&self.0);
        assert!(command.status().unwrap().success());
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
