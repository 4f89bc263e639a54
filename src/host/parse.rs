//! The few numbers wanted from the kernel's text files, without allocating.

/// A file that is one number.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii();
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits != text.len() {
        return None;
    }
    text.iter().try_fold(0_u64, |n, digit| n.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
}

/// The value of `key` in a file of `key value` lines.
pub(super) fn value(text: &[u8], key: &[u8]) -> Option<u64> {
    lines(text).find_map(|line| number(line.strip_prefix(key)?.strip_prefix(b" ")?))
}

/// Lines of a text, without their ends.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let (line, tail) = rest.split_at_checked(end)?;
        rest = tail.get(1..).unwrap_or_default();
        Some(line)
    })
}

/// Blank-separated words of a line.
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// Bytes (read, written) of all devices, from a v2 `io.stat`. An empty file is 0: nothing was
/// read or written yet.
pub(super) fn io_v2(text: &[u8]) -> (u64, u64) {
    let mut sum = (0_u64, 0_u64);
    for word in lines(text).flat_map(words) {
        if let Some(bytes) = word.strip_prefix(b"rbytes=").and_then(number) {
            sum.0 = sum.0.saturating_add(bytes);
        } else if let Some(bytes) = word.strip_prefix(b"wbytes=").and_then(number) {
            sum.1 = sum.1.saturating_add(bytes);
        }
    }
    sum
}

/// Bytes (read, written) of all devices, from a v1 `io_service_bytes` (`8:0 Read 4096`).
pub(super) fn io_v1(text: &[u8]) -> (u64, u64) {
    let mut sum = (0_u64, 0_u64);
    for line in lines(text) {
        let mut words = words(line).skip(1);
        let (Some(kind), Some(bytes)) = (words.next(), words.next().and_then(number)) else { continue };
        match kind {
            b"Read" => sum.0 = sum.0.saturating_add(bytes),
            b"Write" => sum.1 = sum.1.saturating_add(bytes),
            _ => {}
        }
    }
    sum
}

/// Bytes (received, sent) on all interfaces but loopback, from a `net/dev`; `None` when there is
/// only loopback.
pub(super) fn net_dev(text: &[u8]) -> Option<(u64, u64)> {
    let mut sum: Option<(u64, u64)> = None;
    for line in lines(text).skip(2) {
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let (Some(name), Some(figures)) = (line.get(..colon), line.get(colon + 1..)) else { continue };
        if name.trim_ascii() == b"lo" {
            continue;
        }
        let mut figures = words(figures).map(number);
        let (Some(Some(received)), Some(Some(sent))) = (figures.next(), figures.nth(7)) else { continue };
        let (rx, tx) = sum.unwrap_or_default();
        sum = Some((rx.saturating_add(received), tx.saturating_add(sent)));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_whole_or_nothing() {
        assert_eq!(number(b"42\n"), Some(42));
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        for bad in [&b""[..], b"max\n", b"-1", b"4 2", b"18446744073709551616"] {
            assert_eq!(number(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_key_is_matched_whole() {
        let stat = b"total_inactive_file_x 1\ninactive_file 2\ntotal_inactive_file 3\n";
        assert_eq!(value(stat, b"inactive_file"), Some(2));
        assert_eq!(value(stat, b"total_inactive_file"), Some(3));
        assert_eq!(value(stat, b"cache"), None);
    }

    #[test]
    fn devices_are_summed() {
        let v2 = b"8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n252:0 rbytes=1 wbytes=2 rios=1\n";
        assert_eq!(io_v2(v2), (11, 22));
        assert_eq!(io_v2(b""), (0, 0));
        let v1 = b"8:0 Read 10\n8:0 Write 20\n8:0 Sync 30\n8:0 Total 30\n252:0 Read 1\nTotal 31\n";
        assert_eq!(io_v1(v1), (11, 20));
        assert_eq!(io_v1(b"Total 0\n"), (0, 0));
    }

    #[test]
    fn loopback_is_no_network() {
        let head = "Inter-|   Receive  |  Transmit\n face |bytes packets errs drop fifo frame\n";
        let lo = "    lo: 999 1 0 0 0 0 0 0 999 1 0 0 0 0 0 0\n";
        let eth = "  eth0:1000 1 0 0 0 0 0 0 2000 1 0 0 0 0 0 0\n";
        assert_eq!(net_dev(format!("{head}{lo}").as_bytes()), None);
        assert_eq!(net_dev(format!("{head}{lo}{eth}").as_bytes()), Some((1000, 2000)));
        assert_eq!(net_dev(b"garbage"), None);
    }

    proptest::proptest! {
        /// What the kernel writes is not ours to trust: cut short or strange, it must not panic.
        #[test]
        fn anything_is_survived(text in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            number(&text);
            value(&text, b"key");
            io_v1(&text);
            io_v2(&text);
            net_dev(&text);
        }

        #[test]
        fn what_is_written_is_read(rx in proptest::num::u64::ANY, tx in proptest::num::u64::ANY) {
            let text = format!("head\nhead\n eth0: {rx} 2 3 4 5 6 7 8 {tx} 2 3\n");
            proptest::prop_assert_eq!(net_dev(text.as_bytes()), Some((rx, tx)));
            let text = format!("8:0 rbytes={rx} wbytes={tx}\n");
            proptest::prop_assert_eq!(io_v2(text.as_bytes()), (rx, tx));
        }
    }
}
