//! The recipes by name.

use super::Recipe;
use crate::error::{Error, Result};

/// A line of the registry: a name and the file of that recipe.
type Entry = (&'static str, &'static str);

/// Every recipe. A file holds every field and, behind each, its source.
const FILES: &[Entry] = &[
    ("default", include_str!("default.toml")),
    ("english", include_str!("english.toml")),
    ("paper", include_str!("paper.toml")),
    ("scripts", include_str!("scripts.toml")),
    ("dl2", include_str!("dl2.toml")),
    ("fastbook", include_str!("fastbook.toml")),
    ("kaggle", include_str!("kaggle.toml")),
    ("multifit", include_str!("multifit.toml")),
    ("chain_thaw", include_str!("chain_thaw.toml")),
    ("awd_lstm", include_str!("awd_lstm.toml")),
];

const NAMES: [&str; FILES.len()] = {
    let mut names = [""; FILES.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = FILES[index].0;
        index += 1;
    }
    names
};

impl Recipe {
    /// The names of all recipes.
    pub const ALL: &'static [&'static str] = &NAMES;

    /// The recipe registered under `name`.
    ///
    /// # Errors
    /// [`Error::UnknownRecipe`], whose text lists the names there are.
    ///
    /// ```
    /// use ulmfit_train::Recipe;
    ///
    /// assert_eq!(Recipe::by_name("fastbook")?.language_model.seq_len, 80);
    /// let message = Recipe::by_name("fast-book").unwrap_err().to_string();
    /// assert!(message.contains("known: default, english, "));
    /// # Ok::<(), ulmfit_train::Error>(())
    /// ```
    pub fn by_name(name: &str) -> Result<Self> {
        file(name)?;
        Ok(Self::registered(name))
    }

    /// # Panics
    /// If there is no such file, or it is not a recipe: the tests read them all.
    pub(super) fn registered(name: &str) -> Self {
        let read = file(name).map(toml::from_str);
        match read {
            Ok(Ok(recipe)) => recipe,
            other => panic!("recipe/{name}.toml is a whole recipe: {other:?}"),
        }
    }
}

/// The text of a registered recipe.
pub(super) fn file(name: &str) -> Result<&'static str> {
    let found = FILES.iter().find(|(known, _)| *known == name);
    found
        .map(|(_, text)| *text)
        .ok_or_else(|| Error::UnknownRecipe {
            name: name.to_owned(),
            known: NAMES.join(", "),
        })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_recipe_of_its_name_and_prints_as_it_stands() {
        for (name, text) in FILES {
            let recipe = Recipe::by_name(name).unwrap();
            assert_eq!(recipe.name, *name);
            let printed = recipe.to_toml().unwrap();
            for (found, expected) in printed.lines().zip(text.lines()) {
                assert_eq!(found, expected, "{name}");
            }
            assert_eq!(printed, *text, "{name}");
        }
    }

    #[test]
    fn every_line_with_a_value_has_a_source() {
        for (name, text) in FILES {
            for line in text.lines().filter(|line| line.contains(" = ")) {
                let source = line.split_once(" # ").map_or("", |(_, source)| source);
                assert!(source.len() > 3, "{name}: {line}");
            }
        }
    }

    #[test]
    fn an_unknown_name_lists_the_known() {
        let message = Recipe::by_name("unknown").unwrap_err().to_string();
        for name in Recipe::ALL {
            assert!(message.contains(name), "{message}");
        }
    }
}
