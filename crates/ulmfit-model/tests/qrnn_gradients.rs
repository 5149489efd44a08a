//! The QRNN encoder against its formulas in 64-bit floats: values, and gradients by finite differences.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use burn::module::Param;
use burn::tensor::{Device, Gradients, Tensor};
use common::{close, values};
use ulmfit_model::{AwdLstm, AwdLstmConfig, Cell, Dropouts, Mode, Random, Recurrence};
use ulmfit_text::TokenGrid;

/// A QRNN encoder in 64-bit floats, written straight from the formulas, step by step.
struct Reference {
    sizes: [usize; 3],
    /// Embedding; for each layer the weight, the weight of the input before (the lowest layer), the bias.
    params: Vec<Vec<f64>>,
}

/// For each layer and row, the cell and the last input.
type State = Vec<Vec<(Vec<f64>, Vec<f64>)>>;

impl Reference {
    fn width(&self, layer: usize) -> usize {
        let [embed, hidden, layers] = self.sizes;
        if layer + 1 == layers { embed } else { hidden }
    }

    fn zeros(&self, rows: usize) -> State {
        let [embed, _, layers] = self.sizes;
        let zeros = |layer: usize| (vec![0.0; self.width(layer)], vec![0.0; embed]);
        (0..layers).map(|l| vec![zeros(l); rows]).collect()
    }

    /// Outputs `[T, B, E]` and the state after them.
    fn run(&self, tokens: &TokenGrid, mut state: State) -> (Vec<f64>, State) {
        let [embed, _, layers] = self.sizes;
        let mut out = Vec::new();
        for t in 0..tokens.cols() {
            for b in 0..tokens.rows() {
                let id = tokens.row(b)[t] as usize;
                let mut x = self.params[0][id * embed..][..embed].to_vec();
                let mut params = self.params[1..].iter();
                for (l, rows) in state.iter_mut().enumerate().take(layers) {
                    let h = self.width(l);
                    let weight = params.next().unwrap();
                    let before = (l == 0).then(|| params.next().unwrap());
                    let bias = params.next().unwrap();
                    let (cell, previous) = &mut rows[b];
                    let gate = |g: usize, j: usize| {
                        let column = g * h + j;
                        let dot = |w: &[f64], x: &[f64]| -> f64 {
                            let terms = x.iter().enumerate();
                            terms.map(|(i, x)| x * w[i * 3 * h + column]).sum()
                        };
                        let back = before.map_or(0.0, |w| dot(w, previous));
                        dot(weight, &x) + back + bias[column]
                    };
                    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
                    let mut y = vec![0.0; h];
                    for (j, y) in y.iter_mut().enumerate() {
                        let f = sigmoid(gate(1, j));
                        cell[j] = f * gate(0, j).tanh() + (1.0 - f) * cell[j];
                        *y = sigmoid(gate(2, j)) * cell[j];
                    }
                    if l == 0 {
                        *previous = x;
                    }
                    x = y;
                }
                out.extend(x);
            }
        }
        (out, state)
    }
}

/// The parameters of an encoder in the order of [`Reference::params`], or their gradients.
fn parameters(model: &AwdLstm, gradients: Option<&Gradients>) -> Vec<Vec<f64>> {
    fn read<const D: usize>(param: &Param<Tensor<D>>, gradients: Option<&Gradients>) -> Vec<f64> {
        let tensor = param.val();
        let numbers = match gradients {
            Some(gradients) => values(tensor.grad(gradients).unwrap()),
            None => values(tensor),
        };
        numbers.into_iter().map(f64::from).collect()
    }
    let mut all = vec![read(&model.embedding, gradients)];
    for layer in &model.layers {
        let Recurrence::Qrnn(layer) = &layer.forward else {
            panic!("a QRNN");
        };
        all.push(read(&layer.weight, gradients));
        let previous = layer.weight_previous.as_ref();
        all.extend(previous.map(|weight| read(weight, gradients)));
        all.push(read(&layer.bias, gradients));
    }
    all
}

#[test]
fn values_and_gradients_by_finite_differences() {
    let device = Device::default().autodiff();
    let sizes = [3, 5, 2];
    let [embed, hidden, layers] = sizes;
    let config = AwdLstmConfig::new(30)
        .with_sizes(embed, hidden, layers)
        .with_cell(Cell::Qrnn);
    let model = config.init(&mut Random::new(5), &device).unwrap();
    let mut reference = Reference {
        sizes,
        params: parameters(&model, None),
    };
    let first = TokenGrid::new(2, 3, vec![5, 6, 7, 8, 9, 10]);
    let second = TokenGrid::new(2, 5, vec![11, 5, 6, 12, 12, 9, 8, 13, 7, 5]);
    let none = Dropouts::none();
    let train = || Mode::train(0);
    let (_, state) = model.forward(&first, &model.initial_state(2), &none, &mut train());
    let (out, _) = model.forward(&second, &state, &none, &mut train());
    let start = reference.run(&first, reference.zeros(2)).1;
    let narrow = |values: &[f64]| values.iter().map(|&x| x as f32).collect::<Vec<f32>>();
    let expected = reference.run(&second, start.clone()).0;
    close("out", &values(out.clone()), &narrow(&expected));

    // Every output counts, each with a factor of its own.
    let factors = Random::new(9).uniform::<3>(out.dims(), 1.0, &device);
    let gradients = (out * factors.clone()).sum().backward();
    let actual = parameters(&model, Some(&gradients));
    let factors: Vec<f64> = values(factors).into_iter().map(f64::from).collect();
    let objective = |reference: &Reference| -> f64 {
        // The state is a constant: it comes in detached.
        let (out, _) = reference.run(&second, start.clone());
        out.iter().zip(&factors).map(|(x, f)| x * f).sum()
    };
    const STEP: f64 = 1e-5;
    let mut worst = 0.0f32;
    for (p, actual) in actual.iter().enumerate() {
        let mut expected = Vec::new();
        for i in 0..reference.params[p].len() {
            let value = reference.params[p][i];
            let mut at = |x: f64| {
                reference.params[p][i] = x;
                objective(&reference)
            };
            let slope = (at(value + STEP) - at(value - STEP)) / (2.0 * STEP);
            reference.params[p][i] = value;
            expected.push(slope);
        }
        let name = format!("parameter {p}");
        worst = worst.max(close(&name, &narrow(actual), &narrow(&expected)));
    }
    println!("QRNN: largest relative error of a gradient {worst:e}");
}
