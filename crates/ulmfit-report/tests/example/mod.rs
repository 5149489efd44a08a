//! A report with something in every part; its figures are made up.

use ulmfit_report::{
    Beside, BesideRow, ClassRow, ClassScores, Coverage, EpochRow, Mistake, Point, Report, Snippet,
    StageCurve, Validation, Word,
};

fn stage(name: &str, metric: &str, epochs: usize, from: f64, to: f64) -> StageCurve {
    let per_epoch = 60;
    let batches = epochs * per_epoch;
    let value = |batch: usize| {
        let share = batch as f64 / batches as f64;
        // Noise that is the same in every run.
        let noise = ((batch * 7919) % 101) as f64 / 101.0 - 0.5;
        to + (from - to) * (-3.0 * share).exp() + 0.1 * (from - to) * noise
    };
    let point = |batch: usize| Point {
        batch,
        loss: value(batch),
        rate: 0.01
            * (std::f64::consts::PI * batch as f64 / batches as f64)
                .sin()
                .abs(),
        momentum: 0.8 - 0.1 * (std::f64::consts::PI * batch as f64 / batches as f64).sin(),
    };
    let epoch = |epoch: usize| {
        let loss = value(epoch * per_epoch);
        let accuracy = metric == "accuracy";
        EpochRow {
            batch: epoch * per_epoch,
            train_loss: loss,
            valid_loss: Some(loss + 0.05),
            metric: Some(if accuracy {
                1.0 - loss / 2.0
            } else {
                loss.exp()
            }),
            seconds: 12.3,
        }
    };
    StageCurve {
        name: name.to_owned(),
        metric: metric.to_owned(),
        batches,
        points: (1..=batches).map(point).collect(),
        epochs: (1..=epochs).map(epoch).collect(),
    }
}

fn class(name: &str, precision: f64, recall: f64, support: u64) -> ClassRow {
    ClassRow {
        name: name.to_owned(),
        precision,
        recall,
        f1: 2.0 * precision * recall / (precision + recall),
        support,
    }
}

fn mistake(text: &str, heavy: usize) -> Mistake {
    let words = text.split(' ').enumerate();
    let words = words.map(|(index, word)| Word {
        text: word.to_owned(),
        weight: 1.0 / (1.0 + index.abs_diff(heavy) as f32),
    });
    Mistake {
        label: "positive".to_owned(),
        predicted: "negative".to_owned(),
        confidence: 0.97,
        of_label: 0.03,
        words: words.collect(),
    }
}

pub(crate) fn report() -> Report {
    let fact = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let confidences = (0..80).map(|n| (0.5 + 0.5 * (n as f32 / 80.0), n % 8 != 0));
    Report {
        title: "stars of reviews.csv".to_owned(),
        facts: vec![
            fact("training documents", "480"),
            fact("validation documents", "80"),
            fact("sizes", "embed 64, hidden 128, layers 2"),
            fact("model", "a/rather/long/path/to/a/file/that/has/to/be/broken/reviews.safetensors"),
        ],
        notes: vec!["The language model was trained from scratch on these texts alone.".to_owned()],
        stages: vec![
            stage("pretrain", "perplexity", 3, 6.5, 4.8),
            stage("fine-tune", "perplexity", 1, 4.9, 4.6),
            stage("classify: head", "accuracy", 1, 0.7, 0.55),
            stage("classify: last 2", "accuracy", 1, 0.6, 0.45),
            stage("classify: all", "accuracy", 4, 0.5, 0.25),
        ],
        validation: Some(Validation::Classes(ClassScores {
            accuracy: 0.875,
            macro_f1: 0.874,
            loss: 0.31,
            classes: vec![class("negative", 0.875, 0.875, 40), class("positive", 0.875, 0.875, 40)],
            confusion: vec![vec![35, 5], vec![9, 31]],
            confidences: confidences.collect(),
        })),
        beside: Some(Beside {
            rows: vec![
                BesideRow { name: "always `negative`".to_owned(), accuracy: 0.5, interval: (0.39, 0.61) },
                BesideRow { name: "linear model (NB-SVM, C 3)".to_owned(), accuracy: 0.8, interval: (0.7, 0.873) },
                BesideRow { name: "this model".to_owned(), accuracy: 0.875, interval: (0.785, 0.931) },
            ],
            sentence: "The linear model is as good here, as far as 80 documents tell.".to_owned(),
        }),
        mistakes: vec![
            mistake("A dull title for what is a sharp and funny film I would see again", 1),
            mistake(&"I expected nothing and was moved by every scene of it ".repeat(16), 60),
        ],
        coverage: vec![
            Coverage { part: "training".to_owned(), documents: 480, tokens: 30_120, unknown: 1_204 },
            Coverage { part: "validation".to_owned(), documents: 80, tokens: 5_020, unknown: 310 },
        ],
        unknown_words: vec![("foghorn".to_owned(), 3), ("lighthouse".to_owned(), 2)],
        snippets: vec![
            Snippet {
                title: "On the command line".to_owned(),
                text: "ulmfit predict --model reviews.safetensors \"A slow start, but I loved the ending.\"".to_owned(),
            },
            Snippet {
                title: "In Rust".to_owned(),
                text: "use ulmfit::prelude::*;\n\nlet predictor = Predictor::load(\"reviews.safetensors\", &Device::default())?;".to_owned(),
            },
        ],
        recipe: "name = \"default\"                 # the registered recipe\n".repeat(40),
    }
}
