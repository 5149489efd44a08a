//! Linear models of the least loss with an L2 penalty, to convergence: Newton's method with conjugate gradients.
//!
//! Legend: `N` documents, `F` features, `O` outputs.

use super::matrix::Matrix;

/// The gradient's length at the end, of that at zero weights.
const TOLERANCE: f64 = 1e-5;
const MOST_STEPS: usize = 100;
const MOST_CONJUGATE: usize = 250;

/// What is made small for each document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Binary cross-entropy of each output; targets are probabilities.
    Logistic,
    /// Cross-entropy of the outputs' softmax; targets add up to 1.
    Softmax,
    /// `max(0, 1 - t z)²`; targets are -1 and 1.
    SquaredHinge,
}

/// Documents and what their outputs should be.
pub(crate) struct Problem<'a> {
    pub(crate) matrix: &'a Matrix,
    pub(crate) loss: Loss,
    /// `[N, O]`.
    pub(crate) targets: &'a [f64],
    /// How much each document counts, `C` in the usual notation: `Σ C loss + ½ |w|²`. Those of 0 are left out.
    pub(crate) counts: &'a [f64],
    pub(crate) outputs: usize,
    /// Whether the biases are penalized as weights are (liblinear).
    pub(crate) penalized_bias: bool,
}

/// Weights `[F, O]`, and behind them the biases `[O]`.
#[derive(Clone, Debug)]
pub(crate) struct Fit {
    pub(crate) values: Vec<f64>,
    pub(crate) outputs: usize,
}

impl Fit {
    pub(crate) fn weights(&self) -> &[f64] {
        &self.values[..self.values.len() - self.outputs]
    }

    pub(crate) fn bias(&self) -> &[f64] {
        &self.values[self.values.len() - self.outputs..]
    }

    /// The outputs of every document, `[N, O]`.
    pub(crate) fn outputs_of(&self, matrix: &Matrix) -> Vec<f64> {
        linear(matrix, &self.values, self.outputs)
    }
}

