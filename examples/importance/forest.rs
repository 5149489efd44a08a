//! A random forest of regression trees (Breiman 2001), and the importance of settings by permutation.

use ulmfit::model::Random;

use crate::tree::Tree;

/// What a forest found. Both numbers are of rows that the trees asked have not seen.
pub(crate) struct Forest {
    /// The share of the variance that it explains; 1 is all, 0 or less nothing.
    pub(crate) r2: f64,
    /// For each setting: how much the squared error grows where the setting is shuffled, as a share of the variance.
    pub(crate) importance: Vec<f64>,
}

impl Forest {
    /// Grows `n_trees` trees, each over as many rows as there are, drawn with replacement. About a third of the rows is
    /// left out of a tree's draw; on these it is asked, once as they are and once for each setting shuffled among them.
    pub(crate) fn grow(
        settings: &[Vec<f64>],
        truth: &[f64],
        n_trees: usize,
        random: &mut Random,
    ) -> Self {
        let n = truth.len();
        let n_settings = settings.first().map_or(0, Vec::len);
        let mut said = vec![(0.0, 0.0); n];
        let mut grown = vec![0.0; n_settings];
        let mut asked = 0;
        for _ in 0..n_trees {
            let drawn: Vec<usize> = (0..n).map(|_| below(n, random)).collect();
            let tree = Tree::grow(settings, truth, &drawn, random);
            let unseen: Vec<usize> = (0..n).filter(|row| !drawn.contains(row)).collect();
            for &row in &unseen {
                said[row].0 += tree.predict(&settings[row]);
                said[row].1 += 1.0;
            }
            let error: f64 = unseen
                .iter()
                .map(|&row| (tree.predict(&settings[row]) - truth[row]).powi(2))
                .sum();
            for (setting, grown) in grown.iter_mut().enumerate() {
                *grown += shuffled_error(&tree, settings, truth, &unseen, setting, random) - error;
            }
            asked += unseen.len();
        }
        let mean = truth.iter().sum::<f64>() / n.max(1) as f64;
        let known = || (0..n).filter(|&row| said[row].1 > 0.0);
        let variance: f64 = known().map(|row| (truth[row] - mean).powi(2)).sum();
        let error: f64 = known()
            .map(|row| (truth[row] - said[row].0 / said[row].1).powi(2))
            .sum();
        let per_row = variance / known().count().max(1) as f64;
        let importance = grown
            .into_iter()
            .map(|grown| grown / asked.max(1) as f64 / per_row)
            .collect();
        Self {
            r2: 1.0 - error / variance,
            importance,
        }
    }
}

/// The squared error on `rows` where each has the `setting` of another of them.
fn shuffled_error(
    tree: &Tree,
    settings: &[Vec<f64>],
    truth: &[f64],
    rows: &[usize],
    setting: usize,
    random: &mut Random,
) -> f64 {
    let mut others = rows.to_vec();
    for last in (1..others.len()).rev() {
        others.swap(last, below(last + 1, random));
    }
    let error = |(&row, &other): (&usize, &usize)| {
        let mut changed = settings[row].clone();
        changed[setting] = settings[other][setting];
        (tree.predict(&changed) - truth[row]).powi(2)
    };
    rows.iter().zip(&others).map(error).sum()
}

/// A number below `n`, which is above 0.
fn below(n: usize, random: &mut Random) -> usize {
    (f64::from(random.unit()) * n as f64) as usize % n
}
