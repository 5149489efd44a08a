//! The first stage: small named rules over raw text, and the presets that order them.
//!
//! A rule is one function in one file; a preset is a list of rules.

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
pub use token_rules::TokenRule;

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
        let mut known: Vec<Rule> = Vec::new();
        for preset in RulePreset::ALL {
            for rule in preset.rules() {
                let (input, output) = rule.example;
                assert_eq!((rule.apply)(input), output, "{}", rule.name);
                let same = |other: &&Rule| other.name == rule.name;
                match known.iter().find(same) {
                    Some(other) => assert_eq!(other.example, rule.example, "{}", rule.name),
                    None => known.push(*rule),
                }
            }
            for rule in preset.token_rules() {
                let (input, output) = rule.example;
                let input = input.split(',').map(str::to_owned).collect();
                assert_eq!((rule.apply)(input).join(","), output, "{}", rule.name);
            }
        }
        assert_eq!(known.len(), 20);
    }
}
