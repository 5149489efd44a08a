//! What the commands that train a language model share: their options, and the run itself.

use std::path::{Path, PathBuf};

use anyhow::bail;
use ulmfit::burn::module::Module as _;
use ulmfit::data::DocumentOrder;
use ulmfit::prelude::*;
use ulmfit::text::BesideFile;
use ulmfit::train::observe::Console;
use ulmfit::train::schedule::GroupRates;
use ulmfit::train::{Checkpoints, FitConfig, Resume, fit_language_model};

use super::text_files::Texts;

/// Where the model goes, and where the run is stored until then.
#[derive(Debug, clap::Args)]
pub(super) struct Output {
    /// The file of the trained model.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    force: bool,
    /// The folder in which the run is stored while it goes on [default: FILE.checkpoints].
    #[arg(long, value_name = "DIR")]
    checkpoints: Option<PathBuf>,
    /// Store the run after every so many batches.
    #[arg(long, default_value_t = 200, value_name = "N")]
    every: usize,
    /// Go on with the run that was cut, at the very step; begin it if there is none.
    #[arg(long)]
    resume: bool,
}

impl Output {
    /// Refuses what would only come to light, or be lost, after hours.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let out = self.out.display();
        if self.out.exists() && !self.force {
            bail!("expected no file at {out}, found one; name another or pass --force");
        }
        if let Err(error) = BesideFile::create(&self.out) {
            bail!("cannot write {out}: {error}; name a file in a folder that is there");
        }
        let Some((_, newest)) = self.stored().list()?.pop() else {
            return Ok(());
        };
        if !self.resume {
            bail!(
                "expected no checkpoints of another run, found {}; pass --resume to go on with that run, or another \
                 folder as --checkpoints",
                newest.display()
            );
        }
        eprintln!("resuming from {}", newest.display());
        Ok(())
    }

    /// The folder of the run.
    pub(super) fn checkpoints(&self) -> PathBuf {
        self.checkpoints.clone().unwrap_or_else(|| {
            let mut name = self.out.clone().into_os_string();
            name.push(".checkpoints");
            name.into()
        })
    }

    fn stored(&self) -> Checkpoints {
        let resume = match self.resume {
            true => Resume::Newest,
            false => Resume::Refuse,
        };
        Checkpoints::new(self.checkpoints())
            .with_every_steps(self.every)
            .with_resume(resume)
    }
}

/// How it is trained.
#[derive(Debug, clap::Args)]
pub(super) struct Training {
    /// Passes over the text.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(super) epochs: usize,
    /// Rows of a batch.
    #[arg(long, default_value_t = 64, value_name = "N")]
    batch_size: usize,
    /// Tokens of a row.
    #[arg(long, default_value_t = 70, value_name = "N")]
    seq_len: usize,
    /// The same seed gives the same model.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(super) seed: u64,
}

impl Training {
    /// Trains `model` through `stages` and saves it.
    pub(super) fn train(
        &self,
        model: TextLanguageModel,
        stages: &[Stage],
        texts: Texts,
        output: &Output,
    ) -> anyhow::Result<()> {
        let TextLanguageModel { text, model } = model;
        let config = LmLoaderConfig::new()
            .with_batch_size(self.batch_size)
            .with_seq_len(self.seq_len)
            .with_seed(self.seed);
        let train = config.build(texts.train)?;
        let config = config.with_order(DocumentOrder::Kept);
        let valid = texts.valid.map(|docs| config.build(docs)).transpose()?;
        let n_valid = valid.as_ref().map_or(0, ulmfit::data::LmLoader::n_tokens);
        eprintln!(
            "{} tokens to train on, {n_valid} to validate, {} words, {} parameters",
            train.n_tokens(),
            text.vocab().len(),
            model.num_params(),
        );
        let mut console = Console::new();
        let mut fit = FitConfig::new(&mut console)
            .with_optimizer(Recipe::default().language_model.optimizer)
            .with_seed(self.seed)
            .with_checkpoints(output.stored());
        let model = fit_language_model(model, stages, &train, valid.as_ref(), &mut fit)?;
        TextLanguageModel::new(text, model)?.save(&output.out)?;
        report(&output.out, &output.checkpoints());
        Ok(())
    }
}

/// A stage of the recipe with the epochs and rates of the command line.
pub(super) fn stage_of(stage: Stage, epochs: usize, rates: &GroupRates) -> Stage {
    Stage {
        epochs,
        rates: rates.clone(),
        ..stage
    }
}

fn report(out: &Path, checkpoints: &Path) {
    let (out, checkpoints) = (out.display(), checkpoints.display());
    eprintln!("saved {out}; the folder {checkpoints} is no longer needed");
}
