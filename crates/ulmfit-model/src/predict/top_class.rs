//! The class of a row of outputs.

/// The class of the largest probability, the first of equals; none for a row that is empty or NaN throughout.
///
/// ```
/// use ulmfit_model::top_class;
/// assert_eq!(top_class(&[0.2, 0.4, 0.4]), Some(1));
/// assert_eq!(top_class(&[]), None);
/// ```
pub fn top_class(row: &[f32]) -> Option<usize> {
    let mut best = None;
    for (class, &probability) in row.iter().enumerate() {
        let beaten = best.is_none_or(|(_, largest)| probability > largest);
        if beaten && !probability.is_nan() {
            best = Some((class, probability));
        }
    }
    best.map(|(class, _)| class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equals_is_best_and_nan_never_is() {
        assert_eq!(top_class(&[0.25, 0.5, 0.5]), Some(1));
        assert_eq!(top_class(&[f32::NAN, 0.1]), Some(1));
        assert_eq!(top_class(&[f32::NAN]), None);
        assert_eq!(top_class(&[]), None);
    }
}
