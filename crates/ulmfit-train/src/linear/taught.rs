//! Documents with targets from a teacher, and how strongly weights are penalized on them.

use super::matrix::Matrix;
use super::partner::CHOICES;
use super::solve::{Fit, Loss, Problem};

/// Of so many documents one is held out to choose `C`.
const HELD_OUT: usize = 10;
/// Where there are fewer documents to choose on.
const FEWEST: usize = 50;
const UNCHOSEN: f64 = 10.0;
/// The choices of `C` that may be worse, one after the other, before no further one is tried.
const PATIENCE: usize = 2;

/// Documents with probabilities for their outputs.
pub(crate) struct Taught<'a> {
    pub(crate) matrix: &'a Matrix,
    pub(crate) loss: Loss,
    /// `[N, O]`.
    pub(crate) targets: &'a [f64],
    pub(crate) outputs: usize,
    /// How much each document counts beside the others; 0 for those that are left out.
    pub(crate) counts: Vec<f64>,
}

impl Taught<'_> {
    /// The `C` of the least loss on every tenth of the documents that count, fitted to the others.
    pub(crate) fn choose(&self) -> f64 {
        let mut nth = 0;
        let is_held = |count: &f64| {
            nth += usize::from(*count > 0.0);
            *count > 0.0 && nth.is_multiple_of(HELD_OUT)
        };
        let held: Vec<bool> = self.counts.iter().map(is_held).collect();
        if nth < FEWEST {
            return UNCHOSEN;
        }
        let (mut best, mut least, mut worse) = (UNCHOSEN, f64::INFINITY, 0);
        let mut fit = None;
        for c in CHOICES {
            let next = self.solve(c, fit.take(), &|row| !held[row]);
            let z = next.outputs_of(self.matrix);
            let rows = z.chunks_exact(self.outputs);
            let rows = rows.zip(self.targets.chunks_exact(self.outputs)).zip(&held);
            let held_out = rows.filter(|(_, held)| **held);
            let loss: f64 = held_out.map(|((z, t), _)| self.loss.value(z, t)).sum();
            fit = Some(next);
            if loss < least {
                (best, least, worse) = (c, loss, 0);
            } else {
                worse += 1;
                if worse == PATIENCE {
                    break;
                }
            }
        }
        best
    }

    /// Fits the documents that count and are `used`.
    pub(crate) fn solve(&self, c: f64, start: Option<Fit>, used: &dyn Fn(usize) -> bool) -> Fit {
        let counts = self.counts.iter().enumerate();
        let counts: Vec<f64> = counts
            .map(|(row, count)| if used(row) { c * count } else { 0.0 })
            .collect();
        let problem = Problem {
            matrix: self.matrix,
            loss: self.loss,
            targets: self.targets,
            counts: &counts,
            outputs: self.outputs,
            penalized_bias: false,
        };
        problem.solve(start)
    }
}
