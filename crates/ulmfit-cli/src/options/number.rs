//! Numbers that a command line may hold, each with its range in the message.

use std::fmt::Display;
use std::str::FromStr;

/// More words, rows, tokens or steps than any run has; sums and products of such numbers have room in an integer.
pub(crate) const MANY: u64 = 100_000_000;

/// Reads an integer from `from` to `to`.
pub(crate) fn whole<T: TryFrom<u64> + Clone + Send + Sync + 'static>(
    from: u64,
    to: u64,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|n| (from..=to).contains(n));
        let number = number.and_then(|number: u64| T::try_from(number).ok());
        number.ok_or_else(|| expected(format!("an integer from {from} to {to}"), text))
    }
}

/// Reads a number above 0.
///
/// # Errors
/// With what was expected, and what was found.
pub(crate) fn positive(text: &str) -> Result<f64, String> {
    number(text, "a number above 0", |number| number > 0.0)
}

/// Reads a number of at least 0.
///
/// # Errors
/// As [`positive`].
pub(crate) fn not_negative(text: &str) -> Result<f64, String> {
    number(text, "a number of at least 0", |number| number >= 0.0)
}

/// Reads a number from 0 to 1, both included.
///
/// # Errors
/// As [`positive`].
pub(crate) fn share(text: &str) -> Result<f64, String> {
    number(text, "a number from 0 to 1", |n| (0.0..=1.0).contains(&n))
}

/// Reads a number above 0 and at most 1.
///
/// # Errors
/// As [`positive`].
pub(crate) fn positive_share(text: &str) -> Result<f64, String> {
    let is_one = |n| n > 0.0 && n <= 1.0;
    number(text, "a number above 0 and at most 1", is_one)
}

/// Reads seconds: more than 0 and at most a day.
///
/// # Errors
/// As [`positive`].
pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    let is_one = |n: f64| (0.001..=86_400.0).contains(&n);
    number(text, "seconds from 0.001 to 86400", is_one)
}

fn number(text: &str, wanted: &str, is_one: impl Fn(f64) -> bool) -> Result<f64, String> {
    let number = f64::from_str(text).ok();
    let number = number.filter(|number| number.is_finite() && is_one(*number));
    number.ok_or_else(|| expected(wanted, text))
}

fn expected(wanted: impl Display, found: &str) -> String {
    format!("expected {wanted}, found `{found}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_above_0_is_told() {
        assert_eq!(positive("2e-3"), Ok(0.002));
        for wrong in ["0", "-1", "inf", "nan", "one", ""] {
            let error = positive(wrong).expect_err(wrong);
            assert!(error.contains(&format!("found `{wrong}`")), "{error}");
        }
    }

    #[test]
    fn a_range_holds_its_ends_and_is_in_the_message() {
        let small = whole::<usize>(1, 9);
        assert_eq!((small("1"), small("9")), (Ok(1), Ok(9)));
        for wrong in ["0", "10", "-1", "1.5", "99999999999999999999999", ""] {
            let error = small(wrong).expect_err(wrong);
            assert_eq!(
                error,
                format!("expected an integer from 1 to 9, found `{wrong}`")
            );
        }
        assert!(
            whole::<u16>(1, 1 << 20)("70000").is_err(),
            "u16 has no such number"
        );
        assert_eq!((share("0"), share("1")), (Ok(0.0), Ok(1.0)));
        for read in [share, positive_share, not_negative, seconds] {
            for wrong in ["-0.1", "nan", "inf", "x"] {
                assert!(read(wrong).is_err(), "{wrong}");
            }
        }
        assert!(positive_share("0").is_err() && share("1.1").is_err());
    }
}
