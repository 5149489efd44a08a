//! The QRNN encoder: values by hand, the state over batches, documents in batches, and a language model that learns.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Gradients, Tensor};
use common::{close, values};
use ulmfit_model::{
    AwdLstm, AwdLstmConfig, Cell, ClassifierConfig, Directions, DocumentWindow, Dropouts,
    EncoderLayer, HiddenState, LanguageModelConfig, Mode, QrnnLayer, Random, Recurrence,
    RecurrentState,
};
use ulmfit_text::TokenGrid;

fn param<const D: usize>(values: &[f32], shape: [usize; D], device: &Device) -> Param<Tensor<D>> {
    Param::from_tensor(Tensor::<1>::from_floats(values, device).reshape(shape))
}

fn encoder(cell_inputs: [usize; 3], directions: Directions, device: &Device) -> AwdLstm {
    let [embed, hidden, layers] = cell_inputs;
    let config = AwdLstmConfig::new(30)
        .with_sizes(embed, hidden, layers)
        .with_cell(Cell::Qrnn)
        .with_directions(directions);
    config.init(&mut Random::new(5), device).unwrap()
}

fn run(encoder: &AwdLstm, tokens: &TokenGrid, state: &HiddenState) -> (Vec<f32>, HiddenState) {
    let (out, next) = encoder.forward(tokens, state, &Dropouts::none(), &mut Mode::Eval);
    (values(out), next)
}

#[test]
fn one_feature_by_hand() {
    let device = Device::default();
    let layer = QrnnLayer {
        weight: param(&[1.0, 0.0, 0.0], [1, 3], &device),
        weight_previous: Some(param(&[0.5, 0.0, 0.0], [1, 3], &device)),
        // The second gate is sigmoid(ln 3) = 3/4, of the new value; the third is 1/2.
        bias: param(&[0.0, 3f32.ln(), 0.0], [3], &device),
    };
    let encoder = AwdLstm {
        embedding: param(&[1.0, -0.5, 2.0], [3, 1], &device),
        layers: vec![EncoderLayer {
            forward: Recurrence::Qrnn(layer),
            backward: None,
        }],
    };
    let tokens = TokenGrid::new(1, 3, vec![0, 1, 2]);
    let (out, next) = run(&encoder, &tokens, &encoder.initial_state(1));
    // z = tanh(1), tanh(-0.5 + 0.5), tanh(2 - 0.25); c = 3/4 z + 1/4 c; h = c / 2.
    let cells: [f32; 3] = [0.571_195_6, 0.142_798_9, 0.741_731_5];
    close("out", &out, &cells.map(|c| c / 2.0));
    let RecurrentState::Qrnn { cell, previous } = &next.layers()[0].forward else {
        panic!("a QRNN's state");
    };
    close("cell", &values(cell.clone()), &cells[2..]);
    assert_eq!(values(previous.clone().unwrap()), [2.0]);

    // One more step looks back at the last input: z = tanh(1 + 1).
    let (out, _) = run(&encoder, &TokenGrid::new(1, 1, vec![0]), &next);
    let c = 0.75 * 2f32.tanh() + 0.25 * cells[2];
    close("next", &out, &[c / 2.0]);
}

#[test]
fn two_batches_in_a_row_are_one_of_twice_the_length() {
    let model = encoder([4, 6, 3], Directions::Forward, &Device::default());
    let row = |from: u32, to: u32| (from..to).map(|i| 2 + i * 7 % 28);
    let grid = |from: u32, to: u32| {
        let ids = row(from, to).chain(row(from + 40, to + 40)).collect();
        TokenGrid::new(2, (to - from) as usize, ids)
    };
    let (whole, last) = run(&model, &grid(0, 14), &model.initial_state(2));
    for cut in [1, 7, 13] {
        let (mut out, state) = run(&model, &grid(0, cut), &model.initial_state(2));
        let (second, next) = run(&model, &grid(cut, 14), &state);
        out.extend(second);
        close("out", &out, &whole);
        for (a, b) in next.layers().iter().zip(last.layers()) {
            let cell = |state: &RecurrentState| values(state.cell().clone());
            close("cell", &cell(&a.forward), &cell(&b.forward));
        }
    }
}

