//! Lists of class names: the distinct ones in sorted order, and the number of each.

use std::cmp::Ordering;
use std::collections::BTreeSet;

/// The number of each class by its name.
pub(crate) fn class_index(classes: &[String]) -> std::collections::HashMap<&str, u32> {
    classes
        .iter()
        .zip(0..)
        .map(|(name, number)| (name.as_str(), number))
        .collect()
}

/// The distinct labels, sorted: as numbers if all of them are numbers (`2` before `10`), else as strings.
pub(crate) fn sorted_classes<'a>(labels: impl Iterator<Item = &'a str>) -> Vec<String> {
    let distinct: BTreeSet<&str> = labels.collect();
    let value = |label: &str| label.trim().parse::<f64>().ok().filter(|v| v.is_finite());
    let mut classes: Vec<&str> = distinct.into_iter().collect();
    if classes.iter().all(|label| value(label).is_some()) {
        classes.sort_by(|a, b| value(a).partial_cmp(&value(b)).unwrap_or(Ordering::Equal));
    }
    classes.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(labels: &[&str], expected: &[&str]) {
        assert_eq!(sorted_classes(labels.iter().copied()), expected);
    }

    #[test]
    fn sorts_names_as_names_and_numbers_as_numbers() {
        check(&["pos", "neg", "pos"], &["neg", "pos"]);
        check(&["10", "9", "-1", "2.5"], &["-1", "2.5", "9", "10"]);
        check(&["10", "9", "x"], &["10", "9", "x"]);
        check(&[], &[]);
    }
}
