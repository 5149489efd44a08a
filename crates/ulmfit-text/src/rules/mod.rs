//! The first stage: small named rules over raw text, and the presets that order them.
//!
//! A rule is one function in one file and one line in [`ALL_RULES`]; a preset is a list of rules.

mod caps;
mod html;
mod lowercase;
mod paper;
mod preset;
mod repeats;
mod spaces;
mod token_rules;
mod unescape;
mod word_repeats;

use std::borrow::Cow;

pub(crate) use preset::MarksAt;
pub use preset::RulePreset;
pub use token_rules::{ALL_TOKEN_RULES, TokenRule};

/// A rule over raw text.
///
/// ```
/// use ulmfit_text::RulePreset;
/// for rule in RulePreset::Standard.rules() {
///     let (input, output) = rule.example;
///     assert_eq!((rule.apply)(input), output, "{}", rule.name);
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The name, after fastai's function, with the generation where generations differ.
    pub name: &'static str,
    /// An input and its output.
    pub example: (&'static str, &'static str),
    /// The rule. It borrows what it does not change.
    pub apply: fn(&str) -> Cow<'_, str>,
}

/// Every rule of every preset.
pub const ALL_RULES: &[Rule] = &[
    html::STANDARD,
    html::FASTAI_V2,
    html::FASTAI_V1,
    html::PAPER,
    repeats::STANDARD,
    repeats::FASTAI_V2,
    repeats::FASTAI_V1,
    repeats::PAPER,
    word_repeats::FASTAI_V2,
    word_repeats::FASTAI_V1,
    word_repeats::PAPER,
    spaces::AROUND_SIGNS_V2,
    spaces::AROUND_SIGNS_V1,
    spaces::AROUND_SIGNS_PAPER,
    spaces::USELESS,
    caps::ALL_CAPS,
    caps::CAPITALIZED,
    lowercase::LOWERCASE,
    paper::CAPS,
    paper::LINE_BREAKS,
];

/// Runs rules in order. Text that no rule changes is never copied.
pub(crate) fn run<'t>(rules: &[Rule], text: &'t str) -> Cow<'t, str> {
    let mut text = Cow::Borrowed(text);
    for rule in rules {
        let changed = match (rule.apply)(&text) {
            Cow::Owned(changed) => Some(changed),
            Cow::Borrowed(same) if same.len() == text.len() => None,
            Cow::Borrowed(part) => Some(part.to_owned()),
        };
        if let Some(changed) = changed {
            text = Cow::Owned(changed);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_holds_and_every_name_is_its_own() {
        for (i, rule) in ALL_RULES.iter().enumerate() {
            let (input, output) = rule.example;
            assert_eq!((rule.apply)(input), output, "{}", rule.name);
            assert!(
                ALL_RULES[..i].iter().all(|r| r.name != rule.name),
                "{}",
                rule.name
            );
        }
        for rule in ALL_TOKEN_RULES {
            let (input, output) = rule.example;
            let input = input.split(',').map(str::to_owned).collect();
            assert_eq!((rule.apply)(input).join(","), output, "{}", rule.name);
        }
    }

    #[test]
    fn presets_use_registered_rules() {
        for preset in RulePreset::ALL {
            for rule in preset.rules() {
                assert!(
                    ALL_RULES.iter().any(|r| r.name == rule.name),
                    "{preset}: {}",
                    rule.name
                );
            }
            for rule in preset.token_rules() {
                assert!(
                    ALL_TOKEN_RULES.iter().any(|r| r.name == rule.name),
                    "{preset}: {}",
                    rule.name
                );
            }
        }
    }
}
