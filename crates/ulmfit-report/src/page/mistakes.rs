//! Wrong predictions, with the words that decided.

use super::write;
use crate::escape::Escaped;
use crate::number::percent;
use crate::{Mistake, Report, Word};

/// Pieces that are shown of a text: those around which most was decided.
const SHOWN: usize = 240;
/// Shades of words, as in the style sheet.
const SHADES: f32 = 5.0;
/// The lightest shade that is shown: below it a word hardly matters.
const LIGHTEST: usize = 2;
/// Mistakes that are open at first.
const OPEN: usize = 3;

pub(super) fn section(report: &Report) -> String {
    if report.mistakes.is_empty() {
        return String::new();
    }
    let (open, folded) = report.mistakes.split_at(OPEN.min(report.mistakes.len()));
    let mut out = "<p>Colored words decided for the wrong prediction, the darker the more (by the gradient at the \
                   word's embedding). Of a long text the part that decided most is shown. Look at the label first: \
                   often it is the mistake.</p>\n"
        .to_owned();
    list(&mut out, 1, open);
    if !folded.is_empty() {
        let n = folded.len();
        write(
            &mut out,
            format_args!("<details>\n<summary>{n} more</summary>\n"),
        );
        list(&mut out, OPEN + 1, folded);
        out.push_str("</details>\n");
    }
    out
}

fn list(out: &mut String, start: usize, mistakes: &[Mistake]) {
    write(
        out,
        format_args!("<ol class=\"mistakes\" start=\"{start}\">\n"),
    );
    for mistake in mistakes {
        write(
            out,
            format_args!(
                "<li>\n<p><strong>{}</strong> ({}), labeled <strong>{}</strong> ({})</p>\n<blockquote>{}</blockquote>\n</li>\n",
                Escaped(&mistake.predicted),
                percent(f64::from(mistake.confidence)),
                Escaped(&mistake.label),
                percent(f64::from(mistake.of_label)),
                colored(mistake),
            ),
        );
    }
    out.push_str("</ol>\n");
}

fn colored(mistake: &Mistake) -> String {
    let (start, words) = window(&mistake.words);
    let mut out = String::new();
    if start > 0 {
        out.push('…');
    }
    for word in words {
        let shade = (word.weight.clamp(0.0, 1.0) * SHADES).round() as usize;
        let text = Escaped(&word.text);
        match shade {
            ..LIGHTEST => write(&mut out, format_args!("{text}")),
            _ => write(
                &mut out,
                format_args!("<span class=\"w{shade}\">{text}</span>"),
            ),
        }
    }
    if start + words.len() < mistake.words.len() {
        out.push('…');
    }
    out
}

/// The stretch of [`SHOWN`] pieces with the largest weight, and where it begins.
fn window(words: &[Word]) -> (usize, &[Word]) {
    if words.len() <= SHOWN {
        return (0, words);
    }
    let weight = |index: usize| f64::from(words[index].weight);
    let mut sum: f64 = (0..SHOWN).map(weight).sum();
    let (mut best, mut start) = (sum, 0);
    for index in SHOWN..words.len() {
        sum += weight(index) - weight(index - SHOWN);
        if sum > best {
            (best, start) = (sum, index + 1 - SHOWN);
        }
    }
    (start, &words[start..start + SHOWN])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_text_the_part_that_decided_is_shown() {
        let word = |index: usize| Word {
            text: format!("w{index}"),
            weight: if index == 250 { 1.0 } else { 0.0 },
        };
        let words: Vec<Word> = (0..400).map(word).collect();
        let (start, shown) = window(&words);
        assert!(start <= 250 && 250 < start + shown.len() && shown.len() == SHOWN);
        assert_eq!(window(&words[..SHOWN]).1.len(), SHOWN);
    }
}
