//! Predicting: batches, threads, ensembles, attribution, and the three tasks.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use burn::module::Module;
use burn::tensor::Tensor;
use ulmfit::burn;
use ulmfit::data::batches_by_length;
use ulmfit::model::{Classifier, HeadBlock, Random, Regressor, Storage, Targets, Task};
use ulmfit::prelude::*;
use ulmfit::text::{Special, TokenGrid};

const TEXTS: [&str; 6] = [
    "A lovely film, I loved every minute of it.",
    "A dreadful film. I hated it!",
    "Lovely music, dreadful plot.",
    "No plot at all, and the music hurts.",
    "I loved the plot and the music, every minute.",
    "Hated.",
];

fn encoding(texts: &[&str]) -> TextEncoding {
    let config = TokenizerConfig::new();
    let tokens = config.init().tokenize_all(texts);
    TextEncoding::new(config, VocabConfig::new().with_min_freq(1).build(&tokens))
}

/// An untrained classifier; the larger `scale`, the more its outputs differ from text to text.
fn classifier(text: &TextEncoding, config: &ClassifierConfig, seed: u64, scale: f64) -> Classifier {
    let device = Device::default();
    let sizes = AwdLstmConfig::new(text.vocab().len()).with_sizes(16, 24, 2);
    let mut encoder = sizes.init(&mut Random::new(seed), &device).unwrap();
    encoder.embedding = encoder.embedding.map(|x| x * 20.0);
    let mut model = config.init(encoder, seed, &device).unwrap();
    let last = model.head.blocks.pop().unwrap();
    model.head.blocks.push(HeadBlock {
        weight: last.weight.map(|x| x * scale),
        ..last
    });
    model
}

fn named(
    text: &TextEncoding,
    config: &ClassifierConfig,
    seed: u64,
    names: &[&str],
) -> TextClassifier {
    let model = classifier(text, config, seed, 10.0);
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    TextClassifier::new(text.clone(), model, names).unwrap()
}

/// The first reviews of IMDb's training set, of 50 to 2,500 words.
fn reviews(n: usize) -> Option<Vec<String>> {
    let folder = PathBuf::from(std::env::var_os("ULMFIT_DATA_DIR")?).join("imdb");
    let set = ReviewSet::open(folder).ok()?;
    Some(
        set.train.texts()[..n]
            .iter()
            .map(|&t| t.to_owned())
            .collect(),
    )
}

#[test]
fn real_reviews_alone_equal_real_reviews_in_any_batch() {
    let Some(texts) = reviews(500) else {
        eprintln!("skipped: ULMFIT_DATA_DIR is not set");
        return;
    };
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let text = encoding(&texts);
    let model = classifier(&text, &ClassifierConfig::new(2), 3, 10.0);
    let ids = text.encode_all(&texts);
    let lengths: Vec<usize> = ids.iter().map(Vec::len).collect();
    let score = |batches: &[Vec<usize>]| {
        let mut all = vec![f32::NAN; ids.len()];
        for rows in batches {
            let docs: Vec<&[u32]> = rows.iter().map(|&row| &ids[row][..]).collect();
            let (grid, lengths) = TokenGrid::padded(&docs, Special::Pad.id());
            let outputs: Vec<f32> = model
                .outputs(&grid, &lengths)
                .into_data()
                .iter::<f32>()
                .collect();
            rows.iter()
                .zip(outputs.chunks(2))
                .for_each(|(&row, p)| all[row] = p[0]);
        }
        all
    };
    let alone = score(&(0..ids.len()).map(|row| vec![row]).collect::<Vec<_>>());
    let (low, high) = alone
        .iter()
        .fold((1.0_f32, 0.0_f32), |(l, h), &p| (l.min(p), h.max(p)));
    assert!(
        high - low > 0.02,
        "the outputs should differ: {low} to {high}"
    );
    for size in [7, 64] {
        let sorted = batches_by_length(&lengths, size);
        let order: Vec<usize> = sorted.concat();
        let reversed: Vec<usize> = order.iter().rev().copied().collect();
        // A step that shares no factor with 500 visits every row once.
        let shuffled: Vec<usize> = (0..ids.len()).map(|i| i * 211 % ids.len()).collect();
        for rows in [order, reversed, shuffled] {
            let batches: Vec<Vec<usize>> = rows.chunks(size).map(<[usize]>::to_vec).collect();
            for (row, (a, b)) in alone.iter().zip(score(&batches)).enumerate() {
                assert!(
                    (a - b).abs() <= 1e-5,
                    "review {row}: {a} alone, {b} in a batch of {size}"
                );
            }
        }
    }
}

