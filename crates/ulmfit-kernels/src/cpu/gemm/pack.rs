//! Packing: words of both operands in the order in which the micro-kernel reads them.

use super::Element;
#[cfg(target_arch = "x86_64")]
use super::simd::{Avx2, Avx512, Avx512Dot};
use super::simd::{Portable, Simd, prefetch};
use super::view::Matrix;
use crate::cpu::isa::{Isa, Kind};
use crate::mask::KeptElements;

/// Steps ahead of their copy at which rows of a wide matrix are fetched: each row lies in another page, and no processor
/// sees such a stride coming.
const AHEAD: usize = 8;
/// Values of a cache line.
const LINE: usize = 16;
/// Most lanes of a register, and most columns of a panel.
const LANES: usize = 16;
const WIDEST: usize = 3 * LANES;
/// Most rows of the left operand that are packed at a time.
pub(super) const MOST_ROWS: usize = 120;

/// What is packed: a matrix as it is, or with the elements of a mask dropped on the way.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    matrix: Matrix<'a>,
    /// The mask, and the number of the matrix's first element in it.
    mask: Option<(&'a KeptElements, usize)>,
}

impl<'a> Source<'a> {
    /// The matrix as it is.
    pub(crate) fn of(matrix: Matrix<'a>) -> Self {
        Self { matrix, mask: None }
    }

    /// A matrix whose elements are those of `mask` in the order in which they lie in its slice.
    pub(crate) fn masked(matrix: Matrix<'a>, mask: Option<&'a KeptElements>) -> Self {
        let mask = mask.map(|mask| (mask, 0));
        Self { matrix, mask }
    }

    /// The transpose, without a copy.
    pub(crate) fn transposed(self) -> Self {
        let matrix = self.matrix.transposed();
        Self { matrix, ..self }
    }

    /// The matrix from `(row, col)` on.
    pub(crate) fn from(self, row: usize, col: usize) -> Self {
        let at = row * self.matrix.row_stride + col * self.matrix.col_stride;
        Self {
            matrix: self.matrix.from(row, col),
            mask: self.mask.map(|(mask, first)| (mask, first + at)),
        }
    }

    pub(super) fn holds(&self, rows: usize, cols: usize) -> bool {
        self.matrix.holds(rows, cols)
    }

    /// The `N` elements that follow each other in the slice from number `at` on: in place, or in `buffer` if some are
    /// dropped, or if fewer than `N`, `len`, are there; zeros follow them.
    #[inline(always)]
    fn run<'b, const N: usize>(
        &'b self,
        buffer: &'b mut [f32; N],
        at: usize,
        len: usize,
        whole: usize,
    ) -> &'b [f32] {
        let run = &self.matrix.data[at..][..len];
        if len == whole && self.mask.is_none() {
            return run;
        }
        let (copy, rest) = buffer[..whole].split_at_mut(len);
        copy.copy_from_slice(run);
        rest.fill(0.0);
        if let Some((mask, first)) = self.mask {
            mask.apply(copy, first + at);
        }
        &buffer[..whole]
    }

    /// Fetches `len` elements from number `at` on, which need not be there.
    #[inline(always)]
    fn fetch(&self, len: usize, at: usize) {
        let start = self.matrix.data.as_ptr().wrapping_add(at);
        for line in (0..len).step_by(LINE) {
            prefetch(start.wrapping_add(line));
        }
    }
}

/// A packing loop, generic over the register and over whether words are pairs of bf16 or single values.
pub(super) trait Loop {
    /// # Safety
    /// The processor has the instruction set of `S`.
    unsafe fn run<S: Simd, const PAIRS: bool>(self);
}

