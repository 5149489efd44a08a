//! Recipes from text: what differs from a registered one.

use toml::{Table, Value};

use super::Recipe;
use super::registry::file;
use crate::error::{Error, Result};
use crate::schedule::message;

impl Recipe {
    /// The recipe that `text` changes: `name` says which registered one (without it `default`), every other field
    /// replaces that recipe's. A list of stages is replaced as a whole; a schedule's fields that are not given are those
    /// of its source; `"none"` stands for no value.
    ///
    /// # Errors
    /// [`Error::RecipeText`] for text that is not TOML, a field that no recipe has, and a value of another kind, with
    /// its place; [`Error::UnknownRecipe`] for a `name` that is not registered.
    ///
    /// ```
    /// use ulmfit_train::Recipe;
    ///
    /// let recipe = Recipe::from_toml("name = \"dl2\"\nclassifier.batch_size = 16\n")?;
    /// assert_eq!(recipe.language_model.batch_size, 52);
    /// assert_eq!(recipe.classifier.batch_size, 16);
    ///
    /// let error = Recipe::from_toml("classifier.bs = 16").unwrap_err().to_string();
    /// assert!(error.starts_with("recipe: unknown field `classifier.bs`, expected one of batch_size"));
    /// # Ok::<(), ulmfit_train::Error>(())
    /// ```
    pub fn from_toml(text: &str) -> Result<Self> {
        let changes = table(text)?;
        let name = match changes.get("name") {
            Some(Value::String(name)) => name,
            None => "default",
            Some(other) => {
                let message = format!("name: expected the name of a recipe, found {other}");
                return Err(Error::RecipeText { message });
            }
        };
        let mut all = table(file(name)?)?;
        merge(&mut all, changes, "")?;
        all.try_into().map_err(|error| Error::RecipeText {
            message: message(&error),
        })
    }
}

/// The table that a text holds.
pub(super) fn table(text: &str) -> Result<Table> {
    text.parse().map_err(|error| Error::RecipeText {
        // On lines of its own, because it points at the place.
        message: format!("expected TOML, found\n{error}"),
    })
}

/// Puts `changes` into `all`. Registered recipes hold every field, so that a field that is not there is a mistake.
fn merge(all: &mut Table, changes: Table, place: &str) -> Result<()> {
    for (key, new) in changes {
        let Some(old) = all.get_mut(&key) else {
            let known: Vec<&str> = all.keys().map(String::as_str).collect();
            let message = format!(
                "unknown field `{place}{key}`, expected one of {}",
                known.join(", ")
            );
            return Err(Error::RecipeText { message });
        };
        match (old, new) {
            (Value::Table(old), Value::Table(new)) if !is_other_choice(old, &new) => {
                merge(old, new, &format!("{place}{key}."))?;
            }
            (old, new) => *old = new,
        }
    }
    Ok(())
}

