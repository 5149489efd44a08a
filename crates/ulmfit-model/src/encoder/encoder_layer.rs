//! One layer of the encoder: a recurrence from the first token to the last, and perhaps one back.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::encoder::awd_lstm_config::{Directions, RecurrenceShape};
use crate::encoder::dropout::Mode;
use crate::encoder::recurrence::Recurrence;
use crate::encoder::reversal::Reversal;
use crate::encoder::state::LayerState;
use crate::random::Random;

/// The weights of one layer.
///
/// Two directions share the layer's width, each with half of it, and stand side by side in the output, `[forward,
/// backward]` (PyTorch's and fastai's `bidir`).
#[derive(Module, Debug)]
pub struct EncoderLayer {
    /// Reads from the first token to the last.
    pub forward: Recurrence,
    /// Reads from a row's last token to its first; absent with [`Directions::Forward`].
    pub backward: Option<Recurrence>,
}

impl EncoderLayer {
    /// A layer of one or two recurrences of this shape, drawn one after the other.
    pub(crate) fn init(
        shape: RecurrenceShape,
        directions: Directions,
        random: &mut Random,
        device: &Device,
    ) -> Self {
        let mut draw = || Recurrence::init(shape, random, device);
        Self {
            forward: draw(),
            backward: (directions == Directions::Both).then(draw),
        }
    }

    /// The recurrences of its directions.
    pub(crate) fn recurrences_mut(&mut self) -> impl Iterator<Item = &mut Recurrence> {
        std::iter::once(&mut self.forward).chain(&mut self.backward)
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
        let backward = self.backward.as_ref();
        LayerState {
            forward: self.forward.initial_state(rows),
            backward: backward.map(|layer| layer.initial_state(rows)),
        }
    }

    /// The outputs of all steps `[T, B, H]` and the state after the last of them, detached. `reversal` is what a
    /// backward direction reads by.
    ///
    /// The backward direction's state is the one after the *first* token; the next chunk's last token starts from it
    /// (PyTorch's `nn.LSTM` with a carried state, as fastai runs it).
    ///
    /// Deviation: fastai v1 and v2 apply weight dropout to the forward direction alone, because they name only its
    /// weight; here it acts on both, since nothing speaks for regularizing half of a layer.
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
    use crate::encoder::awd_lstm_config::Cell;

    #[test]
    fn weight_dropout_acts_on_both_directions() {
        let device = Device::default();
        let shape = RecurrenceShape {
            input: 3,
            hidden: 4,
            cell: Cell::Lstm,
            looks_back: true,
        };
        let layer = EncoderLayer::init(shape, Directions::Both, &mut Random::new(1), &device);
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
