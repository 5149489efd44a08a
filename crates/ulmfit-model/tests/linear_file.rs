//! The file of a linear classifier: what is saved is loaded, and what is damaged is refused by name.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::PathBuf;

use burn::tensor::Device;
use ulmfit_model::{
    FeatureTable, FeatureValue, LinearClassifier, ModelInfo, ModelKind, Predictor, Task,
    TextClassifier, ngram_keys,
};
use ulmfit_text::TokenizerConfig;

fn model(value: FeatureValue, task: Task, classes: &[&str]) -> LinearClassifier {
    let tokenizer = TokenizerConfig::new();
    let text = "a lovely film and a dreadful play";
    let mut keys = ngram_keys(&tokenizer.init(), text);
    keys.dedup();
    let idf = match value {
        FeatureValue::TfIdf => (0..keys.len()).map(|n| 1.0 + n as f32 / 7.0).collect(),
        FeatureValue::Present => vec![1.0; keys.len()],
    };
    let outputs = LinearClassifier::outputs(task, classes.len());
    let weights = (0..keys.len() * outputs).map(|n| (n as f32).sin());
    let weights = weights.collect();
    let bias = (0..outputs).map(|n| 0.25 - n as f32 / 3.0).collect();
    let table = FeatureTable::new(value, keys, idf).unwrap();
    let classes = classes.iter().map(|name| (*name).to_owned()).collect();
    LinearClassifier::new(&tokenizer, task, classes, table, weights, bias).unwrap()
}

fn place(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn what_is_saved_is_loaded() {
    let texts = [
        "a lovely film",
        "a dreadful play and a film",
        "",
        "unknown words",
    ];
    for (name, value, task, classes) in [
        (
            "two",
            FeatureValue::TfIdf,
            Task::SingleLabel,
            vec!["neg", "pos"],
        ),
        (
            "three",
            FeatureValue::Present,
            Task::SingleLabel,
            vec!["a", "b", "c"],
        ),
        (
            "sets",
            FeatureValue::TfIdf,
            Task::MultiLabel,
            vec!["a", "b"],
        ),
    ] {
        let model = model(value, task, &classes);
        let path = place(&format!("linear_{name}.safetensors"));
        model.save(&path).unwrap();
        let info = ModelInfo::read(&path).unwrap();
        assert_eq!((info.kind, info.format), (ModelKind::LinearClassifier, 3));
        assert_eq!(info.classes, classes);
        assert!(info.encoder.is_none());
        let predictor = Predictor::load(&path, &Device::default()).unwrap();
        assert_eq!(predictor.task(), task);
        let loaded = predictor.predict_all(&texts);
        assert_eq!(loaded, Predictor::of_linear(&model).predict_all(&texts));
        for prediction in &loaded {
            let sum: f32 = prediction.probabilities.iter().sum();
            assert_eq!(prediction.probabilities.len(), classes.len());
            assert!(task != Task::SingleLabel || (sum - 1.0).abs() < 1e-6);
        }
        // The same model is the same bytes.
        let again = place(&format!("linear_{name}_again.safetensors"));
        LinearClassifier::load(&path).unwrap().save(&again).unwrap();
        assert_eq!(
            std::fs::read(&path).unwrap(),
            std::fs::read(&again).unwrap()
        );
    }
}

#[test]
fn words_are_weighed() {
    let model = model(FeatureValue::TfIdf, Task::SingleLabel, &["neg", "pos"]);
    let words = Predictor::of_linear(&model).attribution("A lovely film, unheard!", None);
    let shown: Vec<&str> = words.iter().map(|word| word.word.as_str()).collect();
    assert_eq!(shown, ["a", "lovely", "film", ",", "unheard", "!"]);
    let largest = words.iter().map(|word| word.weight).fold(0.0, f32::max);
    assert_eq!(largest, 1.0);
    assert!(words[4].weight == 0.0 && words[5].weight == 0.0);
}

#[test]
fn what_is_damaged_or_of_another_kind_is_refused() {
    let path = place("linear_damaged.safetensors");
    model(FeatureValue::TfIdf, Task::SingleLabel, &["neg", "pos"])
        .save(&path)
        .unwrap();
    let error = TextClassifier::load(&path, &Device::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("expected classifier, found linear_classifier"),
        "{error}"
    );
    let whole = std::fs::read(&path).unwrap();
    let said = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        LinearClassifier::load(&path).unwrap_err().to_string()
    };
    for length in [0, 7, 100, whole.len() - 1] {
        assert!(said(&whole[..length]).contains("linear_damaged"));
    }
    let text = |from: &str, to: &str| {
        let at = whole.windows(from.len()).position(|w| w == from.as_bytes());
        let at = at.unwrap();
        [&whole[..at], to.as_bytes(), &whole[at + from.len()..]].concat()
    };
    // Another number of classes than there are outputs.
    let error = said(&text("\\\"neg\\\",", "        "));
    assert!(
        error.contains("classes") && error.contains("found 1"),
        "{error}"
    );
    // Keys in another order.
    let mut other = whole.clone();
    let header = u64::from_le_bytes(*whole.first_chunk().unwrap()) as usize + 8;
    let document = String::from_utf8_lossy(&whole[8..header]).into_owned();
    let entry = document.split("\"features.keys\"").nth(1).unwrap();
    let from = entry.split("\"data_offsets\":[").nth(1).unwrap();
    let from: usize = from.split(',').next().unwrap().parse().unwrap();
    other[header + from..header + from + 4].fill(0xff);
    assert!(said(&other).contains("keys in ascending order"));
}

#[test]
fn what_does_not_fit_together_is_no_model() {
    let table = || FeatureTable::new(FeatureValue::Present, vec![1, 2], vec![1.0; 2]).unwrap();
    let make = |task, classes: &[&str], weights: Vec<f32>, bias: Vec<f32>| {
        let classes = classes.iter().map(|name| (*name).to_owned()).collect();
        LinearClassifier::new(
            &TokenizerConfig::new(),
            task,
            classes,
            table(),
            weights,
            bias,
        )
    };
    let two = ["neg", "pos"];
    assert!(make(Task::SingleLabel, &two, vec![1.0; 2], vec![0.0]).is_ok());
    assert!(make(Task::SingleLabel, &two, vec![1.0; 4], vec![0.0; 2]).is_err());
    assert!(make(Task::SingleLabel, &["one"], vec![1.0; 2], vec![0.0]).is_err());
    assert!(make(Task::SingleLabel, &two, vec![1e9, 0.0], vec![0.0]).is_err());
    assert!(
        make(
            Task::Regression { range: None },
            &two,
            vec![1.0; 4],
            vec![0.0; 2]
        )
        .is_err()
    );
}
