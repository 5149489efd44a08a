//! Rules over the split tokens.

use crate::pytext::{is_lower, is_upper, is_upper_char};
use crate::specials::{Special, xx};

/// A rule over the tokens of a document.
///
/// ```
/// use ulmfit_text::RulePreset;
/// let [all_caps, deal_caps] = RulePreset::FastaiV1.token_rules() else { unreachable!() };
/// let tokens = vec!["Hello".to_owned(), "NASA".to_owned()];
/// let tokens = (deal_caps.apply)((all_caps.apply)(tokens));
/// assert_eq!(tokens, ["xxmaj", "hello", "xxup", "nasa"]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TokenRule {
    /// The name, after fastai's function.
    pub name: &'static str,
    /// Tokens before and after, separated by commas.
    pub example: (&'static str, &'static str),
    /// The rule.
    pub apply: fn(Vec<String>) -> Vec<String>,
}

/// fastai v2 (and standard): a space inside a token becomes `▁`, because token files are cut at spaces.
pub(super) const REPLACE_SPACE: TokenRule = TokenRule {
    name: "replace_space",
    example: ("a b, ", "a▁b,▁"),
    apply: |mut tokens| {
        for token in tokens.iter_mut().filter(|t| t.as_bytes().contains(&b' ')) {
            *token = token.replace(' ', "▁");
        }
        tokens
    },
};

/// fastai v1: a token in capitals is lower-cased behind a mark.
pub(super) const REPLACE_ALL_CAPS: TokenRule = TokenRule {
    name: "replace_all_caps_v1",
    example: ("NASA,I,Hello", concat!(xx!(up), ",nasa,I,Hello")),
    apply: |tokens| {
        map(tokens, |token, out| {
            let upper = is_upper(&token) && longer_than_one(&token);
            if upper {
                out.push(Special::Up.as_str().to_owned());
            }
            out.push(if upper { token.to_lowercase() } else { token });
        })
    },
};

/// fastai v1: every token is lower-cased, a capitalized one behind a mark; empty tokens go.
pub(super) const DEAL_CAPS: TokenRule = TokenRule {
    name: "deal_caps_v1",
    example: ("Hello,,McDonald,I", concat!(xx!(maj), ",hello,mcdonald,i")),
    apply: |tokens| {
        map(tokens, |token, out| {
            let mut rest = token.chars();
            let Some(first) = rest.next() else { return };
            if is_upper_char(first) && is_lower(rest.as_str()) {
                out.push(Special::Maj.as_str().to_owned());
            }
            out.push(token.to_lowercase());
        })
    },
};

fn map(tokens: Vec<String>, mut each: impl FnMut(String, &mut Vec<String>)) -> Vec<String> {
    let mut out = Vec::with_capacity(tokens.len() + tokens.len() / 8);
    for token in tokens {
        each(token, &mut out);
    }
    out
}

fn longer_than_one(token: &str) -> bool {
    token.chars().nth(1).is_some()
}
