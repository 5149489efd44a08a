//! Numbers for readers.

/// A number in few signs: `0.25`, `12k`, `1e-5`; for axes and tables.
pub(crate) fn compact(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if !value.is_finite() => "-".to_owned(),
        0.0 => "0".to_owned(),
        1e6.. => format!("{}M", trimmed(value / 1e6, 2)),
        1e4.. => format!("{}k", trimmed(value / 1e3, 1)),
        100.0.. => trimmed(value, 0),
        1.0.. => trimmed(value, 2),
        0.001.. => trimmed(value, 4),
        _ => scientific(value),
    }
}

/// A share as a percentage with one digit.
pub(crate) fn percent(share: f64) -> String {
    match share.is_finite() {
        true => format!("{:.1} %", 100.0 * share),
        false => "-".to_owned(),
    }
}

/// A count with a narrow space between thousands, at which lines do not break.
///
/// ```
/// assert_eq!(ulmfit_report::count(8_154_720), "8\u{202f}154\u{202f}720");
/// ```
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// `1.2e-5`, without zeros that say nothing.
fn scientific(value: f64) -> String {
    let text = format!("{value:.1e}");
    text.replace(".0e", "e")
}

fn trimmed(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let values = [
            0.0,
            0.25,
            1.5,
            42.0,
            123.4,
            12_000.0,
            2_500_000.0,
            1e-5,
            -0.3,
            f64::NAN,
        ];
        let expected = [
            "0", "0.25", "1.5", "42", "123", "12k", "2.5M", "1e-5", "-0.3", "-",
        ];
        assert_eq!(values.map(compact), expected);
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(percent(0.8766), "87.7 %");
    }
}
