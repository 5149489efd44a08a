//! `ulmfit lr-find`: which learning rate to begin with.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::bail;
use serde_json::{Map, json};
use ulmfit::prelude::*;
use ulmfit::text::write_beside;
use ulmfit::train::{ClassifierLearner, LmLearner, LrFind, RateCurve, Suggestion, steps};
use ulmfit_report::charts::{Axis, Line, LineChart, Look};

use crate::options::compute::Compute;
use crate::options::labeled::{HeldOut, Labeled};
use crate::options::number::{MANY, positive, whole};
use crate::options::recipe::RecipeOptions;
use crate::outputs::Outputs;
use crate::talk::{Talk, path_json};

/// Train for some steps at rising rates, print the rates that the losses suggest, and draw the curve. No model is changed
/// or written.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    labeled: Labeled,
    /// What is to be trained: a language model needs no labels, a classifier needs --model.
    #[arg(long, value_enum, default_value_t = Step::LanguageModel)]
    step: Step,
    /// The language model to begin with; without it a new one.
    #[arg(long, value_name = "MODEL", required_if_eq("step", "classifier"))]
    model: Option<PathBuf>,
    /// Train the last so many layer groups [default: those of the step's first stage].
    #[arg(long, value_name = "N", value_parser = whole::<usize>(1, MANY))]
    last: Option<usize>,
    /// The first rate.
    #[arg(long, default_value_t = LrFind::default().start, value_name = "X", value_parser = positive)]
    start: f64,
    /// The rate at which the search ends, unless the loss rises before.
    #[arg(long, default_value_t = LrFind::default().end, value_name = "X", value_parser = positive)]
    end: f64,
    /// Steps from the first rate to the last.
    #[arg(long, default_value_t = LrFind::default().steps, value_name = "N", value_parser = whole::<usize>(1, MANY))]
    steps: usize,
    /// The curve, as an SVG file.
    #[arg(long, value_name = "FILE", default_value = "lr-find.svg")]
    out: PathBuf,
    /// Replace the file if it is there and a regular one.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    recipe: RecipeOptions,
    /// The same seed gives the same curve.
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    #[command(flatten)]
    compute: Compute,
    #[command(flatten)]
    talk: Talk,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Step {
    LanguageModel,
    Classifier,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let files = match args.recipe.print_config {
        true => None,
        false => Some(args.files().check()?),
    };
    let corpus = match args.step {
        Step::LanguageModel => args.labeled.read_texts()?,
        Step::Classifier => {
            let all = HeldOut::default();
            args.labeled.read(&all, args.seed, args.talk)?.train
        }
    };
    let amount = Amount::of(corpus.texts(), corpus.texts());
    let start = args
        .model
        .as_ref()
        .map_or(Pretrained::None, Pretrained::from);
    let recipe = args.recipe.choose(amount, &start)?;
    let Some(files) = files else {
        return super::print_recipe(&recipe);
    };
    let device = args.compute.training_device(args.talk)?;
    let model = args
        .model
        .as_ref()
        .map(|path| TextLanguageModel::load(path, &device))
        .transpose()?;
    let curve = match (args.step, &model) {
        (Step::LanguageModel, model) => {
            args.language_model(&recipe, model.as_ref(), &corpus, &device)?
        }
        (Step::Classifier, Some(model)) => args.classifier(&recipe, model, &corpus, &device)?,
        (Step::Classifier, None) => {
            bail!("--model: expected a language model for --step classifier, found none")
        }
    };
    let found = Suggestion::ALL.map(|rule| (rule.name(), curve.suggest(rule)));
    let chart = chart(&curve, &found);
    let files = files.stage()?;
    files.write(&args.out, |to| write_beside(to, chart.file().as_bytes()))?;
    files.commit()?;
    args.talk.note(&format!("curve {}", args.out.display()));
    if args.talk.is_json() {
        let found = found
            .into_iter()
            .map(|(name, rate)| (name.to_owned(), json!(rate)));
        return args.talk.result(json!({
            "suggestions": found.collect::<Map<_, _>>(),
            "rates": curve.rates,
            "losses": curve.losses,
            "curve": path_json(Some(&args.out)),
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

impl Args {
    /// All that is read and written.
    fn files(&self) -> Outputs {
        let held_out = HeldOut::default();
        Outputs::new(self.force)
            .writing([&self.out])
            .reading(self.labeled.inputs(&held_out))
            .reading(&self.model)
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
