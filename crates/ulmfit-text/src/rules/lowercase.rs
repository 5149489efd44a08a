//! `lowercase` of fastai v2. The begin and end marks, which fastai adds here, are the tokenizer's.

use std::borrow::Cow;

use super::Rule;
use crate::pytext::strip;

/// Lower case, without white space at the ends.
pub(super) const LOWERCASE: Rule = Rule {
    name: "lowercase",
    example: (" McDonald \n", "mcdonald"),
    apply: |text| {
        // Lower-casing first, as fastai does: a final sigma may look at the spaces.
        let unchanged = text
            .bytes()
            .all(|b| b.is_ascii() && !b.is_ascii_uppercase());
        if unchanged {
            return Cow::Borrowed(strip(text));
        }
        let lower = text.to_lowercase();
        let stripped = strip(&lower);
        if stripped.len() == lower.len() {
            Cow::Owned(lower)
        } else {
            Cow::Owned(stripped.to_owned())
        }
    },
};
