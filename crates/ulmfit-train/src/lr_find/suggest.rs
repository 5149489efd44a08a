//! Four rules that read a rate off a curve of losses: those of fastai v2.
//!
//! They compute in 32-bit floats, as fastai does: on a straight curve rounding decides which point is the steepest.

use serde::{Deserialize, Serialize};

/// Points between the two ends of the interval that [`Suggestion::Slide`] moves.
const SLIDE: usize = 15;
/// The interval stops where the slopes at its ends differ by no more than this.
const SLIDE_STOP: f32 = 0.005;

/// A rule that reads a rate off the losses at rising rates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suggestion {
    /// The middle of the longest falling stretch (a subsequence, so that noise does not cut it). fastai's default.
    #[default]
    Valley,
    /// Coming from the right, where an interval of 15 points first has nearly equal slopes at its ends.
    Slide,
    /// A tenth of the rate with the lowest loss.
    Minimum,
    /// The rate at which the loss falls fastest over the logarithm of the rate.
    Steep,
}

impl Suggestion {
    /// Every rule.
    pub const ALL: [Self; 4] = [Self::Valley, Self::Slide, Self::Minimum, Self::Steep];

    /// Returns its name, as in files and in fastai.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valley => "valley",
            Self::Slide => "slide",
            Self::Minimum => "minimum",
            Self::Steep => "steep",
        }
    }

    /// Returns the rate that the rule reads off `losses` at `rates`; nothing for fewer points than it needs (16 for
    /// [`Self::Slide`], else 2).
    ///
    /// ```
    /// use ulmfit_train::Suggestion;
    ///
    /// let rates = [1e-4, 1e-3, 1e-2, 1e-1];
    /// let losses = [4.0, 3.9, 2.0, 5.0];
    /// let found = Suggestion::Steep.of(&rates, &losses).unwrap_or_default();
    /// assert!((found - 1e-3).abs() < 1e-9);
    /// assert_eq!(Suggestion::Slide.of(&rates, &losses), None);
    /// ```
    pub fn of(self, rates: &[f64], losses: &[f64]) -> Option<f64> {
        let n = rates.len().min(losses.len());
        if n < 2 {
            return None;
        }
        let single = |values: &[f64]| values[..n].iter().map(|&v| v as f32).collect::<Vec<f32>>();
        let (rates, losses) = (single(rates), single(losses));
        let rate = |at: usize| rates.get(at).map(|&rate| f64::from(rate));
        match self {
            Self::Valley => rate(valley(&losses)),
            Self::Slide => slide(&losses).and_then(rate),
            Self::Minimum => rate(smallest(&losses)).map(|rate| rate / 10.0),
            Self::Steep => {
                let slope = |at: usize| {
                    (losses[at + 1] - losses[at]) / (log(rates[at + 1]) - log(rates[at]))
                };
                rate(smallest(&(0..n - 1).map(slope).collect::<Vec<f32>>()))
            }
        }
    }
}

/// The natural logarithm, rounded once: that of the 32-bit library differs between machines.
fn log(value: f32) -> f32 {
    f64::from(value).ln() as f32
}

/// The place of the smallest value; of the first, where several are equal.
fn smallest(values: &[f32]) -> usize {
    let pick = |best: usize, at: usize| if values[at] < values[best] { at } else { best };
    (1..values.len()).fold(0, pick)
}

/// The middle of a stretch that ends where the longest strictly falling subsequence ends and has as many points.
fn valley(losses: &[f32]) -> usize {
    // length[i]: of the longest falling subsequence that ends at i.
    let mut length = vec![1_i64; losses.len()];
    let (mut end, mut start) = (0_usize, 0_i64);
    for i in 1..losses.len() {
        for j in 0..i {
            if losses[i] < losses[j] {
                length[i] = length[i].max(length[j] + 1);
            }
        }
        if length[end] < length[i] {
            end = i;
            start = end as i64 - length[end];
        }
    }
    // A third and half a third, each cut to a whole number. A subsequence of all points starts one before the first.
    let span = end as i64 - start;
    usize::try_from(start + span / 3 + span / 6).unwrap_or(0)
}

/// The left end of the interval, one step before it stops.
fn slide(losses: &[f32]) -> Option<usize> {
    let slopes = slopes(losses);
    let (mut right, mut left) = (losses.len() - 1, losses.len().checked_sub(SLIDE + 1)?);
    let mut found = left;
    while (slopes[right] - slopes[left]).abs() > SLIDE_STOP {
        found = left;
        if left == 0 {
            break;
        }
        (right, left) = (right - 1, left - 1);
    }
    Some(found)
}

/// Central differences, one-sided at the ends.
fn slopes(values: &[f32]) -> Vec<f32> {
    let last = values.len() - 1;
    let slope = |at: usize| match at {
        0 => values[1] - values[0],
        at if at == last => values[last] - values[last - 1],
        at => (values[at + 1] - values[at - 1]) / 2.0,
    };
    (0..values.len()).map(slope).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_strange_curves_do_not_panic() {
        let strange = [f64::NAN, f64::INFINITY, 0.0, -1.0, f64::MAX];
        for n in 0..40 {
            let rates: Vec<f64> = (0..n).map(|i| strange[i % strange.len()]).collect();
            for rule in Suggestion::ALL {
                rule.of(&rates, &rates);
                rule.of(&rates, &vec![1.0; n]);
            }
        }
    }
}
