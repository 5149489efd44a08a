//! Text of users within HTML and SVG.

use std::fmt;

/// Shows a text so that it stands as it is between tags and within quoted attributes.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(special) {
            f.write_str(&rest[..at])?;
            let mut chars = rest[at..].chars();
            match chars.next() {
                Some('&') => f.write_str("&amp;")?,
                Some('<') => f.write_str("&lt;")?,
                Some('>') => f.write_str("&gt;")?,
                Some('"') => f.write_str("&quot;")?,
                Some('\'') => f.write_str("&#39;")?,
                // Not allowed in any document, escaped or not.
                Some(_) => f.write_str("\u{fffd}")?,
                None => {}
            }
            rest = chars.as_str();
        }
        f.write_str(rest)
    }
}

fn special(c: char) -> bool {
    let control = c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    // Marks that turn the direction of what follows could turn the page's own text.
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    control || turns || matches!(c, '&' | '<' | '>' | '"' | '\'')
}

#[cfg(test)]
mod tests {
    use super::Escaped;

    #[test]
    fn markup_is_text() {
        let shown = |text: &str| Escaped(text).to_string();
        assert_eq!(
            shown("<b a='1'>\"x\" & é</b>"),
            "&lt;b a=&#39;1&#39;&gt;&quot;x&quot; &amp; é&lt;/b&gt;"
        );
        assert_eq!(shown("a\0b\u{202e}c\nd"), "a\u{fffd}b\u{fffd}c\nd");
        assert_eq!(shown(""), "");
    }
}
