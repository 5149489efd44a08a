//! Principal components.

/// The first `k` principal components of embeddings as the lesson takes them, `PCA(k).fit(embeddings.T).components_`:
/// for each a number a row, of unit length together, the component of the largest variance first. Fewer than `k` where
/// nothing else varies.
///
/// Rows are centered. The components are the eigenvectors of the products of all pairs of rows; with many characters
/// and few columns it is quicker to take those of the products of columns, and the rows' products with them. Of a
/// component and its negative the one whose largest number is positive is returned.
pub(crate) fn components(rows: &[Vec<f64>], k: usize) -> Vec<Vec<f64>> {
    let centered: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| {
            let mean = row.iter().sum::<f64>() / row.len().max(1) as f64;
            row.iter().map(|x| x - mean).collect()
        })
        .collect();
    let width = rows.first().map_or(0, Vec::len);
    let product = |i: usize, j: usize| centered.iter().map(|row| row[i] * row[j]).sum();
    let of_columns = (0..width)
        .map(|i| (0..width).map(|j| product(i, j)).collect())
        .collect();
    let mut pairs = eigen(of_columns);
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let most = pairs.first().map_or(0.0, |pair| pair.0);
    pairs.retain(|pair| pair.0 > 1e-12 * most);
    pairs.truncate(k);
    let component = |(value, axis): (f64, Vec<f64>)| {
        let along = |row: &Vec<f64>| row.iter().zip(&axis).map(|(x, a)| x * a).sum::<f64>();
        upright(
            centered
                .iter()
                .map(|row| along(row) / value.sqrt())
                .collect(),
        )
    };
    pairs.into_iter().map(component).collect()
}

/// The eigenvalues of a symmetric matrix with their eigenvectors, by Jacobi's rotations (Numerical Recipes, 11.1).
fn eigen(mut a: Vec<Vec<f64>>) -> Vec<(f64, Vec<f64>)> {
    let n = a.len();
    let unit = |i: usize| (0..n).map(|j| f64::from(u8::from(i == j))).collect();
    // Row `i` becomes the eigenvector of `a[i][i]`.
    let mut vectors: Vec<Vec<f64>> = (0..n).map(unit).collect();
    let size: f64 = a.iter().flatten().map(|x| x * x).sum();
    for _ in 0..100 {
        let off: f64 = (0..n)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| a[i][j].powi(2))
            .sum();
        if off <= 1e-24 * size {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut vectors, p, q);
            }
        }
    }
    (0..n).map(|i| a[i][i]).zip(vectors).collect()
}

/// The rotation in the plane of `p` and `q` that makes their product zero.
fn rotate(a: &mut [Vec<f64>], vectors: &mut [Vec<f64>], p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    for row in a.iter_mut() {
        (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
    }
    for matrix in [a, vectors] {
        let (low, high) = matrix.split_at_mut(q);
        for (x, y) in low[p].iter_mut().zip(high[0].iter_mut()) {
            (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
        }
    }
}

fn upright(vector: Vec<f64>) -> Vec<f64> {
    let largest = vector
        .iter()
        .copied()
        .max_by(|a, b| a.abs().total_cmp(&b.abs()));
    let sign = largest.unwrap_or(1.0).signum();
    vector.into_iter().map(|x| x * sign).collect()
}
