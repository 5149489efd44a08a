//! Turning the rows of a batch round, each within its own length.

use burn::tensor::{Device, Int, Tensor};

use crate::random::int_tensor;

/// For each position of `[T, B]` the one that takes its place when every row is read from its end.
///
/// Position `t` of a row of `n` tokens and position `n - 1 - t` change places; padding stays where it is. A backward
/// layer thus starts at the row's own last token, whatever the batch's width, and meets padding only after it has read
/// all tokens. Turning twice restores the order.
#[derive(Clone, Debug)]
pub(crate) struct Reversal {
    places: Tensor<1, Int>,
}

impl Reversal {
    /// The reversal of rows of `lengths` tokens in a grid of `steps` columns.
    pub(crate) fn new(lengths: &[usize], steps: usize, device: &Device) -> Self {
        let rows = lengths.len();
        let place = |(t, b): (usize, usize)| {
            let n = lengths[b];
            let from = if t < n { n - 1 - t } else { t };
            (from * rows + b) as u32
        };
        let grid = (0..steps).flat_map(|t| (0..rows).map(move |b| (t, b)));
        let places: Vec<u32> = grid.map(place).collect();
        Self {
            places: int_tensor(&places, device),
        }
    }

    /// `x` (`[T, B, W]`) turned round.
    pub(crate) fn apply(&self, x: Tensor<3>) -> Tensor<3> {
        let [steps, rows, width] = x.dims();
        // One gather: slices for each row would each cost a gradient of full size.
        let flat = x.reshape([steps * rows, width]);
        let turned = flat.select(0, self.places.clone());
        turned.reshape([steps, rows, width])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_turn_within_their_lengths_and_turn_back() {
        let device = Device::default();
        // Row 0: 1 2 3; row 1: 10 20 and padding.
        let x = Tensor::<1>::from_floats([1.0, 10.0, 2.0, 20.0, 3.0, 0.0], &device);
        let x = x.reshape([3, 2, 1]);
        let reversal = Reversal::new(&[3, 2], 3, &device);
        let values = |x: Tensor<3>| x.into_data().iter::<f32>().collect::<Vec<f32>>();
        let turned = reversal.apply(x.clone());
        assert_eq!(values(turned.clone()), [3.0, 20.0, 2.0, 10.0, 1.0, 0.0]);
        assert_eq!(values(reversal.apply(turned)), values(x));
    }
}
