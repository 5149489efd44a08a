//! `ulmfit train`: from labeled documents to a classifier and a report, all three steps.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use serde_json::{Value, json};
use ulmfit::prelude::*;
use ulmfit::train::BothDirections;
use ulmfit::train::linear::Student;
use ulmfit::train::observe::Curves;

use ulmfit_report::count;

use super::Execute;
use crate::interrupt;
use crate::learned::fast::{self, Teacher};
use crate::learned::finish::Finished;
use crate::learned::told;
use crate::options::common::Common;
use crate::options::labeled::{Documents, HeldOut, Labeled};
use crate::options::output::{Output, file_of};
use crate::options::page::PageOptions;
use crate::options::recipe::RecipeOptions;
use crate::outputs::Outputs;
use crate::talk::{Talk, path_json};

/// Train a classifier on labeled documents
///
/// Fine-tunes the language model on their text, then trains the classifier; writes the model and a report, a web page.
/// Ctrl-C stores the run; the same line with --resume continues it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    labeled: Labeled,
    #[command(flatten)]
    held_out: HeldOut,
    /// Further text of the domain, without labels: plain text with a document a line, or tables with the same column.
    #[arg(long, help_heading = "Data", value_name = "FILE", num_args = 1..)]
    unlabeled: Vec<PathBuf>,
    /// The language model to start from: english (which is built in), none (from scratch) or a file; far better than
    /// from scratch where there are few documents [default: english, or none where --size or --direction asks for
    /// another one].
    #[arg(long, help_heading = "Model", value_name = "MODEL", value_parser = str::parse::<Pretrained>)]
    pretrained: Option<Pretrained>,
    /// A language model that reads backward, for --direction both.
    #[arg(long, hide_short_help = true, help_heading = "Model", value_name = "MODEL", value_parser = str::parse::<Pretrained>, requires = "pretrained")]
    pretrained_backward: Option<Pretrained>,
    /// In which direction documents are read; both trains two classifiers and averages their predictions, in twice the time
    /// [default: as the recipe or the pretrained model].
    #[arg(long, help_heading = "Model", value_enum)]
    direction: Option<Reading>,
    #[command(flatten)]
    recipe: RecipeOptions,
    /// The same seed gives the same model.
    #[arg(long, help_heading = "Training", default_value_t = 0, value_name = "N")]
    seed: u64,
    #[command(flatten)]
    output: Output,
    /// Save the fine-tuned language model, too.
    #[arg(
        long,
        hide_short_help = true,
        help_heading = "Output",
        value_name = "FILE"
    )]
    language_model_out: Option<PathBuf>,
    /// Save a linear classifier, too, that the trained one teaches on all texts: often as good, and hundreds of times
    /// faster.
    #[arg(
        long,
        hide_short_help = true,
        help_heading = "Output",
        value_name = "FILE"
    )]
    fast: Option<PathBuf>,
    #[command(flatten)]
    page: PageOptions,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Reading {
    Forward,
    Backward,
    Both,
}

impl Execute for Args {
    fn run(&self, common: &Common) -> anyhow::Result<()> {
        let talk = common.talk;
        let report = self.page.path(self.output.path());
        let backward = self.backward_out();
        let files = match self.recipe.print_config {
            true => None,
            false => Some(self.output.check(self.files(&report, &backward), common)?),
        };
        let documents = self.labeled.read(&self.held_out, self.seed, talk)?;
        let unlabeled = self.unlabeled(&documents)?;
        let texts = documents.train.texts().into_iter();
        let texts = texts.chain(unlabeled.iter().flat_map(Corpus::texts));
        let amount = Amount::of(texts, documents.train.texts());
        let pretrained = self.pretrained();
        let recipe = self.recipe.choose(amount, &pretrained)?;
        let Some(files) = files else {
            return super::print_recipe(&recipe);
        };
        talk.recipe(&recipe)?;
        let device = common.training_device()?;
        if pretrained.is_some() {
            talk.note(&format!("the language model begins as: {pretrained}"));
        } else {
            let Sizes {
                embed,
                hidden,
                layers,
            } = recipe.sizes;
            talk.note(&format!(
            "no pretrained language model: a new one of {embed}/{hidden}/{layers} from {} words",
            amount.words
        ));
        }

        let curves = Rc::new(RefCell::new(Curves::default()));
        let mut ulmfit = Ulmfit::builder()
            .recipe(recipe.clone())
            .seed(self.seed)
            .valid(documents.valid.clone())
            .validate(self.held_out.validate)
            .checkpoints(self.output.stored().with_interrupt(&interrupt::listen()?))
            .observer(curves.clone())
            .observer(talk.observers());
        if let Some(unlabeled) = &unlabeled {
            ulmfit = ulmfit.unlabeled(unlabeled.clone());
        }
        ulmfit = match self.direction {
            None => ulmfit,
            Some(Reading::Forward) => ulmfit.backward(false),
            Some(Reading::Backward) => ulmfit.backward(true),
            Some(Reading::Both) => ulmfit.both_directions(),
        };
        if let Some(backward) = &self.pretrained_backward {
            ulmfit = ulmfit.pretrained_backward(backward.clone());
        }
        let learned = ulmfit
            .pretrained(pretrained.clone())
            .fit(&documents.train, &device)?;

        let files = files.stage()?;
        files.write(self.output.path(), |to| learned.classifier.save(to))?;
        let mut models = vec![self.output.path()];
        if let (Some(path), Some(both)) = (&backward, &learned.both) {
            files.write(path, |to| both.classifier.save(to))?;
            models.push(path);
        }
        if let Some(path) = &self.language_model_out {
            files.write(path, |to| learned.language_model.save(to))?;
        }
        let scored = match &learned.both {
            Some(both) => &both.ensemble_scores,
            None => &learned.scores,
        };
        let fast = match &self.fast {
            Some(path) => {
                let student = self.student(&learned, &documents, unlabeled.as_ref(), talk)?;
                let scored = Some((&documents.valid, scored));
                fast::write(&student, path, &files, scored, talk)?
            }
            None => Value::Null,
        };
        let finished = Finished {
            labeled: &self.labeled,
            documents: &documents,
            output: &self.output,
            files,
            page: report,
            recipe: &recipe,
            classifier: &learned.classifier,
            scores: scored,
            curves: &curves.borrow(),
            facts: vec![
                ("seed", self.seed.to_string()),
                ("words for the language model", count(amount.words as u64)),
            ],
            notes: Args::notes(&learned, &pretrained),
            result: json!({
                "models": models.iter().map(|path| path_json(Some(path))).collect::<Vec<_>>(),
                "language_model": path_json(self.language_model_out.as_ref()),
                "fast": fast,
            }),
        };
        finished.finish(talk)
    }
}

