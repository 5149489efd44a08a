//! fastai v2's padding of classifier batches. Kept for comparisons; our own batches use [`TokenGrid::padded`](ulmfit_text::TokenGrid::padded).

/// Where [`pad_chunk`] puts whole chunks of padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PadSide {
    /// In front of the document: fastai v2's default.
    First,
    /// Behind it, with the rest of the padding.
    Last,
}

/// `doc` padded to `length` as fastai v2 does it: whole chunks of `seq_len` pads in front, what is left of them behind,
/// so that the document starts on a chunk boundary. A document of `length` or more ids stays as it is.
///
/// ```
/// use ulmfit_data::{PadSide, pad_chunk};
/// // 7 pads: two chunks of three in front, one pad behind.
/// assert_eq!(pad_chunk(&[10, 11, 12, 13], 1, PadSide::First, 3, 11), [1, 1, 1, 1, 1, 1, 10, 11, 12, 13, 1]);
/// ```
///
/// # Panics
/// If `seq_len` is 0.
pub fn pad_chunk(doc: &[u32], pad: u32, side: PadSide, seq_len: usize, length: usize) -> Vec<u32> {
    let missing = length.saturating_sub(doc.len());
    let in_front = match side {
        PadSide::First => missing / seq_len * seq_len,
        PadSide::Last => 0,
    };
    let mut out = vec![pad; in_front];
    out.extend_from_slice(doc);
    out.resize(out.len() + missing - in_front, pad);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_padding_goes_behind() {
        assert_eq!(pad_chunk(&[5], 1, PadSide::First, 4, 4), [5, 1, 1, 1]);
        assert_eq!(pad_chunk(&[5], 1, PadSide::Last, 1, 3), [5, 1, 1]);
        assert_eq!(pad_chunk(&[5, 6], 1, PadSide::First, 4, 1), [5, 6]);
    }
}
