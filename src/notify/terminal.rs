//! What a terminal is written to tell of an incident.

use std::fmt::Write as _;

use crate::alert::Incident;
use crate::config::Signal;
use crate::text::sanitize;

/// Columns of a desktop notification.
const WIDTH: usize = 160;

/// The bytes for these signals; nothing of them moves the cursor or stays on the screen. `more`
/// incidents came with it and are counted only: who is rung for each stops listening.
pub fn ring(signals: &[Signal], incident: &Incident, more: usize) -> Vec<u8> {
    // Sanitised before, and once more: between ESC ] and its end any control is a way out.
    let mut text = sanitize::label(&incident.sentence(), WIDTH).to_string();
    if more > 0 {
        // Writing to a String can't fail.
        let _ = write!(text, ", and {more} more");
    }
    let mut bytes = Vec::new();
    for signal in signals {
        match signal {
            Signal::Bell => bytes.push(0x07),
            // Text that began with a digit would be another command to some terminals.
            Signal::Osc9 => bytes.extend(format!("\x1b]9;qd {}: {text}\x1b\\", incident.severity).bytes()),
            Signal::Osc777 => {
                let text = text.replace(';', ",");
                bytes.extend(format!("\x1b]777;notify;qd {};{text}\x1b\\", incident.severity).bytes());
            }
        }
    }
    bytes
}
