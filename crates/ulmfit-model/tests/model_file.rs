//! The model file: old files, storages, headers that lie, a full disk.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

use burn::tensor::Device;
use ulmfit_model::{
    AwdLstmConfig, ClassifierConfig, Directions, Error, LanguageModelConfig, Mode, ModelInfo,
    ModelKind, Random, Storage, TextClassifier, TextEncoding, TextLanguageModel,
};
use ulmfit_text::{RulePreset, TokenGrid, TokenizerConfig, Vocab, VocabConfig};

fn text() -> TextEncoding {
    let words: Vec<String> = "a slow start but i loved the end"
        .split(' ')
        .map(str::to_owned)
        .collect();
    let vocab = VocabConfig::new().with_min_freq(1).build(&[words]);
    TextEncoding::new(TokenizerConfig::new(), vocab)
}

fn language_model(embed: usize) -> TextLanguageModel {
    let text = text();
    let sizes = AwdLstmConfig::new(text.vocab().len()).with_sizes(embed, 2 * embed, 2);
    let model = LanguageModelConfig::new(sizes)
        .init(5, &Device::default())
        .unwrap();
    TextLanguageModel::new(text, model).unwrap()
}

fn classifier() -> TextClassifier {
    classifier_reading(Directions::Forward)
}

fn classifier_reading(directions: Directions) -> TextClassifier {
    let text = text();
    let device = Device::default();
    let sizes = AwdLstmConfig::new(text.vocab().len())
        .with_sizes(6, 10, 2)
        .with_directions(directions);
    let encoder = sizes.init(&mut Random::new(6), &device).unwrap();
    let model = ClassifierConfig::new(2).init(encoder, 7, &device).unwrap();
    TextClassifier::new(text, model, vec!["neg".into(), "pos".into()]).unwrap()
}

fn tokens() -> TokenGrid {
    TokenGrid::new(2, 4, vec![2, 9, 10, 11, 2, 16, 3, 0])
}

fn lm_logits(model: &TextLanguageModel) -> Vec<f32> {
    let state = model.model.initial_state(2);
    let (logits, _) = model.model.logits(&tokens(), &state, &mut Mode::Eval);
    logits.into_data().iter::<f32>().collect()
}

fn class_logits(model: &TextClassifier) -> Vec<f32> {
    let logits = model.model.logits(&tokens(), &[4, 3], &mut Mode::Eval);
    logits.into_data().iter::<f32>().collect()
}

fn worst(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |m, (a, b)| m.max((a - b).abs()))
}

fn own(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

fn says(error: Error, parts: &[&str]) {
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "`{part}` is missing in: {message}");
    }
}

/// Makes the golden files of `files_of_version_1_are_read`; they must never be made again.
#[test]
#[ignore = "writes the golden files"]
fn make_version_1() {
    let (lm, class) = (language_model(6), classifier());
    lm.save(own("model_v1_lm.safetensors")).unwrap();
    class.save(own("model_v1_classifier.safetensors")).unwrap();
    let logits = serde_json::json!({ "lm": lm_logits(&lm), "classifier": class_logits(&class) });
    std::fs::write(own("model_v1.json"), format!("{logits}\n")).unwrap();
}

#[test]
fn files_of_version_1_are_read() {
    let device = Device::default();
    let logits = std::fs::read(own("model_v1.json")).unwrap();
    let logits: serde_json::Value = serde_json::from_slice(&logits).unwrap();
    let expected = |key: &str| -> Vec<f32> {
        let list = logits[key].as_array().unwrap().iter();
        list.map(|x| x.as_f64().unwrap() as f32).collect()
    };
    let lm = TextLanguageModel::load(own("model_v1_lm.safetensors"), &device).unwrap();
    assert!(worst(&lm_logits(&lm), &expected("lm")) <= 1e-6);
    let class = TextClassifier::load(own("model_v1_classifier.safetensors"), &device).unwrap();
    assert!(worst(&class_logits(&class), &expected("classifier")) <= 1e-6);
    assert_eq!(class.classes, ["neg", "pos"]);
    let info = ModelInfo::read(own("model_v1_classifier.safetensors")).unwrap();
    assert_eq!((info.kind, info.format), (ModelKind::Classifier, 1));
}

