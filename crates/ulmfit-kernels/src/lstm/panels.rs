//! The recurrent product on AVX-512: a weight packed once per call, multiplied at every step.
//!
//! A general matrix product packs its operands at each call; here the weight is the same at all `T` steps. It is
//! packed once into column panels of up to 48 (three registers), and a micro-kernel keeps an 8 x 48 tile of the result
//! in registers.

use rayon::prelude::*;

use crate::gemm_slices::Matrix;

/// Widest panel: three AVX-512 registers of 16.
pub(super) const PANEL: usize = 48;
/// Most rows in a tile: 8 x 3 accumulators leave registers for the operands.
pub(super) const ROWS: usize = 8;
const LANES: usize = 16;

/// Up to `ROWS` rows of up to `PANEL` products.
pub(super) type Tile = [[f32; PANEL]; ROWS];

/// Whether this processor runs the micro-kernel and `columns` divides into whole registers.
pub(super) fn available(columns: usize) -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        columns.is_multiple_of(LANES)
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("fma")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = columns;
        false
    }
}

/// A `[depth, columns]` matrix in panels: panel `p` holds its columns row after row.
pub(super) struct Panels {
    depth: usize,
    columns: usize,
    width: usize,
    data: Vec<f32>,
}

/// The width of the panels of an `n`-column matrix: wide for speed, but enough panels for several threads.
pub(super) fn panel_width(n: usize) -> usize {
    if n >= 6 * PANEL { PANEL } else { 2 * LANES }
}

impl Panels {
    /// Packs the `columns` columns of `matrix` from column `first`.
    pub(super) fn pack(matrix: Matrix<'_>, depth: usize, first: usize, columns: usize) -> Self {
        let width = panel_width(columns);
        let mut data = vec![0.0; depth * columns];
        data.par_chunks_mut(depth * width)
            .enumerate()
            .for_each(|(p, panel)| {
                let from = first + p * width;
                let cols = panel.len() / depth;
                for (k, row) in panel.chunks_exact_mut(cols).enumerate() {
                    for (j, value) in row.iter_mut().enumerate() {
                        *value = matrix.at(k, from + j);
                    }
                }
            });
        Self {
            depth,
            columns,
            width,
            data,
        }
    }

    /// The first column and the number of columns of panel `p`.
    pub(super) fn columns_of(&self, p: usize) -> (usize, usize) {
        let first = p * self.width;
        (first, self.width.min(self.columns - first))
    }

    /// The number of panels.
    pub(super) fn count(&self) -> usize {
        self.columns.div_ceil(self.width)
    }

    /// `out[r][..] = lhs row r * panel p` for `rows` rows (at most [`ROWS`]) of the row-major `lhs [rows, depth]`.
    ///
    /// # Safety
    /// [`available`] has returned true.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn multiply(&self, p: usize, lhs: &[f32], rows: usize, out: &mut Tile) {
        let (first, cols) = self.columns_of(p);
        let panel = &self.data[first * self.depth..][..cols * self.depth];
        assert!(rows * self.depth <= lhs.len(), "too few rows");
        macro_rules! tile {
            ($($rows:literal)*) => {
                match (rows, cols / LANES) {
                    $(
                        ($rows, 3) => tile::<$rows, 3>(self.depth, lhs, panel, out),
                        ($rows, 2) => tile::<$rows, 2>(self.depth, lhs, panel, out),
                        ($rows, 1) => tile::<$rows, 1>(self.depth, lhs, panel, out),
                    )*
                    _ => unreachable!("at most {ROWS} rows and {PANEL} columns"),
                }
            };
        }
        tile!(1 2 3 4 5 6 7 8);
    }
}

/// Elsewhere nothing is ever packed: [`available`] is false.
#[cfg(not(target_arch = "x86_64"))]
impl Panels {
    pub(super) unsafe fn multiply(&self, _: usize, _: &[f32], _: usize, _: &mut Tile) {
        unreachable!("panels are packed for x86-64 only")
    }
}

/// One tile: `R` rows, `Q` registers wide. The sum over `depth` runs in order, so that a row's result depends on
/// neither the number of rows beside it nor the thread.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn tile<const R: usize, const Q: usize>(depth: usize, lhs: &[f32], panel: &[f32], out: &mut Tile) {
    use std::arch::x86_64::{
        _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
    };
    assert!(lhs.len() >= R * depth && panel.len() >= depth * Q * LANES && R <= ROWS);
    let mut sums = [[_mm512_setzero_ps(); Q]; R];
    let (lhs, panel) = (lhs.as_ptr(), panel.as_ptr());
    for k in 0..depth {
        // SAFETY: `k < depth`, and the assertion bounds both slices: loads stay inside.
        let b: [_; Q] =
            std::array::from_fn(|q| unsafe { _mm512_loadu_ps(panel.add((k * Q + q) * LANES)) });
        for (r, row) in sums.iter_mut().enumerate() {
            // SAFETY: `r < R` and `k < depth`: inside `lhs` by the assertion.
            let a = _mm512_set1_ps(unsafe { *lhs.add(r * depth + k) });
            for (sum, b) in row.iter_mut().zip(b) {
                *sum = _mm512_fmadd_ps(a, b, *sum);
            }
        }
    }
    for (row, sums) in out.iter_mut().zip(sums) {
        for (lanes, sum) in row.chunks_exact_mut(LANES).zip(sums) {
            // SAFETY: `lanes` holds exactly 16 values.
            unsafe { _mm512_storeu_ps(lanes.as_mut_ptr(), sum) };
        }
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn every_tile_size_equals_the_plain_product() {
        if !available(LANES) {
            return; // Another processor: the general product is used instead.
        }
        for (depth, columns) in [(5, 16), (7, 80), (3, 336)] {
            let matrix: Vec<f32> = (0..depth * columns)
                .map(|i| (i % 13) as f32 - 6.0)
                .collect();
            let lhs: Vec<f32> = (0..ROWS * depth).map(|i| (i % 7) as f32 - 3.0).collect();
            let panels = Panels::pack(Matrix::new(&matrix, columns), depth, 0, columns);
            for p in 0..panels.count() {
                let (first, width) = panels.columns_of(p);
                for rows in 1..=ROWS {
                    let mut out = [[0.0; PANEL]; ROWS];
                    // SAFETY: `available` was true.
                    unsafe { panels.multiply(p, &lhs, rows, &mut out) };
                    for r in 0..rows {
                        for j in 0..width {
                            let expected: f32 = (0..depth)
                                .map(|k| lhs[r * depth + k] * matrix[k * columns + first + j])
                                .sum();
                            assert_eq!(out[r][j], expected);
                        }
                    }
                }
            }
        }
    }
}
