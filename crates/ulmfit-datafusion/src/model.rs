//! Models by name, each known by the digest of its file.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use ulmfit::model::{Prediction, Predictor, Regressor, Task, TextClassifier};
use ulmfit::prelude::Device;

use crate::error::{Error, Result};

/// A model that answers, on the CPU.
#[derive(Debug)]
pub struct Model {
    kind: Kind,
    task: Task,
    digest: String,
}

#[derive(Debug)]
enum Kind {
    Classes(Predictor),
    Numbers(Regressor),
}

/// What a model says of many texts.
pub(crate) enum Answers {
    Classes(Vec<Prediction>),
    Numbers(Vec<Vec<f32>>),
}

impl Model {
    /// Returns the model of a file.
    ///
    /// # Errors
    /// [`Error::Read`] or [`Error::Model`], naming the file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        let digest = Sha256::digest(&bytes);
        drop(bytes);
        let failed = |source| Error::Model {
            path: path.to_owned(),
            source,
        };
        let classifier = TextClassifier::load(path, &Device::default().inner()).map_err(failed)?;
        Ok(Self {
            kind: Kind::of(&classifier).map_err(failed)?,
            task: classifier.model.config().task,
            digest: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }

    /// Returns the same model with weights of 8 bits: faster, and another model to a query.
    #[must_use]
    pub fn quantized(self) -> Self {
        let kind = match self.kind {
            Kind::Classes(predictor) => Kind::Classes(predictor.quantized()),
            Kind::Numbers(regressor) => Kind::Numbers(regressor.quantized()),
        };
        Self {
            kind,
            task: self.task,
            digest: format!("{}-int8", self.digest),
        }
    }

    /// Returns SHA-256 of the file in hexadecimal, with `-int8` for a quantized model.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    pub(crate) fn task(&self) -> Task {
        self.task
    }

    /// The names of the classes or numbers.
    pub(crate) fn names(&self) -> &[String] {
        match &self.kind {
            Kind::Classes(predictor) => predictor.classes(),
            Kind::Numbers(regressor) => regressor.names(),
        }
    }

    pub(crate) fn answer(&self, texts: &[&str]) -> Answers {
        match &self.kind {
            Kind::Classes(predictor) => Answers::Classes(predictor.predict_all(texts)),
            Kind::Numbers(regressor) => Answers::Numbers(regressor.predict_all(texts)),
        }
    }
}

impl Kind {
    fn of(classifier: &TextClassifier) -> ulmfit::model::Result<Self> {
        Ok(match classifier.model.config().task {
            Task::Regression { .. } => Self::Numbers(Regressor::new(classifier)?),
            _ => Self::Classes(Predictor::new(classifier)?),
        })
    }
}

/// Models by name. Two of them are equal if they hold the same files under the same names.
#[derive(Clone, Debug, Default)]
pub struct Models {
    by_name: BTreeMap<String, Arc<Model>>,
}

impl Models {
    /// Returns no model.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns these models and one more.
    ///
    /// # Errors
    /// [`Error::Twice`] for a name that is taken, [`Error::Name`] for one that is empty or holds `@`.
    pub fn with(mut self, name: &str, model: Model) -> Result<Self> {
        if name.is_empty() || name.contains('@') {
            return Err(Error::Name { name: name.into() });
        }
        if self.by_name.contains_key(name) {
            return Err(Error::Twice { name: name.into() });
        }
        self.by_name.insert(name.to_owned(), Arc::new(model));
        Ok(self)
    }

    pub(crate) fn find(&self, name: &str) -> Option<(&str, &Arc<Model>)> {
        let found = self.by_name.get_key_value(name);
        found.map(|(name, model)| (name.as_str(), model))
    }

    /// Returns the names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    fn digests(&self) -> impl Iterator<Item = (&str, &str)> {
        let models = self.by_name.iter();
        models.map(|(name, model)| (name.as_str(), model.digest()))
    }
}

impl PartialEq for Models {
    fn eq(&self, other: &Self) -> bool {
        self.digests().eq(other.digests())
    }
}

impl Eq for Models {}

impl Hash for Models {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for pair in self.digests() {
            pair.hash(state);
        }
    }
}
