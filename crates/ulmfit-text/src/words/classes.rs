//! spaCy's character classes: flags per code point.

use std::sync::LazyLock;

use crate::tables::english::CLASSES;

/// Below this, a table; above it, a search. The table covers the alphabets, whose upper and lower case alternate.
const LOW: usize = 0x600;

static TABLE: LazyLock<[u16; LOW]> = LazyLock::new(|| {
    let mut table = [0; LOW];
    for (c, flags) in table.iter_mut().enumerate() {
        *flags = search(c as u32);
    }
    table
});

/// The classes; a copy is one pointer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Classes(&'static [u16; LOW]);

impl Classes {
    pub(super) fn new() -> Self {
        Self(&TABLE)
    }

    /// The flags of a character, see `tables::english`.
    #[inline]
    pub(super) fn of(self, c: char) -> u16 {
        self.0
            .get(c as usize)
            .copied()
            .unwrap_or_else(|| search(c as u32))
    }
}

fn search(c: u32) -> u16 {
    let at = CLASSES.partition_point(|&(_, last, _)| last < c);
    CLASSES
        .get(at)
        .filter(|&&(first, ..)| first <= c)
        .map_or(0, |&(.., flags)| flags)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::english::{ALPHA, ICON, PREFIX, SUFFIX, UPPER};

    #[test]
    fn flags_of_some_characters() {
        let classes = Classes::new();
        for (c, with, without) in [
            ('(', PREFIX | SUFFIX, ALPHA),
            ('=', PREFIX, SUFFIX),
            ('é', ALPHA, UPPER),
            ('É', ALPHA | UPPER, PREFIX),
            ('😀', PREFIX | SUFFIX | ICON, ALPHA),
            ('日', ALPHA | UPPER, ICON),
            ('-', 0, PREFIX | SUFFIX | ALPHA),
        ] {
            let flags = classes.of(c);
            assert_eq!((flags & with, flags & without), (with, 0), "{c}");
        }
    }
}
