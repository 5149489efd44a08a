//! ULMFiT in one call.

use burn::tensor::Device;
use ulmfit_data::Corpus;
use ulmfit_model::{Task, TextLanguageModel};
use ulmfit_text::Direction;

use crate::both::{BothDirections, Fitted};
use crate::checkpoint::Checkpoints;
use crate::error::{Error, Result};
use crate::fit::Scored;
use crate::learned::Learned;
use crate::observe::{History, Observer};
use crate::pretrained::Pretrained;
use crate::recipe::{Amount, Recipe};
use crate::run::Run;
use crate::steps::{self, Start, Texts};
use crate::task::{targets, task_of};
use crate::validate::Validate;

/// The share of the labelled documents that is held out where no validation set is given (fastai's course: 10 %).
const HELD_OUT: f64 = 0.1;

/// The three steps: language model, fine-tuning, classifier.
///
/// ```no_run
/// use burn::tensor::Device;
/// use ulmfit_data::Source;
/// use ulmfit_train::{Recipe, Ulmfit};
///
/// let corpus = Source::new("reviews.csv").with_label("label").corpus()?;
/// let learned = Ulmfit::builder()
///     .pretrained("english.safetensors")
///     .recipe(Recipe::by_name("fastbook")?)
///     .fit(&corpus, &Device::default())?;
/// println!("{}", learned.report());
/// learned.classifier.save("reviews.safetensors")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Ulmfit {
    recipe: Option<Recipe>,
    reading: Reading,
    pretrained: Pretrained,
    pretrained_backward: Pretrained,
    unlabeled: Option<Corpus>,
    valid: Option<Corpus>,
    run: Run<'static>,
    observers: Vec<Box<dyn Observer>>,
}

/// In which direction documents are read.
#[derive(Clone, Copy, Default)]
enum Reading {
    /// As the recipe's tokenizer, or that of the pretrained model, says.
    #[default]
    Given,
    One(Direction),
    Both,
}

impl Ulmfit {
    /// The default recipe, [fitted](Recipe::fitted) to the text; from scratch; seed 0.
    pub fn builder() -> Self {
        Self::default()
    }

    /// Starts from a language model, such as a file, instead of from scratch.
    #[must_use]
    pub fn pretrained(mut self, model: impl Into<Pretrained>) -> Self {
        self.pretrained = model.into();
        self
    }

    /// A language model that reads backward to start from, beside [`pretrained`](Self::pretrained), for
    /// [`both_directions`](Self::both_directions).
    #[must_use]
    pub fn pretrained_backward(mut self, model: impl Into<Pretrained>) -> Self {
        self.pretrained_backward = model.into();
        self
    }

    /// Whether documents are read from their last token to their first; without this, as the recipe's tokenizer or the
    /// pretrained model does.
    #[must_use]
    pub fn backward(mut self, backward: bool) -> Self {
        self.reading = Reading::One(match backward {
            true => Direction::Backward,
            false => Direction::Forward,
        });
        self
    }

    /// Trains two language models and two classifiers, one of each direction, and joins the classifiers (paper section
    /// 3.3). Twice the time; the results are in [`Learned::both`].
    #[must_use]
    pub fn both_directions(mut self) -> Self {
        self.reading = Reading::Both;
        self
    }

    /// Another recipe.
    #[must_use]
    pub fn recipe(mut self, recipe: Recipe) -> Self {
        self.recipe = Some(recipe);
        self
    }

    /// Further text of the domain, without labels, for the language model.
    #[must_use]
    pub fn unlabeled(mut self, corpus: Corpus) -> Self {
        self.unlabeled = Some(corpus);
        self
    }

    /// The documents to score, their classes matched by name; without this a tenth of the labelled ones is held out.
    #[must_use]
    pub fn valid(mut self, corpus: Corpus) -> Self {
        self.valid = Some(corpus);
        self
    }

    /// How often the validation documents are scored; default after each epoch. With many of them scoring takes longer
    /// than training does.
    #[must_use]
    pub fn validate(mut self, validate: Validate) -> Self {
        self.run.validate = validate;
        self
    }

