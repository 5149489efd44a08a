//! The layer with weights of 8 bits beside the layer in single precision with the same rounded weights.

use burn::tensor::{Device, Distribution, Tensor, TensorData};
use ulmfit_kernels::{Int8Lstm, LstmWeights, int8, lstm_layer};

/// Hidden states are rounded by 3.5e-5 at most, at the largest width below, before they are summed with small weights.
const TOLERANCE: f32 = 2e-4;

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// The matrix with each column rounded as the layer rounds it.
fn rounded(matrix: &Tensor<2>, device: &Device) -> Tensor<2> {
    let [rows, columns] = matrix.dims();
    let all = values(matrix.clone());
    let factors: Vec<f32> = (0..columns)
        .map(|c| int8::factor((0..rows).map(|r| all[r * columns + c])))
        .collect();
    let number = |(i, &weight): (usize, &f32)| {
        let factor = factors[i % columns];
        f32::from(int8::number(weight, factor)) * factor
    };
    let all: Vec<f32> = all.iter().enumerate().map(number).collect();
    Tensor::from_data(TensorData::new(all, [rows, columns]), device)
}

#[test]
fn the_layer_is_that_of_the_rounded_weights() {
    let device = Device::default();
    device.seed(5);
    // Whole panels and remainders, one row and several.
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
        let exact = LstmWeights {
            input: rounded(&weights.input, &device),
            hidden: rounded(&weights.hidden, &device),
            ..weights.clone()
        };
        let expected = lstm_layer(x.clone(), &exact, hidden.clone(), cell.clone());
        let pairs = [
            (values(found.hidden.clone()), values(expected.hidden)),
            (values(found.cell), values(expected.cell)),
        ];
        for (found, expected) in pairs {
            let off = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
            let off = off.fold(0.0, f32::max);
            assert!(off < TOLERANCE, "{steps} {rows} {width} {h}: off by {off}");
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
