//! The hostile corpus: text that tries to drive the terminal.

/// Payloads for logs, labels, environment, health outputs: each holds `EVIL` where a terminal would
/// have acted on it.
pub const PAYLOADS: &[&str] = &[
    "\u{1b}]0;EVIL title\u{7}",
    "\u{1b}]52;c;RVZJTA==\u{7}",
    "\u{1b}]8;;http://evil.example\u{1b}\\EVIL link\u{1b}]8;;\u{1b}\\",
    "\u{1b}[2J\u{1b}[HEVIL clear",
    "\u{1b}[31;5mEVIL red\u{1b}[0m",
    "\u{1b}[?1049lEVIL main screen",
    "\u{1b}[?1000hEVIL mouse",
    "\u{1b}[6nEVIL report",
    "\u{1b}[20tEVIL title report",
    "\u{1b}P$qEVIL dcs\u{1b}\\",
    "\u{1b}_EVIL apc\u{1b}\\",
    "\u{1b}^EVIL pm\u{1b}\\",
    "\u{1b}cEVIL reset",
    "\u{9b}31mEVIL c1 csi",
    "\u{9d}0;EVIL c1 osc\u{9c}",
    "\u{90}EVIL c1 dcs\u{9c}",
    "EVIL bell \u{7}\u{7}\u{7}",
    "EVIL backspace \u{8}\u{8}\u{8}",
    "fine\rEVIL return",
    "EVIL bidi \u{202e}gnp.exe",
    "EVIL zero\u{200b}width\u{feff}",
    "EVIL shift \u{e}\u{f}",
    "EVIL truncated \u{1b}[38;2;1",
    "EVIL truncated osc \u{1b}]0;never ended",
];

/// All payloads as a shell script that prints each on a line of its own, byte by byte.
pub fn script() -> String {
    use std::fmt::Write as _;
    let mut script = String::new();
    for payload in PAYLOADS {
        script.push_str("printf '");
        for byte in payload.bytes() {
            write!(script, "\\{byte:03o}").unwrap();
        }
        script.push_str("\\n'; ");
    }
    // Raw 8-bit C1 bytes and broken UTF-8, which no Rust string can hold.
    script.push_str("printf '\\233\\063\\061mEVIL raw c1\\n'; printf '\\377\\376EVIL broken utf-8\\n'; ");
    script
}
