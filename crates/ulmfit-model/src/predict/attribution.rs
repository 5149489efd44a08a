//! Which words decided: the gradient of a class's probability at each word's embedding.
//!
//! State is detached between the chunks of a document, so that a chunk's gradient comes from its own part of the pooled
//! vector alone. The document is read twice: once forward for the pooled vector and the gradient of the probability
//! there, once chunk by chunk for the gradient at its words. Memory holds one chunk's graph, whatever the document.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use ulmfit_text::{Direction, TokenGrid, word_spans_within};

use crate::classify::classifier::Classifier;
use crate::classify::document::chunk_window;
use crate::classify::pooling::{ConcatPool, Pooling};
use crate::encoder::dropout::Mode;
use crate::encoder::state::HiddenState;
use crate::go_on::GoOn;
use crate::predict::top_class::top_class;
use crate::random::{from_values, int_tensor};
use crate::text_model::TextClassifier;

/// A word of a text and how much it decided.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct WordWeight {
    /// The word, special tokens undone.
    pub word: String,
    /// Between 0 and 1; the most important word's is 1.
    pub weight: f32,
}

/// The weights of the words of `text` for `class`, or else for the most probable one; none if they were given up.
pub(crate) fn attribute(
    classifier: &TextClassifier,
    text: &str,
    class: Option<usize>,
    go_on: GoOn<'_>,
) -> Option<Vec<WordWeight>> {
    let encoding = &classifier.text;
    let mut tokens = encoding.tokenizer().tokenize(text);
    let ids = encoding.vocab().encode(&tokens);
    let cut = classifier.model.config().cut;
    let mut of_tokens = vec![0.0; ids.len()];
    let places = cut.spans(ids.len()).into_iter().flatten();
    let weights = token_weights(&classifier.model, &cut.apply(ids), class, go_on)?;
    for (place, weight) in places.zip(weights) {
        of_tokens[place] = weight;
    }
    if encoding.tokenizer_config().direction == Direction::Backward {
        tokens.reverse();
        of_tokens.reverse();
    }
    // Runs of a text are no longer than it is. What only looks like the mark of one is not written out beyond that.
    let mut words: Vec<WordWeight> = word_spans_within(&tokens, 2 * text.len())
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
    Some(words)
}

/// A chunk of which something is pooled.
struct Chunk {
    from: usize,
    to: usize,
    /// Before its first token.
    state: HiddenState,
    /// The largest value of each feature at its pooled positions.
    largest: Vec<f32>,
}

/// The gradient of the class's probability at each part of the pooled vector.
struct PooledGradient {
    last: Vec<f32>,
    max: Vec<f32>,
    /// At each pooled position.
    mean: Vec<f32>,
}

/// For each token the absolute gradient of the class's probability at its embedding, summed over the width.
fn token_weights(
    model: &Classifier,
    ids: &[u32],
    class: Option<usize>,
    go_on: GoOn<'_>,
) -> Option<Vec<f32>> {
    let rows = model.encoder.embedding.val();
    // Nothing is tracked but what asks for it.
    let mut model = model.clone().train().no_grad();
    let (chunks, pooled) = read(&model, ids, go_on)?;
    let pooled_tokens = ids.len().min(model.config().window.max_len);
    let gradient = pooled_gradient(&model, pooled, class, pooled_tokens);
    let owners = owners(&chunks);
    let mut weights = vec![0.0; ids.len()];
    for (index, chunk) in chunks.iter().enumerate() {
        if !go_on() {
            return None;
        }
        let ids = &ids[chunk.from..chunk.to];
        let rows = rows.clone().select(0, int_tensor(ids, &rows.device()));
        // A vocabulary of this chunk's own, one row for each position: its gradient is then that of each position.
        model.encoder.embedding = Param::from_tensor(Tensor::from_inner(rows));
        let mine = owners.iter().map(|owner| *owner == index);
        let found = chunk_weights(&model, chunk, weights.len(), &gradient, mine);
        weights[chunk.from..chunk.to].copy_from_slice(&found);
    }
    Some(weights)
}

