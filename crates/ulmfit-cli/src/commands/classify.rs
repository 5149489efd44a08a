//! `ulmfit classify`: a classifier on a given language model, the last of the three steps.

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;
use ulmfit::prelude::*;
use ulmfit::train::observe::Curves;
use ulmfit::train::{Run, Scored, steps};

use crate::interrupt;
use crate::learned::finish::Finished;
use crate::options::compute::Compute;
use crate::options::labeled::{HeldOut, Labeled};
use crate::options::output::Output;
use crate::options::page::PageOptions;
use crate::options::recipe::RecipeOptions;
use crate::outputs::Outputs;
use crate::talk::{Talk, path_json};

/// Train a classifier on the encoder of a language model that knows the text of the domain already (ulmfit finetune, or
/// train --language-model-out). The language model itself is left as it is.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The language model's file.
    model: PathBuf,
    #[command(flatten)]
    labeled: Labeled,
    #[command(flatten)]
    held_out: HeldOut,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    page: PageOptions,
    #[command(flatten)]
    recipe: RecipeOptions,
    /// The same seed gives the same model.
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    #[command(flatten)]
    compute: Compute,
    #[command(flatten)]
    talk: Talk,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let talk = args.talk;
    let report = args.page.path(args.output.path());
    let files = match args.recipe.print_config {
        true => None,
        false => Some(args.output.check(args.files(&report), talk)?),
    };
    let documents = args.labeled.read(&args.held_out, args.seed, talk)?;
    let (train, valid) = (&documents.train, &documents.valid);
    let amount = Amount::of(train.texts(), train.texts());
    let recipe = args.recipe.choose(amount, &Pretrained::from(&args.model))?;
    let Some(files) = files else {
        return super::print_recipe(&recipe);
    };
    let device = args.compute.training_device(talk)?;
    let language_model = TextLanguageModel::load(&args.model, &device)?;

    let mut curves = Curves::default();
    let mut watch = (&mut curves, talk.observers());
    let mut run = Run::new(&mut watch)
        .with_seed(args.seed)
        .with_checkpoints(args.output.stored().with_interrupt(&interrupt::listen()?))
        .with_validate(args.held_out.validate);
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
    files.write(args.output.path(), |to| classifier.save(to))?;
    let scores = scores.context("nothing was held out to evaluate on")?;
    let finished = Finished {
        labeled: &args.labeled,
        documents: &documents,
        output: &args.output,
        files,
        page: report,
        recipe: &recipe,
        classifier: &classifier,
        scores: &scores,
        curves: &curves,
        facts: vec![
            ("language model", args.model.display().to_string()),
            ("seed", args.seed.to_string()),
        ],
        notes: Vec::new(),
        result: json!({ "models": [path_json(Some(args.output.path()))] }),
    };
    finished.finish(talk)
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
