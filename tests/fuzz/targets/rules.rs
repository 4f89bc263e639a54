//! The reader of alert rules: a file may say anything; every mistake lies in it and has a remedy,
//! and what was understood is understood again.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use quarterdeck::alert::{Condition, parse};

fuzz_target!(|text: &str| {
    // YAML ends a line at a lone carriage return, too.
    let lines = text.matches(['\n', '\r']).count() + 1;
    let parsed = parse("rules.yml", text);
    for mistake in &parsed.mistakes {
        assert!(mistake.line <= lines, "{mistake:?} is not in these {lines} lines");
        assert!(!mistake.what.is_empty() && !mistake.remedy.is_empty(), "{mistake:?}");
        assert!(!mistake.what.contains(char::is_control), "{mistake:?}");
    }
    for rule in &parsed.rules {
        assert!(!rule.name.contains(char::is_control), "{:?}", rule.name);
        let said = rule.condition.text();
        let again = Condition::read(said, Duration::from_mins(10));
        let again = again.unwrap_or_else(|slip| panic!("{said:?} was a condition: {slip:?}"));
        assert_eq!(again.metrics().len(), rule.condition.metrics().len(), "{said:?}");
    }

    // Every text is tried as a condition, too: most never get so deep in a file.
    if let Ok(condition) = Condition::read(text, Duration::from_mins(10)) {
        let said = condition.text();
        let again = Condition::read(said, Duration::from_mins(10));
        assert!(again.is_ok_and(|again| again.metrics() == condition.metrics()), "{said:?} of {text:?}");
    }
});
