//! The language model as a learner: a stream of text, and what a model scores on one.

use std::marker::PhantomData;

use burn::module::Module;
use serde::{Deserialize, Serialize};
use ulmfit_data::{LmBatch, LmLoader};
use ulmfit_model::{HiddenState, LanguageModel, LmLoss, Mode};

use crate::groups::LayerGroups;
use crate::learner::{BatchLoss, Carry, Learner};
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

/// A network that predicts the next token of a stream: what [`LmLearner`] trains. [`LanguageModel`] is one; a network of
/// your own, over words or characters, is another.
pub trait StreamModel: Module + 'static {
    /// What travels from a batch to the next one of its epoch.
    type State: Carry;

    /// The layer groups, bottom first; by default one of all parameters.
    fn groups(&self) -> LayerGroups {
        LayerGroups::whole(self)
    }

    /// The loss of a batch, and the state after it, detached; `before` is nothing at the beginning of an epoch.
    fn batch_loss(
        &self,
        batch: &LmBatch,
        before: Option<Self::State>,
        mode: &mut Mode,
    ) -> (LmLoss, Self::State);

    /// Adds what the numbers of a run follow from, beside data and weights: sizes, dropouts.
    fn describe(&self, _: &mut Settings) {}
}

impl StreamModel for LanguageModel {
    type State = HiddenState;

    fn groups(&self) -> LayerGroups {
        LayerGroups::language_model(self)
    }

    fn batch_loss(
        &self,
        batch: &LmBatch,
        before: Option<HiddenState>,
        mode: &mut Mode,
    ) -> (LmLoss, HiddenState) {
        let before = before.unwrap_or_else(|| self.initial_state(batch.inputs.rows()));
        self.loss(&batch.inputs, &batch.targets, &before, mode)
    }

    fn describe(&self, settings: &mut Settings) {
        settings.add("model", &self.encoder.config());
        settings.add("dropouts", &self.dropouts);
        settings.add("regularization", &self.regularization);
    }
}

/// A language model, or another [`StreamModel`], and its text. The state travels between batches and starts at zero in every
/// epoch.
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
pub struct LmLearner<'a, M = LanguageModel> {
    train: &'a LmLoader,
    valid: Option<&'a LmLoader>,
    weighting: Weighting,
    model: PhantomData<fn(&M)>,
}

impl<'a, M> LmLearner<'a, M> {
    /// A language model of this text, without validation.
    pub fn new(train: &'a LmLoader) -> Self {
        Self {
            train,
            valid: None,
            weighting: Weighting::default(),
            model: PhantomData,
        }
    }

    /// The rows of a batch.
    pub(crate) fn rows(&self) -> usize {
        self.train.batch_size()
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

impl<M: StreamModel> Learner for LmLearner<'_, M> {
    type Model = M;
    type Batch = LmBatch;
    type Carry = M::State;
    type Scores = LmScores;

    fn groups(&self, model: &M) -> LayerGroups {
        model.groups()
    }

    fn n_batches(&self, epoch: usize) -> usize {
        self.train.n_batches_in(epoch)
    }

    fn batches(&self, epoch: usize, first: usize) -> impl Iterator<Item = LmBatch> {
        self.train.epoch_from(epoch, first)
    }

    fn loss(
        &self,
        model: &M,
        batch: &LmBatch,
        carry: &mut Option<M::State>,
        mode: &mut Mode,
    ) -> BatchLoss {
        let (loss, next) = model.batch_loss(batch, carry.take(), mode);
        *carry = Some(next);
        BatchLoss::new(loss.objective, loss.counted)
            .with_value(loss.cross_entropy)
            .with_rate_scale(batch.rate_scale)
    }

    fn evaluate(&self, model: &M) -> Option<LmScores> {
        self.valid
            .map(|valid| evaluate(model, valid, self.weighting))
    }

    fn describe(&self, model: &M, settings: &mut Settings) {
        settings.add("weighting", &self.weighting);
        model.describe(settings);
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
fn evaluate<M: StreamModel>(model: &M, data: &LmLoader, weighting: Weighting) -> LmScores {
    let model = model.valid();
    let (mut loss, mut weight, mut correct, mut tokens) = (0.0, 0.0, 0.0, 0);
    let mut state = None;
    for batch in data.epoch(0) {
        let (out, next) = model.batch_loss(&batch, state.take(), &mut Mode::Eval);
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
