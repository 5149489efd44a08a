//! The commands that read and write model files, as a user runs them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn golden(name: &str) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ulmfit-model/tests/golden");
    own.join("import").join(name)
}

fn ulmfit(args: &[&Path]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ulmfit"));
    command.args(args).output().unwrap()
}

/// What a run prints; it must succeed.
fn prints(args: &[&Path]) -> String {
    let output = ulmfit(args);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The message of a run, which must fail.
fn fails(args: &[&Path]) -> String {
    let output = ulmfit(args);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

fn p(text: &str) -> &Path {
    Path::new(text)
}

#[test]
fn weights_come_in_and_go_out() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (weights, vocab, model) = (golden("v1_legacy.pth"), golden("itos_v1.pkl"), at("model"));
    let import = [
        p("import"),
        &weights,
        p("--vocab"),
        &vocab,
        p("--out"),
        &model,
    ];
    prints(&import);
    let info = prints(&[p("info"), &model]);
    for line in [
        "kind        language_model",
        "version     1",
        "sizes       embed 12, hidden 20, layers 3",
        "vocabulary  50 tokens",
        "rules       fastai_v1",
        "storage     f32",
    ] {
        assert!(
            info.lines().any(|l| l == line),
            "{line} is missing in: {info}"
        );
    }

    let (out, json) = (at("fastai.safetensors"), at("vocab.json"));
    let export = [
        p("export"),
        &model,
        p("--format"),
        p("fastai"),
        p("--out"),
        &out,
    ];
    prints(&[&export[..], &[p("--vocab-out"), &json]].concat());
    let back = at("back");
    let import = [p("import"), &out, p("--vocab"), &json, p("--out"), &back];
    // The names are v2's now, the vocabulary is still v1's: the rules must be said.
    assert!(fails(&import).contains("rules"));
    prints(&[&import[..], &[p("--rules"), p("fastai_v1")]].concat());
    assert_eq!(
        std::fs::read(&model).unwrap(),
        std::fs::read(&back).unwrap()
    );
    prints(
        &[
            &import[..],
            &[p("--rules"), p("fastai_v1"), p("--storage"), p("int8")],
            &[p("--force")],
        ]
        .concat(),
    );
    assert!(prints(&[p("info"), &back]).contains("storage     int8"));
}

#[test]
fn a_refused_file_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("model");
    let vocab = golden("itos_v2.pkl");
    for (weights, says) in [
        ("hostile.pth", "posix.system"),
        ("truncated.pth", "damaged or incomplete"),
        ("nowhere.pth", "nowhere.pth"),
    ] {
        let weights = golden(weights);
        let error = fails(&[
            p("import"),
            &weights,
            p("--vocab"),
            &vocab,
            p("--out"),
            &out,
        ]);
        assert!(error.contains(says), "{error}");
    }
    let weights = golden("v2.pth");
    let args = [p("import"), &weights, p("--vocab"), &vocab, p("--out")];
    assert!(fails(&[&args[..], &[&vocab]].concat()).contains("choose another"));
    assert!(fails(&[&args[..], &[&out, p("--classes"), p("a,b")]].concat()).contains("--classes"));
    assert!(fails(&[p("info"), &weights]).contains("v2.pth"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
