//! Where a model goes, and where the run is stored until then.

use std::path::{Path, PathBuf};

use anyhow::bail;
use ulmfit::text::BesideFile;
use ulmfit::train::{Checkpoints, Resume};

use crate::talk::Talk;

/// Where the model goes, and where the run is stored until then.
#[derive(Debug, clap::Args)]
pub(crate) struct Output {
    /// The file of the trained model.
    #[arg(long, value_name = "FILE", default_value = "model.safetensors")]
    out: PathBuf,
    /// Replace files that are there.
    #[arg(long)]
    force: bool,
    /// The folder in which the run is stored while it goes on [default: FILE.checkpoints].
    #[arg(long, value_name = "DIR")]
    checkpoints: Option<PathBuf>,
    /// Store the run after every so many batches; each epoch ends in a checkpoint, too.
    #[arg(long, default_value_t = 200, value_name = "N")]
    every: usize,
    /// Go on with the run that was cut, at the very step; begin it if there is none.
    #[arg(long)]
    resume: bool,
}

impl Output {
    /// Refuses what would only come to light, or be lost, after hours: for the model and the further files of the run.
    ///
    /// # Errors
    /// For a file that is there without --force, a folder that cannot be written, and checkpoints without --resume.
    pub(crate) fn check(&self, further: &[&Path], talk: Talk) -> anyhow::Result<()> {
        for (index, file) in further.iter().enumerate() {
            if *file == self.out || further[..index].contains(file) {
                bail!(
                    "{}: expected a file for each result, found one name twice; name another",
                    file.display()
                );
            }
        }
        for file in std::iter::once(self.out.as_path()).chain(further.iter().copied()) {
            check_file(file, self.force)?;
        }
        let Some(newest) = newest(&self.stored())? else {
            return Ok(());
        };
        if !self.resume {
            bail!(
                "expected no checkpoints of another run, found {}; pass --resume to go on with that run, or another \
                 folder as --checkpoints, or remove that folder",
                newest.display()
            );
        }
        talk.note(&format!("resuming from {}", newest.display()));
        Ok(())
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
            .with_every_steps(self.every)
            .with_resume(resume)
    }

    /// Says where the model is.
    pub(crate) fn saved(&self, talk: Talk) {
        talk.note(&format!(
            "saved {}; the folder {} is no longer needed",
            self.out.display(),
            self.checkpoints().display()
        ));
    }
}

/// Refuses a file that is there, unless it may be replaced, and one that cannot be written.
///
/// # Errors
/// What was found and what to do.
pub(crate) fn check_file(file: &Path, force: bool) -> anyhow::Result<()> {
    let shown = file.display();
    if file.exists() && !force {
        bail!("expected no file at {shown}, found one; name another or pass --force");
    }
    if let Err(error) = BesideFile::create(file) {
        bail!(
            "cannot write {shown}: {error}; name a file in a folder that is there and that you may write"
        );
    }
    Ok(())
}

/// The newest checkpoint of a run, or of its steps, which have folders of their own, or of its second direction.
fn newest(stored: &Checkpoints) -> anyhow::Result<Option<PathBuf>> {
    const STEPS: [&str; 5] = ["classify", "finetune", "adapt", "pretrain", ""];
    for part in [stored.within("backward"), stored.clone()] {
        for step in STEPS {
            if let Some((_, path)) = part.within(step).list()?.pop() {
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}
