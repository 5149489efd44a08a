//! The special tokens: the only place where their strings are written.

/// A special token as a literal, for use in constants.
macro_rules! xx {
    (unk) => {
        "xxunk"
    };
    (pad) => {
        "xxpad"
    };
    (bos) => {
        "xxbos"
    };
    (eos) => {
        "xxeos"
    };
    (field) => {
        "xxfld"
    };
    (rep) => {
        "xxrep"
    };
    (word_rep) => {
        "xxwrep"
    };
    (up) => {
        "xxup"
    };
    (maj) => {
        "xxmaj"
    };
}
pub(crate) use xx;

/// A special token of fastai v1 and v2, in the order of v2's ids (0 to 8).
///
/// ```
/// use ulmfit_text::Special;
/// assert_eq!(Special::Pad.as_str(), "xxpad");
/// assert_eq!(Special::ALL.map(Special::id), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Special {
    /// Stands for every word that is not in the vocabulary.
    Unk,
    /// Fills batches up.
    Pad,
    /// Begins a document.
    Bos,
    /// Ends a document, when asked for.
    Eos,
    /// Begins a text column; its number follows.
    Field,
    /// A repeated character; the count and the character follow.
    Rep,
    /// A repeated word; the count and the word follow.
    WordRep,
    /// The next word was all capitals.
    Up,
    /// The next word was capitalized.
    Maj,
}

impl Special {
    /// All nine in the order of v2's ids.
    pub const ALL: [Self; 9] = [
        Self::Unk,
        Self::Pad,
        Self::Bos,
        Self::Eos,
        Self::Field,
        Self::Rep,
        Self::WordRep,
        Self::Up,
        Self::Maj,
    ];

    /// All nine in the order of fastai v1's ids: 5 to 8 differ, so vocabularies are matched by
    /// string, never by id.
    pub const ALL_V1: [Self; 9] = [
        Self::Unk,
        Self::Pad,
        Self::Bos,
        Self::Eos,
        Self::Field,
        Self::Maj,
        Self::Up,
        Self::Rep,
        Self::WordRep,
    ];

    /// The token's string.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unk => xx!(unk),
            Self::Pad => xx!(pad),
            Self::Bos => xx!(bos),
            Self::Eos => xx!(eos),
            Self::Field => xx!(field),
            Self::Rep => xx!(rep),
            Self::WordRep => xx!(word_rep),
            Self::Up => xx!(up),
            Self::Maj => xx!(maj),
        }
    }

    /// The token's id in fastai v2 and in every vocabulary built here except in the v1 and paper styles.
    pub const fn id(self) -> u32 {
        self as u32
    }
}

/// The nine strings, for splitters that must keep them whole.
pub(crate) const STRINGS: &[&str] = &[
    xx!(unk),
    xx!(pad),
    xx!(bos),
    xx!(eos),
    xx!(field),
    xx!(rep),
    xx!(word_rep),
    xx!(up),
    xx!(maj),
];

/// Fills fastai's vocabularies up to a multiple of eight; never a word of a text.
pub(crate) const FILLER: &str = "xxfake";

/// The strings of fastai v0.7, which the paper's scripts use.
pub(crate) mod paper {
    pub(crate) const UNK: &str = "_unk_";
    pub(crate) const PAD: &str = "_pad_";
    pub(crate) const BOS: &str = "xbos";
    /// The scripts put a line break before every document.
    pub(crate) const BEGIN: &str = "\nxbos";
    pub(crate) const FIELD: &str = "xfld";
    pub(crate) const REP: &str = "tk_rep";
    pub(crate) const WORD_REP: &str = "tk_wrep";
    pub(crate) const UP: &str = "t_up";
    /// What `<unk>` in a text becomes; an ordinary word.
    pub(crate) const UNK_IN_TEXT: &str = "u_n";
    /// Whole tokens of the paper's splitter; the others survive because `_` never splits a word.
    pub(crate) const WHOLE: &[&str] = &["<eos>", "<bos>", "<unk>"];
    /// All marks above, for splitters that would cut them at the `_`.
    pub(crate) const STRINGS: &[&str] = &[
        "<eos>",
        "<bos>",
        "<unk>",
        UNK,
        PAD,
        BOS,
        FIELD,
        REP,
        WORD_REP,
        UP,
        UNK_IN_TEXT,
        xx!(eos), // Not one of v0.7's: it knows no end token.
    ];
    /// The same in the order of ids, for a vocabulary that holds them all.
    pub(crate) const RESERVED: &[&str] = &[
        UNK,
        PAD,
        BOS,
        FIELD,
        REP,
        WORD_REP,
        UP,
        UNK_IN_TEXT,
        "<eos>",
        "<bos>",
        "<unk>",
        xx!(eos),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_hold_the_same_nine() {
        let mut v1 = Special::ALL_V1;
        v1.sort_by_key(|s| s.id());
        assert_eq!(v1, Special::ALL);
        assert_eq!(Special::ALL.map(Special::as_str), *STRINGS);
        assert_eq!(Special::ALL_V1[5].as_str(), "xxmaj");
        let sorted = |list: &[&'static str]| {
            list.iter()
                .copied()
                .collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(sorted(paper::RESERVED), sorted(paper::STRINGS));
    }
}
