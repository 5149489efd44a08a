//! The sizes of a new encoder.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The sizes of a new encoder: embedding width, hidden width, layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Width of the embedding and of the last layer.
    pub embed: usize,
    /// Width of the other layers.
    pub hidden: usize,
    /// Number of layers.
    pub layers: usize,
}

impl Sizes {
    /// 400 / 1152 / 3: fastai v1 and v2 (the paper: 1150).
    pub const STANDARD: Self = Self {
        embed: 400,
        hidden: 1152,
        layers: 3,
    };
    /// 200 / 512 / 3: for a vocabulary of about 20,000 words; an ordinary CPU fine-tunes it in minutes.
    pub const BASE: Self = Self {
        embed: 200,
        hidden: 512,
        layers: 3,
    };
    /// 128 / 384 / 3: for a vocabulary of about 10,000 words and minutes of CPU time.
    pub const SMALL: Self = Self {
        embed: 128,
        hidden: 384,
        layers: 3,
    };
    /// 64 / 128 / 2: for tests and the bundled sample.
    pub const TINY: Self = Self {
        embed: 64,
        hidden: 128,
        layers: 2,
    };
}

/// Sizes with a name, for a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizePreset {
    /// What it is called.
    pub name: &'static str,
    /// The sizes.
    pub sizes: Sizes,
    /// The largest vocabulary that goes with them; `None` leaves the recipe's.
    pub words: Option<usize>,
}

impl SizePreset {
    /// `tiny`: [`Sizes::TINY`].
    pub const TINY: Self = Self::of("tiny", Sizes::TINY, None);
    /// `small`: [`Sizes::SMALL`] with 10,000 words.
    pub const SMALL: Self = Self::of("small", Sizes::SMALL, Some(10_000));
    /// `base`: [`Sizes::BASE`] with 20,000 words.
    pub const BASE: Self = Self::of("base", Sizes::BASE, Some(20_000));
    /// `standard`: [`Sizes::STANDARD`].
    pub const STANDARD: Self = Self::of("standard", Sizes::STANDARD, None);
    /// Every preset, the smallest first.
    pub const ALL: [Self; 4] = [Self::TINY, Self::SMALL, Self::BASE, Self::STANDARD];

    const fn of(name: &'static str, sizes: Sizes, words: Option<usize>) -> Self {
        Self { name, sizes, words }
    }
}

impl FromStr for SizePreset {
    type Err = String;

    /// Returns the preset called `name`, or sizes of one's own, `EMBED/HIDDEN/LAYERS`, which leave the recipe's vocabulary.
    ///
    /// # Errors
    /// For another name, with those that there are, and for sizes that are not three whole numbers above 0.
    ///
    /// ```
    /// # use ulmfit_train::SizePreset;
    /// let base: SizePreset = "base".parse()?;
    /// assert_eq!((base.sizes.embed, base.words), (200, Some(20_000)));
    /// let own: SizePreset = "256/700/3".parse()?;
    /// assert_eq!((own.sizes.hidden, own.words), (700, None));
    /// # Ok::<(), String>(())
    /// ```
    fn from_str(name: &str) -> Result<Self, String> {
        let preset = Self::ALL.into_iter().find(|preset| preset.name == name);
        preset.or_else(|| own(name)).ok_or_else(|| {
            let names = Self::ALL.map(|preset| preset.name).join(", ");
            format!("expected {names} or EMBED/HIDDEN/LAYERS as in 256/700/3, found `{name}`")
        })
    }
}

/// `EMBED/HIDDEN/LAYERS`.
fn own(sizes: &str) -> Option<SizePreset> {
    let numbers: Result<Vec<usize>, _> = sizes.split('/').map(str::parse).collect();
    let [embed, hidden, layers] = numbers.ok()?.try_into().ok()?;
    let sizes = Sizes {
        embed,
        hidden,
        layers,
    };
    let whole = embed > 0 && hidden > 0 && layers > 0;
    whole.then(|| SizePreset::of("own", sizes, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_but_a_name_or_three_numbers_is_refused_with_what_there_is() {
        for text in [
            "",
            "huge",
            "256/700",
            "256/700/3/1",
            "0/700/3",
            "256/-7/3",
            "a/b/c",
        ] {
            let refused = text.parse::<SizePreset>().expect_err(text);
            assert!(
                refused.contains("base, standard or EMBED/HIDDEN/LAYERS"),
                "{refused}"
            );
            assert!(refused.contains(&format!("`{text}`")), "{refused}");
        }
    }
}