/// Runs a packing loop compiled for `isa`.
pub(super) fn run(isa: Isa, element: Element, body: impl Loop) {
    macro_rules! compiled_for {
        ($name:ident: $simd:ty $(, $features:literal)?) => {
            $(#[target_feature(enable = $features)])?
            fn $name(pairs: bool, body: impl Loop) {
                // SAFETY: the features of this function are those of the register.
                unsafe {
                    match pairs {
                        true => body.run::<$simd, true>(),
                        false => body.run::<$simd, false>(),
                    }
                }
            }
        };
    }
    #[cfg(target_arch = "x86_64")]
    compiled_for!(avx512_dot: Avx512Dot, "avx512bf16,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma");
    #[cfg(target_arch = "x86_64")]
    compiled_for!(avx512: Avx512, "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma");
    #[cfg(target_arch = "x86_64")]
    compiled_for!(avx2: Avx2, "avx2,fma");
    compiled_for!(portable: Portable);
    let pairs = element == Element::Bf16;
    match isa.kind() {
        // SAFETY: an `Isa` is one that this processor has.
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512Dot => unsafe { avx512_dot(pairs, body) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512 => unsafe { avx512(pairs, body) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 => unsafe { avx2(pairs, body) },
        Kind::Portable => portable(pairs, body),
    }
}

/// A register of words of values that follow each other along the depth.
///
/// # Safety
/// As [`Loop::run`].
#[inline(always)]
unsafe fn words_along<S: Simd, const PAIRS: bool>(from: &[f32]) -> S::Vector {
    let group = if PAIRS { 2 } else { 1 };
    let from = &from[..group * S::LANES];
    // SAFETY: so many values are there.
    unsafe {
        match PAIRS {
            true => S::pairs_along(from.as_ptr()),
            false => S::load(from.as_ptr()),
        }
    }
}

/// Words of one step of the depth, a register at a time: `to` is as long as whole registers, and each row of values as `to`.
///
/// # Safety
/// As [`Loop::run`].
#[inline(always)]
unsafe fn words_across<S: Simd, const PAIRS: bool>(to: &mut [f32], first: &[f32], second: &[f32]) {
    let (first, second) = (&first[..to.len()], &second[..to.len()]);
    for at in (0..to.len() / S::LANES).map(|q| q * S::LANES) {
        // SAFETY: all three have whole registers from there.
        unsafe {
            let (to, first) = (to.as_mut_ptr().add(at), first.as_ptr().add(at));
            let words = match PAIRS {
                true => S::pairs_across(first, second.as_ptr().add(at)),
                false => S::load(first),
            };
            S::store(to, words);
        }
    }
}

/// One panel of the right operand: as many columns from `first` on as it is wide, of which `columns` are there, step after
/// step.
pub(super) struct Panel<'a> {
    pub(super) words: &'a mut [f32],
    pub(super) width: usize,
    pub(super) source: Source<'a>,
    pub(super) depth: usize,
    pub(super) first: usize,
    pub(super) columns: usize,
}

impl Loop for Panel<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd, const PAIRS: bool>(self) {
        // SAFETY: the caller's.
        unsafe {
            match self.source.matrix.col_stride {
                1 => self.rows::<S, PAIRS>(),
                _ => self.columns::<S, PAIRS>(),
            }
        }
    }
}

impl Panel<'_> {
    /// Of a matrix whose rows lie together.
    ///
    /// # Safety
    /// As [`Loop::run`].
    #[inline(always)]
    unsafe fn rows<S: Simd, const PAIRS: bool>(self) {
        let group = if PAIRS { 2 } else { 1 };
        let Self {
            source,
            width,
            depth,
            first,
            columns,
            ..
        } = self;
        let stride = source.matrix.row_stride;
        let mut buffers = [[0.0; WIDEST]; 2];
        let zeros = [0.0; WIDEST];
        for (step, to) in self.words.chunks_exact_mut(width).enumerate() {
            let k = step * group;
            for k in k..k + group {
                source.fetch(columns, (k + AHEAD * group) * stride + first);
            }
            let [one, two] = &mut buffers;
            let upper = source.run(one, k * stride + first, columns, width);
            let lower = match PAIRS && k + 1 < depth {
                true => source.run(two, (k + 1) * stride + first, columns, width),
                false => &zeros[..width],
            };
            // SAFETY: the caller's.
            unsafe { words_across::<S, PAIRS>(to, upper, lower) };
        }
    }

    /// Of a matrix whose columns lie together: squares of words, transposed.
    ///
    /// # Safety
    /// As [`Loop::run`].
    #[inline(always)]
    unsafe fn columns<S: Simd, const PAIRS: bool>(self) {
        let group = if PAIRS { 2 } else { 1 };
        let Self {
            words,
            width,
            source,
            depth,
            first,
            columns,
        } = self;
        let stride = source.matrix.col_stride;
        let (steps, len) = (words.len() / width, group * S::LANES);
        let mut buffer = [0.0; 2 * LANES];
        let (mut square, mut turned) = ([0.0; LANES * LANES], [0.0; LANES * LANES]);
        for column in (0..width).step_by(S::LANES) {
            for step in (0..steps).step_by(S::LANES) {
                let here = len.min(depth - step * group);
                for (j, row) in square.chunks_exact_mut(S::LANES).take(S::LANES).enumerate() {
                    if column + j >= columns {
                        row.fill(0.0);
                        continue;
                    }
                    let at = (first + column + j) * stride + step * group;
                    let run = source.run(&mut buffer, at, here, len);
                    // SAFETY: the caller's; the row has one register.
                    unsafe { S::store(row.as_mut_ptr(), words_along::<S, PAIRS>(run)) };
                }
                let whole = steps - step >= S::LANES;
                let to = &mut words[step * width + column..];
                if whole {
                    assert!(
                        to.len() >= (S::LANES - 1) * width + S::LANES,
                        "a whole square"
                    );
                    // SAFETY: the caller's; so many words are there by the assertion.
                    unsafe { S::transpose(square.as_ptr(), to.as_mut_ptr(), width) };
                    continue;
                }
                // SAFETY: the caller's; both hold a square.
                unsafe { S::transpose(square.as_ptr(), turned.as_mut_ptr(), S::LANES) };
                for s in 0..steps - step {
                    to[s * width..][..S::LANES]
                        .copy_from_slice(&turned[s * S::LANES..][..S::LANES]);
                }
            }
        }
    }
}

