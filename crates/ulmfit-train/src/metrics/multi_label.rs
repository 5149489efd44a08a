//! Accuracy and F1 of documents that are of any number of classes.
//!
//! A class counts as predicted from a probability of [`Task::THRESHOLD`] on.

use ulmfit_model::Task;

use super::share;

/// Returns the part of the decisions, one for each document and class, that are right: fastai's `accuracy_multi`.
///
/// Where a document is of few of many classes, nearly all of them are right even if no class is ever predicted;
/// [`f1_multi`] does not count those.
///
/// Deviation: a probability of exactly 0.5 counts as a prediction here and in [`Predictor`](ulmfit_model::Predictor),
/// in fastai it does not.
///
/// ```
/// use ulmfit_train::metrics::accuracy_multi;
///
/// assert_eq!(accuracy_multi(&[[0.9, 0.2, 0.6]], &[vec![0, 1]]), 1.0 / 3.0);
/// ```
pub fn accuracy_multi<R: AsRef<[f32]>>(probabilities: &[R], sets: &[Vec<u32>]) -> f64 {
    let (mut n_right, mut n) = (0, 0);
    for (predicted, label) in decisions(probabilities, sets) {
        n_right += u64::from(predicted == label);
        n += 1;
    }
    share(n_right, n)
}

/// Returns F1 over all predictions of all classes: `2 tp / (2 tp + fp + fn)`, 0 where no class is true or predicted.
///
/// Deviation: fastai's `F1ScoreMulti` is by default the mean of the classes' F1, to which a class without a document in
/// a small validation set counts 0.
///
/// ```
/// use ulmfit_train::metrics::f1_multi;
///
/// // One true positive, one false one, one that was missed.
/// assert_eq!(f1_multi(&[[0.9, 0.2, 0.6]], &[vec![0, 1]]), 0.5);
/// ```
pub fn f1_multi<R: AsRef<[f32]>>(probabilities: &[R], sets: &[Vec<u32>]) -> f64 {
    // What is both predicted and true is named twice.
    let (mut n_hits, mut n_named) = (0, 0);
    for (predicted, label) in decisions(probabilities, sets) {
        n_hits += u64::from(predicted && label);
        n_named += u64::from(predicted) + u64::from(label);
    }
    match (probabilities.len(), n_named) {
        (0, _) => f64::NAN,
        (_, 0) => 0.0,
        _ => share(2 * n_hits, n_named),
    }
}

/// For each document and class whether it is predicted and whether it is true.
fn decisions<'a, R: AsRef<[f32]>>(
    probabilities: &'a [R],
    sets: &'a [Vec<u32>],
) -> impl Iterator<Item = (bool, bool)> + 'a {
    probabilities.iter().zip(sets).flat_map(|(row, set)| {
        let decision = |(&p, class): (&f32, u32)| (p >= Task::THRESHOLD, set.contains(&class));
        row.as_ref().iter().zip(0..).map(decision)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predicting_nothing_is_often_right_and_never_useful() {
        let (rows, sets) = ([[0.1; 4]; 4], [vec![0], vec![1], vec![2], vec![3]]);
        assert_eq!(
            (accuracy_multi(&rows, &sets), f1_multi(&rows, &sets)),
            (0.75, 0.0)
        );
        assert_eq!(f1_multi(&[[0.1; 4]], &[vec![]]), 0.0);
        assert!(f1_multi::<[f32; 4]>(&[], &[]).is_nan());
    }

    #[test]
    fn a_probability_at_the_threshold_is_a_prediction() {
        assert_eq!(f1_multi(&[[0.5, 0.499]], &[vec![0]]), 1.0);
    }
}
