//! Ratings whose making is known.

use ulmfit::model::Random;

use crate::table::Table;

/// The deviation of the noise in every rating, before it is rounded to half a star.
pub(crate) const NOISE: f64 = 0.4;
const TASTES: usize = 3;

/// `n` ratings at random by users who agree on some items, differ in kindness, and have three tastes.
///
/// The expected stars are 3.2, the item's quality, the user's kindness, and how well three tastes meet the item.
pub(crate) fn table(users: usize, items: usize, n: usize, seed: u64) -> Table {
    let mut random = Random::new(seed);
    let mut people = |count: usize, bias: f64| -> Vec<(f64, Vec<f64>)> {
        let one = |_| {
            (
                bias * normal(&mut random),
                (0..TASTES).map(|_| 0.7 * normal(&mut random)).collect(),
            )
        };
        (0..count).map(one).collect()
    };
    let (users, items) = (people(users, 0.3), people(items, 0.5));
    let row = |_| {
        let mut one_of = |count: usize| (f64::from(random.unit()) * count as f64) as usize % count;
        let (u, i) = (one_of(users.len()), one_of(items.len()));
        let (user, item) = (&users[u], &items[i]);
        let met: f64 = user.1.iter().zip(&item.1).map(|(a, b)| a * b).sum();
        let stars = 3.2 + user.0 + item.0 + met + NOISE * normal(&mut random);
        let stars = ((stars * 2.0).round() / 2.0).clamp(0.5, 5.0);
        vec![
            format!("user {u:03}"),
            format!("film {i:03}"),
            stars.to_string(),
        ]
    };
    let rows = (0..n).map(row).collect();
    Table {
        name: "the generated ratings".to_owned(),
        names: ["user", "item", "stars"].map(str::to_owned).to_vec(),
        rows,
    }
}

/// A draw from the normal distribution, as the sum of twelve uniform ones less 6.
fn normal(random: &mut Random) -> f64 {
    (0..12).map(|_| f64::from(random.unit())).sum::<f64>() - 6.0
}
