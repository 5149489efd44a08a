//! Three recurrent cells: the lesson's own loop, torch's plain RNN and the library's LSTM kernel.

use ulmfit::burn;
use ulmfit::burn::module::{Module, Param};
use ulmfit::burn::tensor::{Device, Tensor, activation};
use ulmfit::kernels::{LstmWeights, lstm_layer};
use ulmfit::model::Random;
use ulmfit::train::{Carry, Tensors};

use crate::linear::Linear;

/// Which cell a model has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// `h = tanh(W_h relu(W_in [h; x]))`
    Loop,
    /// `h = tanh(W_ih x + W_hh h + b)`, with `W_hh` the identity at first: the state is kept unless something is learned.
    Rnn,
    /// An LSTM layer.
    Lstm,
}

/// What a cell remembers, detached: back-propagation ends where a batch begins.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// `[B, H]`
    hidden: Tensor<2>,
    /// `[B, H]`; only an LSTM writes it.
    memory: Tensor<2>,
}

/// As the pair of its tensors.
impl Carry for State {
    fn to_tensors(&self) -> Tensors {
        (self.hidden.clone(), self.memory.clone()).to_tensors()
    }

    fn from_tensors(tensors: Tensors, device: &Device) -> ulmfit::train::Result<Self> {
        let (hidden, memory) = Carry::from_tensors(tensors, device)?;
        Ok(Self { hidden, memory })
    }
}

impl State {
    /// Zeros for `rows` rows.
    pub(crate) fn zero(rows: usize, hidden: usize, device: &Device) -> Self {
        let zeros = Tensor::zeros([rows, hidden], device);
        Self {
            hidden: zeros.clone(),
            memory: zeros,
        }
    }
}

/// The weights of a cell.
#[derive(Module, Debug)]
pub(crate) enum Cell {
    /// Of [`Kind::Loop`].
    Loop(LoopCell),
    /// Of [`Kind::Rnn`].
    Rnn(RnnCell),
    /// Of [`Kind::Lstm`].
    Lstm(LstmCell),
}

/// The lesson's loop: two linear maps a step.
#[derive(Module, Debug)]
pub(crate) struct LoopCell {
    both: Linear,
    hidden: Linear,
}

/// A plain RNN.
#[derive(Module, Debug)]
pub(crate) struct RnnCell {
    input: Linear,
    /// `[H, H]`
    hidden: Param<Tensor<2>>,
}

/// The weights of `ulmfit::kernels::lstm_layer`.
#[derive(Module, Debug)]
pub(crate) struct LstmCell {
    /// `[E, 4H]`
    input: Param<Tensor<2>>,
    /// `[H, 4H]`
    hidden: Param<Tensor<2>>,
    /// `[4H]`
    bias: Param<Tensor<1>>,
}

impl Cell {
    /// New weights for inputs of width `embed`.
    pub(crate) fn new(
        kind: Kind,
        embed: usize,
        h: usize,
        random: &mut Random,
        device: &Device,
    ) -> Self {
        match kind {
            Kind::Loop => Self::Loop(LoopCell {
                both: Linear::new(h + embed, h, random, device),
                hidden: Linear::new(h, h, random, device),
            }),
            Kind::Rnn => Self::Rnn(RnnCell {
                input: Linear::new(embed, h, random, device),
                hidden: Param::from_tensor(Tensor::eye(h, device)),
            }),
            Kind::Lstm => {
                let bound = 1.0 / (h as f64).sqrt();
                Self::Lstm(LstmCell {
                    input: Param::from_tensor(random.uniform([embed, 4 * h], bound, device)),
                    hidden: Param::from_tensor(random.uniform([h, 4 * h], bound, device)),
                    bias: Param::from_tensor(random.uniform([4 * h], bound, device)),
                })
            }
        }
    }

    /// All hidden states `[T, B, H]` over `x [T, B, E]`, and the state after the last step.
    pub(crate) fn run(&self, x: Tensor<3>, state: &State) -> (Tensor<3>, State) {
        let outputs = match self {
            Self::Loop(cell) => steps(x, state.hidden.clone(), |x, h| {
                let both = activation::relu(cell.both.forward(Tensor::cat(vec![h, x], 1)));
                activation::tanh(cell.hidden.forward(both))
            }),
            Self::Rnn(cell) => steps(x, state.hidden.clone(), |x, h| {
                activation::tanh(cell.input.forward(x) + h.matmul(cell.hidden.val()))
            }),
            Self::Lstm(cell) => {
                let weights = LstmWeights {
                    input: cell.input.val(),
                    hidden: cell.hidden.val(),
                    kept: None,
                    bias: cell.bias.val(),
                };
                let out = lstm_layer(x, &weights, state.hidden.clone(), state.memory.clone());
                let hidden = last(out.hidden.clone()).detach();
                return (
                    out.hidden,
                    State {
                        hidden,
                        memory: out.cell,
                    },
                );
            }
        };
        let hidden = last(outputs.clone()).detach();
        (
            outputs,
            State {
                hidden,
                memory: state.memory.clone(),
            },
        )
    }
}

/// `step` at every time step, the states stacked.
fn steps(
    x: Tensor<3>,
    first: Tensor<2>,
    step: impl Fn(Tensor<2>, Tensor<2>) -> Tensor<2>,
) -> Tensor<3> {
    let [n, rows, width] = x.dims();
    let mut hidden = first;
    let mut outputs = Vec::with_capacity(n);
    for t in 0..n {
        let now = x
            .clone()
            .slice([t..t + 1, 0..rows, 0..width])
            .reshape([rows, width]);
        hidden = step(now, hidden);
        outputs.push(hidden.clone());
    }
    Tensor::stack(outputs, 0)
}

/// The last step of `[T, B, H]`, `[B, H]`.
pub(crate) fn last(hidden: Tensor<3>) -> Tensor<2> {
    let [n, rows, width] = hidden.dims();
    hidden
        .slice([n - 1..n, 0..rows, 0..width])
        .reshape([rows, width])
}
