//! Documents as sparse rows, and the two products that fitting a linear model takes.
//!
//! Both products run on all threads, and no sum depends on how many there are.

use rayon::prelude::*;

/// Lines that a thread takes at once.
const BLOCK: usize = 256;

/// A sparse matrix `[N, F]`: `N` documents, `F` features; kept by rows and by columns.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    rows: Lines,
    columns: Lines,
}

/// Compressed lines: rows, or the columns of the same matrix.
#[derive(Clone, Debug)]
struct Lines {
    /// Where each line begins, and where the last one ends.
    starts: Vec<usize>,
    places: Vec<u32>,
    values: Vec<f32>,
}

impl Matrix {
    /// The matrix of these rows; places are below `features`.
    pub(crate) fn new(rows: &[Vec<(u32, f32)>], features: usize) -> Self {
        let mut starts = Vec::with_capacity(rows.len() + 1);
        starts.push(0);
        let entries = rows.iter().map(Vec::len).sum();
        let (mut places, mut values) = (Vec::with_capacity(entries), Vec::with_capacity(entries));
        for row in rows {
            places.extend(row.iter().map(|(place, _)| *place));
            values.extend(row.iter().map(|(_, value)| *value));
            starts.push(places.len());
        }
        let rows = Lines {
            starts,
            places,
            values,
        };
        let columns = rows.transposed(features);
        Self { rows, columns }
    }

    /// `N`.
    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// `F`.
    pub(crate) fn features(&self) -> usize {
        self.columns.len()
    }

    /// The places of a row's features.
    #[cfg(test)]
    pub(crate) fn row(&self, row: usize) -> &[u32] {
        self.rows.line(row).0
    }

    /// The same with each column multiplied by its factor.
    pub(crate) fn scaled(&self, factors: &[f64]) -> Self {
        let mut scaled = self.clone();
        let rows = &mut scaled.rows;
        for (value, place) in rows.values.iter_mut().zip(&rows.places) {
            *value = (f64::from(*value) * factors[*place as usize]) as f32;
        }
        scaled.columns = scaled.rows.transposed(self.features());
        scaled
    }

    /// `X W`: `[N, O]` from weights `[F, O]`.
    pub(crate) fn times(&self, weights: &[f64], outputs: usize) -> Vec<f64> {
        self.rows.times(weights, outputs)
    }

    /// `Xᵀ U`: `[F, O]` from `[N, O]`.
    pub(crate) fn transposed_times(&self, of_rows: &[f64], outputs: usize) -> Vec<f64> {
        self.columns.times(of_rows, outputs)
    }
}

impl Lines {
    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    fn line(&self, at: usize) -> (&[u32], &[f32]) {
        let range = self.starts[at]..self.starts[at + 1];
        (&self.places[range.clone()], &self.values[range])
    }

    fn transposed(&self, lines: usize) -> Self {
        let mut starts = vec![0; lines + 1];
        for &place in &self.places {
            starts[place as usize + 1] += 1;
        }
        for at in 0..lines {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let mut places = vec![0; self.places.len()];
        let mut values = vec![0.0; self.values.len()];
        for row in 0..self.len() {
            let (columns, entries) = self.line(row);
            for (&column, &value) in columns.iter().zip(entries) {
                let to = &mut next[column as usize];
                places[*to] = row as u32;
                values[*to] = value;
                *to += 1;
            }
        }
        Self {
            starts,
            places,
            values,
        }
    }

    fn times(&self, x: &[f64], outputs: usize) -> Vec<f64> {
        let mut out = vec![0.0; self.len() * outputs];
        let blocks = out.par_chunks_mut(BLOCK * outputs).enumerate();
        blocks.for_each(|(block, out)| {
            for (at, sums) in out.chunks_exact_mut(outputs).enumerate() {
                let (places, values) = self.line(block * BLOCK + at);
                for (&place, &value) in places.iter().zip(values) {
                    let row = &x[place as usize * outputs..][..outputs];
                    for (sum, x) in sums.iter_mut().zip(row) {
                        *sum += f64::from(value) * x;
                    }
                }
            }
        });
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products() {
        // 1 0 2
        // 0 3 0
        let x = Matrix::new(&[vec![(0, 1.0), (2, 2.0)], vec![(1, 3.0)]], 3);
        assert_eq!((x.rows(), x.features()), (2, 3));
        let weights = [1.0, 10.0, 2.0, 20.0, 3.0, 30.0];
        assert_eq!(x.times(&weights, 2), [7.0, 70.0, 6.0, 60.0]);
        assert_eq!(x.transposed_times(&[1.0, 2.0], 1), [1.0, 6.0, 2.0]);
        let scaled = x.scaled(&[1.0, 2.0, 0.5]);
        assert_eq!(scaled.times(&[1.0; 3], 1), [2.0, 6.0]);
        assert_eq!(scaled.transposed_times(&[1.0; 2], 1), [1.0, 6.0, 1.0]);
    }
}
