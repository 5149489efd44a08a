//! Labels for texts that have none: a model's, seen through a linear partner that errs differently.

use serde::{Deserialize, Serialize};
use ulmfit_data::{Corpus, Document};
use ulmfit_model::{FeatureValue, LinearClassifier, Task, top_class};
use ulmfit_text::TokenizerConfig;

use super::features::{Rows, keys_of, table};
use super::solve::sigmoid;
use super::student::loss;
use super::taught::Taught;
use crate::error::{Error, Result};

/// How a model's labels of unlabelled texts become labels to train on.
///
/// The texts of which the model is surest teach a linear partner, with the documents that have a label. The partner labels
/// each text that it has not learned from (out of fold), and those of which it is surest are to train on. Both choices take as
/// many texts of each class as the labelled documents have of it, in proportion.
///
/// | field | default | what it is |
/// |---|---|---|
/// | `share` | 0.5 | the part of the unlabelled texts that is taken, 0 to 1 |
/// | `weight` | 5 | how many texts a labelled document counts for with the partner |
/// | `folds` | 5 | parts of the texts, each labelled by a partner of the others |
///
/// The defaults are not tuned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SelfTraining {
    /// The part of the unlabelled texts that is taken.
    pub share: f64,
    /// How many texts a labelled document counts for.
    pub weight: f64,
    /// Parts of the texts.
    pub folds: usize,
}

impl Default for SelfTraining {
    fn default() -> Self {
        Self {
            share: 0.5,
            weight: 5.0,
            folds: 5,
        }
    }
}

impl SelfTraining {
    /// The texts of which the partner is surest, with its labels, in their order; `teacher` is the model's probabilities of
    /// each class for each text.
    ///
    /// # Errors
    /// [`Error::Setting`] for a field out of its range, labels that are not of one class each, or probabilities that do not
    /// fit the texts.
    pub fn relabel(
        &self,
        tokenizer: &TokenizerConfig,
        labeled: &Corpus,
        unlabeled: &[&str],
        teacher: &[Vec<f32>],
    ) -> Result<Corpus> {
        self.check()?;
        let labels = labeled.labels()?;
        let classes = labeled.n_classes();
        labeled.require_classes(2)?;
        if teacher.len() != unlabeled.len() || teacher.iter().any(|row| row.len() != classes) {
            return Err(Error::Setting {
                name: "teacher",
                expected: "a row of probabilities for each text, one for each class",
                found: format!("{} rows for {} texts", teacher.len(), unlabeled.len()),
            });
        }
        let wanted = self.wanted(&labels, classes, unlabeled.len());
        let outputs = LinearClassifier::outputs(Task::SingleLabel, classes);
        let split = tokenizer.init();
        let (true_keys, keys) = (
            keys_of(&split, &labeled.texts()),
            keys_of(&split, unlabeled),
        );
        let known = table(FeatureValue::TfIdf, &[&true_keys, &keys], 2, outputs);
        let rows = Rows::new(&known, &[&true_keys, &keys]);

        let n_true = labels.len();
        let mut targets = vec![0.0; (n_true + keys.len()) * outputs];
        let mut counts = vec![0.0; n_true + keys.len()];
        let mut teach = |row: usize, class: u32, count: f64| {
            let row_targets = &mut targets[row * outputs..][..outputs];
            match row_targets {
                [one] => *one = f64::from(class),
                all => all[class as usize] = 1.0,
            }
            counts[row] = count;
        };
        for (row, &label) in labels.iter().enumerate() {
            teach(row, label, self.weight);
        }
        for (row, class) in surest(teacher, &wanted) {
            teach(n_true + row, class, 1.0);
        }
        let taught = Taught {
            matrix: &rows.matrix,
            loss: loss(Task::SingleLabel, outputs),
            targets: &targets,
            outputs,
            counts,
        };
        let c = taught.choose();
        let mut out_of_fold = vec![Vec::new(); keys.len()];
        let mut start = None;
        for fold in 0..self.folds {
            let is_fold = |text: usize| text % self.folds == fold;
            let used = |row: usize| row < n_true || !is_fold(row - n_true);
            let fit = taught.solve(c, start.take(), &used);
            let z = fit.outputs_of(&rows.matrix);
            for (text, z) in z.chunks_exact(outputs).skip(n_true).enumerate() {
                if is_fold(text) {
                    out_of_fold[text] = probabilities(z);
                }
            }
            start = Some(fit);
        }
        let chosen = surest(&out_of_fold, &wanted).into_iter();
        let document = |(text, class): (usize, u32)| Document::labeled(unlabeled[text], class);
        Ok(Corpus::new(
            chosen.map(document).collect(),
            labeled.classes().to_vec(),
        )?)
    }

