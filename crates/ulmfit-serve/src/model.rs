//! The model that answers: one classifier, the mean of two, or a regression.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use serde_json::{Value, json};
use ulmfit_model::{
    Ensemble, ModelInfo, ModelKind, Predictor, Regressor, Task, TextClassifier, WordWeight,
    uninterrupted,
};

use crate::answer::Answer;
use crate::error::Result;

/// A model as it serves. It holds no state: threads share it, and a text's answer does not depend on other texts.
#[derive(Debug)]
pub struct Model {
    kind: Kind,
    files: Vec<PathBuf>,
    device: Device,
    quantized: bool,
}

#[derive(Debug)]
enum Kind {
    Classes {
        members: Vec<Predictor>,
        mean: Ensemble,
    },
    Numbers(Box<Regressor>),
}

impl Kind {
    fn of(classifiers: &[TextClassifier]) -> Result<Self> {
        if let [one] = classifiers
            && matches!(one.model.config().task, Task::Regression { .. })
        {
            return Ok(Self::Numbers(Box::new(Regressor::new(one)?)));
        }
        let members = classifiers.iter().map(Predictor::new);
        Self::of_members(members.collect::<Result<_, _>>()?)
    }

    fn of_members(members: Vec<Predictor>) -> Result<Self> {
        let mean = Ensemble::new(members.clone())?;
        Ok(Self::Classes { members, mean })
    }
}

impl Model {
    /// Reads the file of a classifier or regression, or of several classifiers of the same classes, whose mean answers.
    ///
    /// # Errors
    /// [`Error::Model`](crate::Error::Model) naming the file, or as [`Self::new`].
    pub fn load<P: AsRef<Path>>(files: &[P], device: &Device) -> Result<Self> {
        let kind = match files {
            // A regression is a model of its own; a classifier may be of either kind.
            [file] if ModelInfo::read(file)?.kind == ModelKind::Classifier => {
                let one = TextClassifier::load(file, &device.clone().inner())?;
                Kind::of(&[one])?
            }
            files => {
                let read = |file: &P| Predictor::load(file, device);
                Kind::of_members(files.iter().map(read).collect::<Result<_, _>>()?)?
            }
        };
        let mut model = Self::of(kind, device);
        model.files = files.iter().map(|file| file.as_ref().to_owned()).collect();
        Ok(model)
    }

    /// A model of trained classifiers that are in memory.
    ///
    /// # Errors
    /// [`Error::Model`](crate::Error::Model) if there is none, they differ in their classes, or one of several is a
    /// regression.
    pub fn new(classifiers: &[TextClassifier], device: &Device) -> Result<Self> {
        Ok(Self::of(Kind::of(classifiers)?, device))
    }

    fn of(kind: Kind, device: &Device) -> Self {
        Self {
            kind,
            files: Vec::new(),
            device: device.clone(),
            quantized: false,
        }
    }

    /// The same with int8 weights, as [`Predictor::quantized`].
    #[must_use]
    pub fn quantized(self) -> Self {
        let kind = match self.kind {
            Kind::Classes { members, mean } => Kind::Classes {
                members: members.into_iter().map(Predictor::quantized).collect(),
                mean: mean.quantized(),
            },
            Kind::Numbers(regressor) => Kind::Numbers(Box::new(regressor.quantized())),
        };
        Self {
            kind,
            quantized: true,
            ..self
        }
    }

    /// The model of the same files as they are now; none if it was made in memory.
    pub(crate) fn again(&self) -> Option<Result<Self>> {
        (!self.files.is_empty()).then(|| {
            let model = Self::load(&self.files, &self.device)?;
            Ok(match self.quantized {
                true => model.quantized(),
                false => model,
            })
        })
    }

    /// The names of the classes, or of a regression's numbers.
    pub fn names(&self) -> &[String] {
        match &self.kind {
            Kind::Classes { mean, .. } => mean.classes(),
            Kind::Numbers(regressor) => regressor.names(),
        }
    }

