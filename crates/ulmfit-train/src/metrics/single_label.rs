//! Metrics of rows that are of one class each.

use ulmfit_model::top_class;

use super::share;

/// Returns the part of the rows whose most probable class is the true one; among equal probabilities the first class is the
/// prediction.
///
/// ```
/// use ulmfit_train::metrics::accuracy;
///
/// assert_eq!(accuracy(&[[0.9, 0.1], [0.6, 0.4]], &[0, 1]), 0.5);
/// ```
pub fn accuracy<R: AsRef<[f32]>>(probabilities: &[R], labels: &[u32]) -> f64 {
    let rows = probabilities.iter().zip(labels);
    let hits = rows.filter(|(row, label)| top_class(row.as_ref()) == Some(**label as usize));
    share(hits.count() as u64, probabilities.len() as u64)
}

/// Returns the part of the rows whose true class is among the `k` most probable, fastai's `top_k_accuracy`; among equal
/// probabilities the lower class ranks first.
///
/// ```
/// use ulmfit_train::metrics::top_k;
///
/// assert_eq!(top_k(&[[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], &[1, 2], 2), 0.5);
/// ```
pub fn top_k<R: AsRef<[f32]>>(probabilities: &[R], labels: &[u32], k: usize) -> f64 {
    let rows = probabilities.iter().zip(labels);
    let hits = rows
        .filter(|(row, label)| rank(row.as_ref(), **label as usize).is_some_and(|rank| rank < k));
    share(hits.count() as u64, probabilities.len() as u64)
}

/// How many classes come before `label`; none if it is no class or its probability is NaN.
fn rank(row: &[f32], label: usize) -> Option<usize> {
    let own = row.get(label).copied().filter(|own| !own.is_nan())?;
    let before = |&(class, &p): &(usize, &f32)| p > own || (p == own && class < label);
    Some(row.iter().enumerate().filter(before).count())
}

/// Returns the area under the ROC curve: the probability that a row of the positive class scores higher than one of
/// another, ties counting half. `rows` are pairs of a score and whether the row is positive.
///
/// Computed from ranks (Mann and Whitney): with `n` positive rows whose ranks sum to `R` and `m` others,
/// `(R - n (n + 1) / 2) / (n m)`; tied scores have the mean of their ranks. From 0 to 1, .5 is chance; NaN where one side
/// has no rows or a score is NaN.
///
/// ```
/// use ulmfit_train::metrics::auroc;
///
/// // Of four pairs only (.4, .35) is in the wrong order.
/// assert_eq!(auroc([(0.1, false), (0.4, false), (0.35, true), (0.8, true)]), 0.75);
/// ```
pub fn auroc(rows: impl IntoIterator<Item = (f32, bool)>) -> f64 {
    let mut rows: Vec<(f32, bool)> = rows.into_iter().collect();
    let n_positive = rows.iter().filter(|(_, positive)| *positive).count();
    if n_positive == 0 || n_positive == rows.len() || rows.iter().any(|row| row.0.is_nan()) {
        return f64::NAN;
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut n_before, mut rank_sum) = (0, 0.0);
    // By `==` and not by bits, so that 0 and -0 tie.
    for tied in rows.chunk_by(|a, b| a.0 == b.0) {
        let mean_rank = n_before as f64 + (tied.len() + 1) as f64 / 2.0;
        rank_sum += mean_rank * tied.iter().filter(|(_, positive)| *positive).count() as f64;
        n_before += tied.len();
    }
    let (n, m) = (n_positive as f64, (rows.len() - n_positive) as f64);
    (rank_sum - n * (n + 1.0) / 2.0) / (n * m)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_first_class() {
        let rows = [[0.5, 0.5], [0.5, 0.5], [0.2, 0.8]];
        assert_eq!(accuracy(&rows, &[0, 1, 1]), 2.0 / 3.0); // Hit, miss (0 was predicted), hit.
        assert_eq!(top_k(&rows, &[0, 1, 1], 1), 2.0 / 3.0);
    }

    #[test]
    fn a_label_that_is_no_class_is_a_miss_and_no_row_has_no_value() {
        assert_eq!(accuracy(&[[0.1, 0.9]], &[2]), 0.0);
        assert!(accuracy::<[f32; 2]>(&[], &[]).is_nan());
        assert!(top_k::<[f32; 2]>(&[], &[], 5).is_nan());
    }

    #[test]
    fn ranks_by_hand() {
        let row = [0.1, 0.4, 0.1, 0.4];
        assert_eq!(
            [0, 1, 2, 3].map(|target| rank(&row, target)),
            [2, 0, 3, 1].map(Some)
        );
        assert_eq!(rank(&row, 4), None);
        assert_eq!(rank(&[f32::NAN, 0.5], 0), None);
    }

    #[test]
    fn more_than_all_classes_always_hits() {
        assert_eq!(top_k(&[[0.9, 0.1]], &[1], 5), 1.0);
        assert_eq!(top_k(&[[0.5, 0.3, 0.2]], &[2], 2), 0.0);
    }

    #[test]
    fn by_ranks() {
        // Ranks of .1 .35 .4 .8 are 1 to 4; positives .35 and .8 sum to 6: (6 - 3) / 4 = .75.
        assert_eq!(
            auroc([(0.1, false), (0.4, false), (0.35, true), (0.8, true)]),
            0.75
        );
        assert_eq!(auroc([(0.1, false), (0.2, true)]), 1.0);
        assert_eq!(auroc([(0.1, true), (0.2, false)]), 0.0);
    }

    #[test]
    fn ties_count_half() {
        assert_eq!(auroc([(0.5, true), (0.5, false), (0.5, false)]), 0.5);
        // Ranks: .2 is 1, the three .5 share (2 + 3 + 4) / 3 = 3, .9 is 5. Positives .5, .5, .9 sum
        // to 11: (11 - 6) / (3 * 2) = 5/6. By pairs: .2 loses to all three (3), .5 loses to .9 and
        // ties twice (2).
        let rows = [
            (0.2, false),
            (0.5, true),
            (0.5, false),
            (0.5, true),
            (0.9, true),
        ];
        assert!((auroc(rows) - 5.0 / 6.0).abs() < 1e-12);
        assert_eq!(auroc([(0.0, true), (-0.0, false)]), 0.5);
    }

    #[test]
    fn no_value_without_both_sides() {
        assert!(auroc([(0.3, true), (0.4, true)]).is_nan());
        assert!(auroc([(0.3, false)]).is_nan());
        assert!(auroc([(0.3, false), (f32::NAN, true)]).is_nan());
    }
}
