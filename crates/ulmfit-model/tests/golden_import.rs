//! Files that fastai and PyTorch have saved: all generations give fastai's own logits, hostile files give an error.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor};
use serde_json::Value;
use ulmfit_model::import::{self, FastaiVocabulary, FastaiWeights, Generation, WeightsKind};
use ulmfit_model::{Error, Mode, TextLanguageModel};
use ulmfit_text::{RulePreset, TokenGrid, TokenizerConfig};

/// Values that this library's own scripts have made: in `tests/golden`, whatever the variable says.
fn own(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

fn golden(name: &str) -> PathBuf {
    std::env::var_os("ULMFIT_GOLDEN_DIR")
        .map_or_else(|| own(name), |folder| PathBuf::from(folder).join(name))
}

fn json(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(golden(name)).unwrap()).unwrap()
}

fn flat(value: &Value) -> Vec<f32> {
    match value {
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        number => vec![number.as_f64().unwrap() as f32],
    }
}

fn ids(value: &Value) -> TokenGrid {
    let rows = value.as_array().unwrap();
    let cols = rows[0].as_array().unwrap().len();
    let ids = flat(value).into_iter().map(|id| id as u32).collect();
    TokenGrid::new(rows.len(), cols, ids)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// max|a - b| / max|b|
fn relative_error(actual: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(actual.len(), expected.len());
    let scale = expected.iter().fold(0.0f32, |m, x| m.max(x.abs()));
    let pairs = actual.iter().zip(expected);
    pairs.fold(0.0f32, |m, (a, b)| m.max((a - b).abs())) / scale
}

/// The largest relative error of the logits over both batches; without the decoder's bias if the file has none.
fn logits_error(model: &TextLanguageModel, bias: Option<&[f32]>) -> f32 {
    let golden = &json("awd_lstm_tiny.json")["lm"];
    let mut state = model.model.initial_state(3);
    let mut worst = 0.0f32;
    for batch in golden["batches"].as_array().unwrap() {
        let (logits, next) = model
            .model
            .logits(&ids(&batch["x"]), &state, &mut Mode::Eval);
        let mut expected = flat(&batch["logits"]);
        for row in expected.chunks_mut(50) {
            for (logit, bias) in row.iter_mut().zip(bias.unwrap_or_default()) {
                *logit -= bias;
            }
        }
        worst = worst.max(relative_error(&values(logits), &expected));
        state = next;
    }
    worst
}

#[test]
fn four_weight_files_give_fastai_s_logits() {
    let device = Device::default();
    let bias = FastaiWeights::open(golden("import/v2.pth")).unwrap();
    let bias = bias.values("1.decoder.bias").unwrap();
    assert!(bias.iter().any(|&b| b != 0.0));
    use WeightsKind::{Encoder, LanguageModel};
    for (weights, vocabulary, generation, kind, has_bias) in [
        ("v2.pth", "itos_v2.pkl", Generation::V2, LanguageModel, true),
        (
            "v1_legacy.pth",
            "itos_v1.pkl",
            Generation::V1,
            LanguageModel,
            true,
        ),
        (
            "v07_legacy.h5",
            "itos_v07.pkl",
            Generation::V07,
            LanguageModel,
            false,
        ),
        (
            "v2_encoder.pth",
            "itos_v2.pkl",
            Generation::V2,
            Encoder,
            false,
        ),
    ] {
        let weights = golden("import").join(weights);
        let vocabulary = golden("import").join(vocabulary);
        let file = FastaiWeights::open(&weights).unwrap();
        assert_eq!((file.generation(), file.kind()), (generation, kind));
        let model = import::language_model(&weights, &vocabulary, None, &device).unwrap();
        assert_eq!(model.text.tokenizer_config().rules, generation.rules());
        assert_eq!(model.text.vocab().len(), 50);
        let error = logits_error(&model, (!has_bias).then_some(&bias));
        println!("{}: largest relative error {error:e}", weights.display());
        assert!(error <= 1e-5, "{}: {error:e}", weights.display());
    }
}

#[test]
fn safetensors_with_the_same_names_are_the_same_weights() {
    let device = Device::default();
    let vocabulary = FastaiVocabulary::open(golden("import/itos_v2.pkl")).unwrap();
    for name in ["awd_lstm_tiny.safetensors", "import/v2.pth"] {
        let weights = FastaiWeights::open(golden(name)).unwrap();
        let rules = TokenizerConfig::new().with_rules(RulePreset::Standard);
        let model = weights
            .language_model(&vocabulary, Some(rules), &device)
            .unwrap();
        assert_eq!(model.text.tokenizer_config().rules, RulePreset::Standard);
        assert!(logits_error(&model, None) <= 1e-5);
    }
}

#[test]
fn a_classifier_gives_fastai_s_logits() {
    let device = Device::default();
    let case = &json("awd_clas_tiny.json")["clas_clean"];
    let docs: Vec<Vec<f32>> = case["docs"].as_array().unwrap().iter().map(flat).collect();
    let lengths: Vec<usize> = docs.iter().map(Vec::len).collect();
    let width = lengths.iter().copied().max().unwrap();
    let padded = docs.iter().flat_map(|doc| {
        let mut row: Vec<u32> = doc.iter().map(|&id| id as u32).collect();
        row.resize(width, 1);
        row
    });
    let tokens = TokenGrid::new(docs.len(), width, padded.collect());
    let vocabulary = golden("import/itos_v2.pkl");
    for name in ["awd_clas_tiny.pth", "awd_clas_tiny.safetensors"] {
        let model = import::classifier(golden(name), &vocabulary, None, None, &device).unwrap();
        assert_eq!(model.classes, ["0", "1", "2"]);
        let logits = values(model.model.logits(&tokens, &lengths, &mut Mode::Eval));
        let error = relative_error(&logits, &flat(&case["eval"]["logits"]));
        println!("{name}: largest relative error {error:e}");
        assert!(error <= 1e-5, "{name}: {error:e}");
    }
    let names = Some(vec!["only".to_owned()]);
    let weights = golden("awd_clas_tiny.pth");
    let error = import::classifier(&weights, &vocabulary, names, None, &device);
    says(error.unwrap_err(), &["classes", "3 names", "1 names"]);
    let error = import::language_model(&weights, &vocabulary, None, &device);
    says(error.unwrap_err(), &["awd_clas_tiny.pth", "a classifier"]);
}

/// The same classifier with v1's flat names of the head and a bias in each linear map.
#[test]
fn the_biases_of_an_older_head_are_read_used_and_kept() {
    let device = Device::default();
    let bytes = std::fs::read(golden("awd_clas_tiny.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let biases = [9, 3].map(|n| (0..n).map(|i| i as f32 / 10.0 - 0.2).collect::<Vec<f32>>());
    let mut tensors = Vec::new();
    for (name, view) in file.tensors() {
        let flat = match name
            .strip_prefix("1.layers.")
            .map(|rest| rest.split_once('.').unwrap())
        {
            None => name,
            Some((block, part)) => {
                let block: usize = block.parse().unwrap();
                let (module, part) = part.split_once('.').unwrap();
                format!(
                    "1.layers.{}.{part}",
                    4 * block + 2 * usize::from(module != "0")
                )
            }
        };
        tensors.push((
            flat,
            view.dtype(),
            view.shape().to_vec(),
            view.data().to_vec(),
        ));
    }
    for (block, bias) in biases.iter().enumerate() {
        let data = bias.iter().flat_map(|b| b.to_le_bytes()).collect();
        let name = format!("1.layers.{}.bias", 4 * block + 2);
        tensors.push((name, safetensors::Dtype::F32, vec![bias.len()], data));
    }
    let views = tensors.iter().map(|(name, dtype, shape, data)| {
        let view = safetensors::tensor::TensorView::new(*dtype, shape.clone(), data).unwrap();
        (name, view)
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v1.safetensors");
    std::fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();

    let vocabulary = golden("import/itos_v2.pkl");
    let rules = Some(TokenizerConfig::new());
    let read = |path: &Path| import::classifier(path, &vocabulary, None, rules.clone(), &device);
    let mut expected = read(&golden("awd_clas_tiny.safetensors")).unwrap();
    let plain = expected.clone();
    for (block, bias) in expected.model.head.blocks.iter_mut().zip(&biases) {
        let bias = Tensor::from_floats(&bias[..], &device);
        block.bias = Some(burn::module::Param::from_tensor(bias));
    }
    let found = read(&path).unwrap();
    let logits = |model: &ulmfit_model::TextClassifier| {
        let grid = TokenGrid::new(1, 5, vec![2, 9, 11, 13, 10]);
        values(model.model.logits(&grid, &[5], &mut Mode::Eval))
    };
    assert_eq!(logits(&found), logits(&expected));
    assert_ne!(logits(&found), logits(&plain));
    let saved = folder.path().join("ours.safetensors");
    found.save(&saved).unwrap();
    let again = ulmfit_model::TextClassifier::load(&saved, &device).unwrap();
    assert_eq!(logits(&again), logits(&expected));
    let error = found.export_fastai(folder.path().join("v2.safetensors"));
    says(error.unwrap_err(), &["head.blocks.0.bias", "fastai v2"]);
}

#[test]
fn a_bidirectional_classifier_gives_fastai_s_logits_of_documents_alone() {
    let device = Device::default();
    let case = &json("awd_clas_tiny.json")["clas_bidir_clean"];
    let (weights, vocabulary) = ("awd_clas_tiny_bidir.safetensors", "import/itos_v2.pkl");
    let (weights, vocabulary) = (golden(weights), golden(vocabulary));
    let mut model = import::classifier(&weights, &vocabulary, None, None, &device).unwrap();
    // Backward layers start at the end of each chunk: here the chunks are part of the result.
    let config = ulmfit_model::ClassifierConfig {
        window: ulmfit_model::DocumentWindow {
            bptt: 7,
            max_len: 1440,
        },
        ..model.model.config().clone()
    };
    let mut windowed = config
        .init(model.model.encoder.clone(), 0, &device)
        .unwrap();
    windowed.head = model.model.head.clone();
    model.model = windowed;
    let expected = flat(&case["eval_solo_logits"]);
    let docs = case["docs"].as_array().unwrap().iter().map(flat);
    let alone = docs.flat_map(|doc| {
        let ids: Vec<u32> = doc.iter().map(|&id| id as u32).collect();
        let length = ids.len();
        let tokens = TokenGrid::new(1, length, ids);
        values(model.model.logits(&tokens, &[length], &mut Mode::Eval))
    });
    let error = relative_error(&alone.collect::<Vec<_>>(), &expected);
    println!("awd_clas_tiny_bidir.safetensors: largest relative error {error:e}");
    assert!(error <= 1e-5, "{error:e}");
    let language_model = golden("awd_lstm_tiny_bidir.safetensors");
    let error = import::language_model(&language_model, &vocabulary, None, &device);
    says(error.unwrap_err(), &["directions"]);
}

#[test]
fn vocabularies_of_all_generations() {
    for (name, first) in [
        ("itos_v2.pkl", ["xxunk", "xxrep", "w0"]),
        ("itos_v1.pkl", ["xxunk", "xxmaj", "w0"]),
        ("itos_v07.pkl", ["_unk_", "w3", "w7"]),
    ] {
        let vocab = FastaiVocabulary::open(golden("import").join(name))
            .unwrap()
            .vocab;
        assert_eq!(vocab.len(), 50);
        assert_eq!([vocab.token(0), vocab.token(5), vocab.token(9)], first);
    }
    for (name, classes) in [
        ("itos_l.pkl", None),
        ("itos_tuple.pkl", None),
        (
            "itos_classes.pkl",
            Some(vec!["neg".to_owned(), "pos".to_owned()]),
        ),
    ] {
        let file = FastaiVocabulary::open(own("import").join(name)).unwrap();
        assert_eq!((file.vocab.len(), file.vocab.token(10)), (11, "bad"));
        assert_eq!(file.classes, classes, "{name}");
    }
}

#[test]
fn views_of_every_type_in_both_formats() {
    for name in ["views.pth", "views_legacy.pth", "wrapped_class.pth"] {
        let file = FastaiWeights::open(own("import").join(name)).unwrap();
        let turned = [0.0, 4.0, 8.0, 1.0, 5.0, 9.0, 2.0, 6.0, 10.0, 3.0, 7.0, 11.0];
        for (name, shape, expected) in [
            ("encoder.weight", &[4, 3][..], &turned[..]),
            ("row", &[4], &[4.0, 5.0, 6.0, 7.0]),
            ("half", &[2, 3], &[5.0, 6.0, 7.0, 9.0, 10.0, 11.0]),
            ("brain", &[4, 3], &turned),
            ("double", &[3, 2], &[0.0, 2.0, 4.0, 6.0, 8.0, 10.0]),
            ("long", &[3], &[-1.0, 0.0, 1.0]),
            ("int", &[3], &[-1.0, 0.0, 1.0]),
            ("short", &[3], &[-1.0, 0.0, 1.0]),
            ("char", &[3], &[-1.0, 0.0, 1.0]),
            ("byte", &[3], &[253.0, 254.0, 255.0]),
            ("bool", &[2], &[1.0, 0.0]),
            ("scalar", &[], &[7.0]),
            ("empty", &[0, 4], &[]),
        ] {
            assert_eq!(file.shape(name), Some(shape), "{name}");
            assert_eq!(file.values(name).unwrap(), expected, "{name}");
        }
        assert_eq!(file.names().count(), 13);
    }
    let error = FastaiWeights::open(own("import/wide.pth")).unwrap_err();
    says(error, &["wide.pth", "tensor `wide`", "1 numbers", "[1000]"]);
}

fn says(error: Error, parts: &[&str]) {
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "`{part}` is missing in: {message}");
    }
}

#[test]
fn hostile_files_are_refused_by_name_and_nothing_runs() {
    let folder = tempfile::tempdir().unwrap();
    let copy = |name: &str| {
        let to = folder.path().join(name);
        std::fs::copy(golden("import").join(name), &to).unwrap();
        to
    };
    let (pickle, weights) = (copy("hostile.pkl"), copy("hostile.pth"));
    let names = || {
        let here = std::fs::read_dir(".").unwrap();
        let there = std::fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> = here.chain(there).map(|e| e.unwrap().path()).collect();
        names.sort();
        names
    };
    let before = names();
    let refused = "nothing in the file has been run";
    let error = FastaiVocabulary::open(&pickle).unwrap_err();
    says(error, &["hostile.pkl", "posix.system", refused]);
    let error = FastaiWeights::open(&weights).unwrap_err();
    says(error, &["hostile.pth", "posix.system", refused]);
    // Each as the other kind.
    says(
        FastaiWeights::open(&pickle).unwrap_err(),
        &["hostile.pkl", "posix.system"],
    );
    says(
        FastaiVocabulary::open(&weights).unwrap_err(),
        &["hostile.pth", "a large integer"],
    );
    assert_eq!(names(), before);
}

#[test]
fn files_cut_anywhere_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = FastaiWeights::open(golden("import/truncated.pth")).unwrap_err();
    says(
        error,
        &["truncated.pth", "zip archive", "damaged or incomplete"],
    );
    for name in ["v2.pth", "v1_legacy.pth", "v07_legacy.h5", "itos_v1.pkl"] {
        let whole = std::fs::read(golden("import").join(name)).unwrap();
        for length in (0..whole.len()).step_by(whole.len() / 150) {
            let path = folder.path().join(name);
            std::fs::write(&path, &whole[..length]).unwrap();
            let weights = FastaiWeights::open(&path).is_err();
            let vocabulary = FastaiVocabulary::open(&path).is_err();
            assert!(weights && vocabulary, "{name} of {length} bytes");
        }
    }
}

#[test]
fn changed_bytes_never_panic() {
    let path = tempfile::tempdir().unwrap();
    let path = path.path().join("changed");
    for name in ["v2.pth", "v1_legacy.pth", "itos_v2.pkl", "hostile.pkl"] {
        let whole = std::fs::read(golden("import").join(name)).unwrap();
        // The bytes that describe: pickles in front, a zip's directory behind.
        let ends = (0..whole.len().min(1500)).chain(whole.len().saturating_sub(1500)..whole.len());
        for (n, place) in ends.step_by(3).enumerate() {
            let mut bytes = whole.clone();
            bytes[place] = [0, 0xff, b'.', b'R', bytes[place] ^ 1][n % 5];
            std::fs::write(&path, &bytes).unwrap();
            if let Ok(file) = FastaiWeights::open(&path) {
                let numbers: usize = file.names().map(|n| file.values(n).unwrap().len()).sum();
                assert!(numbers <= 2 * bytes.len());
            }
            let _ = FastaiVocabulary::open(&path);
        }
    }
}

#[test]
fn a_lying_archive_takes_no_memory() {
    let whole = std::fs::read(golden("import/v2.pth")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lie.pth");
    let find = |mark: &[u8]| -> Vec<usize> {
        let starts = 0..whole.len() - 4;
        starts.filter(|&at| whole[at..].starts_with(mark)).collect()
    };
    let (entries, wide, end) = (
        find(b"PK\x01\x02"),
        find(b"PK\x06\x06"),
        find(b"PK\x05\x06"),
    );
    assert_eq!((entries.len(), wide.len(), end.len()), (20, 1, 1));
    // Sizes of the entries; counts, size and place of the directory in the record with 64 bits; and in the old one.
    for (marks, offset, length, refused) in [
        (&entries, 20, 8, true),
        (&entries, 42, 4, true),
        (&wide, 24, 16, false),
        (&wide, 40, 8, false),
        (&wide, 48, 8, true),
        (&end, 8, 4, false),
        (&end, 12, 8, false),
    ] {
        for lie in [0xffu8, 0x7f] {
            let mut bytes = whole.clone();
            for at in marks {
                bytes[at + offset..at + offset + length].fill(lie);
            }
            std::fs::write(&path, &bytes).unwrap();
            match FastaiWeights::open(&path) {
                Err(error) => says(error, &["lie.pth", "expected"]),
                Ok(file) => {
                    // A count alone may lie: the entries are what counts.
                    assert!(!refused, "offset {offset}, {lie:#x}: {file:?}");
                    assert_eq!(file.names().count(), 16);
                }
            }
        }
    }
}

#[test]
fn a_vocabulary_of_many_references_to_one_long_text_is_refused() {
    let mut bytes = b"\x80\x02](X\x00\x10\0\0".to_vec();
    bytes.extend([b'x'; 4096]);
    bytes.extend(b"q\x00");
    bytes.extend(b"h\x00".repeat(100_000));
    bytes.extend(b"e.");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("laughs.pkl");
    std::fs::write(&path, &bytes).unwrap();
    let error = FastaiVocabulary::open(&path).unwrap_err();
    says(error, &["laughs.pkl", "vocabulary entry", "no more text"]);
}

#[test]
fn encoders_of_another_kind_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.safetensors");
    let vocabulary = FastaiVocabulary::open(own("import/itos_l.pkl")).unwrap();
    for (name, says_so) in [
        (
            "0.rnns.0.module.weight_ih_l0_reverse",
            "0.rnns.0.weight_hh_l0_raw",
        ),
        ("0.rnns.0.layers.0.linear.weight_raw", "QRNN"),
        ("0.rnns.0.module.weight_ih_l0", "0.rnns.0.weight_hh_l0_raw"),
    ] {
        let bytes = [0u8; 44 * 4];
        let view = |shape: &[usize]| {
            let bytes = &bytes[..4 * shape.iter().product::<usize>()];
            safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.to_vec(), bytes)
        };
        let tensors = [
            ("0.encoder.weight", view(&[11, 4]).unwrap()),
            (name, view(&[4, 2]).unwrap()),
        ];
        std::fs::write(&path, safetensors::serialize(tensors, None).unwrap()).unwrap();
        let file = FastaiWeights::open(&path).unwrap();
        let error = file.language_model(&vocabulary, None, &Device::default());
        says(error.unwrap_err(), &["other.safetensors", says_so]);
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let device = Device::default();
    let weights = golden("import/v2.pth");
    let error = |weights: &Path, vocabulary: &Path| {
        import::language_model(weights, vocabulary, None, &device).unwrap_err()
    };
    let small = own("import/itos_l.pkl");
    says(
        error(&weights, &small),
        &["v2.pth", "0.encoder.weight", "11 rows", "found 50"],
    );
    let other = golden("import/itos_v1.pkl");
    says(
        error(&weights, &other),
        &["fastai v2", "fastai v1", "rules"],
    );
    says(error(&other, &other), &["itos_v1.pkl", "magic number"]);
    says(
        error(&weights, &golden("awd_lstm_tiny.json")),
        &["awd_lstm_tiny.json", "pickle"],
    );
    let views = FastaiWeights::open(own("import/views.pth")).unwrap();
    let vocabulary = FastaiVocabulary::open(&small).unwrap();
    assert!(views.language_model(&vocabulary, None, &device).is_err());
    says(
        error(&golden("nowhere.pth"), &other),
        &["nowhere.pth", "read"],
    );
}
