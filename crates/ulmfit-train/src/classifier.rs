//! The classifier as a learner: labeled documents.

use ulmfit_data::{ClassBatch, ClassLoader};
use ulmfit_model::{Classifier, Mode};

use crate::classifier_scores::{ClassifierScores, evaluate_classifier};
use crate::error::Result;
use crate::groups::LayerGroups;
use crate::learner::{BatchLoss, Learner};
use crate::settings::Settings;
use crate::task::{check, targets};

/// A classifier and its labeled documents. Gradual unfreezing is a list of stages.
///
/// ```
/// use burn::tensor::Device;
/// use ulmfit_data::ClassLoaderConfig;
/// use ulmfit_model::{AwdLstmConfig, ClassifierConfig, Random};
/// use ulmfit_train::schedule::GroupRates;
/// use ulmfit_train::{ClassifierLearner, Run, Stage, Trained, Training, fit};
///
/// let device = Device::default().autodiff();
/// let encoder = AwdLstmConfig::new(20).with_sizes(8, 16, 1).init(&mut Random::new(1), &device)?;
/// let model = ClassifierConfig::new(2).init(encoder, 2, &device)?;
/// let documents: Vec<Vec<u32>> = (0..40).map(|i| vec![9 + i % 2; 6]).collect();
/// let labels: Vec<u32> = (0..40).map(|i| i % 2).collect();
/// let loader = ClassLoaderConfig::new().with_batch_size(8).build(documents, labels)?;
///
/// let head = Stage::one_cycle("head", 2, Trained::Last(1), GroupRates::Same(2e-2));
/// let learner = ClassifierLearner::new(&loader).with_valid(&loader);
/// let fitted = fit(&learner, model, &Training::new([head]), &mut Run::default())?;
/// assert_eq!(fitted.scores.map(|scores| scores.probabilities.len()), Some(40));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ClassifierLearner<'a> {
    train: &'a ClassLoader,
    valid: Option<&'a ClassLoader>,
}

impl<'a> ClassifierLearner<'a> {
    /// A classifier of these documents, without validation.
    pub fn new(train: &'a ClassLoader) -> Self {
        Self { train, valid: None }
    }

    /// With documents to validate on, or none.
    #[must_use]
    pub fn with_valid(self, valid: impl Into<Option<&'a ClassLoader>>) -> Self {
        let valid = valid.into();
        Self { valid, ..self }
    }
}

impl Learner for ClassifierLearner<'_> {
    type Model = Classifier;
    type Batch = ClassBatch;
    type Carry = ();
    type Scores = ClassifierScores;

    fn groups(&self, model: &Classifier) -> LayerGroups {
        LayerGroups::classifier(model)
    }

    fn n_batches(&self, _: usize) -> usize {
        self.train.n_batches()
    }

    fn batches(&self, epoch: usize, first: usize) -> impl Iterator<Item = ClassBatch> {
        self.train.epoch_from(epoch, first)
    }

    fn loss(
        &self,
        model: &Classifier,
        batch: &ClassBatch,
        _: &mut Option<()>,
        mode: &mut Mode,
    ) -> BatchLoss {
        let targets = targets(&batch.labels);
        let loss = model.loss(&batch.inputs, &batch.lengths, targets, mode);
        BatchLoss::new(loss.objective, batch.labels.len())
            .with_value(loss.value)
            .with_tokens(batch.lengths.iter().sum())
    }

    fn evaluate(&self, model: &Classifier) -> Option<ClassifierScores> {
        self.valid.map(|valid| evaluate_classifier(model, valid))
    }

    fn describe(&self, model: &Classifier, settings: &mut Settings) {
        settings.add("model", &model.encoder.config());
        settings.add("classifier", model.config());
        settings.add("training batches", self.train.config());
        settings.add("training documents", &self.train.fingerprint());
        settings.add("validation batches", &self.valid.map(ClassLoader::config));
        let valid = self.valid.map(ClassLoader::fingerprint);
        settings.add("validation documents", &valid);
    }

    fn check(&self, model: &Classifier) -> Result<()> {
        let mut all = [Some(self.train), self.valid].into_iter().flatten();
        all.try_for_each(|data| check(model, data))
    }
}
