//! The presets: which rules, in which order, and where the special tokens enter.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::token_rules::{self, TokenRule};
use super::{Rule, caps, html, lowercase, paper, repeats, spaces, word_repeats};
use crate::specials::{self, Special};
use crate::{Error, Result};

/// A named list of text rules. A preset never changes meaning: a model is only as good as the
/// agreement between the text it was trained on and the text it meets.
///
/// | name | what it is |
/// |---|---|
/// | `standard` (default) | `fastai_v2` with three faults mended, see [`Standard`](Self::Standard) |
/// | `fastai_v2` | fastai 2.8, exactly |
/// | `fastai_v1` | fastai 1.0.62: repeats count from four, capitals are marked after splitting |
/// | `paper` | fastai 0.7 and the paper's scripts: other special tokens, capitals without `t_up` are lost |
///
/// ```
/// use ulmfit_text::RulePreset;
/// let preset: RulePreset = "fastai_v1".parse()?;
/// assert_eq!(preset.rules()[0].name, "fix_html_v1");
/// assert_eq!(RulePreset::default().to_string(), "standard");
/// # Ok::<(), ulmfit_text::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RulePreset {
    /// fastai v2's rules, except that the ampersand of an entity goes with it (`&amp;` is `&`, not `&&`), and that
    /// repeats count from three for signs, from four for letters and never for digits (`www` and `1,000` stay).
    #[default]
    Standard,
    /// fastai v2's rules, faults included, for models trained with it.
    FastaiV2,
    /// fastai v1's rules. The published WikiText-103 weights saw this text.
    FastaiV1,
    /// The rules of fastai v0.7 and of the paper's scripts.
    Paper,
}

impl RulePreset {
    /// All presets.
    pub const ALL: [Self; 4] = [Self::Standard, Self::FastaiV2, Self::FastaiV1, Self::Paper];

    /// The rules over raw text, in order.
    pub const fn rules(self) -> &'static [Rule] {
        match self {
            Self::Standard => STANDARD,
            Self::FastaiV2 => FASTAI_V2,
            Self::FastaiV1 => FASTAI_V1,
            Self::Paper => PAPER,
        }
    }

    /// The rules over the split tokens, in order.
    pub const fn token_rules(self) -> &'static [TokenRule] {
        match self {
            Self::Standard | Self::FastaiV2 => &[token_rules::REPLACE_SPACE],
            Self::FastaiV1 => &[token_rules::REPLACE_ALL_CAPS, token_rules::DEAL_CAPS],
            Self::Paper => &[],
        }
    }

    /// Where begin, end and field marks enter, and what they are.
    pub(crate) const fn marks(self) -> Marks {
        let v2 = Marks {
            at: MarksAt::AfterRules,
            begin: Special::Bos.as_str(),
            field: Special::Field.as_str(),
            end: Special::Eos.as_str(),
        };
        match self {
            Self::Standard | Self::FastaiV2 => v2,
            Self::FastaiV1 => Marks {
                at: MarksAt::BeforeRules,
                ..v2
            },
            Self::Paper => Marks {
                at: MarksAt::BeforeRules,
                begin: specials::paper::BEGIN,
                field: specials::paper::FIELD,
                ..v2
            },
        }
    }

    /// The mark before each of several fields of a text.
    ///
    /// ```
    /// assert_eq!(ulmfit_text::RulePreset::Standard.field_mark(), "xxfld");
    /// ```
    pub const fn field_mark(self) -> &'static str {
        self.marks().field
    }

    /// The token of unknown words.
    ///
    /// ```
    /// assert_eq!(ulmfit_text::RulePreset::Standard.unknown(), "xxunk");
    /// ```
    pub const fn unknown(self) -> &'static str {
        self.reserved()[0]
    }

    /// Tokens that spaCy is told never to cut.
    pub(crate) const fn whole(self) -> &'static [&'static str] {
        match self {
            Self::Paper => specials::paper::WHOLE,
            _ => specials::STRINGS,
        }
    }

    /// All marks that the rules write.
    pub(crate) const fn written(self) -> &'static [&'static str] {
        match self {
            Self::Paper => specials::paper::STRINGS,
            _ => specials::STRINGS,
        }
    }

    /// What stands in front of a vocabulary that is not counted: unknown, padding, and all marks that the rules write.
    pub(crate) const fn reserved(self) -> &'static [&'static str] {
        match self {
            Self::Paper => specials::paper::RESERVED,
            _ => specials::STRINGS,
        }
    }

    /// The marks that a count follows.
    pub(crate) const fn counted(self) -> [&'static str; 2] {
        match self {
            Self::Paper => [specials::paper::REP, specials::paper::WORD_REP],
            _ => [Special::Rep.as_str(), Special::WordRep.as_str()],
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::FastaiV2 => "fastai_v2",
            Self::FastaiV1 => "fastai_v1",
            Self::Paper => "paper",
        }
    }
}

/// The marks of a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks {
    pub(crate) at: MarksAt,
    pub(crate) begin: &'static str,
    pub(crate) field: &'static str,
    pub(crate) end: &'static str,
}

/// Whether the begin and end marks pass through the rules (as in v1 and v0.7) or not (v2).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum MarksAt {
    BeforeRules,
    AfterRules,
}

const STANDARD: &[Rule] = &[
    html::STANDARD,
    repeats::STANDARD,
    word_repeats::FASTAI_V2,
    spaces::AROUND_SIGNS_V2,
    spaces::USELESS,
    caps::ALL_CAPS,
    caps::CAPITALIZED,
    lowercase::LOWERCASE,
];

const FASTAI_V2: &[Rule] = &[
    html::FASTAI_V2,
    repeats::FASTAI_V2,
    word_repeats::FASTAI_V2,
    spaces::AROUND_SIGNS_V2,
    spaces::USELESS,
    caps::ALL_CAPS,
    caps::CAPITALIZED,
    lowercase::LOWERCASE,
];

const FASTAI_V1: &[Rule] = &[
    html::FASTAI_V1,
    repeats::FASTAI_V1,
    word_repeats::FASTAI_V1,
    spaces::AROUND_SIGNS_V1,
    spaces::USELESS,
];

const PAPER: &[Rule] = &[
    html::PAPER,
    repeats::PAPER,
    word_repeats::PAPER,
    paper::CAPS,
    spaces::AROUND_SIGNS_PAPER,
    spaces::USELESS,
    paper::LINE_BREAKS,
];

impl fmt::Display for RulePreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for RulePreset {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|p| p.name() == name)
            .ok_or_else(|| Error::UnknownName {
                what: "rule preset",
                found: name.to_owned(),
                expected: Self::ALL.map(Self::name).join(", "),
            })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_everywhere() {
        for preset in RulePreset::ALL {
            let name = preset.to_string();
            assert_eq!(name.parse::<RulePreset>().unwrap(), preset);
            assert_eq!(
                serde_json::to_string(&preset).unwrap(),
                format!("\"{name}\"")
            );
        }
        let message = "v2".parse::<RulePreset>().unwrap_err().to_string();
        assert!(
            message.contains("standard, fastai_v2, fastai_v1, paper"),
            "{message}"
        );
    }
}
