//! The layer from Burn's own operations: the body of every backend that has no override, and the reference that the
//! overrides are tested against. It runs below autodiff, so slices are views and nothing is recorded.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::{Shape, Slice};

use super::node::{InputGrads, Inputs, LstmKernels, Outputs, Saved};

fn range(from: usize, to: usize) -> Slice {
    Slice::from(from..to)
}

/// Step `t` of `[T, B, W]` as `[B, W]`.
pub(super) fn step<B: Backend>(x: &FloatTensor<B>, t: usize) -> FloatTensor<B> {
    let [_, rows, width] = x.shape().dims();
    let cut = [range(t, t + 1), range(0, rows), range(0, width)];
    B::float_reshape(B::float_slice(x.clone(), &cut), Shape::new([rows, width]))
}

/// `[B, W]` as one step `[1, B, W]`.
fn as_step<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let [rows, width] = x.shape().dims();
    B::float_reshape(x, Shape::new([1, rows, width]))
}

/// Gate `index` of `[B, 4H]`.
fn gate<B: Backend>(gates: &FloatTensor<B>, index: usize) -> FloatTensor<B> {
    let [rows, width] = gates.shape().dims();
    let h = width / 4;
    B::float_slice(
        gates.clone(),
        &[range(0, rows), range(index * h, (index + 1) * h)],
    )
}

/// `1 - a`
fn complement<B: Backend>(a: FloatTensor<B>) -> FloatTensor<B> {
    B::float_add_scalar(B::float_neg(a), 1f32.into())
}

/// `1 - a^2`, the slope of tanh at output `a`.
fn tanh_slope<B: Backend>(a: FloatTensor<B>) -> FloatTensor<B> {
    complement::<B>(B::float_mul(a.clone(), a))
}

/// `a (1 - a)`, the slope of the logistic function at output `a`.
fn sigmoid_slope<B: Backend>(a: FloatTensor<B>) -> FloatTensor<B> {
    B::float_mul(a.clone(), complement::<B>(a))
}

pub(crate) fn forward<B: LstmKernels>(inputs: &Inputs<B>, save: bool) -> Outputs<B> {
    let [steps, rows, width] = inputs.x.shape().dims();
    let [_, h4] = inputs.w_hh.shape().dims();
    let flat = B::float_reshape(inputs.x.clone(), Shape::new([steps * rows, width]));
    let bias = B::float_reshape(inputs.bias.clone(), Shape::new([1, h4]));
    let dtype = flat.dtype();
    let projected = B::product(B::operand(flat), B::operand(inputs.w_ih.clone()), dtype);
    let projected = B::float_reshape(B::float_add(projected, bias), Shape::new([steps, rows, h4]));

    let w_hh = B::operand(inputs.dropped(inputs.w_hh.clone()));
    let (mut h, mut c) = (inputs.h0.clone(), inputs.c0.clone());
    let (mut hidden, mut gates, mut cells) = (Vec::new(), Vec::new(), Vec::new());
    for t in 0..steps {
        let recurrent = B::product(B::operand(h), w_hh.clone(), dtype);
        let z = B::float_add(step::<B>(&projected, t), recurrent);
        let i = B::sigmoid(gate::<B>(&z, 0));
        let f = B::sigmoid(gate::<B>(&z, 1));
        let g = B::float_tanh(gate::<B>(&z, 2));
        let o = B::sigmoid(gate::<B>(&z, 3));
        c = B::float_add(
            B::float_mul(f.clone(), c),
            B::float_mul(i.clone(), g.clone()),
        );
        h = B::float_mul(o.clone(), B::float_tanh(c.clone()));
        hidden.push(as_step::<B>(h.clone()));
        if save {
            gates.push(as_step::<B>(B::float_cat(vec![i, f, g, o], 1)));
            cells.push(as_step::<B>(c.clone()));
        }
    }
    let saved = save.then(|| Saved {
        gates: B::float_cat(gates, 0),
        cells: B::float_cat(cells, 0),
    });
    Outputs {
        hidden: B::float_cat(hidden, 0),
        last_cell: c,
        saved,
    }
}

