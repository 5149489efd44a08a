//! Digests of what is read: SHA-256 over parts that cannot run together.

use sha2::{Digest as _, Sha256};

/// A SHA-256 in the making.
#[derive(Default)]
pub(crate) struct Digest(Sha256);

impl Digest {
    /// Adds bytes behind their number, so that no two parts ever run together.
    pub(crate) fn part(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.bytes(bytes);
    }

    /// Adds a number as eight bytes, little-endian.
    pub(crate) fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    /// Adds bytes whose number is fixed, or is added beside.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    /// The digest in hexadecimal.
    pub(crate) fn hex(self) -> String {
        let digest = self.finish();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn of_no_bytes_it_is_the_published_one() {
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::default().hex(), hex);
    }

    #[test]
    fn parts_are_hashed_behind_their_lengths() {
        let mut digest = Digest::default();
        digest.part(b"so good");
        digest.part(b"");
        // Python: sha256 of 7 as eight bytes, `so good`, 0 as eight bytes.
        let hex = "27edf350175094283065f0e11c97994e2c3694e94bca70a3c94b80e1b594f1f8";
        assert_eq!(digest.hex(), hex);
    }

    #[test]
    fn parts_do_not_run_together() {
        let of = |parts: &[&str]| {
            let mut digest = Digest::default();
            parts.iter().for_each(|part| digest.part(part.as_bytes()));
            digest.finish()
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
    }
}
