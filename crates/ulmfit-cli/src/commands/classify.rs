//! `ulmfit classify`: a classifier on a given language model, the last of the three steps.

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;
use ulmfit::prelude::*;
use ulmfit::train::observe::Curves;
use ulmfit::train::{Run, Scored, steps};

use super::Execute;
use crate::interrupt;
use crate::learned::finish::Finished;
use crate::options::common::Common;
use crate::options::labeled::{HeldOut, Labeled};
use crate::options::output::Output;
use crate::options::page::PageOptions;
use crate::options::recipe::RecipeOptions;
use crate::outputs::Outputs;
use crate::talk::path_json;

/// Train a classifier on a language model that has read the domain: the last step of train alone
///
/// The language model is one that ulmfit finetune or train --language-model-out has written. Its file is only read.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The language model's file.
    model: PathBuf,
    #[command(flatten)]
    labeled: Labeled,
    #[command(flatten)]
    held_out: HeldOut,
    #[command(flatten)]
    recipe: RecipeOptions,
    /// The same seed gives the same model.
    #[arg(long, help_heading = "Training", default_value_t = 0, value_name = "N")]
    seed: u64,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    page: PageOptions,
}

impl Execute for Args {
    fn run(&self, common: &Common) -> anyhow::Result<()> {
        let talk = common.talk;
        let report = self.page.path(self.output.path());
        let files = match self.recipe.print_config {
            true => None,
            false => Some(self.output.check(self.files(&report), common)?),
        };
        let documents = self.labeled.read(&self.held_out, self.seed, talk)?;
        let (train, valid) = (&documents.train, &documents.valid);
        let amount = Amount::of(train.texts(), train.texts());
        let recipe = self.recipe.choose(amount, &Pretrained::from(&self.model))?;
        let Some(files) = files else {
            return super::print_recipe(&recipe);
        };
        talk.recipe(&recipe)?;
        let device = common.training_device()?;
        let language_model = TextLanguageModel::load(&self.model, &device)?;

        let mut curves = Curves::default();
        let mut watch = (&mut curves, talk.observers());
        let mut run = Run::new(&mut watch)
            .with_seed(self.seed)
            .with_checkpoints(self.output.stored().with_interrupt(&interrupt::listen()?))
            .with_validate(self.held_out.validate);
        let Scored {
            model: classifier,
            scores,
        } = steps::classify(
            &recipe,
            &language_model,
            train,
            Some(valid),
            &device,
            &mut run,
        )?;
        let files = files.stage()?;
        files.write(self.output.path(), |to| classifier.save(to))?;
        let scores = scores.context("nothing was held out to evaluate on")?;
        let finished = Finished {
            labeled: &self.labeled,
            documents: &documents,
            output: &self.output,
            files,
            page: report,
            recipe: &recipe,
            classifier: &classifier,
            scores: &scores,
            curves: &curves,
            facts: vec![
                ("language model", self.model.display().to_string()),
                ("seed", self.seed.to_string()),
            ],
            notes: Vec::new(),
            result: json!({ "models": [path_json(Some(self.output.path()))] }),
        };
        finished.finish(talk)
    }
}

impl Args {
    /// All that is read and written.
    fn files(&self, report: &Option<PathBuf>) -> Outputs {
        self.output
            .files()
            .writing(report)
            .reading(self.labeled.inputs(&self.held_out))
            .reading([&self.model])
            .reading(self.recipe.file())
    }
}