#[test]
fn the_state_follows_a_changing_batch_size() {
    let model = encoder([4, 6, 2], Directions::Forward, &Device::default());
    let first = TokenGrid::new(2, 3, vec![5, 6, 7, 8, 9, 10]);
    let (_, state) = run(&model, &first, &model.initial_state(2));
    let width = 4;
    let after = |ids: Vec<u32>, state: &HiddenState| {
        let tokens = TokenGrid::new(ids.len(), 1, ids);
        run(&model, &tokens, state).0
    };
    let both = after(vec![11, 12], &state);
    close("fewer", &after(vec![11], &state.resized(1)), &both[..width]);
    let more = after(vec![11, 12, 13], &state.resized(3));
    close("more", &more[..2 * width], &both);
    let fresh = after(vec![13], &model.initial_state(1));
    close("new", &more[2 * width..], &fresh);
    let turned = after(vec![12, 11], &state.select(&[1, 0]));
    close("selected", &turned[..width], &both[width..]);
}

#[test]
fn a_document_alone_equals_the_document_in_any_batch() {
    let device = Device::default();
    for directions in [Directions::Forward, Directions::Both] {
        let config = ClassifierConfig {
            window: DocumentWindow {
                bptt: 5,
                max_len: 12,
            },
            ..ClassifierConfig::new(3)
        };
        let model = config.init(encoder([4, 6, 2], directions, &device), 1, &device);
        let model = model.unwrap();
        let lengths = [17, 4, 10, 1];
        let document =
            |row: usize| (0..lengths[row] as u32).map(move |t| 2 + (t * 5 + row as u32) % 28);
        let padded = |row: usize| document(row).chain(std::iter::repeat(1)).take(17);
        let tokens = TokenGrid::new(4, 17, (0..4).flat_map(padded).collect());
        let batch = values(model.logits(&tokens, &lengths, &mut Mode::Eval));
        for (row, &length) in lengths.iter().enumerate() {
            let alone = TokenGrid::new(1, length, document(row).collect());
            let alone = values(model.logits(&alone, &[length], &mut Mode::Eval));
            close("alone", &alone, &batch[row * 3..][..3]);
        }
    }
}

#[test]
#[should_panic(expected = "the state must be of the encoder's cell")]
fn a_state_of_the_other_cell_is_refused() {
    let device = Device::default();
    let config = AwdLstmConfig::new(30).with_sizes(4, 6, 2);
    let lstm = config.init(&mut Random::new(1), &device).unwrap();
    let qrnn = encoder([4, 6, 2], Directions::Forward, &device);
    run(
        &qrnn,
        &TokenGrid::new(1, 1, vec![5]),
        &lstm.initial_state(1),
    );
}

/// Descent by steps of one size for every tensor, `rate` in the root mean square.
struct Descent<'a> {
    gradients: &'a Gradients,
    rate: f64,
}

impl ModuleMapper for Descent<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let gradient = tensor.grad(self.gradients).unwrap();
        let size = (gradient.clone() * gradient.clone()).mean().sqrt();
        let size = f64::from(size.into_scalar::<f32>()) + 1e-9;
        let next = tensor.inner() - gradient * (self.rate / size);
        Param::from_mapped_value(id, Tensor::from_inner(next).require_grad(), mapper)
    }
}

#[test]
fn a_language_model_learns_with_its_dropouts_on() {
    let device = Device::default().autodiff();
    let sizes = AwdLstmConfig::new(14)
        .with_sizes(12, 16, 2)
        .with_cell(Cell::Qrnn);
    let config = LanguageModelConfig::new(sizes);
    let mut model = config.init(3, &device).unwrap();
    let mut mode = Mode::train(4);
    // Two rows of a cycle of four words.
    let grid = |from: u32| {
        let ids = [0, 2]
            .into_iter()
            .flat_map(|row| (0..8).map(move |t| 9 + (from + row + t) % 4));
        TokenGrid::new(2, 8, ids.collect())
    };
    let mut state = model.initial_state(2);
    let mut losses = Vec::new();
    for batch in 0..150u32 {
        let (inputs, targets) = (grid(8 * batch), grid(8 * batch + 1));
        let (loss, next) = model.loss(&inputs, &targets, &state, &mut mode);
        state = next;
        losses.push(loss.cross_entropy.into_scalar::<f32>());
        let gradients = loss.objective.backward();
        let mut descent = Descent {
            gradients: &gradients,
            rate: 0.02,
        };
        model = model.map(&mut descent);
    }
    let (first, last) = (losses[0], losses[losses.len() - 1]);
    println!("QRNN language model: loss from {first} to {last}");
    assert!(first > 2.4 && last < 0.7, "from {first} to {last}");
}
