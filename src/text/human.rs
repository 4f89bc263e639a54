//! Figures for humans: bytes, rates, shares, ages, times. Fixed widths where columns need them.
//!
//! Rounded to what a glance can use (at most two significant figures below ten, whole numbers
//! above), so that a column does not flicker between `88.41M` and `88.39M`. The parsers read what
//! a person would write back.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use thiserror::Error;

const UNITS: [char; 7] = ['B', 'K', 'M', 'G', 'T', 'P', 'E'];

/// Bytes in at most five columns, binary units: `0B`, `512K`, `1.6G`, `88M`, `1023M`.
pub fn bytes(n: u64) -> String {
    let (value, unit) = scale(n as f64);
    if unit == 0 || value >= 9.95 {
        format!("{value:.0}{}", UNITS[unit])
    } else {
        format!("{value:.1}{}", UNITS[unit])
    }
}

/// Bytes as `docker stats` writes them: up to four significant figures, `88.5MiB`, `1.602GiB`.
pub fn bytes_long(n: u64) -> String {
    let (value, unit) = scale(n as f64);
    let decimals = match value {
        _ if unit == 0 => 0,
        v if v < 9.9995 => 3,
        v if v < 99.995 => 2,
        v if v < 999.95 => 1,
        _ => 0,
    };
    let mut text = format!("{value:.decimals$}");
    if decimals > 0 {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    text.push(UNITS[unit]);
    if unit > 0 {
        text.push_str("iB");
    }
    text
}

/// Bytes per second in at most seven columns: `0B/s`, `1.2M/s`. Below zero or not a number: `0B/s`.
pub fn rate(bytes_per_second: f32) -> String {
    format!("{}/s", bytes(f64::from(bytes_per_second.max(0.0)).round() as u64))
}

/// The figure and the index of its unit, chosen so that rounding never shows 1024 of a unit.
fn scale(n: f64) -> (f64, usize) {
    let (mut value, mut unit) = (n, 0);
    while value >= 1023.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    (value, unit)
}

/// A share of 1 as whole percent: `0%`, `71%`, `312%`. More than nothing is never `0%` but `<1%`.
pub fn percent(share: f32) -> String {
    let percent = share.max(0.0) * 100.0;
    if percent > 0.05 && percent < 0.5 { "<1%".into() } else { format!("{percent:.0}%") }
}

/// A share of 1 with one decimal below ten: `0.4%`, `9.9%`, `71%`.
pub fn percent_fine(share: f32) -> String {
    let percent = share.max(0.0) * 100.0;
    if percent < 9.95 { format!("{percent:.1}%") } else { format!("{percent:.0}%") }
}

/// A count in at most five columns, decimal units: `999`, `1.2k`, `88k`, `3.4M`.
pub fn count(n: u64) -> String {
    let (mut value, mut unit) = (n as f64, 0);
    while value >= 999.5 && unit < 6 {
        value /= 1000.0;
        unit += 1;
    }
    let suffix = ["", "k", "M", "G", "T", "P", "E"][unit];
    if unit == 0 || value >= 9.95 { format!("{value:.0}{suffix}") } else { format!("{value:.1}{suffix}") }
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;

/// An age or duration in at most four columns, rounded down: `42s`, `3m`, `2h`, `9d`, `3y`.
pub fn age(of: Duration) -> String {
    match of.as_secs() {
        s @ ..MINUTE => format!("{s}s"),
        s @ ..HOUR => format!("{}m", s / MINUTE),
        s @ ..DAY => format!("{}h", s / HOUR),
        s if s < 2 * YEAR => format!("{}d", s / DAY),
        s => format!("{}y", s / YEAR),
    }
}

/// The age at `now` of what happened at `then`; what lies in the future is `0s` old (clocks differ).
pub fn age_at(then: Timestamp, now: Timestamp) -> String {
    age(elapsed(then, now))
}

/// The time from `then` to `now`, never negative.
pub fn elapsed(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

/// A duration in words, two units at most: `0.8 s`, `42 s`, `3 min 5 s`, `2 h 14 min`, `9 d 3 h`.
pub fn duration(of: Duration) -> String {
    let two = |big: u64, unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{big} {unit}"),
        _ => format!("{big} {unit} {small} {small_unit}"),
    };
    match of.as_secs() {
        0 if of.is_zero() => "0 s".into(),
        0 if of.as_millis() < 100 => format!("{} ms", of.as_millis()),
        s @ ..10 if of.subsec_millis() >= 50 => {
            format!("{:.1} s", s as f32 + of.subsec_millis() as f32 / 1e3)
        }
        s @ ..MINUTE => format!("{s} s"),
        s @ ..HOUR => two(s / MINUTE, "min", s % MINUTE, "s"),
        s @ ..DAY => two(s / HOUR, "h", s % HOUR / MINUTE, "min"),
        s => two(s / DAY, "d", s % DAY / HOUR, "h"),
    }
}

/// How long an answer took, in at most five columns: `<1ms`, `31ms`, `812ms`, `1.2s`, `48s`, `3m`.
pub fn latency(of: Duration) -> String {
    match of.as_millis() {
        0 => "<1ms".to_owned(),
        ms @ ..1000 => format!("{ms}ms"),
        ms @ ..9950 => format!("{:.1}s", ms as f64 / 1e3),
        _ => age(of),
    }
}

/// A share as percent without its sign, in at most four columns: `0`, `<0.1`, `4.2`, `12`, `100`. What
/// is not all is not rounded to it, and what is not nothing not either.
pub fn hundredths(share: f64) -> String {
    match share * 100.0 {
        p if p <= 0.0 => "0".to_owned(),
        p if p < 0.1 => "<0.1".to_owned(),
        p if p < 9.95 => format!("{p:.1}"),
        p if p < 100.0 => format!("{:.0}", p.round().min(99.0)),
        _ => "100".to_owned(),
    }
}

/// Which parts of a time are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Clock {
    /// `12:03:21.113`
    #[default]
    Time,
    /// `2026-11-20 12:03:21.113`
    DateTime,
}

/// A time of day to the millisecond, in UTC or in this machine's zone.
pub fn clock(at: Timestamp, show: Clock, utc: bool) -> String {
    let zone = if utc { TimeZone::UTC } else { TimeZone::system() };
    let t = zone.to_datetime(at);
    let time = format!("{:02}:{:02}:{:02}.{:03}", t.hour(), t.minute(), t.second(), t.millisecond());
    match show {
        Clock::Time => time,
        Clock::DateTime => format!("{:04}-{:02}-{:02} {time}", t.year(), t.month(), t.day()),
    }
}

/// A [`clock`] for nanoseconds since the Unix epoch (as log lines carry); 0 or out of range is
/// empty.
pub fn clock_ns(at: i64, show: Clock, utc: bool) -> String {
    if at == 0 {
        return String::new();
    }
    Timestamp::from_nanosecond(at.into()).map_or_else(|_| String::new(), |at| clock(at, show, utc))
}

/// RFC 3339 in UTC to the millisecond: `2026-11-20T12:03:21.113Z`.
pub fn rfc3339(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// A figure that could not be read: what was written, and what is understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseError {
    /// Not a size.
    #[error("`{0}` is not a size: write bytes with a unit, as in 512K, 32MiB or 1.5G")]
    Bytes(String),
    /// Not a duration.
    #[error("`{0}` is not a duration: write a number with a unit, as in 30s, 10m, 2h or 1h30m")]
    Duration(String),
    /// Not a time.
    #[error(
        "`{0}` is not a time: write how long ago (10m, 2h30m), a date and time \
         (2026-11-20T12:00:00Z, 2026-11-20) or seconds since 1970"
    )]
    Time(String),
}