/// Reads a document forward: the chunks of which something is pooled, and the pooled vector, `[1, 3E]` or `[1, E]`.
fn read(model: &Classifier, ids: &[u32], go_on: GoOn<'_>) -> Option<(Vec<Chunk>, Tensor<2>)> {
    let (encoder, window) = (&model.encoder, model.config().window);
    let mut state = encoder.initial_state(1);
    let mut pool: Option<ConcatPool> = None;
    let mut chunks = Vec::new();
    for from in (0..ids.len()).step_by(window.bptt) {
        if !go_on() {
            return None;
        }
        let to = ids.len().min(from + window.bptt);
        let grid = TokenGrid::new(1, to - from, ids[from..to].to_vec());
        let (hidden, next) =
            encoder.forward(&grid, &state, &model.config().dropouts, &mut Mode::Eval);
        let here = chunk_window(&[ids.len()], from, to, window.max_len);
        if let Some(span) = here.spans.first().filter(|span| !span.is_empty()) {
            let [_, _, width] = hidden.dims();
            let pooled = hidden.clone().slice([span.clone(), 0..1, 0..width]);
            let largest = pooled.max_dim(0).into_data().iter::<f32>().collect();
            chunks.push(Chunk {
                from,
                to,
                state,
                largest,
            });
            let pool = pool.get_or_insert_with(|| ConcatPool::new(model.config().pooling, &hidden));
            pool.add(hidden, &here);
        }
        state = next;
    }
    Some((chunks, pool?.finish_rows(0)))
}

/// The gradient of the probability of `class`, or else of the most probable one, at the pooled vector.
fn pooled_gradient(
    model: &Classifier,
    pooled: Tensor<2>,
    class: Option<usize>,
    pooled_tokens: usize,
) -> PooledGradient {
    let config = model.config();
    let pooled = pooled.detach().require_grad();
    let (first, rest) = (config.dropouts.output, config.head.dropout);
    let logits = model
        .head
        .forward(pooled.clone(), first, rest, &mut Mode::Eval);
    let outputs = config.task.activate(logits);
    let values: Vec<f32> = outputs.clone().detach().into_data().iter::<f32>().collect();
    let class = class.or_else(|| top_class(&values)).unwrap_or(0);
    let gradients = outputs.slice([0..1, class..class + 1]).sum().backward();
    let gradient: Vec<f32> = match pooled.grad(&gradients) {
        Some(gradient) => gradient.into_data().iter::<f32>().collect(),
        None => vec![0.0; pooled.dims()[1]],
    };
    let nothing = |like: &[f32]| vec![0.0; like.len()];
    let (last, max, mean) = match config.pooling {
        Pooling::Concat => {
            let (last, rest) = gradient.split_at(gradient.len() / 3);
            let (max, mean) = rest.split_at(last.len());
            (last.to_vec(), max.to_vec(), mean.to_vec())
        }
        Pooling::Max => (nothing(&gradient), gradient.clone(), nothing(&gradient)),
        Pooling::Mean => (nothing(&gradient), nothing(&gradient), gradient),
    };
    PooledGradient {
        last,
        max,
        mean: mean.iter().map(|g| g / pooled_tokens as f32).collect(),
    }
}

/// For each feature the chunk that has its largest value; of equals the first.
fn owners(chunks: &[Chunk]) -> Vec<usize> {
    let features = chunks.first().map_or(0, |chunk| chunk.largest.len());
    let owner = |feature: usize| {
        let mut best = 0;
        for (index, chunk) in chunks.iter().enumerate() {
            if chunk.largest[feature] > chunks[best].largest[feature] {
                best = index;
            }
        }
        best
    };
    (0..features).map(owner).collect()
}