pub(crate) fn backward<B: LstmKernels>(
    inputs: &Inputs<B>,
    hidden: FloatTensor<B>,
    saved: Saved<B>,
    d_hidden: FloatTensor<B>,
    need_dx: bool,
) -> InputGrads<B> {
    let [steps, _, _] = inputs.x.shape().dims();
    let dtype = d_hidden.dtype();
    let w_hh_t = B::float_transpose(B::operand(inputs.dropped(inputs.w_hh.clone())));

    // dh and dc that flow in from step t + 1; none at the last step.
    let (mut dh_next, mut dc_next): (Option<FloatTensor<B>>, Option<FloatTensor<B>>) = (None, None);
    let mut d_gates = Vec::with_capacity(steps);
    for t in (0..steps).rev() {
        let gates = step::<B>(&saved.gates, t);
        let [i, f, g, o] = [0, 1, 2, 3].map(|index| gate::<B>(&gates, index));
        let before = if t > 0 {
            step::<B>(&saved.cells, t - 1)
        } else {
            inputs.c0.clone()
        };
        let mut dh = step::<B>(&d_hidden, t);
        if let Some(next) = dh_next.take() {
            dh = B::float_add(dh, next);
        }
        let tanh_c = B::float_tanh(step::<B>(&saved.cells, t));
        let through = tanh_slope::<B>(tanh_c.clone());
        let mut dc = B::float_mul(B::float_mul(dh.clone(), o.clone()), through);
        if let Some(next) = dc_next.take() {
            dc = B::float_add(dc, next);
        }
        let di = B::float_mul(
            B::float_mul(dc.clone(), g.clone()),
            sigmoid_slope::<B>(i.clone()),
        );
        let df = B::float_mul(
            B::float_mul(dc.clone(), before),
            sigmoid_slope::<B>(f.clone()),
        );
        let dg = B::float_mul(B::float_mul(dc.clone(), i), tanh_slope::<B>(g));
        let d_o = B::float_mul(B::float_mul(dh, tanh_c), sigmoid_slope::<B>(o));
        dc_next = Some(B::float_mul(dc, f));
        let dz = B::float_cat(vec![di, df, dg, d_o], 1);
        dh_next = Some(B::product(B::operand(dz.clone()), w_hh_t.clone(), dtype));
        d_gates.push(as_step::<B>(dz));
    }
    d_gates.reverse();
    weight_gradients::<B>(inputs, hidden, B::float_cat(d_gates, 0), need_dx)
}

/// What follows from the gradients of the gates before their activation, `dz` `[T, B, 4H]`: products of the whole layer.
pub(super) fn weight_gradients<B: LstmKernels>(
    inputs: &Inputs<B>,
    hidden: FloatTensor<B>,
    dz: FloatTensor<B>,
    need_dx: bool,
) -> InputGrads<B> {
    let [steps, rows, width] = inputs.x.shape().dims();
    let [h, h4] = inputs.w_hh.shape().dims();
    let n = steps * rows;
    let dz = B::float_reshape(dz, Shape::new([n, h4]));

    // The recurrent weight saw h_{t-1}: h0, then all hidden states but the last.
    let mut seen = vec![as_step::<B>(inputs.h0.clone())];
    if steps > 1 {
        seen.push(B::float_slice(
            hidden,
            &[range(0, steps - 1), range(0, rows), range(0, h)],
        ));
    }
    let seen = B::float_reshape(B::float_cat(seen, 0), Shape::new([n, h]));
    let flat = B::float_reshape(inputs.x.clone(), Shape::new([n, width]));
    let dtype = dz.dtype();
    let bias = B::float_reshape(B::float_sum_dim(dz.clone(), 0), Shape::new([h4]));
    let dz = B::operand(dz);
    let x = need_dx.then(|| {
        let w_ih_t = B::float_transpose(B::operand(inputs.w_ih.clone()));
        let dx = B::product(dz.clone(), w_ih_t, dtype);
        B::float_reshape(dx, Shape::new([steps, rows, width]))
    });
    let onto = |left| B::product(B::float_transpose(B::operand(left)), dz.clone(), dtype);
    InputGrads {
        x,
        w_ih: onto(flat),
        w_hh: inputs.dropped(onto(seen)),
        bias,
    }
}
