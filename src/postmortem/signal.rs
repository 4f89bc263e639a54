//! Signals by number and name, and what they mean for whoever dies of them. Pure.

/// Names of the signals that end processes, by their numbers on Linux.
const NAMES: [(i64, &str); 20] = [
    (1, "SIGHUP"),
    (2, "SIGINT"),
    (3, "SIGQUIT"),
    (4, "SIGILL"),
    (5, "SIGTRAP"),
    (6, "SIGABRT"),
    (7, "SIGBUS"),
    (8, "SIGFPE"),
    (9, "SIGKILL"),
    (10, "SIGUSR1"),
    (11, "SIGSEGV"),
    (12, "SIGUSR2"),
    (13, "SIGPIPE"),
    (14, "SIGALRM"),
    (15, "SIGTERM"),
    (24, "SIGXCPU"),
    (25, "SIGXFSZ"),
    (26, "SIGVTALRM"),
    (29, "SIGIO"),
    (31, "SIGSYS"),
];

/// The signal an exit code stands for.
pub(super) fn of_exit(code: i64) -> Option<i64> {
    let number = code.checked_sub(128)?;
    NAMES.iter().any(|(known, _)| *known == number).then_some(number)
}

/// Its name.
pub(super) fn of_number(number: i64) -> &'static str {
    NAMES.iter().find(|(known, _)| *known == number).map_or("a signal", |(_, name)| name)
}

/// The number of what an engine calls a signal: `9`, `KILL`, `SIGKILL`.
pub(super) fn number(word: &str) -> Option<i64> {
    let bare = word.strip_prefix("SIG").unwrap_or(word);
    word.parse().ok().or_else(|| {
        NAMES.iter().find(|(_, name)| name.strip_prefix("SIG") == Some(bare)).map(|(number, _)| *number)
    })
}

/// Its name, of whatever an engine calls it.
pub(super) fn name(word: &str) -> &str {
    let known = number(word).and_then(|number| NAMES.iter().find(|(known, _)| *known == number));
    known.map_or(word, |(_, name)| name)
}

/// Whether it is a wish to end, and no emergency.
pub(super) fn asks_to_end(word: &str) -> bool {
    matches!(number(word), Some(2 | 3 | 15))
}

/// What a program did that dies of it; `None`: somebody else sent it.
pub(super) fn meaning(number: i64) -> Option<&'static str> {
    Some(match number {
        4 => "an illegal instruction; is the image built for this processor?",
        5 => "a trap",
        6 => "it aborted itself",
        7 => "a bus error",
        8 => "an arithmetic error",
        11 => "a segmentation fault",
        13 => "it wrote to a broken pipe",
        24 => "it used up its CPU time limit",
        25 => "it wrote more than its file size limit",
        31 => "a forbidden system call",
        _ => return None,
    })
}