/// Whether `new` is another kind of thing, such as an optimizer: a table of one entry is a choice between kinds.
fn is_other_choice(old: &Table, new: &Table) -> bool {
    old.len() == 1 && new.len() == 1 && old.keys().ne(new.keys())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::groups::Trained;
    use crate::optimizer::{OptimizerConfig, SgdConfig};
    use crate::schedule::GroupRates;

    #[test]
    fn what_is_printed_is_read_back_changed_or_not() {
        for name in Recipe::ALL {
            let mut recipe = Recipe::by_name(name).unwrap();
            let read = |recipe: &Recipe| Recipe::from_toml(&recipe.to_toml().unwrap()).unwrap();
            assert_eq!(read(&recipe), recipe);
            recipe.language_model.adapt.clear();
            recipe.language_model.pretrain_drop_mult = Some(1.0 / 3.0);
            recipe.language_model.optimizer = OptimizerConfig::Sgd(SgdConfig::default());
            let stages = &mut recipe.classifier.stages;
            let last = stages.len() - 1;
            stages.swap(0, last);
            stages[0].epochs = 70;
            assert_eq!(read(&recipe), recipe, "{name}");
            let printed = recipe.to_toml().unwrap();
            let line = printed.lines().find(|line| line.starts_with("epochs = 70"));
            assert!(line.unwrap().contains("# changed; "), "{printed}");
        }
    }

    #[test]
    fn an_optimizer_is_changed_in_part_or_replaced() {
        let clipped = Recipe::from_toml("[classifier.optimizer.adam]\nclip = 0.4").unwrap();
        let OptimizerConfig::Adam(adam) = clipped.classifier.optimizer else {
            panic!("Adam stays");
        };
        assert_eq!((adam.clip, adam.decay), (Some(0.4), 0.01));
        let unclipped =
            Recipe::from_toml("name = \"dl2\"\nclassifier.optimizer.adam.clip = \"none\"");
        let OptimizerConfig::Adam(adam) = unclipped.unwrap().classifier.optimizer else {
            panic!("Adam stays");
        };
        assert_eq!(adam.clip, None);
        let sgd = Recipe::from_toml("[language_model.optimizer.sgd]\nclip = 1").unwrap();
        let expected = SgdConfig {
            clip: Some(1.0),
            ..SgdConfig::default()
        };
        assert_eq!(sgd.language_model.optimizer, OptimizerConfig::Sgd(expected));
    }

    #[test]
    fn a_range_is_two_numbers_or_none() {
        let range = |text: &str| Recipe::from_toml(text).map(|recipe| recipe.classifier.range);
        assert_eq!(range("").unwrap(), None);
        assert_eq!(
            range("classifier.range = [1, 5.5]").unwrap(),
            Some((1.0, 5.5))
        );
        let error = range("classifier.range = 5").unwrap_err().to_string();
        assert!(error.contains("classifier.range"), "{error}");
    }

    #[test]
    fn stages_are_replaced_as_a_whole() {
        let text = r#"
            [[classifier.stages]]
            name = "once"
            epochs = 3
            trained = { only = 1 }
            rates = { list = [0, 0.1, 0] }
            schedule = { name = "triangular", div = 32 }
        "#;
        let stages = Recipe::from_toml(text).unwrap().classifier.stages;
        let [stage] = &stages[..] else {
            panic!("{stages:?}");
        };
        assert_eq!((stage.epochs, stage.trained), (3, Trained::Only(1)));
        assert_eq!(stage.rates, GroupRates::List(vec![0.0, 0.1, 0.0]));
        assert_eq!(stage.schedule.at(0, 80).rate, 1.0 / 32.0);
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let stage = "[[classifier.stages]]\nname = \"s\"\nepochs = 1\ntrained = \"all\"\n";
        for (text, said) in [
            (
                "sizes.depth = 3",
                "unknown field `sizes.depth`, expected one of embed",
            ),
            (
                "language_model.dropouts.embd = 0.1",
                "`language_model.dropouts.embd`",
            ),
            ("classifier.batch_size = \"many\"", "classifier.batch_size"),
            ("classifier.optimizer.adam.clip = \"off\"", "found \"off\""),
            ("classifier.optimizer.adagrad.eps = 1", "adagrad"),
            (
                "name = \"fasttext\"",
                "unknown recipe \"fasttext\"; known: default, english, paper",
            ),
            ("name = 3", "expected the name of a recipe, found 3"),
            ("batch size = 3", "line 1"),
            (
                &format!("{stage}rates = {{ same = 1, low = 2 }}"),
                "classifier.stages",
            ),
            (
                &format!("{stage}rates = {{ same = 1 }}\nschedule = {{ name = \"sgdr\" }}"),
                "unknown schedule \"sgdr\"",
            ),
            (
                &format!(
                    "{stage}rates = {{ same = 1 }}\nschedule = {{ name = \"constant\" }}\nlr = 1"
                ),
                "unknown field `lr`",
            ),
        ] {
            let message = Recipe::from_toml(text).unwrap_err().to_string();
            assert!(message.contains(said), "{text}: {message}");
        }
    }
}
