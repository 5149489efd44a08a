//! ULMFiT in pure Rust: a text classifier from few labels and much unlabeled text, without Python.
//!
//! ULMFiT (Howard & Ruder 2018) trains in three steps: a language model on general text, the same model on the target
//! text, and a classifier on its encoder.
//!
//! # A tour
//!
//! All three steps in one call, and a prediction:
//!
//! ```
//! use ulmfit::prelude::*;
//!
//! let document = |text: &str, label| Document::labeled(text, label);
//! let good = (0..8).map(|n| document(&format!("A lovely film, part {n}, I loved it."), 1));
//! let bad = (0..8).map(|n| document(&format!("A dreadful film, part {n}, I hated it."), 0));
//! let corpus = Corpus::new(good.chain(bad).collect(), vec!["neg".into(), "pos".into()])?;
//!
//! let mut recipe = Recipe::default().with_sizes(Sizes { embed: 8, hidden: 16, layers: 1 });
//! recipe.language_model.batch_size = 4;
//! let learned = Ulmfit::builder().recipe(recipe).fit(&corpus, &Device::default())?;
//! let prediction = Predictor::new(&learned.classifier)?.predict("A lovely film.");
//! assert!(["neg", "pos"].contains(&prediction.label.as_str()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! One level down the steps are functions, and a model is a file that the next step reads:
//!
//! ```no_run
//! use ulmfit::prelude::*;
//! use ulmfit::train::observe::Console;
//! use ulmfit::train::{Run, steps};
//!
//! let (recipe, device, mut console) = (Recipe::default(), Device::default(), Console::new());
//! let mut run = Run::new(&mut console);
//! let (train, valid) = Source::new("reviews.csv").with_label("label").corpus()?.split(0.1, 0);
//!
//! let general = TextLanguageModel::load("english.safetensors", &device)?;
//! let adapted = steps::adapt(&recipe, &general, &train.texts(), &device, &mut run)?;
//! let scored = steps::classify(&recipe, &adapted, &train, Some(&valid), &device, &mut run)?;
//! scored.model.save("reviews.safetensors")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! And everything that the steps do is made of public parts. The crates follow the data:
//!
//! 1. [`text`]: raw text to tokens to ids. [`text::TokenizerConfig`], [`text::Vocab`].
//! 2. [`data`]: files to corpora, ids to batches. [`data::Corpus`], [`data::LmLoader`], [`data::ClassLoader`].
//! 3. [`model`]: AWD-LSTM language model and classifier, their file, prediction. [`model::LanguageModel`],
//!    [`model::Classifier`], [`model::Predictor`]; [`kernels`] are the operations that take their time.
//! 4. [`train`]: schedules, layer groups, optimizers, the loops, recipes. [`train::Stage`], [`train::Recipe`],
//!    [`train::Ulmfit`].
//!
//! [`prelude`] holds what most programs name. The examples `01_tokenize` to `05_predict` show these steps one by
//! one; the folder `docs` is a book.
//!
//! # Devices and features
//!
//! No line of these crates names a backend: functions take a `Device` of [`burn`], and a Cargo feature makes one
//! available, by name in [`device`]: `flex` (CPU, default), `ndarray`, `wgpu`, `vulkan`, `metal`, `cuda`; matrix products in
//! half precision have theirs in [`precision`]. Further features: `console` (progress
//! on the terminal, default), `english` (the pretrained model, [`train::Pretrained::english`]), `parquet`, `subwords`.

#[cfg(doctest)]
mod book;
pub mod device;
pub mod precision;

pub use burn;
pub use ulmfit_data as data;
pub use ulmfit_kernels as kernels;
pub use ulmfit_model as model;
pub use ulmfit_text as text;
pub use ulmfit_train as train;

/// What most programs name.
pub mod prelude {
    pub use burn::tensor::Device;
    pub use ulmfit_data::{Corpus, Document, Label, LabelKind, LmLoaderConfig, ReviewSet, Source};
    pub use ulmfit_model::{
        AwdLstmConfig, ClassifierConfig, Dropouts, Ensemble, Generator, LanguageModelConfig, Mode,
        Prediction, Predictor, Regressor, Sampling, Task, TextClassifier, TextEncoding,
        TextLanguageModel,
    };
    pub use ulmfit_text::{Direction, RulePreset, Tokenizer, TokenizerConfig, Vocab, VocabConfig};
    pub use ulmfit_train::{
        AdamConfig, Amount, Checkpoints, LayerGroups, Learned, Pretrained, Recipe, Resume, Run,
        SizePreset, Sizes, Stage, Trained, Training, Ulmfit,
    };
}
