//! The numbers of step 3.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ulmfit_model::{ClassLoss, Cut, DocumentWindow, Dropouts, HeadConfig, Pooling, Regularization};

use crate::error::{Error, Result};
use crate::linear::SelfTraining;
use crate::observe::{Observer, deciders};
use crate::optimizer::OptimizerConfig;
use crate::stage::{Stage, Training};

/// Step 3: training the classifier. The values named here are those of the recipe `default`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierRecipe {
    /// Documents in a batch; default 32 (64 in the paper and in fastai; 32 is kinder to few labels).
    pub batch_size: usize,
    /// The most back-propagated tokens of a batch, whose memory grows with them: batches of long documents have fewer
    /// rows; default 16,384. No source has a limit.
    #[serde(with = "crate::none")]
    pub batch_tokens: Option<usize>,
    /// The factor on `dropouts`, fastai's `drop_mult`; default 0.5 (fastai v2).
    pub drop_mult: f64,
    /// Batches whose gradients are averaged before each step of the optimizer; default 1.
    pub accumulate: usize,
    /// The epochs without a lower validation loss after which a stage ends; default none: all epochs.
    #[serde(with = "crate::none")]
    pub early_stop: Option<usize>,
    /// Whether a stage hands on the model of its epoch with the lowest validation loss; default no: that of the last one.
    pub keep_best: bool,
    /// The smallest and the largest number where the labels are numbers, fastai's `y_range`; default none.
    #[serde(with = "crate::none")]
    pub range: Option<(f64, f64)>,
    /// What a document's vector is made of; default last state, maximum and mean.
    pub pooling: Pooling,
    /// What is read of a long document; default its last 5,760 tokens, four times those that are pooled. The paper and
    /// fastai read all of it. [`Ulmfit`](crate::Ulmfit) gives the language model no more of a labelled document either.
    pub cut: Cut,
    /// Whether unlabelled texts are labelled and trained on once more; default not.
    #[serde(with = "crate::none")]
    pub self_training: Option<SelfTraining>,
    /// How documents are windowed; default 72 and 1440 (fastai v2).
    pub window: DocumentWindow,
    /// Dropouts before the factor; default [`Dropouts::classifier`].
    pub dropouts: Dropouts,
    /// AR and TAR; default 2 and 1.
    pub regularization: Regularization,
    /// The head; default one hidden layer of 50.
    pub head: HeadConfig,
    /// How cross-entropy counts classes; default all alike.
    pub loss: LossRecipe,
    /// The optimizer; default Adam.
    pub optimizer: OptimizerConfig,
    /// Gradual unfreezing; default fastai's: the head at 2e-2, two groups at 1e-2, three at 5e-3 (an epoch each), all
    /// at 1e-3 for two epochs, each group 2.6 times lower than the one above.
    pub stages: Vec<Stage>,
}

/// How cross-entropy counts classes, before the classes are known; for documents of several classes and numbers it says
/// nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossRecipe {
    /// The part of the label that is spread evenly over all classes; default 0 (MultiFiT: 0.1).
    pub smoothing: f64,
    /// The weights of the classes; default even.
    pub weights: ClassWeights,
}

/// How much a document of each class counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// All alike.
    #[default]
    Even,
    /// Every class the same in sum: [`ClassLoss::balanced`] over the training labels.
    Balanced,
    /// As many times as said, by the name of the class; 1 for those that are not named.
    Named(BTreeMap<String, f64>),
}

/// `even`, `balanced`, or `pos=3,neg=0.5`.
///
/// ```
/// use ulmfit_train::ClassWeights;
///
/// assert_eq!("balanced".parse(), Ok(ClassWeights::Balanced));
/// let named = ClassWeights::Named([("pos".to_owned(), 3.0)].into());
/// assert_eq!("pos=3".parse(), Ok(named));
/// let error = "pos".parse::<ClassWeights>().unwrap_err();
/// assert_eq!(error, "expected even, balanced or weights such as `pos=3,neg=0.5`, found `pos`");
/// ```
impl FromStr for ClassWeights {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "even" => return Ok(Self::Even),
            "balanced" => return Ok(Self::Balanced),
            _ => {}
        }
        let pairs = text.split(',').map(|pair| {
            let (name, weight) = pair.rsplit_once('=')?;
            Some((name.trim().to_owned(), weight.trim().parse().ok()?))
        });
        let named = pairs.collect::<Option<BTreeMap<String, f64>>>();
        named.map(Self::Named).ok_or_else(|| {
            format!("expected even, balanced or weights such as `pos=3,neg=0.5`, found `{text}`")
        })
    }
}

impl LossRecipe {
    /// The loss for these training labels and classes by name.
    ///
    /// # Errors
    /// [`Error::Setting`] for the weight of a class that there is not.
    ///
    /// ```
    /// use ulmfit_train::{ClassWeights, LossRecipe};
    ///
    /// let classes = ["neg".to_owned(), "pos".to_owned()];
    /// let balanced = LossRecipe { smoothing: 0.1, weights: ClassWeights::Balanced };
    /// let loss = balanced.of(&[0, 0, 0, 1], &classes)?;
    /// assert_eq!((loss.smoothing, loss.weights), (0.1, vec![2.0 / 3.0, 2.0]));
    ///
    /// let named = ClassWeights::Named([("pos".to_owned(), 3.0)].into());
    /// let loss = LossRecipe { smoothing: 0.0, weights: named }.of(&[0, 1], &classes)?;
    /// assert_eq!(loss.weights, [1.0, 3.0]);
    /// # Ok::<(), ulmfit_train::Error>(())
    /// ```
    pub fn of(&self, labels: &[u32], classes: &[String]) -> Result<ClassLoss> {
        let loss = match &self.weights {
            ClassWeights::Even => ClassLoss::default(),
            ClassWeights::Balanced => ClassLoss::balanced(labels, classes.len()),
            ClassWeights::Named(weights) => {
                if let Some(name) = weights.keys().find(|name| !classes.contains(name)) {
                    return Err(Error::Setting {
                        name: "class weights",
                        expected: "names of classes of the training labels",
                        found: format!("`{name}`; the classes are {}", classes.join(", ")),
                    });
                }
                let weight = |name| weights.get(name).copied().unwrap_or(1.0);
                ClassLoss {
                    weights: classes.iter().map(weight).collect(),
                    ..ClassLoss::default()
                }
            }
        };
        Ok(ClassLoss {
            smoothing: self.smoothing,
            ..loss
        })
    }
}

impl ClassifierRecipe {
    /// The observers that stop early and keep the best epoch, where the recipe says so.
    pub fn observers(&self) -> Vec<Box<dyn Observer>> {
        deciders(self.early_stop, self.keep_best)
    }

    /// The stages with their optimizer and accumulation.
    pub fn training(&self) -> Training {
        Training::new(&self.stages[..])
            .with_optimizer(self.optimizer)
            .with_accumulate(self.accumulate)
    }

    /// The dropouts, the factor included.
    pub fn scaled_dropouts(&self) -> Dropouts {
        self.dropouts.scaled(self.drop_mult)
    }
}
