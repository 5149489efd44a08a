//! A linear classifier of the labels alone: what any other model is to be better than.
//!
//! Legend: `N` documents, `F` features, `O` outputs.

use rayon::prelude::*;
use ulmfit_data::{Corpus, Labels};
use ulmfit_model::{FeatureTable, FeatureValue, LinearClassifier, Task};
use ulmfit_text::TokenizerConfig;

use super::features::{Rows, keys_of, table};
use super::matrix::Matrix;
use super::solve::{Fit, Loss, Problem};
use crate::error::{Error, Result};
use crate::task::task_of;

/// The choices of `C`, the inverse of the penalty.
pub(super) const CHOICES: [f64; 10] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0];
/// Where there are too few labels to choose.
const UNCHOSEN: f64 = 10.0;
const FOLDS: usize = 5;
/// Wang & Manning 2012: the share of the learned weights, the rest being their mean size.
const BETA: f64 = 0.25;
/// Up to so many labels every word and pair of theirs counts, above only those of two documents or more.
const FEW: usize = 200;

/// The kinds of linear models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartnerKind {
    /// Sublinear TF-IDF and logistic regression, multinomial for more than two classes. Document frequencies of unlabelled
    /// texts, too.
    TfIdf,
    /// NB-SVM (Wang & Manning 2012): presence scaled by naive Bayes' log-count ratios, each class against the others. Its
    /// probabilities are not calibrated.
    NbSvm,
}

impl std::fmt::Display for PartnerKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TfIdf => "TF-IDF with logistic regression",
            Self::NbSvm => "NB-SVM",
        })
    }
}

/// A linear classifier of words and pairs of words, fitted to labelled documents to convergence.
///
/// `C` is chosen by cross-validation within the labels: the most right answers over five folds, the smallest of equals. Of
/// document `k` of a class the fold is `k` modulo 5, so that nothing is random.
///
/// ```
/// use ulmfit_data::{Corpus, Document};
/// use ulmfit_text::TokenizerConfig;
/// use ulmfit_train::linear::LinearPartner;
///
/// let good = (0..6).map(|n| Document::labeled(format!("A lovely film, part {n}."), 1));
/// let bad = (0..6).map(|n| Document::labeled(format!("A dreadful film, part {n}."), 0));
/// let corpus = Corpus::new(good.chain(bad).collect(), vec!["neg".into(), "pos".into()])?;
/// let partner = LinearPartner::fit(&TokenizerConfig::new(), &corpus, &[])?;
/// assert!(partner.classifier.probabilities("lovely")[1] > 0.5);
/// # Ok::<(), ulmfit_train::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LinearPartner {
    /// Which kind it is.
    pub kind: PartnerKind,
    /// The `C` that was chosen.
    pub c: f64,
    /// The right answers of cross-validation with it; `None` where there were too few labels for it.
    pub cross_validated: Option<usize>,
    /// The classifier.
    pub classifier: LinearClassifier,
}

impl LinearPartner {
    /// The kind with the most right answers in cross-validation within the labels of `train`; `unlabeled` gives document
    /// frequencies. Documents of several classes have [`PartnerKind::TfIdf`] alone.
    ///
    /// # Errors
    /// For a corpus without labels, with labels of two kinds, with numbers, or with too few classes.
    pub fn fit(tokenizer: &TokenizerConfig, train: &Corpus, unlabeled: &[&str]) -> Result<Self> {
        let first = Self::of_kind(PartnerKind::TfIdf, tokenizer, train, unlabeled)?;
        if first.classifier.task() != Task::SingleLabel {
            return Ok(first);
        }
        let second = Self::of_kind(PartnerKind::NbSvm, tokenizer, train, &[])?;
        Ok(match second.cross_validated > first.cross_validated {
            true => second,
            false => first,
        })
    }

