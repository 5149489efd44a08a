//! Every rule of fastai v2 alone, on the reference texts.

mod support;

use std::borrow::Cow;

use support::{report, rows, text};
use ulmfit_text::{EndToken, RulePreset, Special, TokenizerConfig};

/// fastai's `lowercase` adds the marks; here the tokenizer does.
fn lowercase(input: &str, bos: bool, eos: bool) -> String {
    let rules = RulePreset::FastaiV2.rules();
    let rule = rules
        .iter()
        .find(|r| r.name == "lowercase")
        .expect("registered");
    let lower = (rule.apply)(input);
    let (bos, eos) = (
        mark(bos, Special::Bos, "", " "),
        mark(eos, Special::Eos, " ", ""),
    );
    format!("{bos}{lower}{eos}")
}

fn mark(wanted: bool, special: Special, before: &str, after: &str) -> String {
    if wanted {
        format!("{before}{}{after}", special.as_str())
    } else {
        String::new()
    }
}

#[test]
fn every_row_is_reproduced() {
    let all = rows("rules.jsonl");
    let mut wrong = Vec::new();
    for row in &all {
        let (rule, input, expected) = (text(row, "rule"), text(row, "text"), text(row, "out"));
        let flag = |name: &str, default| row["kwargs"][name].as_bool().unwrap_or(default);
        let out: Cow<str> = match rule {
            "lowercase" => lowercase(input, flag("add_bos", true), flag("add_eos", false)).into(),
            "replace_space" => {
                let rule = &RulePreset::FastaiV2.token_rules()[0];
                (rule.apply)(vec![input.to_owned()]).remove(0).into()
            }
            _ => {
                let names = [rule.to_owned(), format!("{rule}_v2")];
                let rules = RulePreset::FastaiV2.rules();
                let rule = rules
                    .iter()
                    .find(|r| names.iter().any(|n| n == r.name))
                    .expect("registered");
                (rule.apply)(input)
            }
        };
        if out != expected {
            wrong.push(format!(
                "{rule} {input:?}\n  expected {expected:?}\n  found    {out:?}"
            ));
        }
    }
    report("rows", all.len(), &wrong);
}

#[test]
fn the_end_token_stands_where_fastai_puts_it() {
    let tokenizer = TokenizerConfig::new().with_end(EndToken::Add).init();
    assert_eq!(tokenizer.prepare("A b. "), "xxbos a b. xxeos");
}
