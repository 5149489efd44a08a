//! The page as text: complete, well-formed, self-contained, and safe with any text of users.

mod example;

use example::report;
use ulmfit_report::{ClassRow, NumberMistake, NumberScores, Report, SetScores, Validation, page};

/// Elements that have no end.
const VOID: [&str; 1] = ["meta"];

/// Every element is closed in the order in which it was opened.
fn assert_nested(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    for part in page.split('<').skip(1) {
        let tag = part.split('>').next().unwrap_or_default();
        if tag.starts_with('!') || tag.ends_with('/') {
            continue;
        }
        let name = tag.split_whitespace().next().unwrap_or_default();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "</{name}>"),
            None if VOID.contains(&name) => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn every_section_is_there_and_well_formed() {
    let page = page::html(&report());
    assert_nested(&page);
    for id in [
        "summary",
        "beside",
        "curves",
        "classes",
        "calibration",
        "mistakes",
        "words",
        "usage",
        "recipe",
    ] {
        assert!(
            page.contains(&format!("href=\"#{id}\"")),
            "{id} is not linked"
        );
        assert_eq!(page.matches(&format!(" id=\"{id}\"")).count(), 1, "{id}");
    }
    // Eight charts of two parts and one of calibration, each with a title and a description.
    assert_eq!(page.matches("<svg").count(), 9);
    assert_eq!(page.matches("<desc").count(), 9);
    for figure in [
        "87.5 %",
        "<th scope=\"row\">linear model (NB-SVM, C 3)</th><td>80.0 %</td><td>70.0 % to 87.3 %</td>",
        "<td class=\"hit s5\">35</td>",
        "<td class=\"miss s2\">",
    ] {
        assert!(page.contains(figure), "{figure}");
    }
}

#[test]
fn ids_are_unique() {
    let page = page::html(&report());
    let ids: Vec<&str> = page
        .split(" id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    for (index, id) in ids.iter().enumerate() {
        assert!(!ids[..index].contains(id), "{id} twice");
    }
}

#[test]
fn the_page_asks_for_nothing_outside() {
    let page = page::html(&report());
    for outside in [
        "http", "src=", "@import", "url(", "<script", "<link", "<img", "<iframe",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn markup_of_users_is_shown_and_not_run() {
    let evil = "</title></pre><script>alert(1)</script>\" onload='x' <!--";
    let mut report = report();
    report.title = evil.to_owned();
    report.notes.push(evil.to_owned());
    report.recipe = evil.to_owned();
    report.facts[0] = (evil.to_owned(), evil.to_owned());
    report.unknown_words = vec![(evil.to_owned(), 3)];
    report.mistakes[0].words[0].text = evil.to_owned();
    report.mistakes[0].label = evil.to_owned();
    report.mistakes[0].predicted = evil.to_owned();
    report.stages[0].name = evil.to_owned();
    report.stages[0].metric = evil.to_owned();
    report.snippets[0].title = evil.to_owned();
    report.snippets[0].text = evil.to_owned();
    report.coverage[0].part = evil.to_owned();
    if let Some(Validation::Classes(scores)) = &mut report.validation {
        scores.classes[0].name = evil.to_owned();
    }
    let page = page::html(&report);
    assert_nested(&page);
    assert!(!page.contains("<script") && !page.contains("onload='"));
    assert_eq!(page.matches("<!--").count(), 0);
}

#[test]
fn what_a_report_does_not_have_is_left_out() {
    let page = page::html(&Report::new("empty"));
    assert_nested(&page);
    assert!(!page.contains("<section") && !page.contains("<table"));
}

#[test]
fn many_classes_are_listed_by_pairs() {
    let mut report = report();
    if let Some(Validation::Classes(scores)) = &mut report.validation {
        let class = scores.classes[0].clone();
        scores.classes = vec![class; 30];
        scores.confusion = vec![vec![1; 30]; 30];
    }
    let page = page::html(&report);
    assert_nested(&page);
    assert!(
        page.contains("The classes that are confused most") && !page.contains("Confusion matrix")
    );
}

#[test]
fn several_classes_have_scores_by_class_and_no_matrix() {
    let mut report = report();
    report.validation = Some(Validation::Sets(SetScores {
        documents: 40,
        f1: 0.75,
        accuracy: 0.9,
        exact: 0.625,
        loss: 0.3,
        classes: vec![ClassRow {
            name: "<film>".to_owned(),
            precision: 0.5,
            recall: 0.25,
            f1: 1.0 / 3.0,
            support: 12,
        }],
    }));
    let page = page::html(&report);
    assert_nested(&page);
    for part in ["75.0 %", "62.5 %", "&lt;film&gt;", "33.3 %"] {
        assert!(page.contains(part), "{part}");
    }
    for part in ["Confusion matrix", "id=\"calibration\"", "id=\"numbers\""] {
        assert!(!page.contains(part), "{part}");
    }
}

#[test]
fn numbers_have_a_chart_and_the_predictions_that_are_furthest_off() {
    let mut report = report();
    report.mistakes.clear();
    report.validation = Some(Validation::Numbers(NumberScores {
        name: "<price>".to_owned(),
        r2: 0.4321,
        rmse: 1.5,
        mae: 1.25,
        loss: 2.25,
        pairs: vec![(1.0, 2.0), (5.0, 3.5)],
        furthest: vec![NumberMistake {
            label: 5.0,
            predicted: 3.5,
            text: format!("<i>{}", "word ".repeat(100)),
        }],
    }));
    let page = page::html(&report);
    assert_nested(&page);
    for part in [
        "0.432",
        "&lt;price&gt;",
        "<td>-1.5</td>",
        "&lt;i&gt;word",
        "word …",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let chart = page.split("numbers-chart-title").nth(2).unwrap_or_default();
    let chart = chart.split("</svg>").next().unwrap_or_default();
    assert_eq!(chart.matches("<circle").count(), 2);
    for part in ["id=\"classes\"", "id=\"calibration\"", "id=\"mistakes\""] {
        assert!(!page.contains(part), "{part}");
    }
}
