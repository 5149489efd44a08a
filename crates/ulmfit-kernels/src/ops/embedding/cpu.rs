//! The operation on the CPU: rows copied, and a gradient of which only the rows are written.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;

use super::node::{EmbeddingKernels, Taken};
use crate::ops::flex_tensors::{tensor, values};

impl EmbeddingKernels for Flex {
    fn rows_backward(taken: Taken<Flex>, d_rows: FlexTensor) -> FlexTensor {
        let [vocabulary, width] = taken.shape.dims();
        let (d_rows, shares) = (d_rows.to_contiguous(), taken.shares.to_contiguous());
        let ids = taken.ids.to_contiguous().into_data();
        // Zeros come from the system page by page, when they are written to.
        let mut gradient = vec![0.0; vocabulary * width];
        let rows = values(&d_rows).chunks_exact(width.max(1));
        for ((id, row), share) in ids.iter::<i64>().zip(rows).zip(values(&shares)) {
            let sum = &mut gradient[id as usize * width..][..width];
            for (sum, d) in sum.iter_mut().zip(row) {
                *sum += d * share;
            }
        }
        tensor(gradient, [vocabulary, width])
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Shape, TensorData};

    use super::*;
    use crate::ops::embedding::generic;

    #[test]
    fn the_generic_body_agrees() {
        let d_rows: Vec<f32> = (0..12).map(|n| (n as f32 * 0.7).sin()).collect();
        let d_rows = tensor(d_rows, [4, 3]);
        let ids = TensorData::new(vec![4i64, 1, 4, 0], [4]);
        let taken = Taken::<Flex> {
            ids: FlexTensor::from_data(ids),
            shares: tensor(vec![1.0, 0.0, 1.0, 1.0], [4, 1]),
            shape: Shape::from([6, 3]),
        };
        let by_rows = Flex::rows_backward(taken.clone(), d_rows.clone());
        assert_eq!(
            values(&by_rows),
            values(&generic::backward::<Flex>(taken, d_rows))
        );
    }
}