/// Rows of the left operand whose values lie together, row after row.
pub(super) struct Rows<'a> {
    pub(super) words: &'a mut [f32],
    pub(super) matrix: Matrix<'a>,
    pub(super) depth: usize,
    pub(super) steps: usize,
}

impl Loop for Rows<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd, const PAIRS: bool>(self) {
        let group = if PAIRS { 2 } else { 1 };
        let Self {
            words,
            matrix,
            depth,
            steps,
        } = self;
        let len = group * S::LANES;
        for (r, to) in words.chunks_exact_mut(steps).enumerate() {
            let row = &matrix.data[r * matrix.row_stride..][..depth];
            let (runs, rest) = (row.chunks_exact(len), row.len() / len * len);
            let (whole, tail) = to.split_at_mut(rest / group);
            for (run, to) in runs.zip(whole.chunks_exact_mut(S::LANES)) {
                // SAFETY: the caller's; `to` is one register.
                unsafe { S::store(to.as_mut_ptr(), words_along::<S, PAIRS>(run)) };
            }
            let (mut last, mut words) = ([0.0; 2 * LANES], [0.0; LANES]);
            last[..depth - rest].copy_from_slice(&row[rest..]);
            // SAFETY: the caller's; a register fits `words`.
            unsafe { S::store(words.as_mut_ptr(), words_along::<S, PAIRS>(&last)) };
            tail.copy_from_slice(&words[..tail.len()]);
        }
    }
}

/// Rows of the left operand whose columns lie together, in strips of MR rows, step after step; at most [`MOST_ROWS`].
pub(super) struct Strips<'a> {
    pub(super) words: &'a mut [f32],
    pub(super) matrix: Matrix<'a>,
    pub(super) rows: usize,
    pub(super) depth: usize,
    pub(super) steps: usize,
}

impl Loop for Strips<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd, const PAIRS: bool>(self) {
        const ROOM: usize = MOST_ROWS.next_multiple_of(LANES);
        let group = if PAIRS { 2 } else { 1 };
        let Self {
            words,
            matrix,
            rows,
            depth,
            steps,
        } = self;
        let source = Source::of(matrix);
        let whole = rows.next_multiple_of(S::LANES);
        let mut buffers = [[0.0; ROOM]; 2];
        let (zeros, mut step_words) = ([0.0; ROOM], [0.0; ROOM]);
        for step in 0..steps {
            let k = step * group;
            for k in k..k + group {
                source.fetch(rows, (k + AHEAD * group) * matrix.col_stride);
            }
            let [one, two] = &mut buffers;
            let upper = source.run(one, k * matrix.col_stride, rows, whole);
            let lower = match PAIRS && k + 1 < depth {
                true => source.run(two, (k + 1) * matrix.col_stride, rows, whole),
                false => &zeros[..whole],
            };
            // SAFETY: the caller's.
            unsafe { words_across::<S, PAIRS>(&mut step_words[..whole], upper, lower) };
            let strips = words.chunks_exact_mut(S::MR * steps);
            for (strip, from) in strips.zip(step_words.chunks(S::MR)) {
                let to = &mut strip[step * S::MR..][..S::MR];
                if from.len() == S::MR {
                    to.copy_from_slice(from);
                } else {
                    to[..from.len()].copy_from_slice(from);
                }
            }
        }
    }
}
