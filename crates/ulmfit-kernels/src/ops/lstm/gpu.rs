//! The layer on the GPU: a matrix product and one launch for all gates of a step, forward and backward, where the generic
//! body takes about twenty. Sums are in `f32` whatever the tensors hold. The launch writes what the next step's product
//! reads, rounded where the precision says so.

use burn::backend::cubecl::dtype_to_storage_type;
use burn::backend::ops::FloatTensorOps;
use burn::backend::{Cube, TensorMetadata};
use burn::tensor::Shape;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::zeros_client;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use crate::ops::gpu_memory::{empty, empty_of};
use crate::ops::matmul::Products;

use super::generic::weight_gradients;
use super::node::{InputGrads, Inputs, LstmKernels, Outputs, Saved};

impl LstmKernels for Cube {
    fn lstm_forward(inputs: &Inputs<Self>, save: bool) -> Outputs<Self> {
        forward(inputs, save)
    }

    fn lstm_backward(
        inputs: &Inputs<Self>,
        hidden: CubeTensor,
        saved: Saved<Self>,
        d_hidden: CubeTensor,
        need_dx: bool,
    ) -> InputGrads<Self> {
        let dz = gate_gradients(inputs, saved, d_hidden);
        weight_gradients::<Self>(inputs, hidden, dz, need_dx)
    }
}

fn forward(inputs: &Inputs<Cube>, save: bool) -> Outputs<Cube> {
    let [steps, rows, width] = inputs.x.shape().dims();
    let [h, h4] = inputs.w_hh.shape().dims();
    let flat = Cube::float_reshape(inputs.x.clone(), Shape::new([steps * rows, width]));
    let dtype = flat.dtype;
    let w_ih = Cube::operand(inputs.w_ih.clone());
    let projected = into_contiguous(Cube::product(Cube::operand(flat), w_ih, dtype));
    let bias = into_contiguous(inputs.bias.clone());
    let hidden = empty(&projected, [steps, rows, h]);
    // Written at every step.
    let cell = into_contiguous(inputs.c0.clone()).copy();
    let kept = if save { steps } else { 1 };
    let gates = empty(&projected, [kept, rows, h4]);
    let cells = empty(&projected, [kept, rows, h]);
    let client = projected.client.clone();
    let units = CubeDim::new(&client, rows * h);
    let groups = calculate_cube_count_elemwise(&client, rows * h, units);
    let w_hh = Cube::operand(inputs.dropped(inputs.w_hh.clone()));
    let next = empty_of(&projected, [rows, h], w_hh.dtype);
    let mut before = Cube::operand(inputs.h0.clone());
    for t in 0..steps {
        let recurrent = into_contiguous(Cube::product(before, w_hh.clone(), dtype));
        gates_forward::launch(
            &client,
            groups.clone(),
            units,
            projected.clone().into_tensor_arg(),
            recurrent.into_tensor_arg(),
            bias.clone().into_tensor_arg(),
            cell.clone().into_tensor_arg(),
            hidden.clone().into_tensor_arg(),
            next.clone().into_tensor_arg(),
            gates.clone().into_tensor_arg(),
            cells.clone().into_tensor_arg(),
            t as u32,
            rows as u32,
            h as u32,
            save,
            [dtype, next.dtype].map(dtype_to_storage_type),
        );
        before = next.clone();
    }
    Outputs {
        hidden,
        last_cell: cell,
        saved: save.then_some(Saved { gates, cells }),
    }
}

/// Gradients of the gates before their activation, `[T, B, 4H]`.
fn gate_gradients(inputs: &Inputs<Cube>, saved: Saved<Cube>, d_hidden: CubeTensor) -> CubeTensor {
    let [steps, rows, h] = d_hidden.shape().dims();
    let d_hidden = into_contiguous(d_hidden);
    let c0 = into_contiguous(inputs.c0.clone());
    let dtype = d_hidden.dtype;
    let w_hh = Cube::operand(inputs.dropped(inputs.w_hh.clone()));
    let next = empty_of(&d_hidden, [rows, 4 * h], w_hh.dtype);
    let w_hh_t = Cube::float_transpose(w_hh);
    let dz = empty(&d_hidden, [steps, rows, 4 * h]);
    let zeros = || {
        let (client, device) = (d_hidden.client.clone(), d_hidden.device.clone());
        zeros_client(client, device, Shape::new([rows, h]), d_hidden.dtype)
    };
    let client = d_hidden.client.clone();
    let units = CubeDim::new(&client, rows * h);
    let groups = calculate_cube_count_elemwise(&client, rows * h, units);
    // What flows in from step t + 1.
    let (mut d_next, d_cell) = (zeros(), zeros());
    for t in (0..steps).rev() {
        gates_backward::launch(
            &client,
            groups.clone(),
            units,
            d_hidden.clone().into_tensor_arg(),
            into_contiguous(d_next).into_tensor_arg(),
            saved.gates.clone().into_tensor_arg(),
            saved.cells.clone().into_tensor_arg(),
            c0.clone().into_tensor_arg(),
            d_cell.clone().into_tensor_arg(),
            dz.clone().into_tensor_arg(),
            next.clone().into_tensor_arg(),
            t as u32,
            rows as u32,
            h as u32,
            [dtype, next.dtype].map(dtype_to_storage_type),
        );
        d_next = Cube::product(next.clone(), w_hh_t.clone(), dtype);
    }
    dz
}

