//! The language model as a learner: a stream of text, and what a model scores on one.

use burn::module::Module;
use serde::{Deserialize, Serialize};
use ulmfit_data::{LmBatch, LmLoader};
use ulmfit_model::{HiddenState, LanguageModel, Mode};

use crate::groups::LayerGroups;
use crate::learner::{BatchLoss, Learner};
use crate::scores::Scores;
use crate::settings::Settings;

/// How the batches of a stream weigh in its mean loss.
///
/// Deviation: fastai weighs each batch by its rows, so that the short last batch counts too much; that is
/// [`Weighting::Rows`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    /// By the tokens it predicts.
    #[default]
    Tokens,
    /// By its rows: fastai v1 and v2.
    Rows,
}

/// What a language model scores on a stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LmScores {
    /// Mean cross-entropy in nats.
    pub loss: f64,
    /// The part of the next tokens that were predicted rightly.
    pub accuracy: f64,
    /// Predicted tokens.
    pub tokens: usize,
}

impl LmScores {
    /// `exp(loss)`
    pub fn perplexity(&self) -> f64 {
        self.loss.exp()
    }
}

impl From<LmScores> for Scores {
    fn from(scores: LmScores) -> Self {
        Self::new(scores.loss)
            .lower_is_better("perplexity", scores.perplexity())
            .higher_is_better("accuracy", scores.accuracy)
    }
}

/// A language model and its text. The hidden state travels between batches and starts at zero in every epoch.
///
/// ```
/// use burn::tensor::Device;
/// use ulmfit_data::LmLoaderConfig;
/// use ulmfit_model::{AwdLstmConfig, LanguageModelConfig};
/// use ulmfit_train::observe::History;
/// use ulmfit_train::schedule::GroupRates;
/// use ulmfit_train::{LmLearner, Run, Stage, Trained, Training, fit};
///
/// let sizes = AwdLstmConfig::new(50).with_sizes(8, 16, 1);
/// let model = LanguageModelConfig::new(sizes).init(1, &Device::default().autodiff())?;
/// let cycle = (0..600).map(|i| 9 + i % 7).collect();
/// let stream = LmLoaderConfig::new().with_batch_size(2).with_seq_len(10).build(vec![cycle])?;
///
/// let stages = [Stage::one_cycle("all", 2, Trained::All, GroupRates::Same(1e-2))];
/// let mut history = History::default();
/// let learner = LmLearner::new(&stream).with_valid(&stream);
/// fit(&learner, model, &Training::new(stages), &mut Run::new(&mut history))?;
/// assert!(history.epochs[1].train_loss < history.epochs[0].train_loss);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LmLearner<'a> {
    train: &'a LmLoader,
    valid: Option<&'a LmLoader>,
    weighting: Weighting,
}

impl<'a> LmLearner<'a> {
    /// A language model of this text, without validation.
    pub fn new(train: &'a LmLoader) -> Self {
        Self {
            train,
            valid: None,
            weighting: Weighting::default(),
        }
    }

    /// With text to validate on, or none.
    #[must_use]
    pub fn with_valid(self, valid: impl Into<Option<&'a LmLoader>>) -> Self {
        let valid = valid.into();
        Self { valid, ..self }
    }

    /// With another weighting of the validation loss.
    #[must_use]
    pub fn with_weighting(self, weighting: Weighting) -> Self {
        Self { weighting, ..self }
    }
}

impl Learner for LmLearner<'_> {
    type Model = LanguageModel;
    type Batch = LmBatch;
    type Carry = HiddenState;
    type Scores = LmScores;

    fn groups(&self, model: &LanguageModel) -> LayerGroups {
        LayerGroups::language_model(model)
    }

    fn n_batches(&self, epoch: usize) -> usize {
        self.train.n_batches_in(epoch)
    }

    fn batches(&self, epoch: usize, first: usize) -> impl Iterator<Item = LmBatch> {
        self.train.epoch_from(epoch, first)
    }

    fn loss(
        &self,
        model: &LanguageModel,
        batch: &LmBatch,
        carry: &mut Option<HiddenState>,
        mode: &mut Mode,
    ) -> BatchLoss {
        let rows = batch.inputs.rows();
        let before = carry.take().unwrap_or_else(|| model.initial_state(rows));
        let (loss, next) = model.loss(&batch.inputs, &batch.targets, &before, mode);
        *carry = Some(next);
        BatchLoss::new(loss.objective, loss.counted)
            .with_value(loss.cross_entropy)
            .with_rate_scale(batch.rate_scale)
    }

    fn evaluate(&self, model: &LanguageModel) -> Option<LmScores> {
        self.valid
            .map(|valid| evaluate(model, valid, self.weighting))
    }

    fn describe(&self, model: &LanguageModel, settings: &mut Settings) {
        settings.add("weighting", &self.weighting);
        settings.add("model", &model.encoder.config());
        settings.add("dropouts", &model.dropouts);
        settings.add("regularization", &model.regularization);
        settings.add("training batches", self.train.config());
        settings.add("training text", &self.train.docs().fingerprint());
        settings.add("validation batches", &self.valid.map(LmLoader::config));
        let valid = self.valid.map(|valid| valid.docs().fingerprint());
        settings.add("validation text", &valid);
    }
}

/// The scores of a language model on a stream, weighted by tokens, without dropout and outside of autodiff.
pub fn evaluate_language_model(model: &LanguageModel, data: &LmLoader) -> LmScores {
    evaluate(model, data, Weighting::Tokens)
}

/// The same, with the loss weighted as asked for. The accuracy is that of all tokens.
fn evaluate(model: &LanguageModel, data: &LmLoader, weighting: Weighting) -> LmScores {
    let model = model.valid();
    let (mut loss, mut weight, mut correct, mut tokens) = (0.0, 0.0, 0.0, 0);
    let mut state = None;
    for batch in data.epoch(0) {
        let before = state.unwrap_or_else(|| model.initial_state(batch.inputs.rows()));
        let (out, next) = model.loss(&batch.inputs, &batch.targets, &before, &mut Mode::Eval);
        state = Some(next);
        let counts = match weighting {
            Weighting::Tokens => out.counted,
            Weighting::Rows => batch.inputs.rows(),
        } as f64;
        loss += f64::from(out.cross_entropy.into_scalar::<f32>()) * counts;
        weight += counts;
        correct += f64::from(out.correct.into_scalar::<f32>());
        tokens += out.counted;
    }
    LmScores {
        loss: loss / weight.max(1.0),
        accuracy: correct / tokens.max(1) as f64,
        tokens,
    }
}
