//! The numbers of step 3.

use serde::{Deserialize, Serialize};
use ulmfit_model::{ClassLoss, DocumentWindow, Dropouts, HeadConfig, Regularization};

use crate::linear::SelfTraining;
use crate::optimizer::OptimizerConfig;
use crate::stage::Stage;

/// Step 3: training the classifier. The values named here are those of the recipe `default`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierRecipe {
    /// Documents in a batch; default 32 (64 in the paper and in fastai; 32 is kinder to few labels).
    pub batch_size: usize,
    /// The factor on `dropouts`, fastai's `drop_mult`; default 0.5 (fastai v2).
    pub drop_mult: f64,
    /// Batches whose gradients are averaged before each step of the optimizer; default 1.
    pub accumulate: usize,
    /// The smallest and the largest number where the labels are numbers, fastai's `y_range`; default none.
    #[serde(with = "crate::none")]
    pub range: Option<(f64, f64)>,
    /// Whether unlabelled texts are labelled and trained on once more; default not.
    #[serde(with = "crate::none")]
    pub self_training: Option<SelfTraining>,
    /// How documents are cut; default 72 and 1440 (fastai v2).
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossRecipe {
    /// The share of the truth that is spread evenly over all classes; default 0 (MultiFiT: 0.1).
    pub smoothing: f64,
    /// The weights of the classes; default even.
    pub weights: ClassWeights,
}

/// How much a document of each class counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// All alike.
    #[default]
    Even,
    /// Every class the same in sum: [`ClassLoss::balanced`] over the training labels.
    Balanced,
}

impl LossRecipe {
    /// The loss for these training labels.
    ///
    /// ```
    /// use ulmfit_train::{ClassWeights, LossRecipe};
    ///
    /// let balanced = LossRecipe { smoothing: 0.1, weights: ClassWeights::Balanced };
    /// let loss = balanced.of(&[0, 0, 0, 1], 2);
    /// assert_eq!((loss.smoothing, loss.weights), (0.1, vec![2.0 / 3.0, 2.0]));
    /// ```
    pub fn of(self, labels: &[u32], classes: usize) -> ClassLoss {
        let loss = match self.weights {
            ClassWeights::Even => ClassLoss::default(),
            ClassWeights::Balanced => ClassLoss::balanced(labels, classes),
        };
        ClassLoss {
            smoothing: self.smoothing,
            ..loss
        }
    }
}

impl ClassifierRecipe {
    /// The dropouts, the factor included.
    pub fn scaled_dropouts(&self) -> Dropouts {
        self.dropouts.scaled(self.drop_mult)
    }
}