    /// The model of one kind.
    ///
    /// # Errors
    /// As [`Self::fit`].
    pub fn of_kind(
        kind: PartnerKind,
        tokenizer: &TokenizerConfig,
        train: &Corpus,
        unlabeled: &[&str],
    ) -> Result<Self> {
        let task = task_of(train, None)?;
        if let Task::Regression { .. } = task {
            return Err(Error::Setting {
                name: "labels",
                expected: "classes, of which a linear partner can be made",
                found: "numbers".to_owned(),
            });
        }
        let outputs = LinearClassifier::outputs(task, train.n_classes());
        let split = tokenizer.init();
        let labeled = keys_of(&split, &train.texts());
        let labels = train.all_labels()?;
        let (known, rows, (c, cross_validated, weights, bias)) = match kind {
            PartnerKind::TfIdf => {
                let others = keys_of(&split, unlabeled);
                // A word of one document says nothing of others, but of few documents it is all there is.
                let least = if train.len() + others.len() > FEW {
                    2
                } else {
                    1
                };
                let known = table(FeatureValue::TfIdf, &[&labeled, &others], least, outputs);
                let rows = Rows::new(&known, &[&labeled]);
                let fitted = logistic(&rows.matrix, &labels, outputs);
                (known, rows, fitted)
            }
            PartnerKind::NbSvm => {
                let least = if train.len() > FEW { 2 } else { 1 };
                let known = table(FeatureValue::Present, &[&labeled], least, outputs);
                let rows = Rows::new(&known, &[&labeled]);
                let fitted = nb_svm(&rows.matrix, &labels, outputs);
                (known, rows, fitted)
            }
        };
        let classifier = classifier(tokenizer, task, train, known, &rows, &weights, &bias)?;
        Ok(Self {
            kind,
            c,
            cross_validated,
            classifier,
        })
    }
}

fn classifier(
    tokenizer: &TokenizerConfig,
    task: Task,
    train: &Corpus,
    known: FeatureTable,
    rows: &Rows,
    weights: &[f64],
    bias: &[f64],
) -> Result<LinearClassifier> {
    let weights = rows.spread(weights, &known, bias.len());
    let bias = bias.iter().map(|b| *b as f32).collect();
    let classes = train.classes().to_vec();
    Ok(LinearClassifier::new(
        tokenizer, task, classes, known, weights, bias,
    )?)
}

/// `C`, the right answers of cross-validation, weights `[F, O]`, biases.
type Chosen = (f64, Option<usize>, Vec<f64>, Vec<f64>);

fn logistic(matrix: &Matrix, labels: &Labels, outputs: usize) -> Chosen {
    let loss = match (labels, outputs) {
        (Labels::SingleLabel(_), 2..) => Loss::Softmax,
        _ => Loss::Logistic,
    };
    let targets = targets(labels, outputs);
    let solve = |c: f64, used: &[bool], start: Option<Fit>| {
        let counts: Vec<f64> = used
            .iter()
            .map(|used| if *used { c } else { 0.0 })
            .collect();
        let problem = Problem {
            matrix,
            loss,
            targets: &targets,
            counts: &counts,
            outputs,
            penalized_bias: false,
        };
        problem.solve(start)
    };
    let answers = |used: &[bool]| {
        let mut fit = None;
        let of_choice = |c: &f64| {
            let next = solve(*c, used, fit.take());
            let z = next.outputs_of(matrix);
            fit = Some(next);
            z
        };
        CHOICES.iter().map(of_choice).collect::<Vec<_>>()
    };
    let (c, right) = choose(labels, outputs, answers);
    let fit = solve(c, &vec![true; matrix.rows()], None);
    (c, right, fit.weights().to_vec(), fit.bias().to_vec())
}