#[test]
fn every_storage_keeps_its_bytes_and_its_promise() {
    let device = Device::default();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (lm, class) = (language_model(40), classifier());
    let mut lengths = Vec::new();
    for (storage, tolerance) in [
        (Storage::F32, 0.0),
        (Storage::F16, 1e-4),
        (Storage::Int8, 2e-3),
    ] {
        lm.save_as(at("lm"), storage).unwrap();
        let loaded = TextLanguageModel::load(at("lm"), &device).unwrap();
        let error = worst(&lm_logits(&loaded), &lm_logits(&lm));
        println!("{storage}: largest error of a logit {error:e}");
        assert!(error <= tolerance, "{storage}: {error:e}");
        loaded.save_as(at("again"), storage).unwrap();
        assert_eq!(
            std::fs::read(at("lm")).unwrap(),
            std::fs::read(at("again")).unwrap()
        );

        class.save_as(at("class"), storage).unwrap();
        let loaded = TextClassifier::load(at("class"), &device).unwrap();
        assert!(worst(&class_logits(&loaded), &class_logits(&class)) <= 20.0 * tolerance);
        loaded.save_as(at("again"), storage).unwrap();
        assert_eq!(
            std::fs::read(at("class")).unwrap(),
            std::fs::read(at("again")).unwrap()
        );

        let info = ModelInfo::read(at("lm")).unwrap();
        assert_eq!(info.storage, storage);
        assert_eq!(info.format, if storage == Storage::F32 { 1 } else { 2 });
        assert_eq!(
            info.parameters,
            ModelInfo::read(at("lm")).unwrap().parameters
        );
        let expected = 17 * 40 + 17 + 320 * 40 + 320 * 80 + 640 + 160 * 80 + 160 * 40 + 320;
        assert_eq!(info.encoder.unwrap().vocabulary, 17);
        assert_eq!(info.parameters, expected);
        lengths.push(info.bytes);
    }
    assert!(
        lengths[1] * 10 < lengths[0] * 6 && lengths[2] * 10 < lengths[1] * 6,
        "{lengths:?}"
    );
    let mut infinite = language_model(6);
    let embedding = infinite.model.encoder.embedding.val() * f32::INFINITY;
    infinite.model.encoder.embedding = burn::module::Param::from_tensor(embedding);
    let error = infinite.save_as(at("infinite"), Storage::Int8).unwrap_err();
    says(error, &["encoder.embedding", "I8"]);
    assert!(!at("infinite").exists());
}

/// The bytes of a file with a changed header: the length in front follows.
fn lie(file: &[u8], from: &str, to: &str) -> Vec<u8> {
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let header = std::str::from_utf8(&file[8..8 + length]).unwrap();
    assert!(header.contains(from), "{from} is not in {header}");
    let header = header.replacen(from, to, 1);
    let mut changed = (header.len() as u64).to_le_bytes().to_vec();
    changed.extend(header.bytes());
    changed.extend(&file[8 + length..]);
    changed
}

