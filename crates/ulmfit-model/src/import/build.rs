//! From weights and a vocabulary to a model.

use burn::module::Param;
use burn::tensor::{Device, Tensor};
use ulmfit_text::{TokenizerConfig, Vocab};

use super::fault::Fault;
use super::names::{Generation, WeightsKind};
use super::vocabulary::FastaiVocabulary;
use super::weights::FastaiWeights;
use crate::classify::classifier::ClassifierConfig;
use crate::classify::head::HeadConfig;
use crate::classify::pooling::Pooling;
use crate::error::Result;
use crate::file::layout::{self, DECODER_BIAS, DECODER_WEIGHT, EMBEDDING};
use crate::language_model::LanguageModelConfig;
use crate::text_model::{TextClassifier, TextEncoding, TextLanguageModel};

impl FastaiWeights {
    /// The language model of this file. An encoder alone gets a decoder whose bias is zero, as do files of v0.7, which
    /// have none. Dropouts and regularization are the defaults.
    ///
    /// Without a `tokenizer`, texts go through the rules of the generation that saved the weights.
    ///
    /// # Errors
    /// [`crate::Error::ModelFile`] if the file holds a classifier, misses a tensor, has one too many or one of another
    /// shape; if the vocabulary has another size than the embedding, or belongs to another generation and no tokenizer
    /// is given.
    pub fn language_model(
        &self,
        vocabulary: &FastaiVocabulary,
        tokenizer: Option<TokenizerConfig>,
        device: &Device,
    ) -> Result<TextLanguageModel> {
        let at = |fault: Fault| fault.at(self.path());
        self.expect(
            self.kind() != WeightsKind::Classifier,
            "a language model or an encoder",
        )
        .map_err(at)?;
        let text = self.encoding(&vocabulary.vocab, tokenizer).map_err(at)?;
        let sizes = self.sizes().map_err(at)?;
        let mut table = layout::language_model(&sizes, self.layout.prefix);
        let has_bias = self.shape(DECODER_BIAS).is_some();
        table.retain(|entry| has_bias || entry.name != "decoder.bias");
        self.check(&table, &[]).map_err(at)?;
        self.check_tied().map_err(at)?;
        let rows = sizes.vocabulary;
        let config = LanguageModelConfig::new(sizes);
        config.validate()?;
        let mut model = config.skeleton(device)?;
        model.decoder_bias = Param::from_tensor(Tensor::zeros([rows], device));
        let model = self.fill(model, &table)?;
        TextLanguageModel::new(text, model)
    }

    /// The classifier of this file. Without `classes`, they are those of the vocabulary file, or else numbers from 0.
    ///
    /// # Errors
    /// As [`Self::language_model`]; [`crate::Error::Config`] if there is not one name for each class.
    pub fn classifier(
        &self,
        vocabulary: &FastaiVocabulary,
        classes: Option<Vec<String>>,
        tokenizer: Option<TokenizerConfig>,
        device: &Device,
    ) -> Result<TextClassifier> {
        let at = |fault: Fault| fault.at(self.path());
        self.expect(self.kind() == WeightsKind::Classifier, "a classifier")
            .map_err(at)?;
        let text = self.encoding(&vocabulary.vocab, tokenizer).map_err(at)?;
        let sizes = self.sizes().map_err(at)?;
        let pooled = Pooling::Concat.width(sizes.embed);
        let blocks = self.head_blocks(pooled).map_err(at)?;
        let mut table = layout::encoder(&sizes, self.layout.prefix);
        table.extend(layout::head(&blocks));
        let counts: Vec<String> = blocks.iter().map(layout::batch_count).collect();
        self.check(&table, &counts).map_err(at)?;
        sizes.validate()?;
        let mut hidden: Vec<usize> = blocks.iter().map(|block| block.output).collect();
        let outputs = hidden.pop().unwrap_or_default();
        let config = ClassifierConfig {
            head: HeadConfig {
                hidden,
                ..HeadConfig::default()
            },
            ..ClassifierConfig::new(outputs)
        };
        let biases = blocks.iter().map(|block| block.has_bias);
        let model = self.fill(config.skeleton(&sizes, biases, device)?, &table)?;
        let classes = classes
            .or_else(|| vocabulary.classes.clone())
            .unwrap_or_else(|| (0..outputs).map(|class| class.to_string()).collect());
        TextClassifier::new(text, model, classes)
    }

    fn expect(&self, holds: bool, expected: &str) -> Result<(), Fault> {
        if holds {
            return Ok(());
        }
        Err(Fault::new(
            "names of the tensors",
            expected,
            self.kind().to_string(),
            "import it as what it is",
        ))
    }

    /// Vocabulary and rules, which must be those of the weights.
    fn encoding(
        &self,
        vocab: &Vocab,
        tokenizer: Option<TokenizerConfig>,
    ) -> Result<TextEncoding, Fault> {
        let name = format!("{}{EMBEDDING}", self.layout.prefix);
        let rows = self.shape(&name).and_then(|shape| shape.first().copied());
        if rows != Some(vocab.len()) {
            return Err(Fault::new(
                format!("tensor `{name}`"),
                format!("{} rows, one for each token of the vocabulary", vocab.len()),
                format!("{} rows", rows.unwrap_or_default()),
                "take the vocabulary that the weights were trained with",
            ));
        }
        let own = self.generation();
        let tokenizer = match (tokenizer, Generation::of_vocabulary(vocab)) {
            (Some(tokenizer), _) => tokenizer,
            (None, Some(other)) if other != own => {
                return Err(Fault::new(
                    "vocabulary",
                    format!("one of {own}, as the names of the weights"),
                    format!("the special tokens of {other}"),
                    "take the vocabulary of the weights, or say which rules their texts went through",
                ));
            }
            (None, _) => TokenizerConfig::new().with_rules(own.rules()),
        };
        Ok(TextEncoding::new(tokenizer, vocab.clone()))
    }

    /// The decoder's weight must be the embedding: this model stores it once.
    fn check_tied(&self) -> Result<(), Fault> {
        let embedding = self.values(&format!("{}{EMBEDDING}", self.layout.prefix));
        let decoder = self.values(DECODER_WEIGHT);
        if decoder.is_none() || decoder == embedding {
            return Ok(());
        }
        Err(Fault::new(
            format!("tensor `{DECODER_WEIGHT}`"),
            "the numbers of the embedding, to which it is tied",
            "others",
            "train the language model with `tie_weights`, or import its encoder alone",
        ))
    }
}