    /// The seed of every random number; default 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.run.seed = seed;
        self
    }

    /// Stores the run in a folder, so that it can be cut anywhere; each step has a folder of its own within it.
    ///
    /// ```no_run
    /// use ulmfit_train::{Checkpoints, Resume, Ulmfit};
    ///
    /// // Begins, or goes on with the step and batch at which it was cut.
    /// let run = Ulmfit::builder().checkpoints(Checkpoints::new("run-1").with_resume(Resume::Newest));
    /// # let _ = run;
    /// ```
    #[must_use]
    pub fn checkpoints(mut self, checkpoints: Checkpoints) -> Self {
        self.run.checkpoints = Some(checkpoints);
        self
    }

    /// Watches the run, beside the history that is always kept; may stop a stage.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Runs the three steps on a labelled corpus. The validation documents are not seen by any step. Of a labelled document no
    /// step reads more than the recipe's [`cut`](crate::ClassifierRecipe::cut) says; unlabelled text is read in full.
    ///
    /// # Errors
    /// For a corpus without labels, with labels of two kinds or with a single class, a pretrained file that cannot be read
    /// or reads in another direction, or a loss that is not finite; every message says what was expected, what was found
    /// and what to do.
    pub fn fit(mut self, corpus: &Corpus, device: &Device) -> Result<Learned> {
        let recipe = self.recipe.take();
        let recipe = recipe.unwrap_or_else(|| self.fitted(corpus));
        // Whatever is wrong with the labels is said before hours of training.
        let task = task_of(corpus, recipe.classifier.range)?;
        if let Some(self_training) = &recipe.classifier.self_training {
            self_training.check()?;
            if task != Task::SingleLabel {
                return Err(Error::Setting {
                    name: "classifier.self_training",
                    expected: "documents of one class each; leave it out for others",
                    found: "labels of another kind".to_owned(),
                });
            }
        }
        let starts = self.starts(&recipe, device)?;
        for Begin { recipe, pretrained } in &starts {
            recipe.check(match pretrained {
                Some(model) => model.model.encoder.config().layers,
                None => {
                    recipe.check_sizes()?;
                    recipe.sizes.layers
                }
            })?;
        }
        if starts.len() == 2 && matches!(task, Task::Regression { .. }) {
            return Err(Error::Setting {
                name: "both_directions",
                expected: "labels that are classes; train each direction on its own",
                found: "numbers".to_owned(),
            });
        }
        let (train, valid) = match self.valid.take() {
            Some(valid) => (corpus.clone(), valid.with_classes(corpus.classes())?),
            None => corpus.split(HELD_OUT, self.run.seed),
        };
        task.check(targets(&valid.all_labels()?), train.n_classes())?;
        let mut history = History::default();
        let mut observers = std::mem::take(&mut self.observers);
        let mut run = Run {
            observers: vec![&mut history, &mut observers],
            ..std::mem::take(&mut self.run)
        };
        let mut fits = Vec::new();
        for start in starts {
            if !fits.is_empty() {
                // The second direction's steps have the names of the first one's.
                run.checkpoints = run.checkpoints.map(|all| all.within("backward"));
            }
            fits.push(self.fit_one(start, &train, &valid, device, &mut run)?);
        }
        let mut fits = fits.into_iter();
        let Some(first) = fits.next() else {
            unreachable!("there is at least one direction");
        };
        let backward = fits.next();
        let both = match backward {
            Some(backward) => Some(BothDirections::join(
                &first,
                backward,
                &valid.all_labels()?,
            )?),
            None => None,
        };
        Ok(Learned {
            language_model: first.language_model,
            classifier: first.classifier,
            scores: first.scores,
            both,
            history,
        })
    }

    /// The default recipe for this much text.
    fn fitted(&self, corpus: &Corpus) -> Recipe {
        let texts = corpus.texts().into_iter();
        let texts = texts.chain(self.unlabeled.iter().flat_map(Corpus::texts));
        Recipe::fitted(Amount::of(texts, corpus.texts()), &self.pretrained)
    }

    /// The beginnings of one run or of two: recipe and pretrained model, which are read before anything is trained.
    fn starts(&self, recipe: &Recipe, device: &Device) -> Result<Vec<Begin>> {
        let forward = (Direction::Forward, &self.pretrained);
        let backward = (Direction::Backward, &self.pretrained_backward);
        let wanted = match self.reading {
            Reading::Given => vec![(None, &self.pretrained)],
            Reading::One(direction) => vec![(Some(direction), &self.pretrained)],
            Reading::Both => vec![(Some(forward.0), forward.1), (Some(backward.0), backward.1)],
        };
        let two = wanted.len() == 2;
        if two && self.pretrained_backward.is_some() != self.pretrained.is_some() {
            return Err(Error::Setting {
                name: "pretrained and pretrained_backward",
                expected: "both of them for both directions, or neither; give the other one",
                found: "one".to_owned(),
            });
        }
        if !two && self.pretrained_backward.is_some() {
            return Err(Error::Setting {
                name: "pretrained_backward",
                expected: "`both_directions` beside it; for one direction give `pretrained`",
                found: "one direction".to_owned(),
            });
        }
        let start = |(direction, model): (Option<Direction>, &Pretrained)| {
            let pretrained = load(model, direction, device)?;
            let mut recipe = recipe.clone();
            if let Some(direction) = direction {
                recipe.tokenizer.direction = direction;
            }
            if two && direction == Some(Direction::Backward) {
                for stage in recipe.stages_mut() {
                    stage.name = format!("backward: {}", stage.name);
                }
            }
            Ok(Begin { recipe, pretrained })
        };
        wanted.into_iter().map(start).collect()
    }

    fn fit_one(
        &self,
        start: Begin,
        train: &Corpus,
        valid: &Corpus,
        device: &Device,
        run: &mut Run<'_>,
    ) -> Result<Fitted> {
        let mut texts = train.texts();
        if let Some(unlabeled) = &self.unlabeled {
            texts.extend(unlabeled.texts());
        }
        let Begin { recipe, pretrained } = &start;
        let texts = Texts {
            all: texts,
            labeled: train.len(),
            cut: recipe.classifier.cut,
        };
        let mut step = |start| steps::train_lm(recipe, start, &texts, device, run);
        let language_model = match pretrained {
            Some(pretrained) => step(Start::Other(pretrained))?,
            None => {
                let model = step(Start::New)?;
                step(Start::Same(model))?
            }
        };
        let mut classifier =
            steps::classify(recipe, &language_model, train, Some(valid), device, run)?;
        if let (Some(config), Some(unlabeled)) = (&recipe.classifier.self_training, &self.unlabeled)
        {
            classifier = steps::self_train(
                recipe,
                config,
                &language_model,
                &classifier.model,
                train,
                unlabeled,
                Some(valid),
                device,
                run,
            )?;
        }
        let Scored {
            model: classifier,
            scores: Some(scores),
        } = classifier
        else {
            unreachable!("validation documents were given");
        };
        Ok(Fitted {
            language_model,
            classifier,
            scores,
        })
    }
}

/// What the run of one direction begins with.
struct Begin {
    recipe: Recipe,
    pretrained: Option<TextLanguageModel>,
}

/// Reads a language model, which must read in the wanted direction.
fn load(
    pretrained: &Pretrained,
    wanted: Option<Direction>,
    device: &Device,
) -> Result<Option<TextLanguageModel>> {
    let Some(model) = pretrained.load(device)? else {
        return Ok(None);
    };
    let found = model.text.tokenizer_config().direction;
    if wanted.is_none_or(|wanted| wanted == found) {
        return Ok(Some(model));
    }
    let (expected, reads) = match found {
        Direction::Forward => ("a model that reads backward", "forward"),
        Direction::Backward => ("a model that reads forward", "backward"),
    };
    Err(Error::Setting {
        name: "pretrained",
        expected,
        found: format!("{pretrained}, which reads {reads}; give another file"),
    })
}