/// A size: a number, then nothing, `B`, or a unit (`K`, `KB`, `KiB`, …; all binary, as docker's).
///
/// # Errors
/// [`ParseError::Bytes`] for everything else, and what does not fit 64 bits.
pub fn parse_bytes(text: &str) -> Result<u64, ParseError> {
    let wrong = || ParseError::Bytes(text.chars().take(40).collect());
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
    let (number, unit) = lower.split_at(digits);
    let value: f64 = number.parse().map_err(|_| wrong())?;
    let power = match unit.trim_start() {
        "" | "b" => 0,
        unit => {
            let (first, rest) = unit.split_at_checked(1).ok_or_else(wrong)?;
            if !matches!(rest, "" | "b" | "ib") {
                return Err(wrong());
            }
            UNITS.iter().position(|u| first.starts_with(u.to_ascii_lowercase())).ok_or_else(wrong)?
        }
    };
    let value = value * 1024_f64.powf(power as f64);
    if value < u64::MAX as f64 { Ok(value.round() as u64) } else { Err(wrong()) }
}

/// A duration: `30s`, `10m`, `1h30m`, `2d`, `500ms`; a bare number is seconds.
///
/// # Errors
/// [`ParseError::Duration`] for everything else.
pub fn parse_duration(text: &str) -> Result<Duration, ParseError> {
    let wrong = || ParseError::Duration(text.chars().take(40).collect());
    let mut rest = text.trim();
    let mut seconds = 0.0_f64;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let factor = match unit {
            "ms" => 0.001,
            "s" | "sec" => 1.0,
            "m" | "min" => MINUTE as f64,
            "h" => HOUR as f64,
            "d" => DAY as f64,
            "w" => 7.0 * DAY as f64,
            // A bare number, and only when it is all there is.
            "" if tail.is_empty() && seconds == 0.0 => 1.0,
            _ => return Err(wrong()),
        };
        seconds += number.parse::<f64>().map_err(|_| wrong())? * factor;
        rest = tail.trim_start();
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

/// A point in time, as `docker logs --since` takes it: a duration before `now`, RFC 3339, a date
/// with or without a time (in this machine's zone), or seconds since 1970 (with decimals).
///
/// # Errors
/// [`ParseError::Time`] for everything else.
pub fn parse_since(text: &str, now: Timestamp) -> Result<Timestamp, ParseError> {
    let wrong = || ParseError::Time(text.chars().take(40).collect());
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    // Digits only are a moment, not a duration: nobody means "1763640000 seconds ago".
    if text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || c == '.')
        && let Ok(seconds) = text.parse::<f64>()
    {
        return Timestamp::from_nanosecond((seconds * 1e9) as i128).map_err(|_| wrong());
    }
    if let Ok(ago) = parse_duration(text) {
        return now.checked_sub(ago).map_err(|_| wrong());
    }
    let local = text
        .parse::<jiff::civil::DateTime>()
        .or_else(|_| text.parse::<jiff::civil::Date>().map(|d| d.at(0, 0, 0, 0)))
        .map_err(|_| wrong())?;
    local.to_zoned(TimeZone::system()).map(|z| z.timestamp()).map_err(|_| wrong())
}

