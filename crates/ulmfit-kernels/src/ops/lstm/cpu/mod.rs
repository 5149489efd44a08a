//! The layer on the CPU: input projection and weight gradients as one product over all steps each, the recurrence
//! step by step with the weight packed once.

mod gates;
mod int8;
mod recurrence;
mod sequence;

pub use int8::Int8Lstm;

use super::node::{InputGrads, Inputs, LstmKernels, Outputs, Saved};
use crate::cpu::gemm::{Beta, Matrix, column_sums, multiply};
use crate::cpu::isa::Isa;
use crate::cpu::team::Team;
use crate::ops::flex_tensors::{owned, tensor, values};
use crate::precision::MatmulPrecision;
use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};
use recurrence::{Recurrence, Step};
use sequence::{Packing, Sequence};

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
        Team::run(|team| forward(team, inputs, save))
    }

    fn lstm_backward(
        inputs: &Inputs<Flex>,
        hidden: FlexTensor,
        saved: Saved<Flex>,
        d_hidden: FlexTensor,
        need_dx: bool,
    ) -> InputGrads<Flex> {
        Team::run(|team| backward(team, inputs, hidden, saved, d_hidden, need_dx))
    }
}

fn forward(team: &Team, inputs: &Inputs<Flex>, save: bool) -> Outputs<Flex> {
    let Sizes {
        steps,
        rows,
        width,
        h,
    } = Sizes::of(inputs);
    let operands = Operands::of(inputs);
    let w_ih = Matrix::new(values(&operands.w_ih), 4 * h);
    let mut weights = Packing::new(
        team,
        MatmulPrecision::current().element(),
        (w_ih, width),
        (values(&operands.w_hh), h),
        inputs.kept.as_ref(),
    );
    let sequence = Sequence {
        shape: [steps, rows, width],
        x: values(&operands.x),
        bias: values(&operands.bias),
        h0: values(&operands.h0),
        c0: values(&operands.c0),
    };
    sequence.forward(team, &mut weights, save)
}

fn backward(
    team: &Team,
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
    let cells = values(&saved.cells);
    // The activations are read once, and their gradients have the same shape: they take the same place.
    let mut gates = owned(saved.gates);
    let dz = gates.storage_mut::<f32>();
    let (mut d_recurrent, mut d_cell) = (vec![0.0; step], vec![0.0; step]);
    let product = (Isa::best(), MatmulPrecision::current().element());
    let (w_hh, kept) = (values(&operands.w_hh), inputs.kept.as_ref());
    let recurrence = Recurrence::backward_of(team, product.1, w_hh, kept, h);
    for t in (0..steps).rev() {
        let (dz_now, dz_next) = dz[t * rows * h4..].split_at_mut(rows * h4);
        let seen = Step {
            cell: &cells[t * step..][..step],
            cell_before: if t > 0 {
                &cells[(t - 1) * step..][..step]
            } else {
                c0
            },
            d_hidden: &d_hidden[t * step..][..step],
            dz_next: (t + 1 < steps).then(|| &dz_next[..rows * h4]),
        };
        recurrence.backward(team, &seen, [&mut d_recurrent, &mut d_cell, dz_now]);
    }

    let dz = &*dz;
    let dz_all = Matrix::new(dz, h4);
    // The recurrent weight saw h0 at the first step and all hidden states but the last at the others, the input weight
    // the inputs.
    let (mut d_hh, mut d_ih) = (vec![0.0; h * h4], vec![0.0; width * h4]);
    let x = Matrix::new(values(&operands.x), width).transposed();
    let h0 = Matrix::new(values(&operands.h0), h).transposed();
    let first = [(&mut *d_hh, h, h0), (&mut *d_ih, width, x)];
    multiply(team, product, [rows, h4], dz_all, Beta::Zero, first);
    if steps > 1 {
        let seen = Matrix::new(values(&hidden), h).transposed();
        let later = [(&mut *d_hh, h, seen), (&mut *d_ih, width, x.from(0, rows))];
        let dz_later = dz_all.from(rows, 0);
        multiply(team, product, [n - rows, h4], dz_later, Beta::One, later);
    }
    let dx = need_dx.then(|| {
        let mut dx = vec![0.0; n * width];
        let w_ih = Matrix::new(values(&operands.w_ih), h4).transposed();
        let products = [(&mut *dx, n, dz_all)];
        multiply(team, product, [h4, width], w_ih, Beta::Zero, products);
        tensor(dx, [steps, rows, width])
    });
    InputGrads {
        x: dx,
        w_ih: tensor(d_ih, [width, h4]),
        w_hh: inputs.dropped(tensor(d_hh, [h, h4])),
        bias: tensor(column_sums(team, dz, h4), [h4]),
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
