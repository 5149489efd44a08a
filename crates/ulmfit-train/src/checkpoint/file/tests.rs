//! Files that come back as they were, and files that are refused.

use super::*;
use crate::checkpoint::document::{EpochRecord, Exact, Position, Remembered, Within};
use crate::loss_scale::LossScale;
use burn::tensor::Device;
use ulmfit_model::Random;

fn document() -> Document {
    let record = EpochRecord {
        stage: 0,
        steps: 12,
        name: "all".to_owned(),
        epoch: 1,
        epochs: 2,
        train_loss: Exact(0.1 + 0.2),
        valid_loss: Some(Exact(f64::INFINITY)),
        metric: None,
        rate: Exact(1e-300),
        tokens: 7,
        seconds: Exact(0.5),
    };
    Document {
        version: VERSION,
        digest: String::new(),
        run: vec![("seed".to_owned(), "3".to_owned())],
        stage: 0,
        steps: 13,
        steps_before: 0,
        epochs: vec![record],
        within: Some(Within {
            position: Position::default(),
            random: Random::new(u64::MAX),
            optimizer: Remembered::default(),
            loss_scale: LossScale::dynamic().state(),
            kept: false,
            hidden: false,
        }),
    }
}

fn writer(values: [f32; 3]) -> Writer {
    let mut writer = Writer::default();
    writer.add(
        "b".to_owned(),
        Tensor::<1>::from_floats(values, &Device::default()),
    );
    let matrix = Tensor::<2>::from_floats([[1.0, 2.0], [3.0, 4.0]], &Device::default());
    // Not contiguous: stored as [[1, 3], [2, 4]].
    writer.add("a".to_owned(), matrix.transpose());
    writer
}

/// The bytes of a whole file.
fn bytes(folder: &Path) -> Vec<u8> {
    let path = folder.join("whole.safetensors");
    writer([0.5, -0.0, f32::MIN_POSITIVE])
        .save(document(), &path)
        .unwrap();
    std::fs::read(path).unwrap()
}

/// Why a file of these bytes is refused.
fn refusal(folder: &Path, bytes: &[u8]) -> String {
    let path = folder.join("changed.safetensors");
    std::fs::write(&path, bytes).unwrap();
    let message = Reader::open(&path).unwrap_err().to_string();
    assert!(message.contains("changed.safetensors"), "{message}");
    message
}

#[test]
fn a_checkpoint_comes_back_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.safetensors");
    let before = bytes(folder.path());
    assert_eq!(
        before,
        bytes(folder.path()),
        "equal checkpoints are equal bytes"
    );
    SafeTensors::deserialize(&before).unwrap();
    let (read, mut reader) = Reader::open(&path).unwrap();
    let expected = document();
    assert_eq!(
        (&read.epochs, &read.within),
        (&expected.epochs, &expected.within)
    );
    let device = Device::default();
    let b: Vec<f32> = reader
        .take("b", [3], &device)
        .unwrap()
        .into_data()
        .iter()
        .collect();
    let bits: Vec<u32> = b.iter().map(|x| x.to_bits()).collect();
    assert_eq!(bits, [0.5f32, -0.0, f32::MIN_POSITIVE].map(f32::to_bits));
    let a = reader.take("a", [2, 2], &device).unwrap();
    let a: Vec<f32> = a.into_data().iter::<f32>().collect();
    assert_eq!(a, [1.0, 3.0, 2.0, 4.0]);
    reader.finish().unwrap();
}

#[test]
fn a_file_that_is_cut_anywhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let whole = bytes(folder.path());
    for len in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
        let message = refusal(folder.path(), &whole[..len]);
        assert!(
            message.contains("delete it to go on from the one before"),
            "{message}"
        );
    }
}

#[test]
fn a_single_wrong_bit_is_refused_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let whole = bytes(folder.path());
    for at in (0..whole.len()).step_by(3).chain([whole.len() - 1]) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        let path = folder.path().join("changed.safetensors");
        std::fs::write(&path, &changed).unwrap();
        assert!(Reader::open(&path).is_err(), "byte {at} of {}", whole.len());
    }
}

#[test]
fn foreign_files_and_newer_versions_are_named_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let none: [(&str, safetensors::tensor::TensorView<'_>); 0] = [];
    let foreign = safetensors::serialize(none, None).unwrap();
    let message = refusal(folder.path(), &foreign);
    assert!(message.contains("a key `ulmfit_checkpoint`"), "{message}");
    let mut newer = bytes(folder.path());
    let version = br#"\"version\":"#;
    let at = newer
        .windows(version.len())
        .position(|bytes| bytes == version);
    newer[at.unwrap() + version.len()] = b'9';
    let message = refusal(folder.path(), &newer);
    assert!(
        message.contains("`version`: expected 1, found 9"),
        "{message}"
    );
}

#[test]
fn tensors_that_are_missing_left_or_of_another_shape_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lying.safetensors");
    writer([1.0; 3]).save(document(), &path).unwrap();
    let device = Device::default();
    let (_, mut reader) = Reader::open(&path).unwrap();
    let message = reader.take("c", [1], &device).unwrap_err().to_string();
    assert!(
        message.contains("tensor `c`: expected f32 [1], found no such"),
        "{message}"
    );
    let (_, mut reader) = Reader::open(&path).unwrap();
    let message = reader.take("b", [4], &device).unwrap_err().to_string();
    assert!(
        message.contains("expected f32 [4], found f32 [3]"),
        "{message}"
    );
    let message = reader.finish().unwrap_err().to_string();
    assert!(message.contains("tensor `a`"), "{message}");
}
