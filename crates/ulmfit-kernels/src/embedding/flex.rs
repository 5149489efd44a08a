//! The operation on the CPU: rows copied, and a gradient of which only the rows are written.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;

use super::node::{EmbeddingKernels, Taken};
use crate::flex_slices::{tensor, values};

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
