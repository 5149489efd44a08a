//! One tensor of a weight file: where its numbers lie, and how to read them.

use std::ops::Range;

use super::dtype::Dtype;
use super::fault::Fault;

/// A tensor as a view into a storage, which other tensors may share.
#[derive(Clone, Debug)]
pub(super) struct StoredTensor {
    pub(super) dtype: Dtype,
    /// The storage's bytes in the file.
    pub(super) storage: Range<usize>,
    /// The first element, counted in elements of the storage; so are the strides.
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
}

impl StoredTensor {
    /// A tensor that fills its storage.
    pub(super) fn contiguous(dtype: Dtype, storage: Range<usize>, shape: Vec<usize>) -> Self {
        let strides = contiguous_strides(&shape);
        Self {
            dtype,
            storage,
            offset: 0,
            shape,
            strides,
        }
    }

    /// Checks that the storage lies in a file of `length` bytes and every element in the storage; that there are no
    /// more elements than the storage has, so that no small file asks for much memory.
    pub(super) fn check(&self, name: &str, length: usize) -> Result<(), Fault> {
        let part = format!("tensor `{name}`");
        if self.storage.end > length || self.storage.start > self.storage.end {
            let found = format!("bytes {:?}", self.storage);
            return Err(Fault::damaged(
                part,
                format!("a storage within the file's {length} bytes"),
                found,
            ));
        }
        let stored = self.storage.len() / self.dtype.size();
        let count = self.shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        let mut last = self.shape.iter().zip(&self.strides);
        let last = last.try_fold(self.offset, |at, (&size, &stride)| {
            at.checked_add(size.saturating_sub(1).checked_mul(stride)?)
        });
        match (count, last) {
            (Some(0), _) => Ok(()),
            (Some(count), Some(last)) if count <= stored && last < stored => Ok(()),
            _ => Err(Fault::damaged(
                part,
                format!("sizes, strides and offset within the {stored} numbers of its storage"),
                format!("{:?}, {:?} and {}", self.shape, self.strides, self.offset),
            )),
        }
    }

    /// The number of elements.
    pub(super) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// The elements in row-major order. The tensor has been checked against this file.
    pub(super) fn values(&self, file: &[u8]) -> Vec<f32> {
        let (storage, width) = (&file[self.storage.clone()], self.dtype.size());
        let number = |at: usize| self.dtype.number(&storage[at * width..][..width]);
        let count = self.len();
        if self.strides == contiguous_strides(&self.shape) {
            return (self.offset..self.offset + count).map(number).collect();
        }
        let mut place = vec![0; self.shape.len()];
        let mut at = self.offset;
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            values.push(number(at));
            // On to the next place: the last axis first, as in an odometer.
            for axis in (0..place.len()).rev() {
                place[axis] += 1;
                at += self.strides[axis];
                if place[axis] < self.shape[axis] {
                    break;
                }
                at -= self.strides[axis] * place[axis];
                place[axis] = 0;
            }
        }
        values
    }
}

/// The strides of a row-major tensor.
fn contiguous_strides(shape: &[usize]) -> Vec<usize> {
    let mut stride = 1usize;
    let mut strides: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&size| {
            let own = stride;
            stride = stride.saturating_mul(size);
            own
        })
        .collect();
    strides.reverse();
    strides
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use half::f16;

    fn tensor(offset: usize, shape: &[usize], strides: &[usize]) -> StoredTensor {
        StoredTensor {
            dtype: Dtype::F16,
            storage: 1..25,
            offset,
            shape: shape.to_vec(),
            strides: strides.to_vec(),
        }
    }

    /// One byte, then twelve halves: 0 to 11.
    fn file() -> Vec<u8> {
        let halves = (0u8..12).flat_map(|n| f16::from_f32(f32::from(n)).to_le_bytes());
        std::iter::once(7).chain(halves).collect()
    }

    #[test]
    fn views_by_offset_and_stride() {
        for (tensor, expected) in [
            (tensor(0, &[3, 4], &[4, 1]), (0u8..12).collect::<Vec<_>>()),
            (tensor(5, &[2, 2], &[4, 1]), vec![5, 6, 9, 10]),
            (
                tensor(0, &[4, 3], &[1, 4]),
                vec![0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11],
            ),
            (tensor(2, &[3], &[0]), vec![2, 2, 2]),
            (tensor(11, &[], &[]), vec![11]),
            (tensor(99, &[0, 5], &[1, 1]), vec![]),
        ] {
            tensor.check("t", 25).unwrap();
            let expected: Vec<f32> = expected.into_iter().map(f32::from).collect();
            assert_eq!(tensor.values(&file()), expected);
        }
    }

    #[test]
    fn views_that_leave_their_storage_are_refused() {
        for tensor in [
            tensor(1, &[3, 4], &[4, 1]),
            tensor(0, &[13], &[0]),
            tensor(0, &[2, 2], &[usize::MAX, 1]),
            tensor(0, &[usize::MAX, 2], &[0, 0]),
            tensor(usize::MAX, &[2], &[1]),
        ] {
            assert!(tensor.check("t", 25).is_err(), "{tensor:?}");
        }
        assert!(tensor(0, &[1], &[1]).check("t", 24).is_err());
    }
}
