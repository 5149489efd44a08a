//! A regression tree.

use ulmfit::model::Random;

/// Rows at a leaf, at least.
const MIN_LEAF: usize = 3;

/// A tree of questions whether a setting is at most some value.
pub(crate) enum Tree {
    /// The mean of its rows.
    Leaf(f64),
    /// A question; yes is below.
    Split {
        setting: usize,
        at: f64,
        below: Box<Tree>,
        above: Box<Tree>,
    },
}

/// The best question for some rows.
struct Question {
    setting: usize,
    at: f64,
    /// The squared differences from the means of both sides.
    left: f64,
}

impl Tree {
    /// A tree over `rows`, numbers of rows of `settings`, which may occur more than once. Each question is about one of a
    /// random half of the settings.
    pub(crate) fn grow(
        settings: &[Vec<f64>],
        truth: &[f64],
        rows: &[usize],
        random: &mut Random,
    ) -> Self {
        let mean = rows.iter().map(|&row| truth[row]).sum::<f64>() / rows.len().max(1) as f64;
        let error: f64 = rows.iter().map(|&row| (truth[row] - mean).powi(2)).sum();
        let n_settings = settings.first().map_or(0, Vec::len);
        let mut asked: Vec<usize> = (0..n_settings).collect();
        while asked.len() > n_settings.div_ceil(2) {
            let out = (random.unit() * asked.len() as f32) as usize % asked.len();
            asked.remove(out);
        }
        let questions = asked
            .into_iter()
            .filter_map(|setting| best_question(settings, truth, rows, setting));
        let best = questions
            .min_by(|a, b| a.left.total_cmp(&b.left))
            .filter(|best| best.left < error);
        let Some(Question { setting, at, .. }) = best else {
            return Self::Leaf(mean);
        };
        let (below, above): (Vec<usize>, Vec<usize>) =
            rows.iter().partition(|&&row| settings[row][setting] <= at);
        let mut grow = |rows: &[usize]| Box::new(Self::grow(settings, truth, rows, random));
        Self::Split {
            setting,
            at,
            below: grow(&below),
            above: grow(&above),
        }
    }

    /// What the tree says of a row.
    pub(crate) fn predict(&self, row: &[f64]) -> f64 {
        match self {
            Self::Leaf(mean) => *mean,
            Self::Split {
                setting,
                at,
                below,
                above,
            } => {
                if row[*setting] <= *at {
                    below.predict(row)
                } else {
                    above.predict(row)
                }
            }
        }
    }
}

/// Where to cut one setting, if it leaves enough rows on both sides.
fn best_question(
    settings: &[Vec<f64>],
    truth: &[f64],
    rows: &[usize],
    setting: usize,
) -> Option<Question> {
    let mut order: Vec<(f64, f64)> = rows
        .iter()
        .map(|&row| (settings[row][setting], truth[row]))
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    // From sums and sums of squares: the squared differences of n values from their mean are q - s * s / n.
    let total = order
        .iter()
        .fold((0.0, 0.0), |(s, q), (_, y)| (s + y, q + y * y));
    let (mut s, mut q) = (0.0, 0.0);
    let mut best: Option<Question> = None;
    for place in 1..order.len() {
        let (value, y) = order[place - 1];
        (s, q) = (s + y, q + y * y);
        let rest = order.len() - place;
        if place < MIN_LEAF || rest < MIN_LEAF || value == order[place].0 {
            continue;
        }
        let below = q - s * s / place as f64;
        let above = (total.1 - q) - (total.0 - s).powi(2) / rest as f64;
        if best.as_ref().is_none_or(|best| below + above < best.left) {
            best = Some(Question {
                setting,
                at: (value + order[place].0) / 2.0,
                left: below + above,
            });
        }
    }
    best
}
