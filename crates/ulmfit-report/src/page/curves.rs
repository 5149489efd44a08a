//! Loss, metric, rate and momentum over the batches, and the table of epochs.

use super::{heads, table, write};
use crate::charts::{Axis, Line, LineChart, Look};
use crate::escape::Escaped;
use crate::number::{compact, percent};
use crate::{EpochRow, Point, Report, StageCurve};

/// With more epochs the table of them is folded.
const OPEN: usize = 12;

pub(super) fn section(report: &Report) -> String {
    let stages = &report.stages;
    if stages
        .iter()
        .all(|stage| stage.epochs.is_empty() && stage.points.is_empty())
    {
        return String::new();
    }
    let mut out = String::new();
    for (index, part) in stages.chunk_by(|a, b| a.metric == b.metric).enumerate() {
        let metric = &part[0].metric;
        let what = match metric.as_str() {
            "perplexity" => "Language model",
            "r2" => "Regression",
            _ => "Classifier",
        };
        let charts = charts(part);
        let charts = charts.iter().zip(["loss", "metric", "rate", "momentum"]);
        // A single point is a number, and in the table of epochs.
        let curves: Vec<_> = charts
            .filter(|(chart, _)| chart.lines.iter().any(|line| line.points.len() > 1))
            .collect();
        if curves.is_empty() {
            continue;
        }
        write(
            &mut out,
            format_args!("<h3>{what}</h3>\n<div class=\"charts\">\n"),
        );
        for (chart, name) in curves {
            let svg = chart.inline(&format!("{name}-{index}"));
            write(
                &mut out,
                format_args!(
                    "<figure>{svg}<figcaption>{}</figcaption></figure>\n",
                    Escaped(&chart.title)
                ),
            );
        }
        out.push_str("</div>\n");
    }
    out.push_str(&epochs(stages));
    out
}

/// The four charts of stages that follow each other.
fn charts(stages: &[StageCurve]) -> [LineChart; 4] {
    let batches = || Axis::new("batch").spanning(0.0, 1.0).tight();
    let mut starts = Vec::new();
    let mut before = 0;
    for stage in stages {
        starts.push(before);
        before += stage.batches;
    }
    let marks: Vec<(f64, String)> = starts
        .iter()
        .zip(stages)
        .map(|(&start, stage)| (start as f64, stage.name.clone()))
        .collect();
    let of_points = |value: fn(&Point) -> f64| -> Vec<(f64, f64)> {
        let all = starts.iter().zip(stages);
        let all =
            all.flat_map(|(&start, stage)| stage.points.iter().map(move |point| (start, point)));
        all.map(|(start, point)| ((start + point.batch) as f64, value(point)))
            .collect()
    };
    let of_epochs = |value: fn(&EpochRow) -> Option<f64>| -> Vec<(f64, f64)> {
        let all = starts.iter().zip(stages);
        let all =
            all.flat_map(|(&start, stage)| stage.epochs.iter().map(move |epoch| (start, epoch)));
        all.filter_map(|(start, epoch)| Some(((start + epoch.batch) as f64, value(epoch)?)))
            .collect()
    };

    let metric = &stages[0].metric;
    let unit = match metric.as_str() {
        "r2" => "squared error",
        _ => "nats",
    };
    let mut loss = LineChart::new("Loss", batches(), Axis::new(unit));
    loss.lines = vec![
        Line::new(
            "training",
            smoothed(&of_points(|point| point.loss)),
            Look::Line,
        ),
        Line::new(
            "validation",
            of_epochs(|epoch| epoch.valid_loss),
            Look::Dots,
        ),
    ];
    let mut score = LineChart::new(format!("Validation {metric}"), batches(), Axis::new(metric));
    score.lines = vec![Line::new(
        metric,
        of_epochs(|epoch| epoch.metric),
        Look::Dots,
    )];
    let mut rate = LineChart::new(
        "Learning rate of the last layer group",
        batches(),
        Axis::new("rate"),
    );
    rate.lines = vec![Line::new("rate", of_points(|point| point.rate), Look::Line)];
    let mut momentum = LineChart::new("Momentum", batches(), Axis::new("momentum"));
    momentum.lines = vec![Line::new(
        "momentum",
        of_points(|point| point.momentum),
        Look::Line,
    )];

    let mut charts = [loss, score, rate, momentum];
    for chart in &mut charts {
        chart.marks.clone_from(&marks);
        chart.description = described(chart);
    }
    charts
}

/// The mean of each loss with those before it, with weights that fall by a tenth (fastai shows 0.98; there are fewer
/// points here).
fn smoothed(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    const KEPT: f64 = 0.9;
    let (mut mean, mut weight) = (0.0, 0.0);
    let mut step = |&(at, value): &(f64, f64)| {
        mean = KEPT * mean + (1.0 - KEPT) * value;
        weight = KEPT * weight + (1.0 - KEPT);
        (at, mean / weight)
    };
    points.iter().map(&mut step).collect()
}

/// Beginning and end of every line in words.
fn described(chart: &LineChart) -> String {
    let mut text = String::new();
    for line in &chart.lines {
        if let (Some(first), Some(last)) = (line.points.first(), line.points.last()) {
            write(
                &mut text,
                format_args!(
                    "{} goes from {} to {} over {} batches. ",
                    line.name,
                    compact(first.1),
                    compact(last.1),
                    last.0
                ),
            );
        }
    }
    text.trim_end().to_owned()
}

fn epochs(stages: &[StageCurve]) -> String {
    let mut rows = String::new();
    for stage in stages {
        for (index, epoch) in stage.epochs.iter().enumerate() {
            let loss = |loss: f64| format!("{loss:.4}");
            let metric = |value: f64| match stage.metric.as_str() {
                "accuracy" => format!("accuracy {}", percent(value)),
                "perplexity" => format!("perplexity {value:.2}"),
                name => format!("{name} {value:.4}"),
            };
            let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
            write(
                &mut rows,
                format_args!(
                    "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{:.1} s</td></tr>\n",
                    Escaped(&stage.name),
                    index + 1,
                    loss(epoch.train_loss),
                    or_none(epoch.valid_loss.map(loss)),
                    Escaped(&or_none(epoch.metric.map(metric))),
                    epoch.seconds,
                ),
            );
        }
    }
    let head = [
        "Stage",
        "Epoch",
        "Training loss",
        "Validation loss",
        "Metric",
        "Time",
    ];
    let all = table("Epochs", "numbers", &heads(&head), &rows);
    let n: usize = stages.iter().map(|stage| stage.epochs.len()).sum();
    match n {
        ..=OPEN => all,
        _ => format!("<details>\n<summary>All {n} epochs</summary>\n{all}</details>\n"),
    }
}
