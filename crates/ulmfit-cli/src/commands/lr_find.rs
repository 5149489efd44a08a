//! `ulmfit lr-find`: which learning rate to begin with.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::bail;
use serde_json::{Map, json};
use ulmfit::prelude::*;
use ulmfit::text::write_beside;
use ulmfit::train::{ClassifierLearner, LmLearner, LrFind, RateCurve, Suggestion, steps};
use ulmfit_report::charts::{Axis, Line, LineChart, Look};

use super::Execute;
use crate::options::common::Common;
use crate::options::labeled::{HeldOut, Labeled};
use crate::options::number::{MANY, positive, whole};
use crate::options::recipe::RecipeOptions;
use crate::outputs::Outputs;
use crate::talk::path_json;

/// Suggest learning rates
///
/// Trains for some steps at rising rates, prints the rates that the losses suggest, and draws the curve. No model is
/// written.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    labeled: Labeled,
    /// What is to be trained: a language model needs no labels, a classifier needs --pretrained.
    #[arg(long, help_heading = "Training", value_enum, default_value_t = Step::LanguageModel)]
    step: Step,
    /// The language model to begin with; without it a new one.
    #[arg(
        long,
        alias = "model",
        value_name = "MODEL",
        required_if_eq("step", "classifier"),
        help_heading = "Model"
    )]
    pretrained: Option<PathBuf>,
    /// Train this many of the last layer groups [default: those of the step's first stage].
    #[arg(long, help_heading = "Training", value_name = "N", value_parser = whole::<usize>(1, MANY))]
    last: Option<usize>,
    /// The first rate.
    #[arg(long, help_heading = "Training", default_value_t = LrFind::default().start, value_name = "X", value_parser = positive)]
    start: f64,
    /// The rate at which the search ends, unless the loss rises before.
    #[arg(long, help_heading = "Training", default_value_t = LrFind::default().end, value_name = "X", value_parser = positive)]
    end: f64,
    /// Steps from the first rate to the last.
    #[arg(long, help_heading = "Training", default_value_t = LrFind::default().steps, value_name = "N", value_parser = whole::<usize>(1, MANY))]
    steps: usize,
    /// The curve, as an SVG file.
    #[arg(
        short,
        long,
        value_name = "FILE",
        default_value = "lr-find.svg",
        help_heading = "Output"
    )]
    out: PathBuf,
    /// Replace the file if it is there and a regular one.
    #[arg(long, help_heading = "Output")]
    force: bool,
    #[command(flatten)]
    recipe: RecipeOptions,
    /// The same seed gives the same curve.
    #[arg(long, help_heading = "Training", default_value_t = 0, value_name = "N")]
    seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Step {
    LanguageModel,
    Classifier,
}

impl Execute for Args {
    fn run(&self, common: &Common) -> anyhow::Result<()> {
        let files = match self.recipe.print_config {
            true => None,
            false => Some(self.files().check()?),
        };
        let corpus = match self.step {
            Step::LanguageModel => self.labeled.read_texts()?,
            Step::Classifier => {
                let all = HeldOut::default();
                self.labeled.read(&all, self.seed, common.talk)?.train
            }
        };
        let amount = Amount::of(corpus.texts(), corpus.texts());
        let start = self
            .pretrained
            .as_ref()
            .map_or(Pretrained::None, Pretrained::from);
        let recipe = self.recipe.choose(amount, &start)?;
        let Some(files) = files else {
            return super::print_recipe(&recipe);
        };
        let device = common.training_device()?;
        let model = self
            .pretrained
            .as_ref()
            .map(|path| TextLanguageModel::load(path, &device))
            .transpose()?;
        let curve = match (self.step, &model) {
            (Step::LanguageModel, model) => {
                self.language_model(&recipe, model.as_ref(), &corpus, &device)?
            }
            (Step::Classifier, Some(model)) => self.classifier(&recipe, model, &corpus, &device)?,
            (Step::Classifier, None) => {
                bail!("--pretrained: expected a language model for --step classifier, found none")
            }
        };
        let found = Suggestion::ALL.map(|rule| (rule.name(), curve.suggest(rule)));
        let chart = chart(&curve, &found);
        let files = files.stage()?;
        files.write(&self.out, |to| write_beside(to, chart.file().as_bytes()))?;
        files.commit()?;
        common.talk.note(&format!("curve {}", self.out.display()));
        if common.talk.is_json() {
            let found = found
                .into_iter()
                .map(|(name, rate)| (name.to_owned(), json!(rate)));
            return common.talk.result(json!({
                "suggestions": found.collect::<Map<_, _>>(),
                "rates": curve.rates,
                "losses": curve.losses,
                "curve": path_json(Some(&self.out)),
            }));
        }
        let mut out = std::io::stdout().lock();
        for (name, rate) in found {
            match rate {
                Some(rate) => writeln!(out, "{name:<8} {rate:.1e}")?,
                None => writeln!(out, "{name:<8} none: the search ended too early")?,
            }
        }
        Ok(())
    }
}

