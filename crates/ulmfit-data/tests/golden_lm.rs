//! The language model's stream against fastai 2.8.12. `golden/gen_data.py` made the values.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod golden_files;

use serde_json::Value;
use ulmfit_data::{DocumentOrder, LmBatch, LmLoaderConfig, Remainder};

use golden_files::{golden, numbers, rows};

/// Checks the batches of `docs` in the given order.
fn check(docs: Vec<Vec<u32>>, case: &Value, expected: &Value) {
    let note = &case["note"];
    let config = LmLoaderConfig::new()
        .with_batch_size(case["bs"].as_u64().unwrap() as usize)
        .with_seq_len(case["seq_len"].as_u64().unwrap() as usize)
        .with_order(DocumentOrder::Kept)
        .with_remainder(Remainder::Drop);
    let loader = config.build(docs).unwrap();
    let expected = expected["batches"].as_array().unwrap();
    let batches: Vec<LmBatch> = loader.epoch(0).collect();
    assert_eq!(
        (batches.len(), loader.n_batches()),
        (expected.len(), expected.len()),
        "{note}"
    );
    for (batch, expected) in batches.iter().zip(expected) {
        for (grid, key) in [(&batch.inputs, "x"), (&batch.targets, "y")] {
            let ours: Vec<&[u32]> = (0..grid.rows()).map(|row| grid.row(row)).collect();
            assert_eq!(ours, rows(&expected[key]), "{note}: {key}");
        }
    }
}

#[test]
fn streams_equal_fastai() {
    let cases = golden("lm_batches.json");
    for case in cases.as_array().unwrap() {
        let docs = rows(&case["docs"]);
        match case["epochs"].as_array() {
            None => check(docs, case, case),
            // Its shuffled order is its own; given that order, the batches follow.
            Some(epochs) => {
                for epoch in epochs {
                    let order = numbers(&epoch["doc_order"]);
                    check(
                        order
                            .iter()
                            .map(|&doc| docs[doc as usize].clone())
                            .collect(),
                        case,
                        epoch,
                    );
                }
            }
        }
    }
}
