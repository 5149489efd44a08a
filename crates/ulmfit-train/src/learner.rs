//! What is trained: a model, its data, and what a batch costs.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use ulmfit_model::{HiddenState, Mode, Random};

use crate::error::Result;
use crate::groups::LayerGroups;
use crate::scores::Scores;
use crate::settings::Settings;
use crate::tensors::Tensors;

/// What is trained: a model, its data, and what a batch costs. [`fit`](crate::fit) trains any of them,
/// [`LrFind`](crate::LrFind) searches their rates; [`LmLearner`](crate::LmLearner) and
/// [`ClassifierLearner`](crate::ClassifierLearner) are two.
///
/// Everything is a function of its arguments. The order of an epoch's batches follows from the epoch's number, masks are
/// drawn from the mode that is passed in, and what travels between batches is a value. That is what makes a run that is
/// killed and resumed end in the same bytes.
///
/// ```
/// use burn::module::Param;
/// use burn::tensor::{Device, Tensor};
/// use ulmfit_model::Mode;
/// use ulmfit_train::schedule::GroupRates;
/// use ulmfit_train::{AdamConfig, BatchLoss, Learner, Run, Scores, Settings, Stage, Trained, Training, fit};
///
/// /// Learns the mean of some numbers.
/// struct Mean(Vec<f32>);
///
/// impl Learner for Mean {
///     type Model = Param<Tensor<1>>;
///     type Batch = f32;
///     type Carry = ();
///     type Scores = Scores;
///
///     fn n_batches(&self, _: usize) -> usize {
///         self.0.len()
///     }
///
///     fn batches(&self, _: usize, first: usize) -> impl Iterator<Item = f32> {
///         self.0.iter().copied().skip(first)
///     }
///
///     fn loss(&self, model: &Self::Model, batch: &f32, _: &mut Option<()>, _: &mut Mode) -> BatchLoss {
///         let error = model.val() - *batch;
///         BatchLoss::new(error.clone() * error, 1)
///     }
///
///     fn evaluate(&self, _: &Self::Model) -> Option<Scores> {
///         None
///     }
///
///     fn describe(&self, _: &Self::Model, settings: &mut Settings) {
///         settings.add("numbers", &self.0);
///     }
/// }
///
/// let start = Param::from_tensor(Tensor::<1>::zeros([1], &Device::default().autodiff()));
/// let stages = [Stage::one_cycle("mean", 50, Trained::All, GroupRates::Same(0.1))];
/// let training = Training::new(stages).with_optimizer(AdamConfig { decay: 0.0, ..AdamConfig::default() });
/// let fitted = fit(&Mean(vec![1.0, 3.0]), start, &training, &mut Run::default())?;
/// assert!((fitted.model.val().into_scalar::<f32>() - 2.0).abs() < 0.1);
/// # Ok::<(), ulmfit_train::Error>(())
/// ```
pub trait Learner {
    /// The network.
    type Model: Module + 'static;

    /// A batch of training data.
    type Batch;

    /// What travels from a batch to the next one of its epoch, such as the hidden state of a recurrent network: a tensor, a
    /// pair of carries, [`HiddenState`], `()` for nothing.
    type Carry: Carry;

    /// What an evaluation returns: [`Scores`], or something of one's own that holds more.
    type Scores: Clone + Into<Scores>;

    /// The layer groups, bottom first; by default one of all parameters.
    fn groups(&self, model: &Self::Model) -> LayerGroups {
        LayerGroups::whole(model)
    }

    /// The number of batches in an epoch, counted from 0 through the whole run.
    fn n_batches(&self, epoch: usize) -> usize;

    /// The batches of an epoch from its batch `first` on.
    fn batches(&self, epoch: usize, first: usize) -> impl Iterator<Item = Self::Batch>;

    /// What a batch costs. `carry` is nothing in the first batch of an epoch, and afterwards what the batch before has put
    /// there; it must be detached, so that no gradient crosses the border of a batch. Dropout draws from `mode`.
    fn loss(
        &self,
        model: &Self::Model,
        batch: &Self::Batch,
        carry: &mut Option<Self::Carry>,
        mode: &mut Mode,
    ) -> BatchLoss;

    /// The scores of a model on the validation data, without dropout; nothing where there are no such data. The model is
    /// on an autodiff device: `model.valid()` is a copy outside of it.
    fn evaluate(&self, model: &Self::Model) -> Option<Self::Scores>;

    /// Adds what the numbers of a run follow from, beside stages, optimizer, seed and starting weights: the data, and the
    /// settings of the model. A checkpoint stores it, and a run with others does not resume from there.
    fn describe(&self, model: &Self::Model, settings: &mut Settings);

    /// Checks that the data are for this model, before anything is trained.
    ///
    /// # Errors
    /// Whatever does not fit, with what to do.
    fn check(&self, _: &Self::Model) -> Result<()> {
        Ok(())
    }
}

