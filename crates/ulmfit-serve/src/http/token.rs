//! The secret that a client shows.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::error::{Error, Result};

/// A bearer token, kept as its SHA-256 digest.
///
/// ```
/// use ulmfit_serve::http::Token;
///
/// let token = Token::new("correct-horse-battery")?;
/// assert!(token.is("correct-horse-battery") && !token.is("correct-horse"));
/// # Ok::<(), ulmfit_serve::Error>(())
/// ```
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// A token of 8 or more visible ASCII characters; spaces and line ends around it are left out.
    ///
    /// # Errors
    /// [`Error::Config`], which does not repeat the token.
    pub fn new(text: &str) -> Result<Self> {
        let text = text.trim_ascii();
        let found = if text.len() < 8 {
            format!("{} characters", text.len())
        } else if text.bytes().any(|byte| !byte.is_ascii_graphic()) {
            "another character among them".to_owned()
        } else {
            return Ok(Self(Sha256::digest(text).into()));
        };
        Err(Error::Config {
            field: "token",
            expected: "8 or more visible ASCII characters",
            found,
        })
    }

    /// Whether a client's text is the token. The digests are compared in constant time.
    pub fn is(&self, text: &str) -> bool {
        let other: [u8; 32] = Sha256::digest(text).into();
        self.0.ct_eq(&other).into()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Token;

    #[test]
    fn a_token_is_itself_without_the_line_end_of_its_file() {
        let token = Token::new("  abcdefgh\r\n").unwrap_or_else(|error| panic!("{error}"));
        assert!(token.is("abcdefgh"));
        for other in ["", "abcdefg", "abcdefgH", "abcdefgh "] {
            assert!(!token.is(other), "{other:?}");
        }
        assert_eq!(format!("{token:?}"), "Token(..)");
    }

    #[test]
    fn a_weak_token_is_refused_and_not_repeated() {
        for weak in ["", "secret7", "eight\u{e9}ight", "two words"] {
            let Err(error) = Token::new(weak) else {
                panic!("{weak:?} was taken");
            };
            assert!(weak.is_empty() || !error.to_string().contains(weak));
        }
    }
}
