//! The classifier's orders and paddings against fastai 2.8.12. `golden/gen_data.py` made the values.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod golden_files;
mod pad_chunk;

use serde_json::Value;
use ulmfit_data::{ClassLoaderConfig, batches_by_length, sort_chunks};

use golden_files::{golden, numbers, rows};
use pad_chunk::{PadSide, pad_chunk};

fn size(value: &Value) -> usize {
    value.as_u64().unwrap() as usize
}

fn indices(value: &Value) -> Vec<usize> {
    numbers(value).into_iter().map(|n| n as usize).collect()
}

#[test]
fn chunk_padding_equals_fastai() {
    let all = golden("clas_batches.json");
    for case in all["pad_chunk"].as_array().unwrap() {
        let side = if case["pad_first"].as_bool().unwrap() {
            PadSide::First
        } else {
            PadSide::Last
        };
        let pad = size(&case["pad_idx"]) as u32;
        let ours = pad_chunk(
            &numbers(&case["x"]),
            pad,
            side,
            size(&case["seq_len"]),
            size(&case["pad_len"]),
        );
        assert_eq!(ours, numbers(&case["out"]), "{case}");
    }
    let docs = rows(&all["docs"]);
    let longest = docs.iter().map(Vec::len).max().unwrap();
    for seq_len in [4, 7, 72] {
        let expected = all[format!("pad_input_chunk_seq{seq_len}")]
            .as_array()
            .unwrap();
        assert_eq!(expected.len(), docs.len());
        for (doc, expected) in docs.iter().zip(expected) {
            assert_eq!(
                pad_chunk(doc, 1, PadSide::First, seq_len, longest),
                numbers(&expected["x"])
            );
        }
    }
}

#[test]
fn right_padding_equals_fastai() {
    let all = golden("clas_batches.json");
    let (docs, labels) = (rows(&all["docs"]), numbers(&all["labels"]));
    let loader = ClassLoaderConfig::new()
        .build(docs.clone(), labels.clone())
        .unwrap();
    let batch = loader.in_order().next().unwrap();
    let ours: Vec<&[u32]> = (0..docs.len()).map(|row| batch.inputs.row(row)).collect();
    assert_eq!(
        (ours, batch.labels.classes().unwrap().to_vec()),
        (
            rows(&all["pad_input"]).iter().map(Vec::as_slice).collect(),
            labels
        )
    );
}

#[test]
fn evaluation_order_equals_fastai() {
    let all = golden("clas_batches.json");
    let (docs, labels) = (rows(&all["docs"]), numbers(&all["labels"]));
    let config = ClassLoaderConfig::new().with_batch_size(4);
    for seq_len in [4, 7] {
        let expected = &all[format!("sorted_valid_bs4_seq{seq_len}")];
        let loader = config.build(docs.clone(), labels.clone()).unwrap();
        let order: Vec<usize> = loader.sorted().flat_map(|batch| batch.rows).collect();
        assert_eq!(order, indices(&expected["order"]));
        for (batch, expected) in loader.sorted().zip(expected["batches"].as_array().unwrap()) {
            assert_eq!(batch.labels, numbers(&expected["y"]).into());
            let padded = batch
                .rows
                .iter()
                .map(|&row| pad_chunk(&docs[row], 1, PadSide::First, seq_len, batch.inputs.cols()));
            assert_eq!(padded.collect::<Vec<_>>(), rows(&expected["x"]));
        }
    }
}

/// From the same permutation: equal, but for the order of the middle batches, which is random, and for the short last
/// batch, which fastai drops.
#[test]
fn training_order_equals_fastai() {
    let all = golden("clas_batches.json");
    let mut checked = 0;
    for case in all["sorted_train"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|case| case["error"].is_null())
    {
        let (lengths, bs) = (indices(&case["lens"]), size(&case["bs"]));
        let ours = sort_chunks(indices(&case["first_permutation"]), &lengths, bs);
        let theirs = indices(&case["order"]);
        let n = lengths.len().div_ceil(bs);
        let batches = |order: &[usize]| -> Vec<Vec<usize>> {
            order.chunks(bs).map(<[usize]>::to_vec).collect()
        };
        let (ours, theirs) = (batches(&ours), batches(&theirs));
        assert_eq!((ours.len(), theirs.len()), (n, n));
        assert_eq!((&ours[0], &ours[n - 1]), (&theirs[0], &theirs[n - 1]));
        let sorted = |mut batches: Vec<Vec<usize>>| {
            batches.sort();
            batches
        };
        assert_eq!(sorted(ours), sorted(theirs));
        checked += 1;
    }
    assert!(checked > 1);
}

#[test]
fn equal_lengths_keep_their_order() {
    assert_eq!(batches_by_length(&[2, 2, 3, 2], 2), [[2, 0], [1, 3]]);
}

#[test]
fn short_padding_goes_behind() {
    assert_eq!(pad_chunk(&[5], 1, PadSide::First, 4, 4), [5, 1, 1, 1]);
    assert_eq!(pad_chunk(&[5], 1, PadSide::Last, 1, 3), [5, 1, 1]);
    assert_eq!(pad_chunk(&[5, 6], 1, PadSide::First, 4, 1), [5, 6]);
    // 7 pads: two chunks of three in front, one pad behind.
    let padded = pad_chunk(&[10, 11, 12, 13], 1, PadSide::First, 3, 11);
    assert_eq!(padded, [1, 1, 1, 1, 1, 1, 10, 11, 12, 13, 1]);
}
