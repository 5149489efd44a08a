//! Whether a model that is 80 % sure is right in 80 % of the cases (Guo et al. 2017).

/// The intervals that confidences are sorted into.
const BINS: usize = 10;

/// The documents whose confidence is within one interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// The interval begins here.
    pub low: f64,
    /// The interval ends here; only the last one holds its end.
    pub high: f64,
    /// Documents in it.
    pub documents: usize,
    /// Their mean confidence.
    pub confidence: f64,
    /// The share of them that was predicted rightly.
    pub accuracy: f64,
}

/// Returns the intervals of a tenth that hold documents, lowest first, of confidence (0 to 1) and whether it was right.
///
/// ```
/// use ulmfit_report::calibration::bins;
///
/// let found = bins(&[(0.75, true), (0.75, false), (1.0, true)]);
/// assert_eq!(found.len(), 2);
/// assert_eq!((found[0].documents, found[0].confidence, found[0].accuracy), (2, 0.75, 0.5));
/// ```
pub fn bins(confidences: &[(f32, bool)]) -> Vec<Bin> {
    let mut sums = [(0, 0.0, 0); BINS];
    for &(confidence, right) in confidences {
        let confidence = f64::from(confidence);
        // A cast takes what is below 0, or not a number, to 0.
        let bin = ((confidence * BINS as f64) as usize).min(BINS - 1);
        sums[bin].0 += 1;
        sums[bin].1 += confidence;
        sums[bin].2 += usize::from(right);
    }
    let width = 1.0 / BINS as f64;
    let bin = |(index, (n, sum, right)): (usize, (usize, f64, usize))| Bin {
        low: index as f64 * width,
        high: (index + 1) as f64 * width,
        documents: n,
        confidence: sum / n as f64,
        accuracy: right as f64 / n as f64,
    };
    let all = sums.into_iter().enumerate();
    all.filter(|(_, (n, ..))| *n > 0).map(bin).collect()
}

/// Returns the expected calibration error: the mean distance of confidence and accuracy over all documents, 0 to 1; 0
/// without documents.
///
/// ```
/// use ulmfit_report::calibration::{bins, expected_error};
///
/// let found = bins(&[(0.75, true), (0.75, false), (1.0, true), (1.0, true)]);
/// assert_eq!(expected_error(&found), 0.125); // (2 * 0.25 + 2 * 0) / 4
/// ```
pub fn expected_error(bins: &[Bin]) -> f64 {
    let documents: usize = bins.iter().map(|bin| bin.documents).sum();
    let distance = |bin: &Bin| bin.documents as f64 * (bin.confidence - bin.accuracy).abs();
    bins.iter().map(distance).sum::<f64>() / documents.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_strange_values_have_a_bin() {
        let found = bins(&[(0.0, false), (0.1, true), (1.0, true), (f32::NAN, false)]);
        let places: Vec<_> = found.iter().map(|bin| (bin.low, bin.documents)).collect();
        assert_eq!(places, [(0.0, 2), (0.1, 1), (0.9, 1)]);
        assert!(bins(&[]).is_empty() && expected_error(&[]) == 0.0);
    }
}