/// The weights of a chunk's tokens, of which `model` has the embeddings alone; `mine` says whose largest values it has.
fn chunk_weights(
    model: &Classifier,
    chunk: &Chunk,
    document: usize,
    gradient: &PooledGradient,
    mine: impl Iterator<Item = bool>,
) -> Vec<f32> {
    let (encoder, config) = (&model.encoder, model.config());
    let len = chunk.to - chunk.from;
    let grid = TokenGrid::new(1, len, (0..len as u32).collect());
    let (hidden, _) = encoder.forward(&grid, &chunk.state, &config.dropouts, &mut Mode::Eval);
    let here = chunk_window(&[document], chunk.from, chunk.to, config.window.max_len);
    let [_, _, width] = hidden.dims();
    let factors =
        |values: Vec<f32>| -> Tensor<3> { from_values(values, [1, 1, width], &hidden.device()) };
    let max = gradient.max.iter().zip(mine);
    let max = max.map(|(g, mine)| if mine { *g } else { 0.0 }).collect();
    let pooled = hidden
        .clone()
        .slice([here.spans[0].clone(), 0..1, 0..width]);
    let mut sum = (pooled.clone().sum_dim(0) * factors(gradient.mean.clone())).sum()
        + (pooled.max_dim(0) * factors(max)).sum();
    if let Some(end) = here.ends[0] {
        let last = hidden.clone().slice([end..end + 1, 0..1, 0..width]);
        sum = sum + (last * factors(gradient.last.clone())).sum();
    }
    let gradients = sum.backward();
    match encoder.embedding.val().grad(&gradients) {
        Some(gradient) => {
            let sums = gradient.abs().sum_dim(1).into_data();
            sums.iter::<f32>().collect()
        }
        None => vec![0.0; len],
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::{AwdLstmConfig, Cell, ClassifierConfig, Directions, DocumentWindow, Random};

    /// The gradient through the graph of the whole document.
    fn whole(model: &Classifier, ids: &[u32], class: usize) -> Vec<f32> {
        let rows = model.encoder.embedding.val();
        let rows = rows.clone().select(0, int_tensor(ids, &rows.device()));
        let mut model = model.clone().train().no_grad();
        model.encoder.embedding = Param::from_tensor(Tensor::from_inner(rows));
        let grid = TokenGrid::new(1, ids.len(), (0..ids.len() as u32).collect());
        let logits = model.logits(&grid, &[ids.len()], &mut Mode::Eval);
        let outputs = model.config().task.activate(logits);
        let gradients = outputs.slice([0..1, class..class + 1]).sum().backward();
        let gradient = model.encoder.embedding.val().grad(&gradients).unwrap();
        let sums = gradient.abs().sum_dim(1).into_data();
        sums.iter::<f32>().collect()
    }

    #[test]
    fn windows_have_the_gradient_of_the_whole_document() {
        let device = Device::default();
        for (cell, directions, pooling) in [
            (Cell::Lstm, Directions::Forward, Pooling::Concat),
            (Cell::Lstm, Directions::Forward, Pooling::Max),
            (Cell::Lstm, Directions::Forward, Pooling::Mean),
            (Cell::Lstm, Directions::Both, Pooling::Concat),
            (Cell::Qrnn, Directions::Forward, Pooling::Concat),
        ] {
            let sizes = AwdLstmConfig::new(30)
                .with_sizes(8, 16, 2)
                .with_cell(cell)
                .with_directions(directions);
            let mut encoder = sizes.init(&mut Random::new(3), &device).unwrap();
            encoder.embedding = encoder.embedding.map(|x| x * 20.0);
            let config = ClassifierConfig {
                window: DocumentWindow {
                    bptt: 4,
                    max_len: 10,
                },
                pooling,
                ..ClassifierConfig::new(3)
            };
            let model = config.init(encoder, 4, &device).unwrap();
            for n in [1, 4, 9, 23] {
                let ids: Vec<u32> = (0..n).map(|i| 9 + (i * 7 % 20) as u32).collect();
                let expected = whole(&model, &ids, 2);
                let found = token_weights(&model, &ids, Some(2), &|| true).unwrap();
                let largest = expected.iter().copied().fold(0.0, f32::max);
                assert!(largest > 0.0, "{cell:?} {n}");
                for (at, (a, b)) in expected.iter().zip(&found).enumerate() {
                    assert!(
                        (a - b).abs() < 1e-5 * largest,
                        "{cell:?} {n}, {at}: {a} {b}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_nobody_wants_is_given_up_between_windows() {
        let device = Device::default();
        let sizes = AwdLstmConfig::new(30).with_sizes(8, 16, 2);
        let encoder = sizes.init(&mut Random::new(3), &device).unwrap();
        let model = ClassifierConfig::new(2).init(encoder, 4, &device).unwrap();
        let asked = std::cell::Cell::new(0);
        let twice = || asked.replace(asked.get() + 1) < 2;
        assert!(token_weights(&model, &[9; 72 * 5], None, &twice).is_none());
        assert_eq!(asked.get(), 3);
    }
}
