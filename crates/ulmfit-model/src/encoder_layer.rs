//! One layer of the encoder: a recurrence from the first token to the last, and perhaps one back.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::awd_lstm_config::Directions;
use crate::dropout::Mode;
use crate::lstm_layer::LstmLayer;
use crate::random::Random;
use crate::reversal::Reversal;
use crate::state::{LayerState, RecurrentState};

/// The weights of one layer.
///
/// Two directions share the layer's width, each with half of it, and stand side by side in the output, `[forward,
/// backward]` (PyTorch's and fastai's `bidir`).
#[derive(Module, Debug)]
pub struct EncoderLayer {
    /// Reads from the first token to the last.
    pub forward: LstmLayer,
    /// Reads from a row's last token to its first; absent with [`Directions::Forward`].
    pub backward: Option<LstmLayer>,
}

impl EncoderLayer {
    /// A layer of `hidden` outputs in all; the directions are drawn one after the other.
    pub(crate) fn init(
        width: usize,
        hidden: usize,
        directions: Directions,
        random: &mut Random,
        device: &Device,
    ) -> Self {
        let hidden = hidden / directions.count();
        let mut draw = || LstmLayer::init(width, hidden, random, device);
        Self {
            forward: draw(),
            backward: (directions == Directions::Both).then(draw),
        }
    }

    /// The directions it has.
    pub(crate) fn directions(&self) -> Directions {
        match self.backward {
            Some(_) => Directions::Both,
            None => Directions::Forward,
        }
    }

    /// The width of the output.
    pub(crate) fn width(&self) -> usize {
        self.forward.width() * self.directions().count()
    }

    /// A zero state for `rows` rows.
    pub(crate) fn initial_state(&self, rows: usize) -> LayerState {
        let zeros = |layer: &LstmLayer| {
            let device = layer.weight_hh.device();
            RecurrentState::zeros(layer.width(), rows, &device)
        };
        LayerState {
            forward: zeros(&self.forward),
            backward: self.backward.as_ref().map(zeros),
        }
    }

    /// The outputs of all steps `[T, B, H]` and the state after the last of them, detached. `reversal` is what a
    /// backward direction reads by.
    ///
    /// The backward direction's state is the one after the *first* token; the next chunk's last token starts from it
    /// (PyTorch's `nn.LSTM` with a carried state, as fastai runs it).
    ///
    /// Deviation: fastai v1 and v2 drop the forward direction's recurrent weight alone, because they name only that
    /// one; here weight dropout acts on both, since nothing speaks for regularizing half of a layer.
    pub(crate) fn run(
        &self,
        x: Tensor<3>,
        state: &LayerState,
        reversal: Option<&Reversal>,
        weight_drop: f64,
        mode: &mut Mode,
    ) -> (Tensor<3>, LayerState) {
        assert_eq!(
            self.backward.is_some(),
            state.backward.is_some(),
            "the state must have the encoder's directions"
        );
        let turned = reversal.map(|reversal| reversal.apply(x.clone()));
        let (mut out, forward) = self.forward.run(x, &state.forward, weight_drop, mode);
        let mut next = LayerState {
            forward,
            backward: None,
        };
        if let (Some(layer), Some(before), Some(reversal), Some(turned)) =
            (&self.backward, &state.backward, reversal, turned)
        {
            let (back, after) = layer.run(turned, before, weight_drop, mode);
            out = Tensor::cat(vec![out, reversal.apply(back)], 2);
            next.backward = Some(after);
        }
        (out, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weight_dropout_acts_on_both_directions() {
        let device = Device::default();
        let layer = EncoderLayer::init(3, 8, Directions::Both, &mut Random::new(1), &device);
        let reversal = Reversal::new(&[4, 4], 4, &device);
        let halves = |mode: &mut Mode| {
            let x = Random::new(2).uniform([4, 2, 3], 1.0, &device);
            let state = layer.initial_state(2);
            let (out, _) = layer.run(x, &state, Some(&reversal), 0.5, mode);
            let half = |from: usize| out.clone().slice([0..4, 0..2, from..from + 4]).into_data();
            [half(0), half(4)]
        };
        let (plain, dropped) = (halves(&mut Mode::Eval), halves(&mut Mode::train(1)));
        assert!(plain[0] != dropped[0] && plain[1] != dropped[1]);
    }
}