#[test]
fn attribution_is_the_gradient_at_each_word() {
    let text = encoding(&TEXTS);
    let config = ClassifierConfig::new(2);
    let classifier = named(&text, &config, 5, &["neg", "pos"]);
    let predictor = Predictor::new(&classifier).unwrap();
    let sentence = "Lovely music, dreadful plot.";
    let words = predictor.attribution(sentence, Some(1));
    let shown: Vec<&str> = words.iter().map(|w| w.word.as_str()).collect();
    assert_eq!(shown, ["Lovely", "music", ",", "dreadful", "plot", "."]);
    // Every token occurs once, so moving a row of the embedding moves one position.
    let ids = text.encode(sentence);
    let probability = |model: &Classifier| {
        let grid = TokenGrid::new(1, ids.len(), ids.clone());
        model
            .outputs(&grid, &[ids.len()])
            .into_data()
            .iter::<f32>()
            .nth(1)
            .unwrap()
    };
    let gradient = |id: u32| -> f32 {
        let partial = |at: usize| {
            let moved = |step: f32| {
                let mut model = classifier.model.clone();
                model.encoder.embedding = model.encoder.embedding.map(|x| {
                    let [rows, width] = x.dims();
                    let mut values = vec![0.0; rows * width];
                    values[id as usize * width + at] = step;
                    let device = x.device();
                    x + Tensor::<1>::from_floats(&values[..], &device).reshape([rows, width])
                });
                probability(&model)
            };
            (moved(0.02) - moved(-0.02)) / 0.04
        };
        (0..16).map(|at| partial(at).abs()).sum()
    };
    let of_tokens: Vec<f32> = ids.iter().map(|&id| gradient(id)).collect();
    // xxbos is no word; xxmaj belongs to the word behind it.
    let mut expected = vec![of_tokens[1] + of_tokens[2]];
    expected.extend(&of_tokens[3..]);
    let largest = expected.iter().fold(0.0_f32, |a, &b| a.max(b));
    for (word, expected) in words.iter().zip(expected) {
        let expected = expected / largest;
        assert!(
            (word.weight - expected).abs() < 0.02,
            "{word:?}, by differences {expected}"
        );
    }
}

#[test]
fn an_ensemble_is_the_mean_by_class_name() {
    let text = encoding(&TEXTS);
    let config = ClassifierConfig::new(3);
    let a = Predictor::new(&named(&text, &config, 1, &["x", "y", "z"])).unwrap();
    let b = Predictor::new(&named(&text, &config, 2, &["z", "x", "y"])).unwrap();
    let both = Ensemble::new(vec![a.clone(), b.clone()]).unwrap();
    for (text, mean) in TEXTS.iter().zip(both.predict_all(&TEXTS)) {
        let (a, b) = (a.predict(text).probabilities, b.predict(text).probabilities);
        let expected = [
            (a[0] + b[1]) / 2.0,
            (a[1] + b[2]) / 2.0,
            (a[2] + b[0]) / 2.0,
        ];
        for (p, expected) in mean.probabilities.iter().zip(expected) {
            assert!((p - expected).abs() < 1e-6);
        }
        assert_eq!(mean.label, both.classes()[mean.class]);
        assert_eq!(both.predict(text).label, mean.label);
    }
    let other = Predictor::new(&named(&text, &ClassifierConfig::new(2), 1, &["x", "y"])).unwrap();
    let error = Ensemble::new(vec![a, other]).unwrap_err().to_string();
    assert!(error.starts_with("field `classes`: expected"), "{error}");
    assert!(Ensemble::new(vec![]).is_err());
}

const STEPS: u64 = 200;

/// Trains a classifier on [`TEXTS`] for some steps, and returns it with its first and last loss.
fn train(config: &ClassifierConfig, targets: Targets<'_>) -> (TextClassifier, f32, f32) {
    let text = encoding(&TEXTS);
    let mut config = config.clone().with_dropouts(Dropouts::none());
    config.head.dropout = 0.0;
    let mut model = classifier(&text, &config, 4, 1.0).train();
    let groups = LayerGroups::classifier(&model);
    let mut adam = AdamConfig::default().init();
    let (grid, lengths) = TokenGrid::padded(&text.encode_all(&TEXTS), Special::Pad.id());
    let mut losses = Vec::new();
    for step in 0..STEPS {
        let loss = model.loss(&grid, &lengths, targets, &mut Mode::train(step));
        losses.push(loss.value.into_scalar::<f32>());
        // Towards the end the model stands still, and the running statistics reach it.
        let rate = 2e-2 * (1.0 - step as f64 / STEPS as f64);
        let rates = vec![rate; groups.len()];
        model = adam.step(model, loss.objective.backward(), &groups, &rates, 0.9);
    }
    let names = (0..config.classes).map(|c| format!("c{c}")).collect();
    let model = TextClassifier::new(text, model.clone(), names).unwrap();
    (model, losses[0], losses[losses.len() - 1])
}

