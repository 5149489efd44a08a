//! Texts to the rows of a matrix: which words and pairs are known, and what each counts.

use rayon::prelude::*;
use ulmfit_model::{FeatureTable, FeatureValue, ngram_keys};
use ulmfit_text::Tokenizer;

use super::matrix::Matrix;

/// The most bytes of a model's words, pairs and weights: its file stays under 20 MB.
const MOST_BYTES: usize = 16_000_000;

/// The keys of every text, sorted, made on all threads.
pub(crate) fn keys_of(tokenizer: &Tokenizer, texts: &[&str]) -> Vec<Vec<u32>> {
    let texts = texts.par_iter();
    texts.map(|text| ngram_keys(tokenizer, text)).collect()
}

/// The words and pairs that occur in at least `least` documents, the most frequent ones where they are too many for a
/// model of `outputs` outputs.
pub(crate) fn table(
    value: FeatureValue,
    documents: &[&[Vec<u32>]],
    least: usize,
    outputs: usize,
) -> FeatureTable {
    let all = documents.iter().copied().flatten();
    let mut keys: Vec<u32> = all
        .flat_map(|keys| keys.chunk_by(|a, b| a == b).map(|run| run[0]))
        .collect();
    keys.par_sort_unstable();
    let runs = keys.chunk_by(|a, b| a == b);
    let counted = runs.map(|run| (run[0], run.len()));
    let mut counted: Vec<(u32, usize)> = counted.filter(|(_, n)| *n >= least).collect();
    let most = MOST_BYTES / (8 + 2 * outputs);
    if counted.len() > most {
        // A stable sort: of equals the smaller keys stay.
        counted.sort_by_key(|&(_, n)| std::cmp::Reverse(n));
        counted.truncate(most);
        counted.sort_unstable();
    }
    let n = documents.iter().map(|part| part.len()).sum::<usize>() as f64;
    // scikit-learn's: as if one document more had every word.
    let idf = |df: usize| match value {
        FeatureValue::TfIdf => (((1.0 + n) / (1.0 + df as f64)).ln() + 1.0) as f32,
        FeatureValue::Present => 1.0,
    };
    let (keys, idf) = counted.into_iter().map(|(key, df)| (key, idf(df))).unzip();
    let Some(table) = FeatureTable::new(value, keys, idf) else {
        unreachable!("keys were sorted and counted");
    };
    table
}

/// Documents as a matrix whose columns are the words and pairs that occur in them.
pub(crate) struct Rows {
    pub(crate) matrix: Matrix,
    /// For each column its place in the table.
    places: Vec<u32>,
}

impl Rows {
    pub(crate) fn new(table: &FeatureTable, documents: &[&[Vec<u32>]]) -> Self {
        let all: Vec<&Vec<u32>> = documents.iter().copied().flatten().collect();
        let mut rows: Vec<Vec<(u32, f32)>> =
            all.par_iter().map(|keys| table.vector(keys)).collect();
        let mut columns = vec![u32::MAX; table.len()];
        for (place, _) in rows.iter().flatten() {
            columns[*place as usize] = 0;
        }
        let mut places = Vec::new();
        for (place, column) in columns.iter_mut().enumerate() {
            if *column == 0 {
                *column = places.len() as u32;
                places.push(place as u32);
            }
        }
        for (place, _) in rows.iter_mut().flatten() {
            *place = columns[*place as usize];
        }
        Self {
            matrix: Matrix::new(&rows, places.len()),
            places,
        }
    }

    /// Weights of the columns `[.., O]` as those of the whole table.
    pub(crate) fn spread(&self, weights: &[f64], table: &FeatureTable, outputs: usize) -> Vec<f32> {
        let mut all = vec![0.0; table.len() * outputs];
        for (&place, row) in self.places.iter().zip(weights.chunks_exact(outputs)) {
            let to = &mut all[place as usize * outputs..][..outputs];
            to.iter_mut().zip(row).for_each(|(to, w)| *to = *w as f32);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_documents() {
        let documents = [vec![1, 1, 4], vec![1, 7], vec![7]];
        let found = table(FeatureValue::TfIdf, &[&documents], 2, 1);
        assert_eq!(found.keys(), [1, 7]);
        let idf = (4.0_f32 / 3.0).ln() + 1.0;
        assert!(found.idf().iter().all(|found| (found - idf).abs() < 1e-6));
        let few = table(FeatureValue::Present, &[&documents], 1, MOST_BYTES / 4);
        // No more than the file may hold; the first of the most frequent.
        assert!(few.len() <= 1);
    }

    #[test]
    fn columns_are_what_occurs() {
        let known = table(FeatureValue::Present, &[&[vec![1, 4], vec![7, 9]]], 1, 1);
        let rows = Rows::new(&known, &[&[vec![7], vec![4, 7]]]);
        assert_eq!(rows.matrix.features(), 2);
        assert_eq!(rows.matrix.row(1), [0, 1]);
        assert_eq!(rows.spread(&[0.5, -1.0], &known, 1), [0.0, 0.5, -1.0, 0.0]);
    }
}
