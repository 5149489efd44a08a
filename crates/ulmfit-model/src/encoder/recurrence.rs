//! A recurrence in one direction, of either cell.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::encoder::awd_lstm_config::{Cell, RecurrenceShape};
use crate::encoder::dropout::Mode;
use crate::encoder::lstm_layer::LstmLayer;
use crate::encoder::qrnn_layer::QrnnLayer;
use crate::encoder::state::RecurrentState;
use crate::random::Random;

/// The weights of one layer in one direction.
#[derive(Module, Debug)]
pub enum Recurrence {
    /// Of [`Cell::Lstm`].
    Lstm(LstmLayer),
    /// Of [`Cell::Qrnn`].
    Qrnn(QrnnLayer),
}

impl Recurrence {
    pub(crate) fn init(shape: RecurrenceShape, random: &mut Random, device: &Device) -> Self {
        match shape.cell {
            Cell::Lstm => Self::Lstm(LstmLayer::init(shape, random, device)),
            Cell::Qrnn => Self::Qrnn(QrnnLayer::init(shape, random, device)),
        }
    }

    /// Which of the two it is.
    pub(crate) fn cell(&self) -> Cell {
        match self {
            Self::Lstm(_) => Cell::Lstm,
            Self::Qrnn(_) => Cell::Qrnn,
        }
    }

    /// The width of the output.
    pub(crate) fn width(&self) -> usize {
        match self {
            Self::Lstm(layer) => layer.width(),
            Self::Qrnn(layer) => layer.width(),
        }
    }

    /// A zero state for `rows` rows.
    pub(crate) fn initial_state(&self, rows: usize) -> RecurrentState {
        match self {
            Self::Lstm(layer) => layer.initial_state(rows),
            Self::Qrnn(layer) => layer.initial_state(rows),
        }
    }

    /// The outputs of all steps `[T, B, H]` and the state after the last, detached.
    pub(crate) fn run(
        &self,
        x: Tensor<3>,
        state: &RecurrentState,
        weight_drop: f64,
        mode: &mut Mode,
    ) -> (Tensor<3>, RecurrentState) {
        match (self, state) {
            (Self::Lstm(layer), RecurrentState::Lstm { hidden, cell }) => {
                layer.run(x, hidden, cell, weight_drop, mode)
            }
            (Self::Qrnn(layer), RecurrentState::Qrnn { cell, previous }) => {
                layer.run(x, cell, previous.as_ref(), weight_drop, mode)
            }
            _ => panic!("the state must be of the encoder's cell, {:?}", self.cell()),
        }
    }
}