/// Each class against the others.
fn nb_svm(matrix: &Matrix, labels: &Labels, outputs: usize) -> Chosen {
    let answers = |used: &[bool]| {
        let mut z = vec![vec![0.0; matrix.rows() * outputs]; CHOICES.len()];
        for output in 0..outputs {
            let class = OneClass::new(matrix, &targets_of(labels, outputs, output), used);
            let mut fit = None;
            for (c, z) in CHOICES.iter().zip(&mut z) {
                let next = class.solve(*c, used, fit.take());
                let (weights, bias) = class.interpolated(&next);
                let found = matrix.times(&weights, 1);
                for (row, found) in found.into_iter().enumerate() {
                    z[row * outputs + output] = found + bias;
                }
                fit = Some(next);
            }
        }
        z
    };
    let (c, right) = choose(labels, outputs, answers);
    let used = vec![true; matrix.rows()];
    let mut weights = vec![0.0; matrix.features() * outputs];
    let mut biases = vec![0.0; outputs];
    for (output, bias_there) in biases.iter_mut().enumerate() {
        let class = OneClass::new(matrix, &targets_of(labels, outputs, output), &used);
        let (of_class, bias) = class.interpolated(&class.solve(c, &used, None));
        for (place, weight) in of_class.into_iter().enumerate() {
            weights[place * outputs + output] = weight;
        }
        *bias_there = bias;
    }
    (c, right, weights, biases)
}

/// A class against the others: its log-count ratios, and presence scaled by them.
struct OneClass {
    ratios: Vec<f64>,
    scaled: Matrix,
    /// -1 or 1.
    targets: Vec<f64>,
}

impl OneClass {
    /// Targets are 1 for documents of the class and 0 for others; ratios are of the used ones.
    fn new(matrix: &Matrix, targets: &[f64], used: &[bool]) -> Self {
        let pick = |wanted: f64| -> Vec<f64> {
            let each = targets.iter().zip(used);
            each.map(|(t, used)| f64::from(u8::from(*used && *t == wanted)))
                .collect()
        };
        // As if a document more of either side had every feature.
        let smoothed = |of_rows: Vec<f64>| {
            let mut counts = matrix.transposed_times(&of_rows, 1);
            counts.iter_mut().for_each(|count| *count += 1.0);
            let sum: f64 = counts.iter().sum();
            (counts, sum)
        };
        let ((p, p_sum), (q, q_sum)) = (smoothed(pick(1.0)), smoothed(pick(0.0)));
        let ratio = |(p, q): (f64, f64)| ((p / p_sum) / (q / q_sum)).ln();
        let ratios: Vec<f64> = p.into_iter().zip(q).map(ratio).collect();
        Self {
            scaled: matrix.scaled(&ratios),
            targets: targets.iter().map(|t| 2.0 * t - 1.0).collect(),
            ratios,
        }
    }

    fn solve(&self, c: f64, used: &[bool], start: Option<Fit>) -> Fit {
        let counts: Vec<f64> = used
            .iter()
            .map(|used| if *used { c } else { 0.0 })
            .collect();
        let problem = Problem {
            matrix: &self.scaled,
            loss: Loss::SquaredHinge,
            targets: &self.targets,
            counts: &counts,
            outputs: 1,
            penalized_bias: true,
        };
        problem.solve(start)
    }

    /// Weights of presence itself: learned ones drawn towards their mean size, times the ratios.
    fn interpolated(&self, fit: &Fit) -> (Vec<f64>, f64) {
        let learned = fit.weights();
        let size = learned.iter().map(|w| w.abs()).sum::<f64>() / learned.len().max(1) as f64;
        let weight = |(w, r): (&f64, &f64)| ((1.0 - BETA) * size + BETA * w) * r;
        let weights = learned.iter().zip(&self.ratios).map(weight).collect();
        (weights, BETA * fit.bias()[0])
    }
}

/// The choice with the most right answers over the folds, and how many; `answers` gives the outputs `[N, O]` of every
/// choice, fitted to the documents that are `used`.
fn choose(
    labels: &Labels,
    outputs: usize,
    answers: impl Fn(&[bool]) -> Vec<Vec<f64>> + Sync,
) -> (f64, Option<usize>) {
    let Some(folds) = folds(labels) else {
        return (UNCHOSEN, None);
    };
    let right = |fold: usize| {
        let used: Vec<bool> = folds.iter().map(|of| *of != fold).collect();
        let of_choice = |z: &Vec<f64>| -> usize {
            let rows = z.chunks_exact(outputs).enumerate();
            let scored = rows.filter(|(row, _)| !used[*row]);
            scored.map(|(row, z)| right_answers(labels, row, z)).sum()
        };
        answers(&used).iter().map(of_choice).collect()
    };
    let by_fold: Vec<Vec<usize>> = (0..FOLDS).into_par_iter().map(right).collect();
    let total = |choice: usize| by_fold.iter().map(|fold| fold[choice]).sum::<usize>();
    let mut best = (0, 0);
    for choice in 0..CHOICES.len() {
        if total(choice) > best.1 {
            best = (choice, total(choice));
        }
    }
    (CHOICES[best.0], Some(best.1))
}

