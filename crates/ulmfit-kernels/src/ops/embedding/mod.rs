//! Rows of an embedding matrix, with a gradient that costs what its rows cost.
//!
//! A selection written with Burn's operations has a dense gradient for each call: `[V, E]` zeros that are written, copied
//! and added, though a batch has a fraction of the words. On the CPU this one is fresh memory that nothing but the
//! batch's rows writes to: the system gives out no page for the rest.

#[cfg(feature = "flex")]
mod cpu;
mod generic;
mod node;

use burn::backend::Dispatch;
use burn::tensor::{Int, Tensor, TensorData};

use node::EmbeddingOps;

/// Returns the rows `ids` of `weight`. An id that occurs more than once has the sum of its gradients; rows of the id
/// `constant` take none (PyTorch's `padding_idx`).
///
/// The sum is made in the order of `ids`, so that it has the same bits on any number of threads.
///
/// # Shapes
/// * `weight`: `[V, E]`
/// * `ids`: `N` ids below `V`
/// * returns `[N, E]`
///
/// # Panics
/// If an id is not below `V`.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use ulmfit_kernels::embedding_rows;
///
/// let device = Device::default().autodiff();
/// let weight = Tensor::<2>::from_floats([[1.0], [2.0], [3.0]], &device).require_grad();
/// let rows = embedding_rows(weight.clone(), &[2, 1, 2], Some(1));
/// assert_eq!(rows.clone().into_data().iter::<f32>().collect::<Vec<_>>(), [3.0, 2.0, 3.0]);
/// let gradient = weight.grad(&rows.sum().backward());
/// let gradient = gradient.map(|g| g.into_data().iter::<f32>().collect::<Vec<_>>());
/// assert_eq!(gradient, Some(vec![0.0, 0.0, 2.0]));
/// ```
pub fn embedding_rows(weight: Tensor<2>, ids: &[u32], constant: Option<u32>) -> Tensor<2> {
    let [vocabulary, _] = weight.dims();
    if let Some(id) = ids.iter().find(|&&id| id as usize >= vocabulary) {
        panic!("id {id} of a vocabulary of {vocabulary} words");
    }
    let device = weight.device();
    let shares = ids
        .iter()
        .map(|&id| if Some(id) == constant { 0.0 } else { 1.0 })
        .collect();
    let shares = TensorData::new::<f32, _>(shares, [ids.len(), 1]);
    let ids = ids.iter().map(|&id| i64::from(id)).collect::<Vec<_>>();
    let n = ids.len();
    let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [n]), &device);
    let shares = Tensor::<2>::from_data(shares, &device);
    let rows = Dispatch::embedding_rows(
        weight.into_dispatch(),
        ids.into_dispatch(),
        shares.into_dispatch(),
    );
    Tensor::from_dispatch(rows)
}
