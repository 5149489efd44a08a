//! A linear classifier taught by another model's probabilities.

use ulmfit_model::{FeatureValue, LinearClassifier, Task};
use ulmfit_text::TokenizerConfig;

use super::features::{Rows, keys_of, table};
use super::solve::Loss;
use super::taught::Taught;
use crate::error::{Error, Result};

/// Up to so many texts every word and pair counts, above only those of two texts or more.
const FEW: usize = 200;

/// A linear classifier taught by a model on texts without labels: hundreds of times faster, and often as good.
///
/// Its words and pairs are those of the texts, so many texts make it good. TF-IDF and logistic regression with the model's
/// probabilities as targets; `C` is the one of the least loss on a tenth of the texts.
///
/// ```
/// use ulmfit_model::Task;
/// use ulmfit_text::TokenizerConfig;
/// use ulmfit_train::linear::Student;
///
/// let texts: Vec<String> = (0..60).map(|n| format!("{} film {n}", ["bad", "good"][n % 2])).collect();
/// let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
/// let teacher: Vec<Vec<f32>> = (0..60).map(|n| [[0.9, 0.1], [0.2, 0.8]][n % 2].to_vec()).collect();
/// let classes = vec!["neg".to_owned(), "pos".to_owned()];
/// let student = Student::of(&TokenizerConfig::new(), Task::SingleLabel, &classes, &texts, &teacher)?;
/// assert!(student.classifier.probabilities("a good one")[1] > 0.5);
/// # Ok::<(), ulmfit_train::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Student {
    /// The `C` that was chosen.
    pub c: f64,
    /// The classifier.
    pub classifier: LinearClassifier,
}

impl Student {
    /// Learns from the probabilities of each text's classes; for a text whose label is known they may be 0 and 1.
    ///
    /// # Errors
    /// [`Error::TooLittle`] without texts; [`Error::Setting`] if there is not a row of probabilities for each text, one for
    /// each class; [`Error::Model`] for a regression.
    pub fn of(
        tokenizer: &TokenizerConfig,
        task: Task,
        classes: &[String],
        texts: &[&str],
        probabilities: &[Vec<f32>],
    ) -> Result<Self> {
        if texts.is_empty() {
            return Err(Error::TooLittle {
                what: "texts to learn from",
                expected: 1,
                found: 0,
            });
        }
        let fits = |row: &Vec<f32>| row.len() == classes.len() && row.iter().all(|p| p.is_finite());
        if probabilities.len() != texts.len() || !probabilities.iter().all(fits) {
            return Err(Error::Setting {
                name: "probabilities",
                expected: "a row for each text, finite numbers for each class",
                found: format!("{} rows for {} texts", probabilities.len(), texts.len()),
            });
        }
        let outputs = LinearClassifier::outputs(task, classes.len());
        let keys = keys_of(&tokenizer.init(), texts);
        let least = if texts.len() > FEW { 2 } else { 1 };
        let known = table(FeatureValue::TfIdf, &[&keys], least, outputs);
        let rows = Rows::new(&known, &[&keys]);
        let targets: Vec<f64> = probabilities
            .iter()
            .flat_map(|row| &row[classes.len() - outputs..])
            .map(|p| f64::from(*p))
            .collect();
        let taught = Taught {
            matrix: &rows.matrix,
            loss: loss(task, outputs),
            targets: &targets,
            outputs,
            counts: vec![1.0; texts.len()],
        };
        let c = taught.choose();
        let fit = taught.solve(c, None, &|_| true);
        let weights = rows.spread(fit.weights(), &known, outputs);
        let bias = fit.bias().iter().map(|b| *b as f32).collect();
        let classes = classes.to_vec();
        let classifier = LinearClassifier::new(tokenizer, task, classes, known, weights, bias)?;
        Ok(Self { c, classifier })
    }
}

/// The loss of probabilities.
pub(super) fn loss(task: Task, outputs: usize) -> Loss {
    match (task, outputs) {
        (Task::SingleLabel, 2..) => Loss::Softmax,
        _ => Loss::Logistic,
    }
}