#[test]
fn several_classes_for_a_text() {
    // Is it about the plot, about music, is it good?
    let sets = [
        vec![2],
        vec![],
        vec![1, 0],
        vec![0, 1],
        vec![0, 1, 2],
        vec![],
    ];
    let config = ClassifierConfig::new(3).with_task(Task::MultiLabel);
    let (model, first, last) = train(&config, (&sets).into());
    assert!(last < 0.1 * first, "{first} to {last}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("several.safetensors");
    model.save(&path).unwrap();
    let predictor = Predictor::load(&path, &Device::default()).unwrap();
    for (set, prediction) in sets.iter().zip(predictor.predict_all(&TEXTS)) {
        let mut names: Vec<String> = set.iter().map(|c| format!("c{c}")).collect();
        names.sort();
        assert_eq!(prediction.labels, names);
    }
    let error = Regressor::load(&path, &Device::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("use `Predictor`"), "{error}");
}

#[test]
fn numbers_for_a_text() {
    let stars = [5.0, 1.0, 3.0, 1.5, 5.0, 1.0].map(|s| vec![s]);
    let range = Some((0.5, 5.5));
    let config = ClassifierConfig::new(1).with_task(Task::Regression { range });
    let (model, first, last) = train(&config, (&stars).into());
    assert!(last < 0.1 * first, "{first} to {last}");
    let regressor = Regressor::new(&model).unwrap();
    let found = regressor.predict_all(&TEXTS);
    assert!(
        found
            .iter()
            .all(|v| v.len() == 1 && (0.5..=5.5).contains(&v[0]))
    );
    let errors = stars
        .iter()
        .zip(&found)
        .map(|(truth, v)| (truth[0] - v[0]).abs());
    // The mean of all stars is 1.6 off on average.
    assert!(errors.sum::<f32>() / 6.0 < 0.8, "{stars:?} {found:?}");
    let error = Predictor::new(&model).unwrap_err().to_string();
    assert!(error.contains("use `Regressor`"), "{error}");
}

#[test]
fn balanced_weights_and_smoothing_train_too() {
    let labels = [1_u32, 0, 0, 0, 1, 0];
    let mut config = ClassifierConfig::new(2);
    config.loss = ulmfit::model::ClassLoss::balanced(&labels, 2);
    config.loss.smoothing = 0.1;
    let (model, first, last) = train(&config, (&labels).into());
    // With smoothing the loss has a floor: 0.95 of the truth's and 0.05 of the other's logarithm.
    assert!(last < 0.5 * first && last > 0.15, "{first} to {last}");
    let predictions = Predictor::new(&model).unwrap().predict_all(&TEXTS);
    let found: Vec<u32> = predictions.iter().map(|p| p.class as u32).collect();
    assert_eq!(found, labels);
}

/// Weights of 8 bits predict what a file with weights of 8 bits predicts, alone and in a batch.
#[test]
fn rounded_weights_are_those_of_a_rounded_file() {
    let text = encoding(&["a good film", "dull story of a long end and the"]);
    let classifier = named(&text, &ClassifierConfig::new(2), 5, &["no", "yes"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rounded.safetensors");
    classifier.save_as(&path, Storage::Int8).unwrap();
    let stored = TextClassifier::load(&path, &Device::default()).unwrap();
    // Only the weights of the recurrent layers are rounded in memory: the rest is taken from the file.
    let from_file = Predictor::new(&stored).unwrap();
    let in_memory = Predictor::new(&stored).unwrap().quantized();
    let rounded = Predictor::new(&classifier).unwrap().quantized();
    let exact = Predictor::new(&classifier).unwrap();
    let texts = [
        "a good film",
        "",
        "dull dull dull",
        "the end of a long and good story",
    ];
    let mut moved: f32 = 0.0;
    for text in texts {
        let alone = in_memory.predict(text).probabilities;
        for (a, b) in alone.iter().zip(from_file.predict(text).probabilities) {
            // In memory inputs and hidden states are rounded, too.
            assert!((a - b).abs() < 1e-3, "{a} {b}");
        }
        let pair = (rounded.predict(text), exact.predict(text));
        for (a, b) in pair.0.probabilities.iter().zip(pair.1.probabilities) {
            assert!((a - b).abs() < 0.02, "{a} {b}");
            moved = moved.max((a - b).abs());
        }
        assert_eq!(
            rounded.attribution(text, Some(0)),
            exact.attribution(text, Some(0))
        );
    }
    assert!(moved > 0.0, "the weights were not rounded at all");
    let all = in_memory.predict_all(&texts);
    for (text, together) in texts.iter().zip(all) {
        assert_eq!(in_memory.predict(text), together);
    }
}
