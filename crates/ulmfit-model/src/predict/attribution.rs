//! Which words decided: the gradient of a class's probability at each word's embedding.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use ulmfit_text::{Direction, TokenGrid, word_spans};

use crate::classify::classifier::Classifier;
use crate::encoder::awd_lstm::int_tensor;
use crate::encoder::dropout::Mode;
use crate::predict::top_class::top_class;
use crate::text_model::TextClassifier;

/// A word of a text and how much it decided.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct WordWeight {
    /// The word, special tokens undone.
    pub word: String,
    /// Between 0 and 1; the most important word's is 1.
    pub weight: f32,
}

/// The weights of the words of `text` for `class`, or else for the most probable one.
pub(crate) fn attribute(
    classifier: &TextClassifier,
    text: &str,
    class: Option<usize>,
) -> Vec<WordWeight> {
    let encoding = &classifier.text;
    let mut tokens = encoding.tokenizer().tokenize(text);
    let ids = encoding.vocab().encode(&tokens);
    let mut of_tokens = token_weights(&classifier.model, &ids, class);
    if encoding.tokenizer_config().direction == Direction::Backward {
        tokens.reverse();
        of_tokens.reverse();
    }
    let mut words: Vec<WordWeight> = word_spans(&tokens)
        .into_iter()
        .map(|span| WordWeight {
            word: span.text,
            weight: of_tokens[span.tokens].iter().sum(),
        })
        .collect();
    let largest = words
        .iter()
        .fold(0.0, |max: f32, word| max.max(word.weight));
    if largest > 0.0 {
        words.iter_mut().for_each(|word| word.weight /= largest);
    }
    words
}

/// For each token the absolute gradient of the class's probability at its embedding, summed over the width.
fn token_weights(model: &Classifier, ids: &[u32], class: Option<usize>) -> Vec<f32> {
    // A vocabulary of this document's own, one row for each position: its gradient is then that of each position.
    let rows = model.encoder.embedding.val();
    let rows = rows.clone().select(0, int_tensor(ids, &rows.device()));
    let mut model = model.clone().train().no_grad();
    model.encoder.embedding = Param::from_tensor(Tensor::from_inner(rows));
    let positions = (0..ids.len() as u32).collect();
    let grid = TokenGrid::new(1, ids.len(), positions);
    let logits = model.logits(&grid, &[ids.len()], &mut Mode::Eval);
    let outputs = model.config().task.activate(logits);
    let values: Vec<f32> = outputs.clone().detach().into_data().iter::<f32>().collect();
    let class = class.or_else(|| top_class(&values)).unwrap_or(0);
    let gradients = outputs.slice([0..1, class..class + 1]).sum().backward();
    let embedding = model.encoder.embedding.val();
    match embedding.grad(&gradients) {
        Some(gradient) => {
            let sums = gradient.abs().sum_dim(1).into_data();
            sums.iter::<f32>().collect()
        }
        None => vec![0.0; ids.len()],
    }
}