/// The fold of each document; none if a class has fewer than two documents, or there are fewer documents than folds.
fn folds(labels: &Labels) -> Option<Vec<usize>> {
    let folds = match labels {
        Labels::SingleLabel(labels) => {
            let mut seen = std::collections::BTreeMap::<u32, usize>::new();
            let fold = |label: &u32| {
                let n = seen.entry(*label).or_default();
                *n += 1;
                (*n - 1) % FOLDS
            };
            let folds: Vec<usize> = labels.iter().map(fold).collect();
            if seen.values().any(|n| *n < 2) {
                return None;
            }
            folds
        }
        Labels::MultiLabel(sets) => (0..sets.len()).map(|n| n % FOLDS).collect(),
        Labels::Regression(_) => return None,
    };
    (folds.len() >= 2 * FOLDS).then_some(folds)
}

fn right_answers(labels: &Labels, row: usize, z: &[f64]) -> usize {
    match labels {
        Labels::SingleLabel(labels) => {
            let found = match z {
                [one] => usize::from(*one > 0.0),
                all => {
                    let later =
                        |best: usize, at: usize| if all[at] > all[best] { at } else { best };
                    (0..all.len()).fold(0, later)
                }
            };
            usize::from(found == labels[row] as usize)
        }
        Labels::MultiLabel(sets) => {
            let right = |class: &usize| (z[*class] > 0.0) == sets[row].contains(&(*class as u32));
            (0..z.len()).filter(right).count()
        }
        Labels::Regression(_) => 0,
    }
}

/// 1 where a document is of an output's class, `[N, O]`.
fn targets(labels: &Labels, outputs: usize) -> Vec<f64> {
    let rows = labels.len();
    let mut all = vec![0.0; rows * outputs];
    for output in 0..outputs {
        for (row, target) in targets_of(labels, outputs, output).into_iter().enumerate() {
            all[row * outputs + output] = target;
        }
    }
    all
}

/// 1 where a document is of the class of this output.
fn targets_of(labels: &Labels, outputs: usize, output: usize) -> Vec<f64> {
    // A single output stands for the second class.
    let class = if outputs == 1 && matches!(labels, Labels::SingleLabel(_)) {
        1
    } else {
        output as u32
    };
    let one = |is: bool| f64::from(u8::from(is));
    match labels {
        Labels::SingleLabel(labels) => labels.iter().map(|label| one(*label == class)).collect(),
        Labels::MultiLabel(sets) => sets.iter().map(|set| one(set.contains(&class))).collect(),
        Labels::Regression(values) => vec![0.0; values.len()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_hold_every_class_alike() {
        let labels = Labels::SingleLabel((0..20).map(|n| u32::from(n >= 10)).collect());
        let found = folds(&labels).unwrap_or_default();
        assert_eq!(found[..10], found[10..]);
        assert_eq!(found[..6], [0, 1, 2, 3, 4, 0]);
        let alone = Labels::SingleLabel([vec![0; 15], vec![1]].concat());
        assert_eq!(folds(&alone), None);
        assert_eq!(folds(&Labels::SingleLabel(vec![0, 0, 1, 1])), None);
    }

    #[test]
    fn numbers_have_no_partner() -> std::result::Result<(), ulmfit_data::Error> {
        let documents = vec![ulmfit_data::Document::labeled("a", 1.5)];
        let corpus = Corpus::new(documents, vec!["stars".into()])?;
        assert!(LinearPartner::fit(&TokenizerConfig::new(), &corpus, &[]).is_err());
        Ok(())
    }
}