impl Args {
    /// The file of the classifier that reads backward, if there is to be one.
    fn backward_out(&self) -> Option<PathBuf> {
        matches!(self.direction, Some(Reading::Both))
            .then(|| BothDirections::backward_path(self.output.path()))
    }

    /// All that is read and written.
    fn files(&self, report: &Option<PathBuf>, backward: &Option<PathBuf>) -> Outputs {
        let outputs = backward.iter().chain(report).chain(&self.fast);
        let pretrained = [&self.pretrained, &self.pretrained_backward];
        let pretrained = pretrained.into_iter().flatten();
        self.output
            .files()
            .writing(outputs.chain(&self.language_model_out))
            .reading(self.labeled.inputs(&self.held_out))
            .reading(&self.unlabeled)
            .reading(self.recipe.file())
            .reading(pretrained.filter_map(file_of))
    }

    /// A linear classifier that the trained one has taught.
    fn student(
        &self,
        learned: &Learned,
        documents: &Documents,
        unlabeled: Option<&Corpus>,
        talk: Talk,
    ) -> anyhow::Result<Student> {
        let classifier = &learned.classifier;
        let one = Predictor::new(classifier)?;
        let read = |texts: &[&str]| match &learned.both {
            Some(both) => both.ensemble.predict_all(texts),
            None => one.predict_all(texts),
        };
        let teacher = Teacher {
            tokenizer: classifier.text.tokenizer_config(),
            task: classifier.model.config().task,
            classes: &classifier.classes,
            read: &read,
        };
        let texts = unlabeled.map(Corpus::texts).unwrap_or_default();
        teacher.teach(&texts, Some(&documents.train), talk)
    }

    /// The language model to start from.
    fn pretrained(&self) -> Pretrained {
        let new = self.recipe.sized()
            || matches!(self.direction, Some(Reading::Backward | Reading::Both));
        match &self.pretrained {
            Some(pretrained) => pretrained.clone(),
            None if new => Pretrained::None,
            // Not an error where it is not built in: the run says that it begins from scratch.
            None => "english".parse().unwrap_or_default(),
        }
    }

    /// The text without labels, of the data and of further files.
    fn unlabeled(&self, documents: &Documents) -> anyhow::Result<Option<Corpus>> {
        let mut parts = self.labeled.read_unlabeled(&self.unlabeled)?;
        parts.push(documents.unlabeled.clone());
        let all = Corpus::concat(&parts.iter().collect::<Vec<_>>()).without_labels();
        Ok((!all.is_empty()).then_some(all))
    }

    /// What a reader of the report should know.
    fn notes(learned: &Learned, pretrained: &Pretrained) -> Vec<String> {
        let mut notes = vec![match pretrained {
            Pretrained::None => {
                "The language model was trained from scratch on these texts alone; a pretrained one makes a better \
                 classifier of few documents."
                    .to_owned()
            }
            model => format!("The language model began as: {model}."),
        }];
        if let Some(both) = &learned.both {
            let direction = match learned.classifier.text.tokenizer_config().direction {
                Direction::Forward => "forward",
                Direction::Backward => "backward",
            };
            notes.push(format!(
                "The scores are those of both directions as one; alone the classifier that reads {direction} has {}, the \
                 other one {}. The words below are those of the first.",
                told::headline(&learned.scores),
                told::headline(&both.scores)
            ));
        }
        notes
    }
}
