//! The layer on the CPU: input projection and weight gradients as one product over all steps each, the recurrence
//! step by step with the weight packed once.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};
use rayon::prelude::*;

use super::node::{InputGrads, Inputs, LstmKernels, Outputs, Saved};
use super::recurrence::{Direction, Recurrence, Step};
use crate::flex_slices::{tensor, values};
use crate::gemm_slices::{Into, Matrix, matmul};

#[derive(Clone, Copy)]
struct Sizes {
    steps: usize,
    rows: usize,
    width: usize,
    h: usize,
}

impl Sizes {
    fn of(inputs: &Inputs<Flex>) -> Self {
        let [steps, rows, width] = inputs.x.shape().dims();
        let [h, _] = inputs.w_hh.shape().dims();
        Self {
            steps,
            rows,
            width,
            h,
        }
    }
}

impl LstmKernels for Flex {
    fn lstm_forward(inputs: &Inputs<Flex>, save: bool) -> Outputs<Flex> {
        let Sizes {
            steps,
            rows,
            width,
            h,
        } = Sizes::of(inputs);
        let operands = Operands::of(inputs);
        let (n, step, h4) = (steps * rows, rows * h, 4 * h);

        let mut activations = vec![0.0; n * h4];
        let bias = values(&operands.bias);
        activations
            .par_chunks_mut(h4)
            .for_each(|row| row.copy_from_slice(bias));
        let x = Matrix::new(values(&operands.x), width);
        let w_ih = Matrix::new(values(&operands.w_ih), h4);
        matmul(&mut activations, Into::Add, [n, width, h4], x, w_ih);

        let (mut hidden, mut cells) = (vec![0.0; n * h], vec![0.0; n * h]);
        let recurrence = Recurrence::new(values(&operands.w_hh), rows, h, Direction::Forward);
        let (h0, c0) = (values(&operands.h0), values(&operands.c0));
        for t in 0..steps {
            let (hidden_before, hidden_now) = hidden.split_at_mut(t * step);
            let (cells_before, cells_now) = cells.split_at_mut(t * step);
            recurrence.forward(
                if t > 0 {
                    &hidden_before[(t - 1) * step..]
                } else {
                    h0
                },
                if t > 0 {
                    &cells_before[(t - 1) * step..]
                } else {
                    c0
                },
                &mut activations[t * rows * h4..][..rows * h4],
                &mut cells_now[..step],
                &mut hidden_now[..step],
            );
        }
        let last_cell = tensor(cells[(steps - 1) * step..].to_vec(), [rows, h]);
        let saved = save.then(|| Saved {
            gates: tensor(activations, [steps, rows, h4]),
            cells: tensor(cells, [steps, rows, h]),
        });
        Outputs {
            hidden: tensor(hidden, [steps, rows, h]),
            last_cell,
            saved,
        }
    }

    fn lstm_backward(
        inputs: &Inputs<Flex>,
        hidden: FlexTensor,
        saved: Saved<Flex>,
        d_hidden: FlexTensor,
        need_dx: bool,
    ) -> InputGrads<Flex> {
        let Sizes {
            steps,
            rows,
            width,
            h,
        } = Sizes::of(inputs);
        let operands = Operands::of(inputs);
        let (n, step, h4) = (steps * rows, rows * h, 4 * h);
        let d_hidden = d_hidden.to_contiguous();
        let (d_hidden, c0) = (values(&d_hidden), values(&operands.c0));
        let (gates, cells) = (values(&saved.gates), values(&saved.cells));

        let mut dz = vec![0.0; n * h4];
        let mut d_cell = vec![0.0; step];
        let recurrence = Recurrence::new(values(&operands.w_hh), rows, h, Direction::Backward);
        for t in (0..steps).rev() {
            let (dz_now, dz_next) = dz[t * rows * h4..].split_at_mut(rows * h4);
            let seen = Step {
                gates: &gates[t * rows * h4..][..rows * h4],
                cell: &cells[t * step..][..step],
                cell_before: if t > 0 {
                    &cells[(t - 1) * step..][..step]
                } else {
                    c0
                },
                d_hidden: &d_hidden[t * step..][..step],
                dz_next: (t + 1 < steps).then(|| &dz_next[..rows * h4]),
            };
            recurrence.backward(&seen, &mut d_cell, dz_now);
        }

        let dz_all = Matrix::new(&dz, h4);
        // The recurrent weight saw h0 at the first step and all hidden states but the last at the others.
        let mut d_hh = vec![0.0; h * h4];
        let h0 = Matrix::new(values(&operands.h0), h).transposed();
        matmul(&mut d_hh, Into::Replace, [h, rows, h4], h0, dz_all);
        if steps > 1 {
            let seen = Matrix::new(values(&hidden), h).transposed();
            let later = Matrix::new(&dz[rows * h4..], h4);
            matmul(&mut d_hh, Into::Add, [h, n - rows, h4], seen, later);
        }
        let mut d_ih = vec![0.0; width * h4];
        let x = Matrix::new(values(&operands.x), width).transposed();
        matmul(&mut d_ih, Into::Replace, [width, n, h4], x, dz_all);
        let dx = need_dx.then(|| {
            let mut dx = vec![0.0; n * width];
            let w_ih = Matrix::new(values(&operands.w_ih), h4).transposed();
            matmul(&mut dx, Into::Replace, [n, h4, width], dz_all, w_ih);
            tensor(dx, [steps, rows, width])
        });
        let mut d_bias = vec![0.0; h4];
        for row in dz.chunks_exact(h4) {
            for (sum, value) in d_bias.iter_mut().zip(row) {
                *sum += value;
            }
        }
        InputGrads {
            x: dx,
            w_ih: tensor(d_ih, [width, h4]),
            w_hh: tensor(d_hh, [h, h4]),
            bias: tensor(d_bias, [h4]),
        }
    }
}

/// The inputs, contiguous.
struct Operands {
    x: FlexTensor,
    w_ih: FlexTensor,
    w_hh: FlexTensor,
    bias: FlexTensor,
    h0: FlexTensor,
    c0: FlexTensor,
}

impl Operands {
    fn of(inputs: &Inputs<Flex>) -> Self {
        Self {
            x: inputs.x.to_contiguous(),
            w_ih: inputs.w_ih.to_contiguous(),
            w_hh: inputs.w_hh.to_contiguous(),
            bias: inputs.bias.to_contiguous(),
            h0: inputs.h0.to_contiguous(),
            c0: inputs.c0.to_contiguous(),
        }
    }
}
