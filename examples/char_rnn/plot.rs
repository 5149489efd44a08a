//! Components for the eye: a line of text, or an SVG file.

use std::fmt::Write as _;
use std::path::Path;

use ulmfit::text::write_beside;

use crate::alphabet::Alphabet;

/// The characters with the eight lowest and the eight highest numbers.
pub(crate) fn ends(component: &[f64], alphabet: &Alphabet) -> String {
    let mut order: Vec<usize> = (0..component.len()).collect();
    order.sort_by(|&a, &b| component[a].total_cmp(&component[b]));
    let shown = |part: &[usize]| {
        let chars = part.iter().filter_map(|&i| alphabet.chars().get(i));
        chars
            .map(|c| format!("{c:?}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let few = order.len().min(8);
    format!(
        "{} ... {}",
        shown(&order[..few]),
        shown(&order[order.len() - few..])
    )
}

/// Writes the characters at their first two components as an SVG picture.
///
/// # Errors
/// The system's reason.
pub(crate) fn write(
    path: &Path,
    components: &[Vec<f64>],
    alphabet: &Alphabet,
) -> std::io::Result<()> {
    write_beside(path, svg(components, alphabet).as_bytes())
}

fn svg(components: &[Vec<f64>], alphabet: &Alphabet) -> String {
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 600\" font-family=\"monospace\" \
         font-size=\"14\" text-anchor=\"middle\">\n<rect width=\"800\" height=\"600\" fill=\"white\"/>\n",
    );
    let [Some(x), Some(y)] = [0, 1].map(|i| components.get(i)) else {
        return svg + "</svg>\n";
    };
    let (x, y) = (scaled(x, 760.0), scaled(y, 560.0));
    for ((c, x), y) in alphabet.chars().iter().zip(x).zip(y) {
        // Numbers are right whatever the character is: `&#60;` is `<`. Spaces and control characters get signs.
        let shown = match c {
            ' ' => '\u{2423}',
            c if c.is_control() => '\u{2424}',
            c => *c,
        };
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\">&#{};</text>",
            x + 20.0,
            y + 25.0,
            u32::from(shown)
        );
    }
    svg + "</svg>\n"
}

/// Numbers stretched to lie from 0 to `width`.
fn scaled(values: &[f64], width: f64) -> Vec<f64> {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    values
        .iter()
        .map(|v| (v - low) / (high - low).max(1e-12) * width)
        .collect()
}
