//! Numbers that a command line may hold.

/// Reads a number above 0.
///
/// # Errors
/// With what was expected, and what was found.
pub(crate) fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err(format!("expected a number above 0, found `{text}`")),
    }
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
}
