//! Slices that several threads write at once, each its own part.

use std::marker::PhantomData;

/// A mutable slice shared by tasks that write disjoint parts of it.
pub(crate) struct Disjoint<'a, T = f32> {
    start: *mut T,
    len: usize,
    borrow: PhantomData<&'a mut [T]>,
}

impl<T> Clone for Disjoint<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Disjoint<'_, T> {}

// SAFETY: the pointer comes from an exclusive borrow that lasts for `'a`, and every way to the elements leaves it to
// its caller that no two tasks touch the same ones; under that contract threads never meet at an element.
unsafe impl<T: Send> Send for Disjoint<'_, T> {}
// SAFETY: as above; shared access to the handle alone gives no access to the elements.
unsafe impl<T: Send> Sync for Disjoint<'_, T> {}

impl<'a, T> Disjoint<'a, T> {
    pub(crate) fn new(slice: &'a mut [T]) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            len: slice.len(),
            borrow: PhantomData,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// A pointer to element `at`, or to the end.
    ///
    /// # Panics
    /// If it lies beyond the end.
    pub(crate) fn at(&self, at: usize) -> *mut T {
        assert!(at <= self.len, "begins beyond the slice");
        self.start.wrapping_add(at)
    }

    /// The `len` elements from `from`.
    ///
    /// # Safety
    /// While the returned slice lives, nobody else touches these elements.
    ///
    /// # Panics
    /// If the range leaves the slice.
    pub(crate) unsafe fn range(&self, from: usize, len: usize) -> &'a mut [T] {
        assert!(
            from <= self.len && len <= self.len - from,
            "range leaves the slice"
        );
        // SAFETY: in bounds by the assertion, valid for `'a` by construction, unique by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(from), len) }
    }
}

/// Something in numbered parts, each of which one task gets; see [`super::team::Team::for_each_part`].
///
/// # Safety
/// Parts of different numbers do not overlap.
pub(crate) unsafe trait Parts: Sync {
    type Part;

    fn count(&self) -> usize;

    /// # Safety
    /// `n` is below the count, and no part is taken twice.
    unsafe fn part(&self, n: usize) -> Self::Part;
}

/// A slice in chunks of one size, of which the last may be shorter.
pub(crate) struct Chunks<'a, T> {
    all: Disjoint<'a, T>,
    size: usize,
}

/// `slice` in chunks of `size`.
pub(crate) fn chunks<T>(slice: &mut [T], size: usize) -> Chunks<'_, T> {
    Chunks {
        all: Disjoint::new(slice),
        size: size.max(1),
    }
}

// SAFETY: chunk `n` begins where the one before it ends.
unsafe impl<'a, T: Send> Parts for Chunks<'a, T> {
    type Part = &'a mut [T];

    fn count(&self) -> usize {
        self.all.len().div_ceil(self.size)
    }

    unsafe fn part(&self, n: usize) -> &'a mut [T] {
        let from = n * self.size;
        // SAFETY: the caller takes no chunk twice.
        unsafe { self.all.range(from, self.size.min(self.all.len() - from)) }
    }
}

// SAFETY: those of both do not overlap.
unsafe impl<A: Parts, B: Parts> Parts for (A, B) {
    type Part = (A::Part, B::Part);

    fn count(&self) -> usize {
        assert_eq!(self.0.count(), self.1.count(), "as many parts of both");
        self.0.count()
    }

    unsafe fn part(&self, n: usize) -> Self::Part {
        // SAFETY: the caller's.
        unsafe { (self.0.part(n), self.1.part(n)) }
    }
}
