//! What the run shows at its end.

use std::path::Path;

use anyhow::{Context as _, ensure};
use ulmfit::prelude::*;
use ulmfit::train::linear::Comparison;
use ulmfit::train::{ClassifierScores, Validate};

use crate::rows::Rows;

/// Accuracy and confusion matrix on the held-out reviews.
pub(crate) fn scores(scores: &ClassifierScores) {
    let confusion = &scores.confusion;
    println!(
        "\nHeld-out reviews: accuracy {:.2} % of {}, loss {:.4}",
        100.0 * confusion.accuracy(),
        confusion.total(),
        scores.loss
    );
    println!("\n{confusion}");
}

/// The same reviews labeled by the more frequent class and by a linear model of words and pairs, fitted to the same labels.
pub(crate) fn beside(
    recipe: &Recipe,
    rows: &Rows,
    scores: Option<&ClassifierScores>,
) -> anyhow::Result<()> {
    let Some(scores) = scores else { return Ok(()) };
    let (train, valid) = (&rows.train, &rows.valid);
    let found = &scores.probabilities;
    let texts = rows.unlabeled_texts();
    if let Some(all) = Comparison::measure(&recipe.tokenizer, train, &texts, valid, found)? {
        println!("{all}");
    }
    Ok(())
}

/// The same steps without a pretrained language model, at sizes that so little text can fill.
pub(crate) fn from_scratch(rows: &Rows, seed: u64, device: &Device) -> anyhow::Result<()> {
    let amount = Amount::of(rows.language_model_texts(), rows.train.texts());
    let recipe = Recipe::fitted(amount, &Pretrained::None);
    let Sizes {
        embed,
        hidden,
        layers,
    } = recipe.sizes;
    println!(
        "\nThe same from scratch, {embed}/{hidden}/{layers}, without a pretrained language model"
    );
    let mut ulmfit = Ulmfit::builder()
        .recipe(recipe)
        .seed(seed)
        .valid(rows.valid.clone())
        .validate(Validate::AtEnd);
    if let Some(unlabeled) = &rows.unlabeled {
        ulmfit = ulmfit.unlabeled(unlabeled.clone());
    }
    let scores = ulmfit.fit(&rows.train, device)?.scores;
    let accuracy = 100.0 * scores.confusion.accuracy();
    println!("  accuracy {accuracy:.1} %\n");
    Ok(())
}

/// Accuracy of both directions as one on the held-out reviews.
pub(crate) fn ensemble(
    forward: &TextClassifier,
    backward: &TextClassifier,
    valid: &Corpus,
) -> anyhow::Result<()> {
    let ensemble = Ensemble::new(vec![Predictor::new(forward)?, Predictor::new(backward)?])?;
    let predictions = ensemble.predict_all(&valid.texts());
    let pairs = predictions.iter().zip(valid.labels()?);
    let right = pairs.filter(|(prediction, label)| prediction.class == *label as usize);
    let accuracy = 100.0 * right.count() as f64 / valid.len() as f64;
    println!("Both directions as one: accuracy {accuracy:.2} %\n");
    Ok(())
}

/// Texts that no data set holds, with the probability of every class.
pub(crate) fn predictions(classifier: &TextClassifier, valid: &Corpus) -> anyhow::Result<()> {
    const TEXTS: [&str; 3] = [
        "One of the best films I have seen this year: funny, touching and beautifully shot.",
        "Terrible acting and a boring story. What a waste of time!",
        "It starts slowly, but the ending is wonderful.",
    ];
    println!("Predictions");
    let predictor = Predictor::new(classifier)?;
    for (text, prediction) in TEXTS.iter().zip(predictor.predict_all(&TEXTS)) {
        let shares = valid.classes().iter().zip(&prediction.probabilities);
        let shares: Vec<String> = shares
            .map(|(c, p)| format!("{c} {:.1} %", 100.0 * p))
            .collect();
        println!("  {:<4} {}   {text}", prediction.label, shares.join(", "));
    }
    Ok(())
}

/// Two sentences from the language model.
pub(crate) fn sentences(model: &TextLanguageModel, seed: u64) {
    println!("\nGenerated");
    let generator = Generator::new(model);
    for (index, prompt) in ["This film", "The worst"].into_iter().enumerate() {
        let text = generator.generate(prompt, 30, &Sampling::default(), seed + index as u64);
        println!("  {text}");
    }
}

/// Saves the classifier, loads it again and compares the predictions.
pub(crate) fn saved_and_loaded(
    classifier: &TextClassifier,
    valid: &Corpus,
    path: &Path,
    device: &Device,
) -> anyhow::Result<()> {
    classifier
        .save(path)
        .with_context(|| format!("saving to {}", path.display()))?;
    let loaded = Predictor::load(path, device)?;
    let texts = valid.texts();
    let texts = &texts[..texts.len().min(200)];
    let same = Predictor::new(classifier)?.predict_all(texts) == loaded.predict_all(texts);
    ensure!(
        same,
        "the loaded model's predictions differ from the saved one's"
    );
    let bytes = std::fs::metadata(path).context("reading its size")?.len();
    println!(
        "\nSaved {} ({:.1} MB) and loaded again: {} predictions equal bit for bit",
        path.display(),
        bytes as f64 / 1e6,
        texts.len()
    );
    Ok(())
}
