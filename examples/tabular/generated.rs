//! A table whose rule is known, with one label of ten wrong.

use ulmfit::model::Random;

use crate::table::Table;

/// The share of labels that follow the rule: no model can do better.
const RIGHT: f32 = 0.9;
const JOBS: [(&str, f32); 6] = [
    ("baker", -1.0),
    ("clerk", -0.4),
    ("driver", 0.1),
    ("farmer", -0.7),
    ("nurse", 0.5),
    ("pilot", 1.2),
];

/// A table of `n` rows and what the rule says of each.
///
/// Whether somebody buys depends on age (those between 30 and 55 rather do), job and income. A part of the incomes is
/// missing, and who does not tell it rather buys: only the column `is missing` can know. Height says nothing.
pub(crate) fn table(n: usize, seed: u64) -> (Table, Vec<String>) {
    let mut random = Random::new(seed);
    let mut rows = Vec::with_capacity(n);
    let mut truth = Vec::with_capacity(n);
    for _ in 0..n {
        let age = 18.0 + (random.unit() * 60.0).floor();
        let income = 10.0 + (random.unit() * 90.0 * 10.0).round() / 10.0;
        let height = 150 + (random.unit() * 45.0) as u32;
        let (job, of_job) = JOBS[(random.unit() * JOBS.len() as f32) as usize % JOBS.len()];
        let told = random.unit() < 0.8;
        let of_age = if (30.0..55.0).contains(&age) {
            0.8
        } else {
            -0.8
        };
        let of_income = if told { (income - 55.0) / 45.0 } else { 1.0 };
        let buys = of_age + of_job + of_income > 0.1;
        let name = |buys: bool| if buys { "buys" } else { "leaves" }.to_owned();
        let shown = if told {
            income.to_string()
        } else {
            String::new()
        };
        let label = name(buys == (random.unit() < RIGHT));
        rows.push(vec![
            age.to_string(),
            job.to_owned(),
            shown,
            height.to_string(),
            label,
        ]);
        truth.push(name(buys));
    }
    let names = ["age", "job", "income", "height", "visit"]
        .map(str::to_owned)
        .to_vec();
    let name = "the generated table".to_owned();
    (Table { name, names, rows }, truth)
}