    /// Succeeds if every field is in its range.
    pub(crate) fn check(&self) -> Result<()> {
        let wrong = |name, expected, found: String| {
            Err(Error::Setting {
                name,
                expected,
                found,
            })
        };
        if !(self.share > 0.0 && self.share <= 1.0) {
            let found = self.share.to_string();
            return wrong("self_training.share", "above 0 and up to 1", found);
        }
        if !(self.weight > 0.0 && self.weight.is_finite()) {
            let found = self.weight.to_string();
            return wrong("self_training.weight", "a number above 0", found);
        }
        if self.folds < 2 {
            let found = self.folds.to_string();
            return wrong("self_training.folds", "2 or more", found);
        }
        Ok(())
    }

    /// How many texts of each class are taken.
    fn wanted(&self, labels: &[u32], classes: usize, texts: usize) -> Vec<usize> {
        let all = self.share * texts as f64;
        let of = |class: usize| labels.iter().filter(|l| **l as usize == class).count();
        let share = |class: usize| of(class) as f64 / labels.len().max(1) as f64;
        (0..classes)
            .map(|c| (all * share(c)).round() as usize)
            .collect()
    }
}

/// The texts with the largest probabilities of each class among those that are said to be of it, up to so many; in the order
/// of the texts.
fn surest(probabilities: &[Vec<f32>], wanted: &[usize]) -> Vec<(usize, u32)> {
    let mut by_class = vec![Vec::new(); wanted.len()];
    for (text, row) in probabilities.iter().enumerate() {
        if let Some(class) = top_class(row) {
            by_class[class].push((text, row[class]));
        }
    }
    let mut chosen = Vec::new();
    for (class, (mut texts, &most)) in by_class.into_iter().zip(wanted).enumerate() {
        // Stable: of equals the first.
        texts.sort_by(|a, b| b.1.total_cmp(&a.1));
        chosen.extend(
            texts
                .into_iter()
                .take(most)
                .map(|(text, _)| (text, class as u32)),
        );
    }
    chosen.sort_unstable();
    chosen
}

fn probabilities(z: &[f64]) -> Vec<f32> {
    match z {
        [one] => vec![sigmoid(-one) as f32, sigmoid(*one) as f32],
        all => {
            let largest = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let raised: Vec<f64> = all.iter().map(|z| (z - largest).exp()).collect();
            let sum: f64 = raised.iter().sum();
            raised.into_iter().map(|p| (p / sum) as f32).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surest_of_each_class() {
        let rows = [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3], [0.45, 0.55]];
        let rows = rows.map(Vec::from);
        assert_eq!(surest(&rows, &[2, 1]), [(0, 0), (2, 1), (3, 0)]);
        assert_eq!(surest(&rows, &[0, 9]), [(2, 1), (4, 1)]);
    }

    /// A teacher that is wrong about some texts in a way their words do not show is put right by the partner.
    #[test]
    fn the_partner_mends_what_words_contradict() -> Result<()> {
        let text = |n: usize| match n % 2 {
            0 => format!("a dreadful and boring film number {n}"),
            _ => format!("a lovely and moving film number {n}"),
        };
        let texts: Vec<String> = (0..400).map(text).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let said = |n: usize| {
            if n.is_multiple_of(10) {
                1 - n % 2
            } else {
                n % 2
            }
        };
        let row = |n: usize| {
            if said(n) == 0 {
                vec![0.8, 0.2]
            } else {
                vec![0.2, 0.8]
            }
        };
        let teacher: Vec<Vec<f32>> = (0..400).map(row).collect();
        let labeled = (0..8).map(|n| Document::labeled(text(1000 + n), (n % 2) as u32));
        let labeled = Corpus::new(labeled.collect(), vec!["neg".into(), "pos".into()])?;
        let config = SelfTraining {
            share: 0.75,
            ..SelfTraining::default()
        };
        let tokenizer = TokenizerConfig::new();
        let found = config.relabel(&tokenizer, &labeled, &texts, &teacher)?;
        assert_eq!(found.len(), 300);
        let right = |d: &Document| d.label == Some(u32::from(d.text.contains("lovely")).into());
        assert!(found.documents().iter().all(right));
        assert_eq!(
            found,
            config.relabel(&tokenizer, &labeled, &texts, &teacher)?
        );
        let none = SelfTraining { folds: 1, ..config };
        assert!(
            none.relabel(&tokenizer, &labeled, &texts, &teacher)
                .is_err()
        );
        assert!(
            config
                .relabel(&tokenizer, &labeled, &texts, &teacher[1..])
                .is_err()
        );
        Ok(())
    }
}