/// What one batch costs.
#[derive(Clone, Debug)]
pub struct BatchLoss {
    /// What is minimized, `[1]`, differentiable: the mean over what `weight` counts, with penalties if there are any.
    pub objective: Tensor<1>,
    /// What is reported, `[1]`, detached: the objective without penalties.
    pub value: Tensor<1>,
    /// The tokens or rows that the loss is the mean of: how the batch counts in the mean of an epoch and of accumulated
    /// gradients.
    pub weight: usize,
    /// Tokens or rows that were read, for reports of the pace.
    pub tokens: usize,
    /// A factor on the rates of the batch's step; default 1. AWD-LSTM lowers them for short batches.
    pub rate_scale: f64,
}

impl BatchLoss {
    /// A mean loss `[1]` over `weight` tokens or rows.
    pub fn new(objective: Tensor<1>, weight: usize) -> Self {
        Self {
            value: objective.clone().detach(),
            objective,
            weight,
            tokens: weight,
            rate_scale: 1.0,
        }
    }

    /// With another value to report, `[1]`, detached.
    #[must_use]
    pub fn with_value(self, value: Tensor<1>) -> Self {
        Self { value, ..self }
    }

    /// With another count of what was read.
    #[must_use]
    pub fn with_tokens(self, tokens: usize) -> Self {
        Self { tokens, ..self }
    }

    /// With a factor on the rates of the step.
    #[must_use]
    pub fn with_rate_scale(self, rate_scale: f64) -> Self {
        Self { rate_scale, ..self }
    }
}

/// Returns the numbers below `n` in an order that follows from `seed` and `epoch`: the rows of an epoch's batches.
///
/// ```
/// use ulmfit_train::epoch_order;
///
/// let order = epoch_order(5, 7, 0);
/// assert_eq!(order, epoch_order(5, 7, 0));
/// assert_ne!(order, epoch_order(5, 7, 1));
/// ```
pub fn epoch_order(n: usize, seed: u64, epoch: usize) -> Vec<usize> {
    // The odd constant of Fibonacci hashing keeps the epochs of neighboring seeds apart.
    let mut random = Random::new(seed ^ (epoch as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut order: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        let other = (f64::from(random.unit()) * (last + 1) as f64) as usize;
        order.swap(last, other.min(last));
    }
    order
}

/// What travels between batches, as tensors that can be stored. Implemented for tensors, pairs, [`HiddenState`] and `()`.
pub trait Carry: Clone + Sized {
    /// Returns its tensors by name.
    fn to_tensors(&self) -> Tensors;

    /// Returns what [`to_tensors`](Self::to_tensors) was called on, its tensors on `device`.
    ///
    /// # Errors
    /// [`Error::Tensor`](crate::Error::Tensor) for one that is missing or does not fit.
    fn from_tensors(tensors: Tensors, device: &Device) -> Result<Self>;
}

/// Nothing travels.
impl Carry for () {
    fn to_tensors(&self) -> Tensors {
        Tensors::default()
    }

    fn from_tensors(_: Tensors, _: &Device) -> Result<Self> {
        Ok(())
    }
}

impl<const D: usize> Carry for Tensor<D> {
    fn to_tensors(&self) -> Tensors {
        let mut tensors = Tensors::default();
        tensors.insert("tensor", self.clone());
        tensors
    }

    fn from_tensors(mut tensors: Tensors, device: &Device) -> Result<Self> {
        tensors.take("tensor", device)
    }
}

impl<A: Carry, B: Carry> Carry for (A, B) {
    fn to_tensors(&self) -> Tensors {
        let mut tensors = Tensors::default();
        tensors.add_within("0", self.0.to_tensors());
        tensors.add_within("1", self.1.to_tensors());
        tensors
    }

    fn from_tensors(mut tensors: Tensors, device: &Device) -> Result<Self> {
        let (first, second) = (tensors.split_within("0"), tensors.split_within("1"));
        Ok((
            A::from_tensors(first, device)?,
            B::from_tensors(second, device)?,
        ))
    }
}

impl Carry for HiddenState {
    fn to_tensors(&self) -> Tensors {
        let mut tensors = Tensors::default();
        for (name, tensor) in Self::to_tensors(self) {
            tensors.insert(name, tensor);
        }
        tensors
    }

    fn from_tensors(mut tensors: Tensors, device: &Device) -> Result<Self> {
        let names: Vec<String> = tensors.names().map(str::to_owned).collect();
        let named = names.into_iter().map(|name| {
            let tensor = tensors.take(&name, device)?;
            Ok((name, tensor))
        });
        Ok(Self::from_tensors(named.collect::<Result<Vec<_>>>()?)?)
    }
}
