//! The layer in int8 beside its definition: products of rounded operands, all else in floating point.

use burn::tensor::{Device, Distribution, Tensor};
use ulmfit_kernels::{Int8Lstm, LstmWeights, int8};

/// A hidden state on the border between two steps may be rounded the other way: a step is a 127th of the largest.
const TOLERANCE: f64 = 2e-3;

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// A matrix `[rows, columns]` with each column rounded as the layer rounds its weights.
fn rounded_columns(matrix: &Tensor<2>) -> Vec<f64> {
    let [rows, columns] = matrix.dims();
    let all = values(matrix.clone());
    let factors: Vec<f32> = (0..columns)
        .map(|c| int8::factor((0..rows).map(|r| all[r * columns + c])))
        .collect();
    let number = |(i, &weight): (usize, &f32)| {
        let factor = factors[i % columns];
        f64::from(int8::number(weight, factor)) * f64::from(factor)
    };
    all.iter().enumerate().map(number).collect()
}

/// A row rounded to 127 steps of its largest value.
fn rounded(row: &[f64]) -> Vec<f64> {
    let step = row.iter().fold(0.0_f64, |m, x| m.max(x.abs())) / 127.0;
    let to_step = |x: &f64| {
        if step == 0.0 {
            0.0
        } else {
            (x / step).round_ties_even() * step
        }
    };
    row.iter().map(to_step).collect()
}

/// `row [k] * matrix [k, n]`
fn times(row: &[f64], matrix: &[f64], n: usize) -> Vec<f64> {
    let mut sums = vec![0.0; n];
    for (x, row) in row.iter().zip(matrix.chunks_exact(n)) {
        for (sum, w) in sums.iter_mut().zip(row) {
            *sum += x * w;
        }
    }
    sums
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[test]
fn the_layer_is_that_of_rounded_operands() {
    let device = Device::default();
    device.seed(5);
    // Whole panels and remainders, one row and several; a width that is no multiple of four.
    for [steps, rows, width, h] in [
        [30, 1, 20, 1152],
        [9, 1, 7, 50],
        [9, 3, 7, 50],
        [5, 20, 3, 101],
    ] {
        let draw = |shape: [usize; 2]| {
            Tensor::<2>::random(shape, Distribution::Uniform(-1.0, 1.0), &device)
        };
        let shrink = 1.0 / (h as f32).sqrt();
        let weights = LstmWeights {
            input: draw([width, 4 * h]) * shrink,
            hidden: draw([h, 4 * h]) * shrink,
            kept: None,
            bias: draw([1, 4 * h]).reshape([4 * h]),
        };
        let (hidden, cell) = (draw([rows, h]), draw([rows, h]));
        let x = draw([steps * rows, width]).reshape([steps, rows, width]);
        let layer = Int8Lstm::new(&weights).expect("the CPU's kernels are built in");
        let found = layer.forward(x.clone(), &hidden, &cell);

        let (w_ih, w_hh) = (
            rounded_columns(&weights.input),
            rounded_columns(&weights.hidden),
        );
        let wide = |all: Vec<f32>| all.into_iter().map(f64::from).collect::<Vec<_>>();
        let (inputs, bias) = (wide(values(x.clone())), wide(values(weights.bias.clone())));
        let (mut state, mut cells) = (wide(values(hidden.clone())), wide(values(cell.clone())));
        let all = values(found.hidden.clone());
        for t in 0..steps {
            for r in 0..rows {
                let (at, from) = (r * h, (t * rows + r) * width);
                let x = times(&rounded(&inputs[from..][..width]), &w_ih, 4 * h);
                let recurrent = times(&rounded(&state[at..][..h]), &w_hh, 4 * h);
                let z = |gate: usize, j: usize| {
                    let at = gate * h + j;
                    x[at] + recurrent[at] + bias[at]
                };
                for j in 0..h {
                    let c = &mut cells[at + j];
                    *c = sigmoid(z(1, j)) * *c + sigmoid(z(0, j)) * z(2, j).tanh();
                    state[at + j] = sigmoid(z(3, j)) * c.tanh();
                    let off = (f64::from(all[(t * rows + r) * h + j]) - state[at + j]).abs();
                    assert!(
                        off < TOLERANCE,
                        "{steps} {rows} {width} {h}, step {t}: off by {off}"
                    );
                }
            }
        }
        for (found, expected) in values(found.cell.clone()).iter().zip(&cells) {
            assert!(
                (f64::from(*found) - expected).abs() < 2.0 * TOLERANCE,
                "a cell"
            );
        }
        // A row has the bits that it has alone.
        let part = |t: &Tensor<2>| t.clone().slice([0..1, 0..h]);
        let alone = layer.forward(
            x.slice([0..steps, 0..1, 0..width]),
            &part(&hidden),
            &part(&cell),
        );
        let first = found.hidden.slice([0..steps, 0..1, 0..h]);
        assert_eq!(
            values(alone.hidden),
            values(first),
            "{steps} {rows} {width} {h}"
        );
    }
}
