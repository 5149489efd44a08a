//! Wrong predictions, with the words that decided.

use super::write;
use crate::escape::Escaped;
use crate::number::percent;
use crate::{Mistake, Report, Word};

/// Words that are shown of a text: those around which most was decided.
const SHOWN: usize = 120;
/// Shades of words, as in the style sheet.
const SHADES: f32 = 5.0;

pub(super) fn section(report: &Report) -> String {
    if report.mistakes.is_empty() {
        return String::new();
    }
    let mut out = "<p>The darker a word, the more it decided for the prediction (the gradient at its embedding); \
                   of long texts the part that decided most is shown.</p>\n\
                   <p class=\"legend\" aria-hidden=\"true\">little "
        .to_owned();
    for shade in 0..=SHADES as usize {
        write(
            &mut out,
            format_args!("<span class=\"w{shade}\">&nbsp;{shade}&nbsp;</span>"),
        );
    }
    out.push_str(" much</p>\n<ol class=\"mistakes\">\n");
    for mistake in &report.mistakes {
        write(
            &mut out,
            format_args!(
                "<li>\n<p><strong>{}</strong> ({}), labelled <strong>{}</strong> ({})</p>\n<blockquote>{}</blockquote>\n</li>\n",
                Escaped(&mistake.predicted),
                percent(f64::from(mistake.confidence)),
                Escaped(&mistake.truth),
                percent(f64::from(mistake.of_truth)),
                colored(mistake),
            ),
        );
    }
    out.push_str("</ol>\n");
    out
}

fn colored(mistake: &Mistake) -> String {
    let (start, words) = window(&mistake.words);
    let mut out = String::new();
    if start > 0 {
        out.push_str("… ");
    }
    for word in words {
        let shade = (word.weight.clamp(0.0, 1.0) * SHADES).round() as usize;
        let text = Escaped(&word.text);
        match shade {
            0 => write(&mut out, format_args!("{text} ")),
            _ => write(
                &mut out,
                format_args!("<span class=\"w{shade}\">{text}</span> "),
            ),
        }
    }
    if start + words.len() < mistake.words.len() {
        out.push('…');
    }
    out
}

/// The stretch of [`SHOWN`] words with the largest weight, and where it begins.
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
        let words: Vec<Word> = (0..300).map(word).collect();
        let (start, shown) = window(&words);
        assert!(start <= 250 && 250 < start + shown.len() && shown.len() == SHOWN);
        assert_eq!(window(&words[..SHOWN]).1.len(), SHOWN);
    }
}
