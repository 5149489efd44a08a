//! The whole pipeline: repeatable, saved and loaded without a difference, the same alone and in a batch.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use ulmfit::prelude::*;

fn sample() -> (Corpus, Corpus) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    let set = ReviewSet::open(folder).unwrap();
    (
        set.train.balanced(60, 1).unwrap(),
        set.test.unwrap().take(30),
    )
}

fn learn(seed: u64) -> Learned {
    let (train, valid) = sample();
    let mut recipe = Recipe::default().with_sizes(Sizes {
        embed: 24,
        hidden: 32,
        layers: 2,
    });
    recipe.language_model.batch_size = 8;
    recipe.classifier.batch_size = 8;
    Ulmfit::builder()
        .recipe(recipe)
        .seed(seed)
        .valid(valid)
        .fit(&train, &Device::default())
        .unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, seed: u64| {
        let path = folder.path().join(name);
        learn(seed).classifier.save(&path).unwrap();
        std::fs::read(path).unwrap()
    };
    let first = save("a", 5);
    assert!(first == save("b", 5), "two runs with one seed differ");
    assert!(first != save("c", 6), "the seed has no effect");
}

#[test]
fn a_saved_model_is_loaded_bit_for_bit() {
    let (_, valid) = sample();
    let learned = learn(2);
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    let device = Device::default();

    learned.classifier.save(&first).unwrap();
    TextClassifier::load(&first, &device)
        .unwrap()
        .save(&second)
        .unwrap();
    assert_eq!(
        std::fs::read(&first).unwrap(),
        std::fs::read(&second).unwrap()
    );

    let predictor = Predictor::load(&first, &device).unwrap();
    let saved = Predictor::new(&learned.classifier).unwrap();
    assert_eq!(
        saved.predict_all(&valid.texts()),
        predictor.predict_all(&valid.texts())
    );

    let lm = folder.path().join("lm");
    learned.language_model.save(&lm).unwrap();
    let lm = TextLanguageModel::load(&lm, &device).unwrap();
    let text = |model| Generator::new(model).generate("The film", 20, &Sampling::default(), 4);
    assert_eq!(text(&learned.language_model), text(&lm));
}

#[test]
fn a_prediction_depends_neither_on_its_neighbors_nor_on_the_thread() {
    let (train, valid) = sample();
    let predictor = Predictor::new(&learn(3).classifier).unwrap();
    let mut texts = train.texts();
    texts.extend(valid.texts());
    texts.push("");
    let batch = predictor.predict_all(&texts);
    for (text, expected) in texts.iter().zip(&batch) {
        let alone = predictor.predict(text);
        for (a, b) in alone.probabilities.iter().zip(&expected.probabilities) {
            assert!((a - b).abs() <= 1e-5, "{a} alone, {b} in the batch: {text}");
        }
    }
    let together: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| predictor.predict_all(&texts)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(together.iter().all(|predictions| *predictions == batch));
}

#[test]
fn fine_tuning_a_pretrained_model_carries_its_words_over() {
    let (train, valid) = sample();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lm.safetensors");
    learn(4).language_model.save(&path).unwrap();
    let mut recipe = Recipe::default();
    recipe.language_model.batch_size = 8;
    recipe.classifier.batch_size = 8;
    recipe.classifier.stages.truncate(1);
    let builder = Ulmfit::builder()
        .recipe(recipe)
        .pretrained(&path)
        .valid(valid);
    let learned = builder.fit(&train, &Device::default()).unwrap();
    let stages: Vec<_> = learned
        .history
        .epochs
        .iter()
        .map(|epoch| &epoch.stage[..])
        .collect();
    assert_eq!(stages, ["new words", "fine-tune", "classify: head"]);
    let sizes = learned.classifier.model.encoder.config();
    assert_eq!(
        (sizes.embed, sizes.hidden, sizes.layers),
        (24, 32, 2),
        "sizes come from the file"
    );
}
