//! The tables of knobs say what the default recipe says, and the lists of names are the registries.

use std::collections::HashMap;

use super::{book, cells, parts, read, spans};
use ulmfit::prelude::*;
use ulmfit::text::Special;
use ulmfit::train::Suggestion;
use ulmfit::train::optimizer::{NtAsgdConfig, OptimizerConfig, SgdConfig};
use ulmfit::train::schedule::Schedule;

/// Value and source of every field of a recipe, by place: `classifier.stages[0].rates`.
fn fields(recipe: &Recipe) -> HashMap<String, (String, String)> {
    let text = recipe.to_toml().unwrap();
    let (mut fields, mut lists, mut table) = (HashMap::new(), HashMap::new(), String::new());
    for line in text.lines() {
        if let Some(list) = line.strip_prefix("[[").and_then(|l| l.strip_suffix("]]")) {
            let n = lists.entry(list.to_owned()).or_insert(0);
            table = format!("{list}[{n}].");
            *n += 1;
        } else if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            table = format!("{name}.");
        } else if let Some((key, rest)) = line.split_once(" = ") {
            let (value, source) = rest.rsplit_once(" # ").unwrap();
            let pair = (value.trim().to_owned(), source.trim().to_owned());
            fields.insert(format!("{table}{key}"), pair);
        }
    }
    fields
}

#[test]
fn knobs_are_those_of_the_default_recipe() {
    let fields = fields(&Recipe::default());
    let mut shown: Vec<String> = Vec::new();
    for page in book() {
        let text = read(&page);
        let mut in_table = false;
        for (line, text) in parts(&text).1 {
            let Some(cells) = cells(text) else {
                in_table = false;
                continue;
            };
            if cells[0] == "knob" {
                in_table = true;
            } else if in_table && !cells[0].starts_with("--") {
                let place = format!("{}, line {line}", page.display());
                let knob = spans(cells[0]).next().unwrap();
                let (value, source) = fields
                    .get(knob)
                    .unwrap_or_else(|| panic!("{place}: {knob}"));
                assert_eq!(cells[1].trim_matches('`'), value, "{place}: {knob}");
                assert_eq!(cells[2], source, "{place}: {knob}");
                shown.push(knob.to_owned());
            }
        }
    }
    // Names and schedules of stages, and the second optimizer's numbers, which are those of the first.
    let told = |field: &str| field.ends_with(".name") || field.ends_with(".schedule");
    for (field, value) in &fields {
        let twin = field.replace("classifier.optimizer", "language_model.optimizer");
        let same = *field != twin && fields.get(&twin) == Some(value);
        let stage = field.contains("stages[");
        assert!(
            field == "name" || told(field) || same || stage || shown.contains(field),
            "no table of the book shows `{field}`"
        );
    }
}

/// The first cells of the table under a heading, or of the first table where there is none.
fn names(page: &str, heading: &str) -> Vec<String> {
    let text = read(page);
    let lines = parts(&text).1.into_iter().map(|(_, line)| line);
    let under = lines.skip_while(|line| *line != heading).skip(1);
    let table = under.skip_while(|line| !line.starts_with('|')).skip(2);
    let rows = table.map_while(cells);
    rows.map(|cells| spans(cells[0]).next().unwrap().to_owned())
        .collect()
}

#[test]
fn lists_of_names_are_the_registries() {
    let training = |heading: &str| names("docs/training.md", heading);
    let all = |names: Vec<&str>| {
        names
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<String>>()
    };
    let first = |names: &[&'static str]| all(names.to_vec());
    assert_eq!(training("## Schedules"), all(Schedule::NAMES.to_vec()));
    let optimizers: [OptimizerConfig; 3] = [
        AdamConfig::default().into(),
        SgdConfig::default().into(),
        NtAsgdConfig::default().into(),
    ];
    assert_eq!(
        training("## Optimizers"),
        all(optimizers.iter().map(OptimizerConfig::name).collect())
    );
    assert_eq!(
        training("## Which rate"),
        all(Suggestion::ALL.map(Suggestion::name).to_vec())
    );
    assert_eq!(names("docs/recipes.md", "# Recipes"), first(Recipe::ALL));
    let specials = Special::ALL.map(Special::as_str);
    assert_eq!(
        names("docs/tokenize.md", "## Special tokens"),
        first(&specials)
    );
    let tokenize = read("docs/tokenize.md");
    for preset in RulePreset::ALL {
        assert!(tokenize.contains(&format!("\n| `{preset}` |")), "{preset}");
    }
    for words in ulmfit::text::WordSplit::ALL {
        assert!(tokenize.contains(&format!("\n| `{words}` |")), "{words}");
    }
}

#[test]
fn sampling_is_as_the_page_says() {
    let (page, default) = (read("docs/generate.md"), Sampling::default());
    for row in [
        format!("| `temperature` | {} |", default.temperature),
        format!("| `top_k` | {} |", default.top_k),
        format!("| `top_p` | {} |", default.top_p),
        format!("| `min_p` | {} |", default.min_p),
    ] {
        assert!(page.contains(&row), "{row}");
    }
}
