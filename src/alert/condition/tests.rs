#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Condition, Slip> {
    Condition::read(text, Duration::from_mins(10))
}

fn names(text: &str) -> Vec<String> {
    read(text).unwrap().metrics().iter().map(|metric| metric.name().to_owned()).collect()
}

/// (where, what) of the mistake.
fn slip(text: &str) -> (usize, String) {
    let slip = read(text).unwrap_err();
    assert!(!slip.remedy.is_empty(), "{text}");
    (slip.at, slip.what)
}

#[test]
fn conditions_operators_write_are_read() {
    for (text, metrics) in [
        ("error_rate > 5%", vec!["error_rate"]),
        ("p95_response_time > 1s", vec!["p95_response_time"]),
        ("health_check_failed", vec!["health_check_failed"]),
        ("cpu >= 70 % or memory>80%", vec!["cpu", "memory"]),
        (
            "error_rate > 0.1% and (request_rate > 1 or not health_check_failed)",
            vec!["error_rate", "request_rate", "health_check_failed"],
        ),
        ("replicas < desired", vec!["replicas", "desired"]),
        ("memory > 512MiB", vec!["memory_bytes"]),
        ("memory_bytes / memory_limit > 80%", vec!["memory_bytes", "memory_limit"]),
        ("disk_free < 5 GiB && disk > 90%", vec!["disk_free", "disk"]),
        ("certificate_expiry < 14d", vec!["certificate_expiry"]),
        ("p99_response_time > 1m30s", vec!["p99_response_time"]),
        ("pg_connections / pg_max_connections > 80%", vec!["pg_connections", "pg_max_connections"]),
        ("\"memry\" > 3 and kafka.lag > 1e4", vec!["memry", "kafka.lag"]),
        ("CPU_USE > 3 AND cpu > 3%", vec!["CPU_USE", "cpu"]),
    ] {
        assert_eq!(names(text), metrics, "{text}");
    }
    assert_eq!(read(" error_rate   >  5% ").unwrap().text(), "error_rate > 5%");
}

#[test]
fn what_is_about_the_host_alone_is_the_hosts() {
    assert_eq!(read("disk > 90% or engine_lost").unwrap().of(), Of::Host);
    assert_eq!(read("disk > 90% and cpu > 10%").unwrap().of(), Of::Service);
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (text, at, what) in [
        ("", 0, "empty"),
        ("eror_rate > 5%", 0, "there is no metric `eror_rate` (did you mean `error_rate`?)"),
        ("cpu > 5% and p95_respones_time > 1s", 13, "did you mean `p95_response_time`?"),
        ("error_rate > 5x", 14, "`x` is no unit"),
        ("error_rate > 5mib", 14, "did you mean `MiB`?"),
        ("error_rate > 5", 13, "more than all of it"),
        ("p95_response_time > 5", 20, "has no unit"),
        ("p95_response_time > 5%", 20, "is a time, `5%` is a share"),
        ("error_rate > 1s", 13, "is a share in %, `1s` is a time"),
        ("error_rate / 0 > 5%", 13, "divides by zero"),
        ("error_rate", 0, "a number is no condition"),
        ("health_check_failed > 1", 0, "yes or no"),
        ("1 > 0", 0, "names no metric"),
        ("cpu > 5% cpu", 9, "operator is missing"),
        ("cpu > 1% > 2%", 9, "comparison of a comparison"),
        ("(cpu > 1%", 0, "never closed"),
        ("cpu > 1%)", 8, "never opened"),
        ("cpu >", 5, "ends too early"),
        ("cpu > and", 6, "missing here"),
        ("cpu > 1% and", 12, "ends too early"),
        ("cpu ~ 1%", 4, "means nothing"),
        ("\"x > 1", 0, "never closed"),
        ("cpu > 1.2.3%", 6, "no number"),
    ] {
        let (place, said) = slip(text);
        assert!(said.contains(what) && place == at, "{text}: {place}: {said}");
    }
}

#[test]
fn no_text_is_too_deep_or_too_long() {
    for text in ["(".repeat(4000), "not ".repeat(1000), "-".repeat(4000), "x".repeat(5000), "9".repeat(400)] {
        read(&text).unwrap_err();
    }
    let long = vec!["cpu > 1%"; 300].join(" and ");
    assert_eq!(read(&long).unwrap().metrics().len(), 1);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_with_a_place_in_it(text in "[ a-z_0-9.%<>=!&|()+*/'\"-]{0,60}|\\PC{0,40}") {
        if let Err(slip) = read(&text) {
            prop_assert!(text.is_char_boundary(slip.at), "{slip:?}");
            prop_assert!(!slip.what.is_empty() && !slip.remedy.is_empty());
        }
    }

    #[test]
    fn what_is_read_reads_the_same_again(
        metric in prop::sample::select(vec!["cpu", "error_rate", "availability"]),
        sign in prop::sample::select(vec![">", ">=", "<", "<=", "==", "!="]),
        percent in 0_u32..=100,
        joined in prop::sample::select(vec!["and", "or"]),
    ) {
        let text = format!("({metric}  {sign} {percent}%)  {joined} not health_check_failed");
        let first = read(&text).unwrap();
        prop_assert_eq!(&read(first.text()).unwrap(), &first);
    }
}