/// `1 / (1 + exp(-x))`. Beyond 30 it is 0 or 1 in `f32`; some shader languages leave the infinities undefined.
#[cube]
fn sigmoid(x: f32) -> f32 {
    1.0f32 / (1.0f32 + (-x.clamp(-30.0f32, 30.0f32)).exp())
}

/// Beyond 15 the hyperbolic tangent is 1 in `f32`, and some drivers overflow on the way there.
#[cube]
fn tanh(x: f32) -> f32 {
    x.clamp(-15.0f32, 15.0f32).tanh()
}

/// One step: a unit for each hidden value. `gates` and `cells` are written where `save`.
#[cube(launch)]
fn gates_forward<F: Float, N: Float>(
    projected: &Tensor<F>,  // [T, B, 4H]
    recurrent: &Tensor<F>,  // [B, 4H]
    bias: &Tensor<F>,       // [4H]
    cell: &mut Tensor<F>,   // [B, H], the running one
    hidden: &mut Tensor<F>, // [T, B, H]
    next: &mut Tensor<N>,   // [B, H], the same of this step, for the next one's product
    gates: &mut Tensor<F>,  // [T, B, 4H]
    cells: &mut Tensor<F>,  // [T, B, H]
    t: u32,
    rows: u32,
    h: u32,
    #[comptime] save: bool,
    #[define(F, N)] _dtypes: [ElemType; 2],
) {
    let (t, rows, h) = (t as usize, rows as usize, h as usize);
    let at = ABSOLUTE_POS;
    if at >= rows * h {
        terminate!();
    }
    let (row, unit) = (at / h, at % h);
    let z = row * 4 * h + unit;
    let of_step = t * rows * 4 * h + z;
    let zi = f32::cast_from(projected[of_step])
        + f32::cast_from(recurrent[z])
        + f32::cast_from(bias[unit]);
    let zf = f32::cast_from(projected[of_step + h])
        + f32::cast_from(recurrent[z + h])
        + f32::cast_from(bias[unit + h]);
    let zg = f32::cast_from(projected[of_step + 2 * h])
        + f32::cast_from(recurrent[z + 2 * h])
        + f32::cast_from(bias[unit + 2 * h]);
    let zo = f32::cast_from(projected[of_step + 3 * h])
        + f32::cast_from(recurrent[z + 3 * h])
        + f32::cast_from(bias[unit + 3 * h]);
    let i = sigmoid(zi);
    let f = sigmoid(zf);
    let g = tanh(zg);
    let o = sigmoid(zo);
    let c = f * f32::cast_from(cell[at]) + i * g;
    cell[at] = F::cast_from(c);
    let hidden_value = o * tanh(c);
    hidden[t * rows * h + at] = F::cast_from(hidden_value);
    next[at] = N::cast_from(hidden_value);
    if save {
        gates[of_step] = F::cast_from(i);
        gates[of_step + h] = F::cast_from(f);
        gates[of_step + 2 * h] = F::cast_from(g);
        gates[of_step + 3 * h] = F::cast_from(o);
        cells[t * rows * h + at] = F::cast_from(c);
    }
}

/// One step on the way back.
#[cube(launch)]
fn gates_backward<F: Float, N: Float>(
    d_hidden: &Tensor<F>,   // [T, B, H]
    d_next: &Tensor<F>,     // [B, H]
    gates: &Tensor<F>,      // [T, B, 4H]
    cells: &Tensor<F>,      // [T, B, H]
    c0: &Tensor<F>,         // [B, H]
    d_cell: &mut Tensor<F>, // [B, H], what flows on to the step before
    dz: &mut Tensor<F>,     // [T, B, 4H]
    next: &mut Tensor<N>,   // [B, 4H], the same of this step, for the product of the step before
    t: u32,
    rows: u32,
    h: u32,
    #[define(F, N)] _dtypes: [ElemType; 2],
) {
    let (t, rows, h) = (t as usize, rows as usize, h as usize);
    let at = ABSOLUTE_POS;
    if at >= rows * h {
        terminate!();
    }
    let (row, unit) = (at / h, at % h);
    let z = row * 4 * h + unit;
    let of_step = t * rows * 4 * h + z;
    let i = f32::cast_from(gates[of_step]);
    let f = f32::cast_from(gates[of_step + h]);
    let g = f32::cast_from(gates[of_step + 2 * h]);
    let o = f32::cast_from(gates[of_step + 3 * h]);
    let mut before = f32::cast_from(c0[at]);
    if t > 0 {
        before = f32::cast_from(cells[(t - 1) * rows * h + at]);
    }
    let dh = f32::cast_from(d_hidden[t * rows * h + at]) + f32::cast_from(d_next[at]);
    let tanh_c = tanh(f32::cast_from(cells[t * rows * h + at]));
    let dc = dh * o * (1.0f32 - tanh_c * tanh_c) + f32::cast_from(d_cell[at]);
    let di = dc * g * i * (1.0f32 - i);
    let df = dc * before * f * (1.0f32 - f);
    let dg = dc * i * (1.0f32 - g * g);
    let d_o = dh * tanh_c * o * (1.0f32 - o);
    dz[of_step] = F::cast_from(di);
    dz[of_step + h] = F::cast_from(df);
    dz[of_step + 2 * h] = F::cast_from(dg);
    dz[of_step + 3 * h] = F::cast_from(d_o);
    next[z] = N::cast_from(di);
    next[z + h] = N::cast_from(df);
    next[z + 2 * h] = N::cast_from(dg);
    next[z + 3 * h] = N::cast_from(d_o);
    d_cell[at] = F::cast_from(dc * f);
}