impl Args {
    /// All that is read and written.
    fn files(&self) -> Outputs {
        let held_out = HeldOut::default();
        Outputs::new(self.force)
            .writing([&self.out])
            .reading(self.labeled.inputs(&held_out))
            .reading(&self.pretrained)
            .reading(self.recipe.file())
    }

    fn language_model(
        &self,
        recipe: &Recipe,
        model: Option<&TextLanguageModel>,
        corpus: &Corpus,
        device: &Device,
    ) -> anyhow::Result<RateCurve> {
        let (texts, lm) = (corpus.texts(), &recipe.language_model);
        let (model, stages) = match model {
            Some(model) => (
                steps::adapted(recipe, model, &texts, device)?,
                [&lm.adapt, &lm.finetune],
            ),
            None => {
                let model = steps::new_language_model(recipe, &texts, device, self.seed)?;
                (model, [&lm.pretrain, &lm.finetune])
            }
        };
        let loader = LmLoaderConfig::new()
            .with_batch_size(lm.batch_size)
            .with_seq_len(lm.seq_len)
            .with_seed(self.seed)
            .build(model.text.encode_all(&texts))?;
        let find = self
            .search(stages.into_iter().flatten().next())
            .with_optimizer(lm.optimizer);
        Ok(find.search(&LmLearner::new(&loader), &model.model)?)
    }

    fn classifier(
        &self,
        recipe: &Recipe,
        model: &TextLanguageModel,
        corpus: &Corpus,
        device: &Device,
    ) -> anyhow::Result<RateCurve> {
        let classifier = steps::new_classifier(recipe, model, corpus, device, self.seed)?;
        let loader = steps::class_loader(recipe, &model.text, corpus, self.seed)?;
        let find = self.search(recipe.classifier.stages.first());
        let find = find.with_optimizer(recipe.classifier.optimizer);
        Ok(find.search(&ClassifierLearner::new(&loader), &classifier)?)
    }

    /// The search with the groups that are asked for, or those of a stage.
    fn search(&self, stage: Option<&Stage>) -> LrFind {
        let of_stage = stage.map_or(Trained::All, |stage| stage.trained);
        LrFind {
            start: self.start,
            end: self.end,
            steps: self.steps,
            trained: self.last.map_or(of_stage, Trained::Last),
            seed: self.seed,
            ..LrFind::default()
        }
    }
}

fn chart(curve: &RateCurve, found: &[(&str, Option<f64>)]) -> LineChart {
    let mut chart = LineChart::new(
        "Loss at rising learning rates",
        Axis::new("learning rate").log(),
        Axis::new("smoothed loss, nats"),
    );
    let points = curve
        .rates
        .iter()
        .copied()
        .zip(curve.losses.iter().copied());
    chart
        .lines
        .push(Line::new("loss", points.collect(), Look::Line));
    let marks = found
        .iter()
        .filter_map(|(name, rate)| Some(((*rate)?, format!("{name} {:.1e}", (*rate)?))));
    chart.marks = marks.collect();
    let marks: Vec<&str> = chart.marks.iter().map(|(_, name)| name.as_str()).collect();
    chart.description = format!("Suggested rates: {}.", marks.join(", "));
    chart
}