impl Problem<'_> {
    /// The best weights; `start` shortens the way and does not change where it leads.
    pub(crate) fn solve(&self, start: Option<Fit>) -> Fit {
        let size = (self.matrix.features() + 1) * self.outputs;
        let zero = vec![0.0; size];
        let none = vec![0.0; self.matrix.rows() * self.outputs];
        let at_zero = norm(&self.gradient(&zero, &none));
        let mut values = start.map_or(zero, |fit| fit.values);
        let mut z = linear(self.matrix, &values, self.outputs);
        let mut objective = self.objective(&values, &z);
        for _ in 0..MOST_STEPS {
            let gradient = self.gradient(&values, &z);
            let length = norm(&gradient);
            if length <= TOLERANCE * at_zero {
                break;
            }
            let exact = 0.5_f64.min((length / at_zero).sqrt()) * length;
            let step = self.newton_step(&gradient, &z, exact);
            let slope = dot(&gradient, &step);
            let along = linear(self.matrix, &step, self.outputs);
            let mut share = 1.0;
            let moved = loop {
                let tried = sum(&values, &step, share);
                let z_there = sum(&z, &along, share);
                let there = self.objective(&tried, &z_there);
                if there <= objective + 1e-4 * share * slope {
                    break Some((tried, z_there, there));
                }
                share /= 2.0;
                if share < 1e-10 {
                    break None;
                }
            };
            // Rounding leaves nothing to gain.
            let Some((tried, z_there, there)) = moved else {
                break;
            };
            (values, z, objective) = (tried, z_there, there);
        }
        Fit {
            values,
            outputs: self.outputs,
        }
    }

    /// Solves `H d = -g` until the residual is as short as `exact`.
    fn newton_step(&self, gradient: &[f64], z: &[f64], exact: f64) -> Vec<f64> {
        let curvature = self.curvature(z);
        let mut step = vec![0.0; gradient.len()];
        let mut residual: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let mut direction = residual.clone();
        let mut squares = dot(&residual, &residual);
        for _ in 0..MOST_CONJUGATE {
            if squares.sqrt() <= exact {
                break;
            }
            let product = self.hessian_times(&curvature, &direction);
            let bend = dot(&direction, &product);
            if bend <= 0.0 {
                break;
            }
            let share = squares / bend;
            add(&mut step, &direction, share);
            add(&mut residual, &product, -share);
            let next = dot(&residual, &residual);
            let turn = next / squares;
            for (d, r) in direction.iter_mut().zip(&residual) {
                *d = r + turn * *d;
            }
            squares = next;
        }
        step
    }

    fn objective(&self, values: &[f64], z: &[f64]) -> f64 {
        let rows = z.chunks_exact(self.outputs);
        let rows = rows.zip(self.targets.chunks_exact(self.outputs));
        let loss: f64 = rows
            .zip(self.counts)
            .filter(|(_, count)| **count > 0.0)
            .map(|((z, t), count)| count * self.loss.value(z, t))
            .sum();
        let penalized = self.penalized(values);
        loss + 0.5 * dot(penalized, penalized)
    }

    fn gradient(&self, values: &[f64], z: &[f64]) -> Vec<f64> {
        let mut slopes = vec![0.0; z.len()];
        let rows = z.chunks_exact(self.outputs);
        let rows = rows.zip(self.targets.chunks_exact(self.outputs));
        let rows = rows.zip(slopes.chunks_exact_mut(self.outputs));
        for (((z, t), slopes), &count) in rows.zip(self.counts) {
            if count > 0.0 {
                self.loss.slopes(z, t, slopes);
                slopes.iter_mut().for_each(|slope| *slope *= count);
            }
        }
        self.back(&slopes, values)
    }

    /// What the loss's second derivative needs of every document: probabilities, or whether a margin is short.
    fn curvature(&self, z: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; z.len()];
        let rows = z.chunks_exact(self.outputs);
        let rows = rows.zip(self.targets.chunks_exact(self.outputs));
        for ((z, t), out) in rows.zip(out.chunks_exact_mut(self.outputs)) {
            self.loss.curvature(z, t, out);
        }
        out
    }

    fn hessian_times(&self, curvature: &[f64], direction: &[f64]) -> Vec<f64> {
        let mut along = linear(self.matrix, direction, self.outputs);
        let rows = along.chunks_exact_mut(self.outputs);
        let rows = rows.zip(curvature.chunks_exact(self.outputs));
        for ((along, curvature), &count) in rows.zip(self.counts) {
            let mean = match self.loss {
                Loss::Softmax => dot(along, curvature),
                Loss::Logistic | Loss::SquaredHinge => 0.0,
            };
            for (s, c) in along.iter_mut().zip(curvature) {
                *s = count * c * (*s - mean);
            }
        }
        self.back(&along, direction)
    }

    /// Of what changes with the outputs, what changes with weights and biases; the penalty's share is `penalty`.
    fn back(&self, of_outputs: &[f64], penalty: &[f64]) -> Vec<f64> {
        let mut out = self.matrix.transposed_times(of_outputs, self.outputs);
        let mut bias = vec![0.0; self.outputs];
        for row in of_outputs.chunks_exact(self.outputs) {
            bias.iter_mut().zip(row).for_each(|(b, x)| *b += x);
        }
        out.extend(bias);
        let penalized = self.penalized(penalty);
        out.iter_mut().zip(penalized).for_each(|(o, w)| *o += w);
        out
    }

    fn penalized<'v>(&self, values: &'v [f64]) -> &'v [f64] {
        match self.penalized_bias {
            true => values,
            false => &values[..values.len() - self.outputs],
        }
    }
}

impl Loss {
    pub(super) fn value(self, z: &[f64], t: &[f64]) -> f64 {
        let each = z.iter().zip(t);
        match self {
            // ln(1 + exp(z)) - t z, which never overflows.
            Self::Logistic => each
                .map(|(z, t)| z.max(0.0) + (-z.abs()).exp().ln_1p() - t * z)
                .sum(),
            Self::Softmax => log_sum_exp(z) - dot(z, t),
            Self::SquaredHinge => each.map(|(z, t)| (1.0 - t * z).max(0.0).powi(2)).sum(),
        }
    }

    fn slopes(self, z: &[f64], t: &[f64], out: &mut [f64]) {
        let each = out.iter_mut().zip(z.iter().zip(t));
        match self {
            Self::Logistic => each.for_each(|(out, (z, t))| *out = sigmoid(*z) - t),
            Self::Softmax => {
                let whole = log_sum_exp(z);
                each.for_each(|(out, (z, t))| *out = (z - whole).exp() - t);
            }
            Self::SquaredHinge => {
                each.for_each(|(out, (z, t))| *out = -2.0 * t * (1.0 - t * z).max(0.0));
            }
        }
    }

