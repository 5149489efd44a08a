//! Macro F1 and Matthews' correlation as metrics a run can log and stop on.

use super::{ConfusionMatrix, Metric, Scores};

/// Mean of the classes' F1, each class weighing the same: for classes of unequal size.
///
/// ```
/// use ulmfit_train::metrics::{MacroF1, Metric, Scores};
///
/// let mut f1 = MacroF1::default();
/// let probabilities = &[0.9, 0.1, 0.8, 0.2, 0.7, 0.3];
/// let targets = &[0, 0, 1];
/// let batch = Scores { probabilities, targets, n_classes: 2, loss: 0.5 };
/// f1.update(&batch);
/// // Class 0: 2*2 / (2 + 3) = .8; class 1 is never predicted: 0.
/// assert!((f1.value() - 0.4).abs() < 1e-12);
/// ```
#[derive(Clone, Debug, Default)]
pub struct MacroF1 {
    matrix: ConfusionMatrix,
}

impl Metric for MacroF1 {
    fn name(&self) -> &'static str {
        "macro_f1"
    }

    fn update(&mut self, batch: &Scores<'_>) {
        self.matrix.update(batch);
    }

    fn value(&self) -> f64 {
        self.matrix.macro_f1()
    }

    fn reset(&mut self) {
        self.matrix.reset();
    }
}

/// Matthews' correlation coefficient, from -1 to 1; 0 is no better than chance.
///
/// ```
/// use ulmfit_train::metrics::{Mcc, Metric, Scores};
///
/// let mut mcc = Mcc::default();
/// let probabilities = &[0.9, 0.1, 0.2, 0.8];
/// let targets = &[0, 1];
/// let batch = Scores { probabilities, targets, n_classes: 2, loss: 0.2 };
/// mcc.update(&batch);
/// assert!((mcc.value() - 1.0).abs() < 1e-12);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Mcc {
    matrix: ConfusionMatrix,
}

impl Metric for Mcc {
    fn name(&self) -> &'static str {
        "mcc"
    }

    fn update(&mut self, batch: &Scores<'_>) {
        self.matrix.update(batch);
    }

    fn value(&self) -> f64 {
        self.matrix.mcc()
    }

    fn reset(&mut self) {
        self.matrix.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_wrong_is_minus_one() {
        let batch = Scores {
            probabilities: &[0.9, 0.1, 0.2, 0.8],
            targets: &[1, 0],
            n_classes: 2,
            loss: 2.0,
        };
        let (mut f1, mut mcc) = (MacroF1::default(), Mcc::default());
        f1.update(&batch);
        mcc.update(&batch);
        // hits 0, n 2, margins (1, 1): (0 - 2) / (4 - 2) = -1.
        assert!((mcc.value() + 1.0).abs() < 1e-12);
        assert_eq!(f1.value(), 0.0);
    }
}