    /// The files it was read from; none for a model made in memory.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// `single_label`, `multi_label` or `regression`.
    pub fn task(&self) -> &'static str {
        match &self.kind {
            Kind::Classes { members, .. } => match members[0].task() {
                Task::MultiLabel => "multi_label",
                _ => "single_label",
            },
            Kind::Numbers(_) => "regression",
        }
    }

    /// Whether the words of a text can be weighed: true unless it is a regression.
    pub fn weighs_words(&self) -> bool {
        matches!(self.kind, Kind::Classes { .. })
    }

    /// The answers to texts, in their order and without weights of words.
    pub fn answers<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Vec<Answer> {
        uninterrupted(|go_on| self.answers_while(texts, go_on))
    }

    /// As [`Self::answers`]; none once `go_on`, which is asked before each window of the texts, says no.
    pub fn answers_while<S: AsRef<str> + Sync>(
        &self,
        texts: &[S],
        go_on: &dyn Fn() -> bool,
    ) -> Option<Vec<Answer>> {
        Some(match &self.kind {
            Kind::Classes { mean, .. } => {
                let all = mean.predict_all_while(texts, go_on)?.into_iter();
                let answer = |prediction| Answer::Class {
                    prediction,
                    words: None,
                };
                all.map(answer).collect()
            }
            Kind::Numbers(regressor) => {
                let all = regressor.predict_all_while(texts, go_on)?.into_iter();
                all.map(Answer::Numbers).collect()
            }
        })
    }

    /// The tokens of a text: those that are read, which costs time, or with `listed` all of them, which an answer with
    /// the weights of words lists.
    pub(crate) fn tokens(&self, text: &str, listed: bool) -> usize {
        match &self.kind {
            Kind::Classes { members, .. } => {
                let each = members.iter().map(|member| match member.tokens(text) {
                    all if listed => all,
                    all => member.cut().len_of(all),
                });
                each.max().unwrap_or(0)
            }
            Kind::Numbers(regressor) => regressor.cut().len_of(regressor.tokens(text)),
        }
    }

    /// How much each word of a text decided for the class of this name, the most important word's weight being 1.
    ///
    /// Of several members the mean counts, if they split the text into the same words, and else the first one's. None
    /// once `go_on` says no.
    pub(crate) fn words_while(
        &self,
        text: &str,
        class: &str,
        go_on: &dyn Fn() -> bool,
    ) -> Option<Vec<WordWeight>> {
        let Kind::Classes { members, .. } = &self.kind else {
            return Some(Vec::new());
        };
        let of = |member: &Predictor| {
            let class = member.classes().iter().position(|name| name == class);
            member.attribution_while(text, class, go_on)
        };
        let Some((first, others)) = members.split_first() else {
            return Some(Vec::new());
        };
        let mut words = of(first)?;
        if others.is_empty() {
            return Some(words);
        }
        for other in others {
            let other = of(other)?;
            let pairs = || words.iter().zip(&other);
            if words.len() == other.len() && pairs().all(|(a, b)| a.word == b.word) {
                let sums: Vec<f32> = pairs().map(|(a, b)| a.weight + b.weight).collect();
                for (word, sum) in words.iter_mut().zip(sums) {
                    word.weight = sum;
                }
            }
        }
        let largest = words.iter().fold(0.0, |max: f32, w| max.max(w.weight));
        if largest > 0.0 {
            words.iter_mut().for_each(|word| word.weight /= largest);
        }
        Some(words)
    }

    /// The files' names without their folders.
    pub(crate) fn file_names(&self) -> Vec<String> {
        let name = |file: &PathBuf| {
            let name = file.file_name().unwrap_or(file.as_os_str());
            name.to_string_lossy().into_owned()
        };
        self.files.iter().map(name).collect()
    }

    /// What the model is, for readers and monitors: `files` (without their folders), `task`, `names`, and in `words`
    /// whether it weighs them.
    pub fn facts(&self) -> Value {
        json!({
            "files": self.file_names(),
            "task": self.task(),
            "names": self.names(),
            "words": self.weighs_words(),
        })
    }
}
