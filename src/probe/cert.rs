//! When a certificate ends: as much of X.509 as that takes. Pure, and bounded by its input.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// `notAfter` of a certificate in DER.
pub(super) fn not_after(der: &[u8]) -> Option<Timestamp> {
    let (certificate, _) = expect(der, SEQUENCE)?;
    let (mut tbs, _) = expect(certificate, SEQUENCE)?;
    if tbs.first() == Some(&VERSION) {
        (_, tbs) = expect(tbs, VERSION)?;
    }
    // Serial number, signature algorithm, issuer; then the validity.
    (_, tbs) = expect(tbs, INTEGER)?;
    (_, tbs) = expect(tbs, SEQUENCE)?;
    (_, tbs) = expect(tbs, SEQUENCE)?;
    let (validity, _) = expect(tbs, SEQUENCE)?;
    let (_, _, rest) = element(validity)?;
    let (tag, text, _) = element(rest)?;
    time(tag, std::str::from_utf8(text).ok()?)
}

fn expect(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, inside, rest) = element(der)?;
    (found == tag).then_some((inside, rest))
}

/// Tag, content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, der) = der.split_first()?;
    let (&first, mut der) = der.split_first()?;
    let mut length = usize::from(first);
    if first & 0x80 != 0 {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let (bytes, rest) = der.split_at_checked(count)?;
        length = bytes.iter().fold(0, |n, &byte| n << 8 | usize::from(byte));
        der = rest;
    }
    let (inside, rest) = der.split_at_checked(length)?;
    Some((tag, inside, rest))
}

/// `YYMMDDHHMMSSZ`, `YYYYMMDDHHMMSSZ`.
fn time(tag: u8, text: &str) -> Option<Timestamp> {
    let digits = text.strip_suffix('Z')?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match (tag, digits.len()) {
        (UTC_TIME, 12) => {
            let (year, rest) = digits.split_at_checked(2)?;
            let year: i16 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        (GENERALIZED_TIME, 14) => {
            let (year, rest) = digits.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let part = |at: usize| rest.get(at..at + 2)?.parse::<i8>().ok();
    let at = DateTime::new(year, part(0)?, part(2)?, part(4)?, part(6)?, part(8)?, 0).ok()?;
    at.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn der(tag: u8, inside: &[u8]) -> Vec<u8> {
        assert!(inside.len() < 0x1_0000);
        let mut out = vec![tag, 0x82, (inside.len() >> 8) as u8, inside.len() as u8];
        out.extend(inside);
        out
    }

    fn certificate(version: bool, tag: u8, until: &str) -> Vec<u8> {
        let mut tbs = Vec::new();
        if version {
            tbs.extend(der(VERSION, &der(INTEGER, &[2])));
        }
        tbs.extend(der(INTEGER, &[7]));
        tbs.extend(der(SEQUENCE, b"algorithm"));
        tbs.extend(der(SEQUENCE, b"issuer"));
        tbs.extend(der(SEQUENCE, &[der(UTC_TIME, b"200101000000Z"), der(tag, until.as_bytes())].concat()));
        tbs.extend(der(SEQUENCE, b"subject and the rest"));
        der(SEQUENCE, &[der(SEQUENCE, &tbs), der(SEQUENCE, b"signature")].concat())
    }

    #[test]
    fn the_end_is_found_whatever_is_around_it() {
        for (version, tag, text, at) in [
            (true, UTC_TIME, "300102030405Z", "2030-01-02T03:04:05Z"),
            (false, UTC_TIME, "991231235959Z", "1999-12-31T23:59:59Z"),
            (true, GENERALIZED_TIME, "20510102030405Z", "2051-01-02T03:04:05Z"),
        ] {
            let found = not_after(&certificate(version, tag, text));
            assert_eq!(found, Some(at.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn garbage_has_no_end_and_does_no_harm() {
        let good = certificate(true, UTC_TIME, "300102030405Z");
        for cut in 0..good.len() {
            assert!(not_after(&good[..cut]).is_none(), "cut at {cut}");
            let mut flipped = good.clone();
            flipped[cut] ^= 0xff;
            let _ = not_after(&flipped);
        }
        for text in ["3001020304", "301302030405Z", "30010203040\u{e9}Z", "30+102030405Z"] {
            assert_eq!(not_after(&certificate(true, UTC_TIME, text)), None, "{text}");
        }
    }
}
