//! fastai v2's padding of classifier batches, to compare with: our own batches are padded behind the documents.

/// Where [`pad_chunk`] puts whole chunks of padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PadSide {
    /// In front of the document: fastai v2's default.
    First,
    /// Behind it, with the rest of the padding.
    Last,
}

/// `doc` padded to `length` as fastai v2 does it: whole chunks of `seq_len` pads in front, what is left of them behind,
/// so that the document starts on a chunk boundary. A document of `length` or more ids stays as it is.
pub(crate) fn pad_chunk(
    doc: &[u32],
    pad: u32,
    side: PadSide,
    seq_len: usize,
    length: usize,
) -> Vec<u32> {
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