    fn curvature(self, z: &[f64], t: &[f64], out: &mut [f64]) {
        let each = out.iter_mut().zip(z.iter().zip(t));
        match self {
            Self::Logistic => each.for_each(|(out, (z, _))| {
                let p = sigmoid(*z);
                *out = p * (1.0 - p);
            }),
            Self::Softmax => {
                let whole = log_sum_exp(z);
                each.for_each(|(out, (z, _))| *out = (z - whole).exp());
            }
            Self::SquaredHinge => each.for_each(|(out, (z, t))| {
                *out = if t * z < 1.0 { 2.0 } else { 0.0 };
            }),
        }
    }
}

pub(super) fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

fn log_sum_exp(z: &[f64]) -> f64 {
    let largest = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = z.iter().map(|z| (z - largest).exp()).sum();
    largest + sum.ln()
}

/// Weights and biases to the outputs of every document.
fn linear(matrix: &Matrix, values: &[f64], outputs: usize) -> Vec<f64> {
    let (weights, bias) = values.split_at(values.len() - outputs);
    let mut z = matrix.times(weights, outputs);
    for row in z.chunks_exact_mut(outputs) {
        row.iter_mut().zip(bias).for_each(|(z, b)| *z += b);
    }
    z
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

fn add(to: &mut [f64], what: &[f64], share: f64) {
    to.iter_mut().zip(what).for_each(|(t, w)| *t += share * w);
}

fn sum(a: &[f64], b: &[f64], share: f64) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + share * b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem<'a>(
        matrix: &'a Matrix,
        loss: Loss,
        targets: &'a [f64],
        counts: &'a [f64],
        outputs: usize,
    ) -> Problem<'a> {
        Problem {
            matrix,
            loss,
            targets,
            counts,
            outputs,
            penalized_bias: loss == Loss::SquaredHinge,
        }
    }

    fn row(n: u32) -> Vec<(u32, f32)> {
        let value = |place: u32| ((n * 7 + place * 5) % 11) as f32 / 5.0 - 1.0;
        (0..4).map(|place| (place, value(place))).collect()
    }

    fn matrix() -> Matrix {
        Matrix::new(&(0..12).map(row).collect::<Vec<_>>(), 4)
    }

    /// The gradient against differences of the objective, and the Hessian's product against those of the gradient.
    #[test]
    fn derivatives_are_those_of_the_objective() {
        let matrix = matrix();
        for (loss, outputs) in [
            (Loss::Logistic, 1),
            (Loss::Softmax, 3),
            (Loss::SquaredHinge, 2),
        ] {
            let size = 12 * outputs;
            let targets: Vec<f64> = match loss {
                Loss::Softmax => (0..12)
                    .flat_map(|n| [0.2, 0.5 + 0.02 * f64::from(n), 0.3 - 0.02 * f64::from(n)])
                    .collect(),
                Loss::Logistic => (0..size).map(|n| n as f64 / size as f64).collect(),
                Loss::SquaredHinge => (0..size)
                    .map(|n| if n % 3 == 0 { 1.0 } else { -1.0 })
                    .collect(),
            };
            let counts: Vec<f64> = (0..12).map(|n| f64::from(n) / 3.0).collect();
            let problem = problem(&matrix, loss, &targets, &counts, outputs);
            let values: Vec<f64> = (0..5 * outputs).map(|n| (n as f64).sin() / 3.0).collect();
            let z = linear(&matrix, &values, outputs);
            let gradient = problem.gradient(&values, &z);
            let at = |values: &[f64]| problem.objective(values, &linear(&matrix, values, outputs));
            for k in 0..values.len() {
                let mut unit = vec![0.0; values.len()];
                unit[k] = 1.0;
                let (up, down) = (sum(&values, &unit, 1e-5), sum(&values, &unit, -1e-5));
                let slope = (at(&up) - at(&down)) / 2e-5;
                assert!((slope - gradient[k]).abs() < 1e-6, "{loss:?} {k}");
                let product = problem.hessian_times(&problem.curvature(&z), &unit);
                let gradient = |v: &[f64]| problem.gradient(v, &linear(&matrix, v, outputs));
                for (j, (u, d)) in gradient(&up).iter().zip(gradient(&down)).enumerate() {
                    assert!(
                        ((u - d) / 2e-5 - product[j]).abs() < 1e-5,
                        "{loss:?} {k} {j}"
                    );
                }
            }
        }
    }

    /// Weights that scikit-learn has found, see `tests/golden/gen_linear.py`.
    #[test]
    fn solutions_are_those_of_scikit_learn() -> serde_json::Result<()> {
        #[derive(serde::Deserialize)]
        struct Exact {
            x: Vec<Vec<f32>>,
            two: Vec<usize>,
            three: Vec<usize>,
            c: f64,
            logistic: Found,
            softmax: Found,
            squared_hinge: Found,
        }
        #[derive(serde::Deserialize)]
        struct Found {
            weights: Vec<Vec<f64>>,
            bias: Vec<f64>,
        }
        let text = include_str!("../../tests/golden/linear.json");
        let mut golden: serde_json::Value = serde_json::from_str(text)?;
        let exact: Exact = serde_json::from_value(golden["exact"].take())?;
        let row = |row: &Vec<f32>| {
            (0..)
                .zip(row.iter().copied())
                .filter(|e| e.1 != 0.0)
                .collect()
        };
        let matrix = Matrix::new(&exact.x.iter().map(row).collect::<Vec<_>>(), 12);
        let counts = vec![exact.c; 40];
        let cases = [
            (Loss::Logistic, &exact.two, &exact.logistic),
            (Loss::Softmax, &exact.three, &exact.softmax),
            (Loss::SquaredHinge, &exact.two, &exact.squared_hinge),
        ];
        for (loss, labels, expected) in cases {
            let outputs = expected.bias.len();
            let target = |label: &usize| match loss {
                Loss::Logistic => vec![*label as f64],
                Loss::SquaredHinge => vec![2.0 * *label as f64 - 1.0],
                Loss::Softmax => (0..outputs)
                    .map(|o| f64::from(u8::from(o == *label)))
                    .collect(),
            };
            let targets: Vec<f64> = labels.iter().flat_map(target).collect();
            let found = problem(&matrix, loss, &targets, &counts, outputs).solve(None);
            let largest = expected
                .weights
                .iter()
                .flatten()
                .fold(0.0, |m: f64, w| m.max(w.abs()));
            for (output, weights) in expected.weights.iter().enumerate() {
                for (place, weight) in weights.iter().enumerate() {
                    let found = found.weights()[place * outputs + output];
                    assert!(
                        (found - weight).abs() < 1e-4 * largest,
                        "{loss:?}: {found} for {weight}"
                    );
                }
                // A softmax's biases may all be moved by the same number.
                let shift = match loss {
                    Loss::Softmax => found.bias()[0] - expected.bias[0],
                    Loss::Logistic | Loss::SquaredHinge => 0.0,
                };
                let difference = found.bias()[output] - expected.bias[output] - shift;
                assert!(difference.abs() < 1e-4 * largest, "{loss:?}: bias {output}");
            }
        }
        Ok(())
    }

    #[test]
    fn where_it_starts_does_not_change_where_it_ends() {
        let matrix = matrix();
        let targets: Vec<f64> = (0..12).map(|n| f64::from(n % 2)).collect();
        let problem = problem(&matrix, Loss::Logistic, &targets, &[3.0; 12], 1);
        let cold = problem.solve(None);
        let start = Fit {
            values: vec![2.0, -1.0, 3.0, 0.5, 1.0],
            outputs: 1,
        };
        for (a, b) in cold.values.iter().zip(&problem.solve(Some(start)).values) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
    }

    #[test]
    fn documents_that_do_not_count_change_nothing() {
        let all = matrix();
        let targets: Vec<f64> = (0..12).map(|n| f64::from(n % 2)).collect();
        let mut counts = vec![1.0; 12];
        counts[8..].fill(0.0);
        let masked = problem(&all, Loss::Logistic, &targets, &counts, 1).solve(None);
        let rows: Vec<Vec<(u32, f32)>> = (0..8).map(row).collect();
        let first = Matrix::new(&rows, 4);
        let first = problem(&first, Loss::Logistic, &targets[..8], &[1.0; 8], 1).solve(None);
        for (a, b) in masked.values.iter().zip(&first.values) {
            assert!((a - b).abs() < 1e-9);
        }
    }
}
