//! `--since` and `--until`: a point in time as people write it.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, civil};

use super::exit::CliError;

/// Read `text` as a point in time: an age (`10m`, `2h30m`, `1d`) before `now`, an RFC 3339 time, a
/// civil date or date and time in `zone` (`2026-05-01`, `2026-05-01T10:00`), a time of today
/// (`10:15`), or Unix seconds as `docker logs` takes them.
pub(super) fn parse(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, CliError> {
    let trimmed = text.trim();
    let at = timestamp(trimmed)
        .or_else(|| unix(trimmed))
        .or_else(|| civil_time(trimmed, now, zone))
        .or_else(|| age(trimmed, now, zone));
    at.ok_or_else(|| {
        CliError::usage(
            format!("{trimmed:?} is not a time"),
            "Write an age (10m, 2h30m, 1d), a time (10:15), a date (2026-05-01T10:00), RFC 3339 or Unix seconds.",
        )
    })
}

fn timestamp(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// Unix seconds, with an optional fraction. Short numbers are refused: `15` is a forgotten unit,
/// not a moment in 1970.
fn unix(text: &str) -> Option<Timestamp> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    if seconds.len() < 9 || !seconds.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos = if fraction.is_empty() { 0 } else { format!("{fraction:0<9.9}").parse().ok()? };
    Timestamp::new(seconds.parse().ok()?, nanos).ok()
}

fn civil_time(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let today = now.to_zoned(zone.clone()).date();
    let spelt = text.replacen(' ', "T", 1);
    let at = spelt
        .parse::<civil::DateTime>()
        .or_else(|_| spelt.parse::<civil::Date>().map(|d| d.at(0, 0, 0, 0)))
        .ok()
        // Only with a colon: a bare `15` is a forgotten unit, not three o'clock.
        .or_else(|| text.contains(':').then(|| spelt.parse().ok().map(|t| today.to_datetime(t)))?)?;
    at.to_zoned(zone.clone()).ok().map(|z| z.timestamp())
}

fn age(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let span: Span = text.strip_suffix(" ago").unwrap_or(text).parse().ok()?;
    let before = now.to_zoned(zone.clone()).checked_sub(span.abs()).ok()?;
    Some(before.timestamp())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn at(text: &str) -> String {
        let now = "2026-05-01T12:00:00Z".parse().unwrap();
        parse(text, now, &TimeZone::UTC).map_or_else(|e| e.to_string(), |t| t.to_string())
    }

    #[test]
    fn ages_dates_and_seconds() {
        for (text, want) in [
            ("10m", "2026-05-01T11:50:00Z"),
            ("2h30m", "2026-05-01T09:30:00Z"),
            ("90s ago", "2026-05-01T11:58:30Z"),
            ("1d", "2026-04-30T12:00:00Z"),
            ("2026-04-30", "2026-04-30T00:00:00Z"),
            ("2026-04-30 08:15", "2026-04-30T08:15:00Z"),
            ("08:15", "2026-05-01T08:15:00Z"),
            ("2026-04-30T10:00:00+02:00", "2026-04-30T08:00:00Z"),
            ("1777600800", "2026-05-01T02:00:00Z"),
            ("1777600800.5", "2026-05-01T02:00:00.5Z"),
        ] {
            assert_eq!(at(text), want, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "15", "soon", "10 bananas", "2026-13-01"] {
            assert!(at(text).contains("is not a time"), "{text}: {}", at(text));
        }
    }
}
