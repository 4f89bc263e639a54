//! The reader of what services say of themselves: in pieces or whole, the same is read; a bad line
//! spoils nothing but itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quarterdeck::metrics::{Collector, Line, Reader, Tally, Wanted, parse};

/// Everything a text says, in words, and what it came to.
fn read(pieces: &[&[u8]]) -> (Vec<String>, Tally) {
    let mut said = Vec::new();
    let mut to = |line: Line<'_>| {
        said.push(match line {
            Line::Sample(sample) => {
                let labels: Vec<_> =
                    sample.labels.iter().map(|(name, value)| format!("{name}={}", value.text())).collect();
                // A number that is none is not even itself.
                format!("{} {labels:?} {:x}", sample.name, sample.value.to_bits())
            }
            line => format!("{line:?}"),
        });
    };
    let mut reader = Reader::default();
    for piece in pieces {
        reader.feed(piece, &mut to);
    }
    let tally = reader.end(true, &mut to);
    (said, tally)
}

fuzz_target!(|text: &[u8]| {
    let whole = read(&[text]);
    let lines = text.split(|&byte| byte == b'\n').count() as u64;
    assert!(whole.1.samples + whole.1.bad <= lines, "{:?} of {lines} lines", whole.1);
    assert!(whole.1.first_bad.is_none_or(|(line, _)| (1..=lines).contains(&line)), "{:?}", whole.1);

    // As it comes over a network.
    let size = usize::from(text.first().copied().unwrap_or(0) % 16) + 1;
    let pieces: Vec<&[u8]> = text.chunks(size).collect();
    assert_eq!(read(&pieces), whole, "in pieces of {size}");

    // A line that can't be read, before all others.
    let (said, tally) = read(&[b"!?\n", text]);
    assert_eq!((said, tally.bad, tally.samples), (whole.0, whole.1.bad + 1, whole.1.samples));

    // What is made of it.
    let wanted = Wanted::default();
    let mut collector = Collector::new(&wanted);
    parse(text, &mut collector);
    std::hint::black_box(collector.end());
});
