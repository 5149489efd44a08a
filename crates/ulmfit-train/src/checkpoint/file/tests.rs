//! Files that come back as they were, and files that are refused.

use std::time::Duration;

use super::*;
use crate::loss_scale::LossScale;
use crate::observe::EpochEnd;
use crate::optimizer::OptimizerState;
use crate::scores::Scores;
use crate::state::{EpochRecord, Position, StageState};
use burn::tensor::{Device, Tensor};
use ulmfit_model::Mode;

fn state(values: [f32; 3]) -> TrainState {
    let end = EpochEnd {
        stage: "all".to_owned(),
        epoch: 1,
        epochs: 2,
        train_loss: 0.1 + 0.2,
        valid_loss: Some(f64::INFINITY),
        metrics: Scores::new(0.0)
            .higher_is_better("accuracy", 1.0 / 3.0)
            .metrics,
        rate: 1e-300,
        tokens: 7,
        time: Duration::from_millis(500),
    };
    let mut model = Tensors::default();
    model.insert("b", Tensor::<1>::from_floats(values, &Device::default()));
    let matrix = Tensor::<2>::from_floats([[1.0, 2.0], [3.0, 4.0]], &Device::default());
    // Not contiguous: stored as [[1, 3], [2, 4]].
    model.insert("a", matrix.transpose());
    let optimizer = OptimizerState {
        tensors: model.clone(),
        losses: vec![0.1 + 0.2, 2.0],
        ..OptimizerState::default()
    };
    TrainState {
        stage: 0,
        steps: 13,
        steps_before: 0,
        epochs: vec![EpochRecord {
            stage: 0,
            steps: 12,
            end,
        }],
        within: Some(StageState {
            position: Position::default(),
            mode: Mode::train(u64::MAX),
            optimizer,
            loss_scale: LossScale::dynamic(),
            kept: None,
            carry: Some(model.clone()),
        }),
        model,
    }
}

fn run() -> Vec<(String, String)> {
    vec![("seed".to_owned(), "3".to_owned())]
}

const VALUES: [f32; 3] = [0.5, -0.0, f32::MIN_POSITIVE];

/// The bytes of a whole file.
fn bytes(folder: &Path) -> Vec<u8> {
    let path = folder.join("whole.safetensors");
    write(&path, &run(), state(VALUES)).unwrap();
    std::fs::read(path).unwrap()
}

/// Why a file of these bytes is refused.
fn refusal(folder: &Path, bytes: &[u8]) -> String {
    let path = folder.join("changed.safetensors");
    std::fs::write(&path, bytes).unwrap();
    let message = read(&path).unwrap_err().to_string();
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
    let mut document = read(&path).unwrap();
    assert_eq!((&document.run, &document.state), (&run(), &state(VALUES)));
    let (device, model) = (Device::default(), &mut document.state.model);
    let b: Tensor<1> = model.take("b", &device).unwrap();
    let b = b.into_data();
    let bits = b.iter::<f32>().map(f32::to_bits);
    assert!(bits.eq(VALUES.map(f32::to_bits)));
    let a: Tensor<2> = model.take("a", &device).unwrap();
    let a: Vec<f32> = a.into_data().iter::<f32>().collect();
    assert_eq!(a, [1.0, 3.0, 2.0, 4.0]);
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
        assert!(read(&path).is_err(), "byte {at} of {}", whole.len());
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
        message.contains("`version`: expected 2, found 9"),
        "{message}"
    );
}

#[test]
fn tensors_that_are_missing_left_or_of_another_shape_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lying.safetensors");
    let net = |n: usize| {
        vec![burn::module::Param::from_tensor(Tensor::<1>::ones(
            [n],
            &Device::default(),
        ))]
    };
    let read = |written: &Tensors, n: usize| {
        write_plain(&path, written).unwrap();
        let error = crate::checkpoint::load_weights(&path, &net(n)).unwrap_err();
        error.to_string()
    };
    let message = read(&Tensors::default(), 1);
    assert!(
        message.contains("tensor `0`: expected shape [1], found no such"),
        "{message}"
    );
    let mut tensors = Tensors::of_module(&net(3));
    let message = read(&tensors, 4);
    assert!(
        message.contains("expected shape [4], found shape [3]"),
        "{message}"
    );
    tensors.insert("1", Tensor::<1>::ones([2], &Device::default()));
    let message = read(&tensors, 3);
    assert!(message.contains("tensor `1`"), "{message}");
    // A tensor that no part of a checkpoint has.
    let about = |name: &str| {
        let mut state = state(VALUES);
        state.within = None;
        write(&path, &run(), state).unwrap();
        let (json, mut tensors) = read_tensors(&path).unwrap();
        tensors.insert(name, Tensor::<1>::ones([2], &Device::default()));
        let mut document: Document = serde_json::from_str(&json.unwrap()).unwrap();
        document.digest = String::new();
        let mut hash = Sha256::new().chain_update(document.to_json());
        tensors.hash(&mut hash);
        document.digest = hex(hash);
        write_tensors(&path, json!({ KEY: document.to_json() }), &tensors).unwrap();
        super::read(&path)
    };
    let message = about("further").unwrap_err().to_string();
    assert!(message.contains("tensor `further`"), "{message}");
}
