//! Where a model goes, and where the run is stored until then.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::bail;
use ulmfit::train::{Checkpoints, Pretrained, Resume};

use super::common::Common;
use super::number::{MANY, whole};
use crate::outputs::Outputs;
use crate::talk::Talk;

/// The steps of a run, which have folders of their own within that of the run.
const STEPS: [&str; 4] = ["classify", "finetune", "adapt", "pretrain"];

/// The folder of the second direction.
const BACKWARD: &str = "backward";

/// Where the model goes, and where the run is stored until then.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// The file of the trained model.
    #[arg(short, long, value_name = "FILE", default_value = "model.safetensors")]
    out: PathBuf,
    /// Replace regular files that are there; never those that are read, links, devices or pipes.
    #[arg(long)]
    force: bool,
    /// The folder in which the run is stored until it has succeeded [default: FILE.checkpoints].
    #[arg(long, hide_short_help = true, value_name = "DIR")]
    checkpoints: Option<PathBuf>,
    /// Keep that folder when the run has succeeded.
    #[arg(long, hide_short_help = true)]
    keep_checkpoints: bool,
    /// Store the run each time after this many batches; each epoch ends in a checkpoint, too.
    #[arg(long, alias = "every", default_value_t = 200, value_name = "N", value_parser = whole::<usize>(1, MANY), hide_short_help = true)]
    checkpoint_every: usize,
    /// Resume the run that was interrupted, at its last checkpoint; begin it if there is none.
    #[arg(long)]
    resume: bool,
}

impl Output {
    /// The model's file, to which a verb adds what else it writes and reads.
    pub(crate) fn files(&self) -> Outputs {
        Outputs::new(self.force).writing([&self.out])
    }

    /// Refuses what would only come to light, or be lost, after hours; of several processes only the first writes.
    ///
    /// # Errors
    /// As [`Outputs::check`], and for checkpoints without --resume.
    pub(crate) fn check(&self, files: Outputs, common: &Common) -> anyhow::Result<Outputs> {
        if !common.is_first() {
            return Ok(files);
        }
        let files = files.check()?;
        let folder = self.checkpoints();
        if folder.exists() && !folder.is_dir() {
            bail!(
                "--checkpoints {}: expected a folder or nothing, found a file; name another",
                folder.display()
            );
        }
        if files.names(&folder) {
            bail!(
                "--checkpoints {}: expected a folder of its own, found the name of another file; name another",
                folder.display()
            );
        }
        let Some(newest) = newest(&self.stored())? else {
            return Ok(files);
        };
        if !self.resume {
            bail!(
                "expected no checkpoints of another run, found {}; pass --resume to go on with that run, or another \
                 folder as --checkpoints, or remove that folder",
                newest.display()
            );
        }
        let note = format!("resuming from {}", newest.display());
        common.talk.note(&note);
        Ok(files)
    }

    /// The file of the model.
    pub(crate) fn path(&self) -> &Path {
        &self.out
    }

    /// The folder of the run.
    pub(crate) fn checkpoints(&self) -> PathBuf {
        self.checkpoints.clone().unwrap_or_else(|| {
            let mut name = self.out.clone().into_os_string();
            name.push(".checkpoints");
            name.into()
        })
    }

    /// Where and how often the run is stored.
    pub(crate) fn stored(&self) -> Checkpoints {
        let resume = match self.resume {
            true => Resume::Newest,
            false => Resume::Refuse,
        };
        Checkpoints::new(self.checkpoints())
            .with_every_steps(self.checkpoint_every)
            .with_resume(resume)
    }

    /// Says where the model is, and removes the run's folder unless it is to be kept. That it cannot be removed is no
    /// error: what was asked for is done.
    pub(crate) fn saved(&self, talk: Talk) {
        let (out, folder) = (self.out.display(), self.checkpoints());
        if self.keep_checkpoints {
            talk.note(&format!("saved {out}; the run is in {}", folder.display()));
            return;
        }
        talk.note(&format!("saved {out}"));
        if let Err(error) = remove_run(&folder) {
            talk.note(&format!(
                "the folder {} is no longer needed, and could not be removed: {error}",
                folder.display()
            ));
        }
    }
}

/// The file of a language model that a run begins with, if it is one.
pub(crate) fn file_of(pretrained: &Pretrained) -> Option<&PathBuf> {
    match pretrained {
        Pretrained::File(path) => Some(path),
        _ => None,
    }
}

/// Removes what a run has stored in its folder, and the folder if nothing else is in it.
fn remove_run(folder: &Path) -> std::io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    // A link to a folder is the user's own.
    let mut others = folder.is_symlink();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let name = name.to_string_lossy();
        let part = name == BACKWARD || STEPS.iter().any(|step| name == *step);
        match () {
            () if kind.is_file() && is_stored(&name) => fs::remove_file(entry.path())?,
            () if kind.is_dir() && part => remove_run(&entry.path())?,
            () => others = true,
        }
    }
    match others {
        true => Ok(()),
        false => fs::remove_dir(folder),
    }
}

/// Whether a run stores a file of this name in its folder: a checkpoint, the ids of its text, its vocabulary; or one
/// of these half written.
fn is_stored(name: &str) -> bool {
    let whole = match name.strip_suffix(".tmp") {
        Some(begun) => begun.rsplit_once('.').map_or(begun, |(name, _)| name),
        None => name,
    };
    let checkpoint = whole
        .strip_prefix("step-")
        .and_then(|rest| rest.strip_suffix(".safetensors"));
    checkpoint.is_some_and(|steps| steps.bytes().all(|byte| byte.is_ascii_digit()))
        || ["vocabulary.json", "train.tokens", "valid.tokens"].contains(&whole)
}

/// The newest checkpoint of a run, or of its steps, which have folders of their own, or of its second direction.
fn newest(stored: &Checkpoints) -> anyhow::Result<Option<PathBuf>> {
    for part in [stored.within(BACKWARD), stored.clone()] {
        for step in STEPS.iter().chain(&[""]) {
            if let Some((_, path)) = part.within(step).list()?.pop() {
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn only_what_a_run_stores_is_removed_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        fs::create_dir_all(run.join("backward/classify")).unwrap();
        for own in [
            "step-000000012.safetensors",
            "backward/classify/step-000000012.safetensors.77.tmp",
            "vocabulary.json",
            "train.tokens",
        ] {
            fs::write(run.join(own), b"x").unwrap();
        }
        let mine = [
            "step-notes.safetensors",
            "backward/notes.txt",
            "model.safetensors",
        ];
        for mine in mine {
            fs::write(run.join(mine), b"x").unwrap();
        }
        remove_run(&run).unwrap();
        assert!(mine.iter().all(|mine| run.join(mine).exists()));
        assert_eq!(fs::read_dir(&run).unwrap().count(), 3);
        for mine in mine {
            fs::remove_file(run.join(mine)).unwrap();
        }
        remove_run(&run).unwrap();
        assert!(!run.exists());
        remove_run(&run).unwrap();
    }
}
