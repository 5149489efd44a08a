//! Schedules and group rates against values recorded from fastai 2.8.12.
//!
//! `tests/golden/schedule.json` is written by `gen_sched.py` beside it: a callback reads the
//! optimizer's rate and momentum of every group at every step. `ULMFIT_GOLDEN_DIR` names another
//! folder with a file of that name.
//!
//! Tolerance: 1e-6 of the group's largest value. fastai computes the position in a phase in 32-bit
//! floats, which shows in the smallest rates at the end of a cosine, so each value by itself is
//! held to 1e-5 only.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use serde_json::Value;
use std::path::PathBuf;
use ulmfit_train::schedule::{GroupRates, OneCycle, Schedule};

/// fastai's momentum outside text, which the generator's plain learners use.
const GENERAL: [f64; 3] = [0.95, 0.85, 0.95];

fn golden(row: &str) -> Value {
    let folder = std::env::var_os("ULMFIT_GOLDEN_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden"),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(folder.join("schedule.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()[row].take()
}

/// A list of numbers, or the `column`-th numbers of a list of lists.
fn numbers(values: &Value, column: usize) -> Vec<f64> {
    let number = |v: &Value| v.as_f64().or_else(|| v[column].as_f64()).unwrap();
    values.as_array().unwrap().iter().map(number).collect()
}

fn assert_close(what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected
        .iter()
        .fold(0.0_f64, |most, value| most.max(value.abs()));
    for (step, (a, b)) in found.iter().zip(expected).enumerate() {
        let apart = (a - b).abs();
        assert!(
            apart <= 1e-6 * largest,
            "{what}, step {step}: {a} against {b}"
        );
        assert!(
            apart <= 1e-5 * b.abs(),
            "{what}, step {step}: {a} against {b}"
        );
    }
}

/// Compares every group's rate, and the momentum where it was recorded, over a whole run.
fn check(row: &str, recorded: &Value, schedule: impl Into<Schedule>, peaks: &[f64]) {
    let schedule = schedule.into();
    let n_steps = recorded["lr"].as_array().unwrap().len();
    let run: Vec<_> = (0..n_steps)
        .map(|step| schedule.at(step, n_steps))
        .collect();
    for (group, peak) in peaks.iter().enumerate() {
        let found: Vec<f64> = run.iter().map(|hyper| peak * hyper.rate).collect();
        let what = format!("{row}, rate of group {group}");
        assert_close(&what, &found, &numbers(&recorded["lr"], group));
        if recorded["mom"].is_array() {
            let found: Vec<f64> = run.iter().map(|hyper| hyper.momentum).collect();
            let what = format!("{row}, momentum of group {group}");
            assert_close(&what, &found, &numbers(&recorded["mom"], group));
        }
    }
}

#[test]
fn one_cycle_of_one_group() {
    let general = OneCycle::default().with_momentum(GENERAL);
    let odd = OneCycle::default().with_pct_start(0.3).with_div(5.0);
    let cases = [
        ("one_cycle_40x1", general, 2e-3, 40),
        ("one_cycle_4x10", general, 2e-3, 40),
        ("one_cycle_text_moms_1x40", OneCycle::default(), 2e-3, 40),
        ("one_cycle_odd_7x3", odd, 1e-3, 21),
    ];
    for (row, schedule, peak, n_steps) in cases {
        let recorded = golden(row);
        assert_eq!(recorded["lr"].as_array().unwrap().len(), n_steps, "{row}");
        check(row, &recorded, schedule, &[peak]);
    }
}

#[test]
fn one_cycle_of_five_groups() {
    let general = OneCycle::default().with_momentum(GENERAL);
    let ladder = GroupRates::Slice {
        low: 1e-2 / 2.6_f64.powi(4),
        high: 1e-2,
    };
    let cases = [
        ("one_cycle_5groups_slice", ladder),
        ("one_cycle_5groups_slice", GroupRates::paper(1e-2)),
        ("one_cycle_5groups_slice_stop_only", GroupRates::last(1e-2)),
    ];
    for (row, rates) in cases {
        check(row, &golden(row), general, &rates.rates(5).unwrap());
    }
}

#[test]
fn fine_tune_is_two_one_cycles() {
    let row = "fine_tune_1+2_x10_3groups";
    let recorded = golden(row);
    let base = recorded["base_lr"].as_f64().unwrap();
    let part = |range: std::ops::Range<usize>| {
        let cut = |key: &str| recorded[key].as_array().unwrap()[range.clone()].to_vec();
        serde_json::json!({ "lr": cut("lr"), "mom": cut("mom") })
    };

    // One frozen epoch that rises almost to its end, at slice(base).
    let general = OneCycle::default().with_momentum(GENERAL);
    let frozen = GroupRates::last(base).rates(3).unwrap();
    check(row, &part(0..10), general.with_pct_start(0.99), &frozen);

    // Two epochs of all groups, at slice(base / 2 / 100, base / 2).
    let (low, high) = (base / 200.0, base / 2.0);
    let all = GroupRates::Slice { low, high }.rates(3).unwrap();
    check(
        row,
        &part(10..30),
        general.with_pct_start(0.3).with_div(5.0),
        &all,
    );
}

#[test]
fn slices() {
    for (row, n_groups) in [
        ("discriminative_slice_2.6_5groups", 5),
        ("discriminative_slice_2.6_4groups", 4),
    ] {
        let recorded = golden(row);
        let high = recorded["lr"].as_f64().unwrap();
        let low = high / 2.6_f64.powi(n_groups as i32 - 1);
        let expected = numbers(&recorded["values"], 0);
        for rates in [GroupRates::Slice { low, high }, GroupRates::paper(high)] {
            assert_close(row, &rates.rates(n_groups).unwrap(), &expected);
        }
    }
    let recorded = golden("slice_stop_only_5groups");
    let found = GroupRates::last(recorded["lr"].as_f64().unwrap())
        .rates(5)
        .unwrap();
    assert_close(
        "slice_stop_only_5groups",
        &found,
        &numbers(&recorded["values"], 0),
    );
}
