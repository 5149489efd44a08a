//! Who gave what how many stars.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context as _, ensure};

use crate::table::Table;
use ulmfit::train::epoch_order;

/// One rating. Users and items are numbered from 1; 0 is one that training has never seen (fastai's `#na#`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rating {
    pub(crate) user: u32,
    pub(crate) item: u32,
    pub(crate) stars: f32,
}

/// Ratings in three parts, by the seed.
pub(crate) struct Ratings {
    /// The names of the users of `train`, in the order of their numbers from 1.
    pub(crate) users: Vec<String>,
    /// The names of its items.
    pub(crate) items: Vec<String>,
    /// To learn from.
    pub(crate) train: Vec<Rating>,
    /// Held out, a fifth of those of the same users.
    pub(crate) valid: Vec<Rating>,
    /// All ratings of one user of twenty, whom training never sees.
    pub(crate) strangers: Vec<Rating>,
}

impl Ratings {
    /// The ratings of a table whose first three columns are user, item and stars.
    ///
    /// # Errors
    /// With the line for stars that are no number; for too few columns, users or ratings.
    pub(crate) fn of(table: &Table, seed: u64) -> anyhow::Result<Self> {
        let found = table.names.len();
        ensure!(
            found >= 3,
            "expected three columns, user, item and stars, found {found}; add the others"
        );
        let stars = |(row, cells): (usize, &Vec<String>)| {
            let stars = cells[2]
                .parse::<f32>()
                .ok()
                .filter(|stars| stars.is_finite());
            let (line, cell) = (row + 2, &cells[2]);
            stars.with_context(|| {
                format!("line {line}: expected a number of stars, found `{cell}`; mend the row")
            })
        };
        let stars = table
            .rows
            .iter()
            .enumerate()
            .map(stars)
            .collect::<anyhow::Result<Vec<f32>>>()?;
        let names: Vec<&str> = table
            .rows
            .iter()
            .map(|row| row[0].as_str())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let (n_users, n_ratings) = (names.len(), table.rows.len());
        ensure!(
            n_users >= 20 && n_ratings >= 100,
            "expected at least 20 users and 100 ratings, found {n_users} and {n_ratings}; give more"
        );
        let n_strangers = n_users / 20;
        let strangers: BTreeSet<&str> = epoch_order(n_users, seed, 0)[..n_strangers]
            .iter()
            .map(|&i| names[i])
            .collect();

        // Known users first: numbers are given to what training sees.
        let order = epoch_order(n_ratings, seed, 1);
        let of = |row: usize| (table.rows[row][0].as_str(), table.rows[row][1].as_str());
        let (new, known): (Vec<usize>, Vec<usize>) = order
            .iter()
            .partition(|&&row| strangers.contains(of(row).0));
        let (valid, train) = known.split_at(known.len() / 5);
        let (mut users, mut items) = (BTreeMap::new(), BTreeMap::new());
        for &row in train {
            let (user, item) = of(row);
            users.insert(user, 0);
            items.insert(item, 0);
        }
        users
            .values_mut()
            .zip(1..)
            .for_each(|(id, number)| *id = number);
        items
            .values_mut()
            .zip(1..)
            .for_each(|(id, number)| *id = number);
        let rating = |&row: &usize| {
            let (user, item) = of(row);
            let number = |ids: &BTreeMap<&str, u32>, name| ids.get(name).copied().unwrap_or(0);
            Rating {
                user: number(&users, user),
                item: number(&items, item),
                stars: stars[row],
            }
        };
        let part = |rows: &[usize]| rows.iter().map(rating).collect();
        let (train, valid, strangers) = (part(train), part(valid), part(&new));
        let names = |ids: &BTreeMap<&str, u32>| ids.keys().map(|&name| name.to_owned()).collect();
        Ok(Self {
            users: names(&users),
            items: names(&items),
            train,
            valid,
            strangers,
        })
    }

    /// The mean of the training ratings.
    pub(crate) fn mean(&self) -> f64 {
        self.train
            .iter()
            .map(|rating| f64::from(rating.stars))
            .sum::<f64>()
            / self.train.len().max(1) as f64
    }

    /// The error of saying the mean of training every time.
    pub(crate) fn spread(&self, ratings: &[Rating]) -> f64 {
        root_mean_square(
            ratings
                .iter()
                .map(|rating| f64::from(rating.stars) - self.mean()),
        )
    }
}

/// The root of the mean of squares; NaN without any.
pub(crate) fn root_mean_square(errors: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = errors.fold((0.0, 0), |(sum, n), error| (sum + error * error, n + 1));
    (sum / f64::from(n)).sqrt()
}

impl fmt::Display for Ratings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (users, items) = (self.users.len(), self.items.len());
        let (train, valid, strangers) = (self.train.len(), self.valid.len(), self.strangers.len());
        write!(
            f,
            "{train} ratings of {items} items by {users} users; held out: {valid} of theirs, {strangers} of new users"
        )
    }
}
