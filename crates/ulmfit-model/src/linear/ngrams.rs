//! Words and pairs of neighboring words as 32-bit keys.

use ulmfit_text::{Special, Tokenizer};

/// The keys of a document's words and pairs of neighboring words, sorted; a key stands as often as its word or pair occurs.
///
/// Begin, end and padding tokens and the mark of a capitalized word ([`Special::Maj`]) are left out; the other special
/// tokens are words, but no part of a pair: `xxmaj new xxup york` has the pair `new york`. Two different words or pairs
/// have the same key once in four billion.
///
/// ```
/// use ulmfit_model::ngram_keys;
/// use ulmfit_text::TokenizerConfig;
///
/// let tokenizer = TokenizerConfig::new().init();
/// assert_eq!(ngram_keys(&tokenizer, "New York").len(), 3); // new, york, new york
/// assert_eq!(ngram_keys(&tokenizer, "new york"), ngram_keys(&tokenizer, "New York"));
/// ```
pub fn ngram_keys(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
    let mut keys = Vec::with_capacity(text.len() / 2);
    let mut pairs = Pairs::default();
    tokenizer.for_each_token(text, |token| {
        pairs.add(token, |key| keys.push(key));
    });
    keys.sort_unstable();
    keys
}

/// Remembers the word before.
#[derive(Default)]
pub(crate) struct Pairs {
    before: Option<u64>,
}

impl Pairs {
    /// Hands the key of a token to `see`, then that of the pair which it ends. Returns whether it is a word that the next
    /// pair begins with.
    pub(crate) fn add(&mut self, token: &str, mut see: impl FnMut(u32)) -> bool {
        let special = Special::ALL.iter().find(|s| s.as_str() == token);
        match special {
            Some(Special::Bos | Special::Eos | Special::Pad | Special::Maj) => false,
            Some(_) => {
                see(key(hash(token)));
                false
            }
            None => {
                let word = hash(token);
                see(key(word));
                if let Some(before) = self.before.replace(word) {
                    see(key(mixed(before).wrapping_add(word)));
                }
                true
            }
        }
    }
}

/// FNV-1a. Keys are part of model files, so neither this nor `mixed` ever changes.
fn hash(token: &str) -> u64 {
    token.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The finalizer of MurmurHash3.
fn mixed(x: u64) -> u64 {
    let x = (x ^ (x >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let x = (x ^ (x >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ (x >> 33)
}

fn key(hash: u64) -> u32 {
    (mixed(hash) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use ulmfit_text::TokenizerConfig;

    #[test]
    fn keys_are_those_of_files() {
        // A model file that was written once is read by these keys: they never change.
        let tokenizer = TokenizerConfig::new().init();
        let mut one_by_one = Vec::new();
        let mut pairs = Pairs::default();
        for token in ["good", "film"] {
            pairs.add(token, |key| one_by_one.push(key));
        }
        assert_eq!(one_by_one, [0x8cab_3c66, 0xf7c7_2ae6, 0x8c77_e613]);
        one_by_one.sort_unstable();
        assert_eq!(ngram_keys(&tokenizer, "Good film"), one_by_one);
    }

    #[test]
    fn an_order_of_words_is_another_pair() {
        let tokenizer = TokenizerConfig::new().init();
        let (ab, ba) = (ngram_keys(&tokenizer, "a b"), ngram_keys(&tokenizer, "b a"));
        assert_eq!((ab.len(), ba.len()), (3, 3));
        let common = ab.iter().filter(|key| ba.contains(key)).count();
        assert_eq!(common, 2);
        assert!(ngram_keys(&tokenizer, "").is_empty());
    }
}
