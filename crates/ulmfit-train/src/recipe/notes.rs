//! The sources of a recipe's numbers: the comments of its file.

use std::collections::HashMap;

/// What stands behind the values of a file, by place: `classifier.stages[0].rates`.
pub(super) struct Notes<'a> {
    /// The lines before the first value, as they stand.
    pub(super) head: Vec<&'a str>,
    by_place: HashMap<String, &'a str>,
}

impl<'a> Notes<'a> {
    /// The comments of a file with one value on a line.
    pub(super) fn of(text: &'a str) -> Self {
        let mut by_place = HashMap::new();
        let mut lists: HashMap<&str, usize> = HashMap::new();
        let mut table = String::new();
        for line in text.lines() {
            let in_brackets = |open, close| line.strip_prefix(open)?.strip_suffix(close);
            if let Some(list) = in_brackets("[[", "]]") {
                let count = lists.entry(list).or_default();
                table = format!("{list}[{count}].");
                *count += 1;
            } else if let Some(name) = in_brackets("[", "]") {
                table = format!("{name}.");
            } else if let (Some((key, _)), Some((_, note))) =
                (line.split_once(" = "), line.rsplit_once(" # "))
            {
                by_place.insert(format!("{table}{key}"), note);
            }
        }
        let head = text.lines().take_while(|line| line.starts_with('#'));
        Self {
            head: head.collect(),
            by_place,
        }
    }

    /// The source of the value at `place`.
    pub(super) fn at(&self, place: &str) -> Option<&'a str> {
        self.by_place.get(place).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_found_by_its_place() {
        let notes = Notes::of(
            "# What\nx = 1 # a\n[t]\ny = { z = 2 }  # b, c\n[[t.l]]\nx = 3 # d\n[[t.l]]\nx = 4 # e\n",
        );
        assert_eq!(notes.head, ["# What"]);
        for (place, note) in [
            ("x", "a"),
            ("t.y", "b, c"),
            ("t.l[0].x", "d"),
            ("t.l[1].x", "e"),
        ] {
            assert_eq!(notes.at(place), Some(note), "{place}");
        }
        assert_eq!(notes.at("t.x"), None);
    }
}
