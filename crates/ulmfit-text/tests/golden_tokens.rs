//! Rules and splitting of fastai v2 and spaCy together: our texts, text columns, and real reviews where they lie.

mod support;

use std::path::PathBuf;

use serde_json::Value;
use support::{report, rows, strings, text};
use ulmfit_text::{EnglishSplitter, FieldMarks, RulePreset, Special, Tokenizer, TokenizerConfig};

fn v2() -> Tokenizer {
    TokenizerConfig::new()
        .with_rules(RulePreset::FastaiV2)
        .init()
}

fn compare(
    wrong: &mut Vec<String>,
    what: &str,
    input: &str,
    expected: &[String],
    found: &[String],
) {
    if expected != found {
        let at = expected
            .iter()
            .zip(found)
            .take_while(|(e, f)| e == f)
            .count();
        let (e, f) = (
            &expected[at..expected.len().min(at + 4)],
            &found[at..found.len().min(at + 4)],
        );
        let input: String = input.chars().take(80).collect();
        wrong.push(format!(
            "{what} {input:?}, token {at}: expected {e:?}, found {f:?}"
        ));
    }
}

#[test]
fn prepared_text_tokens_and_plain_spacy() {
    let (v2, blank) = (v2(), EnglishSplitter::blank());
    let special: Vec<&str> = Special::ALL.iter().map(|s| s.as_str()).collect();
    let with_specials = EnglishSplitter::with_whole(&special);
    let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let all = rows("tokens.jsonl");
    let mut wrong = Vec::new();
    for row in &all {
        let input = text(row, "text");
        let prepared = v2.prepare(input);
        compare(
            &mut wrong,
            "rules",
            input,
            &[text(row, "rules_only").to_owned()],
            std::slice::from_ref(&prepared),
        );
        compare(
            &mut wrong,
            "tokens",
            input,
            &strings(row, "tokens"),
            &v2.tokenize(input),
        );
        let words = owned(with_specials.split(&prepared));
        compare(
            &mut wrong,
            "words",
            input,
            &strings(row, "tokens_no_postrule"),
            &words,
        );
        compare(
            &mut wrong,
            "spacy",
            input,
            &strings(row, "spacy_only"),
            &owned(blank.split(input)),
        );
    }
    report("texts", all.len(), &wrong);
}

#[test]
fn text_columns() {
    let all = rows("fields.jsonl");
    let mut wrong = Vec::new();
    for row in &all {
        let fields = strings(row, "fields");
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let marks = match row["mark_fields"].as_bool() {
            Some(true) => FieldMarks::Always,
            _ => FieldMarks::Never,
        };
        let config = TokenizerConfig::new()
            .with_rules(RulePreset::FastaiV2)
            .with_fields(marks);
        let tokens = config.init().tokenize_fields(&fields);
        compare(
            &mut wrong,
            "fields",
            &fields.join(" | "),
            &strings(row, "tokens"),
            &tokens,
        );
    }
    report("documents", all.len(), &wrong);
}

/// The reviews are a data set's text and are read in place, never copied into the repository.
#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn real_reviews() {
    const NAME: &str = "tokens_imdb_train.jsonl.zst";
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let places = [
        folder("ULMFIT_GOLDEN_DIR").map(|f| f.join(NAME)),
        folder("ULMFIT_DATA_DIR").map(|f| f.join("../golden").join(NAME)),
    ];
    let Some(path) = places.into_iter().flatten().find(|p| p.exists()) else {
        eprintln!("skipped: no {NAME} in $ULMFIT_GOLDEN_DIR or $ULMFIT_DATA_DIR/../golden");
        return;
    };
    let packed = std::fs::read(&path).expect("readable");
    let lines = String::from_utf8(zstd::decode_all(&packed[..]).expect("zstd")).expect("UTF-8");
    let v2 = v2();
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in lines.lines() {
        let row: Value = serde_json::from_str(line).expect("a JSON line");
        count += 1;
        let input = text(&row, "text");
        compare(
            &mut wrong,
            "review",
            input,
            &strings(&row, "tokens"),
            &v2.tokenize(input),
        );
    }
    report("reviews", count, &wrong);
}
