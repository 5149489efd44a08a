//! Flex tensors as slices, and a slice that several tasks write in disjoint places.

use std::marker::PhantomData;

use burn::backend::flex::FlexTensor;
use burn::tensor::{Shape, TensorData};

/// The values of a contiguous `f32` tensor (make it so with `to_contiguous`).
///
/// # Panics
/// If the tensor is not contiguous or not `f32`: the kernels are `f32` only.
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    let Some((from, to)) = tensor.layout().contiguous_offsets() else {
        panic!("kernel operands are made contiguous first");
    };
    &tensor.storage::<f32>()[from..to]
}

/// A tensor that owns `values`.
pub(crate) fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.into()))
}

/// A mutable slice shared by tasks that write disjoint ranges of it.
#[derive(Clone, Copy)]
pub(crate) struct Disjoint<'a> {
    start: *mut f32,
    len: usize,
    lives: PhantomData<&'a mut [f32]>,
}

// SAFETY: the pointer comes from an exclusive borrow that lasts for `'a`, and `range` leaves it to its caller that no
// two ranges handed out at one time overlap; under that contract tasks on several threads never touch one element.
unsafe impl Send for Disjoint<'_> {}
// SAFETY: as above; shared access to the handle gives no access to the elements but through `range`.
unsafe impl Sync for Disjoint<'_> {}

impl<'a> Disjoint<'a> {
    pub(crate) fn new(slice: &'a mut [f32]) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            len: slice.len(),
            lives: PhantomData,
        }
    }

    /// The `len` elements from `from`.
    ///
    /// # Safety
    /// While the returned slice lives, no other range that overlaps it may be asked for.
    ///
    /// # Panics
    /// If the range leaves the slice.
    pub(crate) unsafe fn range(&self, from: usize, len: usize) -> &'a mut [f32] {
        assert!(
            from <= self.len && len <= self.len - from,
            "range leaves the slice"
        );
        // SAFETY: in bounds by the assertion, valid for `'a` by construction, unique by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(from), len) }
    }
}