#[test]
fn a_header_that_lies_is_refused_by_its_field() {
    let device = Device::default();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    language_model(6).save(&path).unwrap();
    let lm = std::fs::read(&path).unwrap();
    classifier().save(&path).unwrap();
    let class = std::fs::read(&path).unwrap();
    language_model(6).save_as(&path, Storage::Int8).unwrap();
    let int8 = std::fs::read(&path).unwrap();
    let lines = [
        // The document.
        (&lm, r#"\"format\":1"#, r#"\"format\":7"#, "field `format`"),
        (
            &lm,
            r#"\"format\":1"#,
            r#"\"format\":\"x\""#,
            "field `format`",
        ),
        (
            &lm,
            r#"\"kind\":\"language_model\""#,
            r#"\"kind\":\"poem\""#,
            "field `kind`",
        ),
        (
            &lm,
            r#"\"rules\":\"standard\""#,
            r#"\"rules\":\"v9\""#,
            "field `tokenizer.rules`",
        ),
        (&lm, r#"\"embed\":6"#, r#"\"embed\":7"#, "encoder.embedding"),
        (
            &lm,
            r#"\"hidden\":12"#,
            r#"\"hidden\":-1"#,
            "field `config.encoder.hidden`",
        ),
        (
            &lm,
            r#"\"hidden\":12"#,
            r#"\"hidden\":9223372036854775807"#,
            "field `hidden`",
        ),
        (
            &lm,
            r#"\"layers\":2"#,
            r#"\"layers\":1000000000000"#,
            "field `layers`",
        ),
        (&lm, r#"\"layers\":2"#, r#"\"layers\":1"#, "encoder.layers"),
        (
            &lm,
            r#"\"vocabulary\":17"#,
            r#"\"vocabulary\":16"#,
            "encoder.embedding",
        ),
        (&lm, r#"\"slow\","#, "", "field `vocabulary`"),
        (&lm, r#"\"slow\""#, r#"\"a\""#, "field `vocabulary`"),
        (&lm, r#"\"output\":0.1"#, r#"\"output\":7.5"#, "output"),
        (
            &class,
            r#"\"classes\":2"#,
            r#"\"classes\":3"#,
            "head.blocks.1.weight",
        ),
        (
            &class,
            r#"\"hidden\":[50]"#,
            r#"\"hidden\":[5000000000]"#,
            "head.blocks.0.weight",
        ),
        (&class, r#"[\"neg\","#, r#"["#, "classes"),
        (
            &int8,
            r#"\"storage\":\"int8\""#,
            r#"\"storage\":\"int4\""#,
            "field `storage`",
        ),
        (
            &int8,
            r#"\"storage\":\"int8\""#,
            r#"\"storage\":\"f16\""#,
            "encoder.",
        ),
        (
            &int8,
            r#"encoder.embedding.scale"#,
            r#"encoder.embedding.scales"#,
            "encoder.embedding.scale",
        ),
        // The tensors.
        (&lm, r#""dtype":"F32""#, r#""dtype":"F33""#, "field `dtype`"),
        (&lm, r#""dtype":"F32""#, r#""dtype":"I32""#, "tensor `"),
        (
            &lm,
            r#""shape":[17,6]"#,
            r#""shape":[17,7]"#,
            "tensor `encoder.embedding`, field `shape`",
        ),
        (&lm, r#""shape":[17,6]"#, r#""shape":[6,17]"#, "[6, 17]"),
        (
            &lm,
            r#""data_offsets":[0,"#,
            r#""data_offsets":[4,"#,
            "field `",
        ),
        (
            &lm,
            r#""decoder.bias""#,
            r#""decoder.bios""#,
            "decoder.bias",
        ),
    ];
    for (file, from, to, field) in lines {
        std::fs::write(&path, lie(file, from, to)).unwrap();
        let error = match std::ptr::eq(file, &class) {
            true => TextClassifier::load(&path, &device).unwrap_err(),
            false => TextLanguageModel::load(&path, &device).unwrap_err(),
        };
        says(error, &[field]);
        // Never a panic, and what it does not look at it may take.
        let _ = ModelInfo::read(&path);
    }
}

#[test]
fn a_file_of_another_length_is_refused() {
    let device = Device::default();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    for storage in Storage::ALL {
        language_model(6).save_as(&path, storage).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let cuts = [0, 7, 8, 9, 500, whole.len() / 2, whole.len() - 1];
        let mut files: Vec<Vec<u8>> = cuts.iter().map(|&cut| whole[..cut].to_vec()).collect();
        files.push([&whole[..], &[0]].concat());
        // A header that is longer than the file.
        files.push([&(1u64 << 40).to_le_bytes()[..], &whole[8..]].concat());
        for file in files {
            std::fs::write(&path, &file).unwrap();
            let error = TextLanguageModel::load(&path, &device).unwrap_err();
            says(error, &["header", "damaged or incomplete"]);
            assert!(ModelInfo::read(&path).is_err(), "{} bytes", file.len());
        }
    }
}

/// Matrices of several blocks, with a last one that is not full.
#[test]
fn large_matrices_are_read_as_they_were() {
    let device = Device::default();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let text = text();
    let sizes = AwdLstmConfig::new(text.vocab().len()).with_sizes(41, 307, 2);
    let model = LanguageModelConfig::new(sizes).init(5, &device).unwrap();
    let model = TextLanguageModel::new(text, model).unwrap();
    model.save(&path).unwrap();
    let loaded = TextLanguageModel::load(&path, &device).unwrap();
    assert_eq!(lm_logits(&loaded), lm_logits(&model));
    loaded.save_as(&path, Storage::F16).unwrap();
    let half = TextLanguageModel::load(&path, &device).unwrap();
    let weight = |model: &TextLanguageModel| -> Vec<f32> {
        let weight = model.model.encoder.embedding.val();
        weight.into_data().iter::<f32>().collect()
    };
    let single = weight(&model);
    let largest = single.iter().fold(0.0f32, |m, x| m.max(x.abs()));
    assert!(worst(&weight(&half), &single) <= largest / 2048.0);
}

#[test]
fn changed_bytes_never_panic() {
    let device = Device::default();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    language_model(6).save_as(&path, Storage::Int8).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for place in (0..whole.len().min(3000)).step_by(2) {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        std::fs::write(&path, bytes).unwrap();
        let _ = TextLanguageModel::load(&path, &device);
        let _ = ModelInfo::read(&path);
    }
}

#[test]
fn the_way_to_fastai_and_back_changes_nothing() {
    let device = Device::default();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let rules = || Some(TokenizerConfig::new().with_rules(RulePreset::Standard));

    let lm = language_model(6);
    lm.save(at("lm")).unwrap();
    lm.export_fastai(at("lm.fastai")).unwrap();
    lm.text.vocab().save(at("vocab.json")).unwrap();
    assert_eq!(Vocab::load(at("vocab.json")).unwrap(), *lm.text.vocab());
    let back =
        ulmfit_model::import::language_model(at("lm.fastai"), at("vocab.json"), rules(), &device);
    back.unwrap().save(at("lm.back")).unwrap();
    assert_eq!(
        std::fs::read(at("lm")).unwrap(),
        std::fs::read(at("lm.back")).unwrap()
    );

    for directions in [Directions::Both, Directions::Forward] {
        let class = classifier_reading(directions);
        class.save(at("class")).unwrap();
        class.export_fastai(at("class.fastai")).unwrap();
        let back = ulmfit_model::import::classifier(
            at("class.fastai"),
            at("vocab.json"),
            Some(class.classes.clone()),
            rules(),
            &device,
        );
        back.unwrap().save(at("class.back")).unwrap();
        assert_eq!(
            std::fs::read(at("class")).unwrap(),
            std::fs::read(at("class.back")).unwrap()
        );
    }

    // For tests/peer/load_export.py, which holds fastai's logits against these.
    let Some(peer) = std::env::var_os("ULMFIT_PEER_DIR").map(PathBuf::from) else {
        return;
    };
    let (class, both) = (classifier(), classifier_reading(Directions::Both));
    lm.export_fastai(peer.join("lm.safetensors")).unwrap();
    class
        .export_fastai(peer.join("classifier.safetensors"))
        .unwrap();
    both.export_fastai(peer.join("bidirectional.safetensors"))
        .unwrap();
    let logits = serde_json::json!({
        "bidirectional": class_logits(&both),
        "tokens": [[2, 9, 10, 11], [2, 16, 3, 0]],
        "lm": lm_logits(&lm),
        "lengths": [4, 3],
        "classifier": class_logits(&class),
    });
    std::fs::write(peer.join("logits.json"), logits.to_string()).unwrap();
}

/// A file system of 64 KiB in memory, gone when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
            .arg(at);
        let output = mount.output().ok()?;
        output.status.success().then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_leaves_the_old_file_whole() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path()) else {
        println!("skipped: no small file system can be mounted here");
        return;
    };
    let path = disk.0.join("model.safetensors");
    language_model(6).save(&path).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = language_model(60).save(&path).unwrap_err();
    says(error, &["model.safetensors", "space"]);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let error = language_model(60).export_fastai(&path).unwrap_err();
    says(error, &["model.safetensors", "space"]);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(std::fs::read_dir(&disk.0).unwrap().count(), 1);
}
