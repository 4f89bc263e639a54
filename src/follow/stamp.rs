//! The engine's time stamp in front of a line, read fast: once per line, a million lines.

const SECOND: i64 = 1_000_000_000;

/// Reads `2026-11-20T12:03:21.113456789Z ` (or with `+02:00`) at the start of `raw`: nanoseconds
/// since the Unix epoch, and how many bytes it took with the blank after it. `None` when `raw`
/// does not begin with one, or its year is out of range (1970–2261).
pub(super) fn stamp(raw: &[u8]) -> Option<(i64, usize)> {
    let [y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b'T', h1, h2, b':', mi1, mi2, b':', s1, s2, rest @ ..] =
        raw
    else {
        return None;
    };
    let year = two(*y1, *y2)? * 100 + two(*y3, *y4)?;
    let (month, day) = (two(*mo1, *mo2)?, two(*d1, *d2)?);
    let (hour, minute, second) = (two(*h1, *h2)?, two(*mi1, *mi2)?, two(*s1, *s2)?);
    if !(1970..=2261).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let mut nanos = 0;
    let mut rest = rest;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
        let mut unit = SECOND / 10;
        for digit in fraction.get(..digits.min(9))? {
            nanos += i64::from(digit - b'0') * unit;
            unit /= 10;
        }
        rest = fraction.get(digits..)?;
    }
    let offset = match rest {
        [b'Z', tail @ ..] => {
            rest = tail;
            0
        }
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2, tail @ ..] => {
            rest = tail;
            let seconds = two(*h1, *h2)? * 3600 + two(*m1, *m2)? * 60;
            if *sign == b'+' { seconds } else { -seconds }
        }
        _ => return None,
    };
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    let blank = usize::from(rest.first() == Some(&b' '));
    Some((seconds * SECOND + nanos, raw.len() - rest.len() + blank))
}

/// Two digits.
fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, 1970 or later. Years are counted
/// from March, so that the leap day is the last of its year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::stamp;
    use jiff::Timestamp;
    use proptest::prelude::*;

    #[test]
    fn reads_what_engines_write() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2024-02-29T23:59:59.999999999Z",
            "2026-11-20T12:03:21.113456789Z",
            "2000-03-01T00:00:00.5Z",
            "2023-06-01T10:00:00.123456789+02:00",
            "2023-01-01T00:30:00-05:30",
        ] {
            let want: Timestamp = text.parse().unwrap();
            let line = format!("{text} hello");
            let (ns, len) = stamp(line.as_bytes()).unwrap();
            assert_eq!(i128::from(ns), want.as_nanosecond(), "{text}");
            assert_eq!(&line[len..], "hello");
        }
        assert_eq!(stamp(b"2024-01-01T00:00:00Z").unwrap().1, 20, "an empty line may lack the blank");
        for wrong in
            ["", "hello", "2024-01-01 00:00:00Z x", "2024-13-01T00:00:00Z x", "2024-01-01T00:00:00 x"]
        {
            assert_eq!(stamp(wrong.as_bytes()), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_library(seconds in 0_i64..9_000_000_000, nanos in 0_i32..1_000_000_000) {
            let at = Timestamp::new(seconds, nanos).unwrap();
            let text = format!("{at} x");
            prop_assert_eq!(i128::from(stamp(text.as_bytes()).unwrap().0), at.as_nanosecond());
        }

        #[test]
        fn anything_is_taken(raw in "[0-9TZ:.+ -]{0,40}") {
            let _ = stamp(raw.as_bytes());
        }
    }
}
