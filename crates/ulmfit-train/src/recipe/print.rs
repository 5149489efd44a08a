//! Recipes in full: every value with its source.

use toml::{Table, Value};

use super::notes::Notes;
use super::registry::file;
use super::{Recipe, read};
use crate::error::{Error, Result};

/// Where the sources stand, behind shorter values.
const COLUMN: usize = 32;

impl Recipe {
    /// All values as TOML, each with its source: paper, script or notebook; a value that is not that of the registered
    /// recipe says so. [`from_toml`](Self::from_toml) reads it back.
    ///
    /// # Errors
    /// [`Error::UnknownRecipe`] if `name` is not registered, [`Error::RecipeValue`] for a schedule of one's own.
    pub fn to_toml(&self) -> Result<String> {
        let text = file(&self.name)?;
        let base = read::table(text)?;
        let own = Table::try_from(self).map_err(|error| Error::RecipeValue {
            message: error.to_string(),
        })?;
        let mut page = Page {
            name: &self.name,
            notes: Notes::of(text),
            out: String::new(),
        };
        for line in page.notes.head.clone() {
            page.line(line);
        }
        page.table("", &own, Some(&base));
        Ok(page.out)
    }
}

struct Page<'a> {
    name: &'a str,
    notes: Notes<'a>,
    out: String,
}

impl Page<'_> {
    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// The values of a table, then its tables, then its lists of tables.
    fn table(&mut self, place: &str, own: &Table, base: Option<&Table>) {
        let below = |key: &str| match place {
            "" => key.to_owned(),
            place => format!("{place}.{key}"),
        };
        for (key, value) in own.iter().filter(|(_, value)| is_line(value)) {
            self.value(&below(key), key, value, base.and_then(|base| base.get(key)));
        }
        for (key, value) in own {
            let base = base.and_then(|base| base.get(key));
            match value {
                _ if is_line(value) => {}
                Value::Table(own) => {
                    // A choice between kinds holds one table and no value: its header would stand alone.
                    if own.is_empty() || own.values().any(is_line) {
                        self.line(&format!("\n[{}]", below(key)));
                    }
                    self.table(&below(key), own, base.and_then(Value::as_table));
                }
                Value::Array(all) => self.list(&below(key), all, base.and_then(Value::as_array)),
                _ => {}
            }
        }
    }

    /// A list of stages: what is within a stage stands on one line.
    fn list(&mut self, place: &str, all: &[Value], base: Option<&Vec<Value>>) {
        for (index, item) in all.iter().enumerate() {
            self.line(&format!("\n[[{place}]]"));
            let base = base
                .and_then(|base| base.get(index))
                .and_then(Value::as_table);
            for (key, value) in item.as_table().into_iter().flatten() {
                let place = format!("{place}[{index}].{key}");
                self.value(&place, key, value, base.and_then(|base| base.get(key)));
            }
        }
    }

    fn value(&mut self, place: &str, key: &str, value: &Value, base: Option<&Value>) {
        let note = match (base, self.notes.at(place)) {
            (Some(base), Some(note)) if base == value => note.to_owned(),
            (Some(base), _) => format!("changed; {}: {}", self.name, shown(base)),
            (None, _) => format!("added to {}", self.name),
        };
        let line = format!("{key} = {}", shown(value));
        self.line(&format!("{line:<COLUMN$} # {note}"));
    }
}

/// Whether a value stands on a line of its own.
fn is_line(value: &Value) -> bool {
    match value {
        Value::Table(_) => false,
        Value::Array(all) => !all.iter().any(Value::is_table),
        _ => true,
    }
}

/// A value on one line.
fn shown(value: &Value) -> String {
    match value {
        // The shortest form that reads back as the same number, with an exponent where it is small.
        Value::Float(number) if number.is_finite() => format!("{number:?}"),
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(shown).collect();
            format!("[{}]", all.join(", "))
        }
        Value::Table(all) => {
            let all = all.iter().map(|(key, value)| {
                let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                let key = match key.chars().all(bare) && !key.is_empty() {
                    true => key.clone(),
                    false => Value::String(key.clone()).to_string(),
                };
                format!("{key} = {}", shown(value))
            });
            format!("{{ {} }}", all.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