/// `a, b and c`; more than `max` are counted: `a, b and 7 more`.
pub fn list(names: &[String], max: usize) -> String {
    let shown = if names.len() > max { max.saturating_sub(1).max(1) } else { names.len() };
    let head = names.iter().take(shown).cloned().collect::<Vec<_>>();
    let rest = names.len() - shown;
    if rest > 0 {
        return format!("{} and {rest} more", head.join(", "));
    }
    match head.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const K: u64 = 1024;

    #[test]
    fn bytes_fit_their_column() {
        for (n, want) in [
            (0, "0B"),
            (1, "1B"),
            (1023, "1023B"),
            (1024, "1.0K"),
            (512 * K, "512K"),
            (88 * K * K, "88M"),
            (1_717_986_918, "1.6G"),
            (10 * K * K - 1, "10M"),
            (K * K - 1, "1.0M"),
            (1023 * K * K, "1023M"),
            (u64::MAX, "16E"),
        ] {
            assert_eq!(bytes(n), want);
        }
        for (n, want) in
            [(0, "0B"), (92_800_000, "88.5MiB"), (2 * K * K * K, "2GiB"), (1_720_000_000, "1.602GiB")]
        {
            assert_eq!(bytes_long(n), want);
        }
        assert_eq!(rate(1_258_291.2), "1.2M/s");
        assert_eq!(rate(f32::NAN), "0B/s");
    }

    #[test]
    fn shares_and_counts() {
        assert_eq!((percent(0.0), percent(0.002), percent(0.714)), ("0%".into(), "<1%".into(), "71%".into()));
        assert_eq!((percent_fine(0.004), percent_fine(0.0996)), ("0.4%".into(), "10%".into()));
        assert_eq!((count(999), count(1200), count(999_999)), ("999".into(), "1.2k".into(), "1.0M".into()));
    }

    #[test]
    fn ages_and_durations() {
        let s = Duration::from_secs;
        for (of, short, long) in [
            (s(0), "0s", "0 s"),
            (Duration::from_millis(42), "0s", "42 ms"),
            (Duration::from_millis(2100), "2s", "2.1 s"),
            (s(42), "42s", "42 s"),
            (s(185), "3m", "3 min 5 s"),
            (s(2 * HOUR), "2h", "2 h"),
            (s(9 * DAY + 3 * HOUR), "9d", "9 d 3 h"),
            (s(800 * DAY), "2y", "800 d"),
        ] {
            assert_eq!((age(of), duration(of)), (short.into(), long.into()));
        }
        let at = Timestamp::from_second(1_000).unwrap();
        assert_eq!(age_at(at, Timestamp::from_second(900).unwrap()), "0s", "clocks differ");
    }

    #[test]
    fn times() {
        let at: Timestamp = "2026-11-20T12:03:21.113456Z".parse().unwrap();
        assert_eq!(clock(at, Clock::Time, true), "12:03:21.113");
        assert_eq!(clock(at, Clock::DateTime, true), "2026-11-20 12:03:21.113");
        assert_eq!(clock_ns(at.as_nanosecond() as i64, Clock::Time, true), "12:03:21.113");
        assert_eq!(clock_ns(0, Clock::Time, true), "");
        assert_eq!(rfc3339(at), "2026-11-20T12:03:21.113Z");
    }

    #[test]
    fn sizes_are_read() {
        for (text, n) in [
            ("0", 0),
            ("100", 100),
            ("32MiB", 32 * K * K),
            ("32M", 32 * K * K),
            ("32 mb", 32 * K * K),
            ("1.5g", 1_610_612_736),
            ("512k", 512 * K),
            ("7b", 7),
        ] {
            assert_eq!(parse_bytes(text), Ok(n), "{text}");
        }
        for text in ["", "x", "-1", "1q", "1kk", "1kib2", "99999999E", "1 é", "1..2"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_and_times_are_read() {
        for (text, ms) in
            [("30s", 30_000), ("1h30m", 5_400_000), ("500ms", 500), ("90", 90_000), ("1.5s", 1500)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "s", "10x", "1h 5", "-3s", "5 5", "99999999999999999999d", "1m.", "ü"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        for (text, want) in [
            ("10m", "2026-11-20T11:50:00Z"),
            ("2026-11-20T11:00:00+01:00", "2026-11-20T10:00:00Z"),
            ("1763640000", "2025-11-20T12:00:00Z"),
            ("1763640000.5", "2025-11-20T12:00:00.5Z"),
        ] {
            assert_eq!(parse_since(text, now).unwrap(), want.parse().unwrap(), "{text}");
        }
        assert!(parse_since("2026-11-20", now).is_ok());
        for text in ["", "yesterday", "-5m", "1e400", "99999999999999999999"] {
            assert!(parse_since(text, now).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn columns_never_overflow(n: u64, secs: u32, share in 0_f32..99.0) {
            prop_assert!(bytes(n).len() <= 5);
            prop_assert!(count(n).len() <= 5);
            prop_assert!(age(Duration::from_secs(secs.into())).len() <= 4);
            prop_assert!(percent(share).len() <= 5);
        }

        #[test]
        fn parsers_take_anything(text in "\\PC{0,20}") {
            let _ = parse_bytes(&text);
            let _ = parse_duration(&text);
            let _ = parse_since(&text, Timestamp::UNIX_EPOCH);
        }
    }

    #[test]
    fn answers_take_so_long() {
        let ms = |n| latency(Duration::from_millis(n));
        assert_eq!(latency(Duration::from_micros(400)), "<1ms");
        assert_eq!((ms(31), ms(999), ms(1000)), ("31ms".into(), "999ms".into(), "1.0s".into()));
        assert_eq!((ms(9_949), ms(9_950), ms(75_000)), ("9.9s".into(), "9s".into(), "1m".into()));
    }

    #[test]
    fn shares_that_are_not_all_or_nothing_do_not_look_it() {
        let of = [0.0, -1.0, 0.0004, 0.042, 0.0995, 0.119, 0.9999, 1.0, 3.0];
        assert_eq!(of.map(hundredths), ["0", "0", "<0.1", "4.2", "10", "12", "99", "100", "100"]);
    }
}
