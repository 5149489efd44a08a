//! Work whose result may cease to be wanted.

/// Asked between the parts of a work whether its result is still wanted.
pub(crate) type GoOn<'a> = &'a dyn Fn() -> bool;

/// Returns what `work` makes when its result is wanted to the end.
///
/// ```
/// let count = |go_on: &dyn Fn() -> bool| (0..3).try_fold(0, |n, _| go_on().then_some(n + 1));
/// assert_eq!(ulmfit_model::uninterrupted(count), 3);
/// ```
///
/// # Panics
/// If `work` gives up although it is told to go on.
pub fn uninterrupted<T>(work: impl FnOnce(GoOn<'_>) -> Option<T>) -> T {
    match work(&|| true) {
        Some(result) => result,
        None => unreachable!("told to go on, work gave up"),
    }
}
