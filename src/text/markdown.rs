//! Outside text in Markdown.

/// Text as text: nothing in it is markup, in no dialect. Line ends become blanks.
pub fn escape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            // A character by number is never markup, in no dialect; a backslash is, in some.
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' => out.push_str("&#124;"),
            '`' => out.push_str("&#96;"),
            '@' => out.push_str("&#64;"),
            '\\' | '*' | '_' | '[' | ']' | '#' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_it_is_markup() {
        assert_eq!(
            escape("a|b <i>`x`</i> @all\n# *h*"),
            r"a&#124;b &lt;i&gt;&#96;x&#96;&lt;/i&gt; &#64;all \# \*h\*"
        );
        assert_eq!(escape("order-service 1.4.2"), "order-service 1.4.2");
    }
}
