//! ULMFiT in pure Rust: a text classifier from few labels and much unlabelled text, without Python.
//!
//! ULMFiT (Howard & Ruder 2018) trains in three steps: a language model on general text, the same model on the target
//! text, and a classifier on its encoder. The crates follow the data:
//!
//! 1. [`text`]: raw text to tokens to ids.
//! 2. [`data`]: files to corpora, ids to batches.
//! 3. [`model`]: AWD-LSTM language model and classifier; [`kernels`] are the operations that take its time.
//! 4. [`train`]: schedules, layer groups, optimizer, the loops, and [`train::Ulmfit`], all three steps in one call.
//!
//! [`prelude`] holds what most programs name. Everything that [`train::Ulmfit`] does is made of public parts.
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

pub use burn;
pub use ulmfit_data as data;
pub use ulmfit_kernels as kernels;
pub use ulmfit_model as model;
pub use ulmfit_text as text;
pub use ulmfit_train as train;

/// What most programs name.
pub mod prelude {
    pub use burn::tensor::Device;
    pub use ulmfit_data::{
        Corpus, CsvColumns, Document, Label, LabelKind, LmLoaderConfig, ReviewSet,
    };
    pub use ulmfit_model::{
        AwdLstmConfig, ClassifierConfig, Dropouts, Ensemble, Generator, LanguageModelConfig, Mode,
        Prediction, Predictor, Regressor, Sampling, Task, TextClassifier, TextEncoding,
        TextLanguageModel,
    };
    pub use ulmfit_text::{Direction, RulePreset, Tokenizer, TokenizerConfig, Vocab, VocabConfig};
    pub use ulmfit_train::{
        Adam, AdamConfig, Checkpoints, LayerGroups, Learned, Recipe, Resume, Sizes, Stage, Trained,
        Ulmfit,
    };
}
