//! `qd doctor`: what qd sees, whether that is well, and what to do where it is not.
//!
//! Every check is a sentence with a verdict; a warning costs a feature, a failure costs the main
//! job. Checks never change anything but the state directory they would write in anyway.

mod checks;
mod engine;

use schemars::JsonSchema;
use serde::Serialize;

use super::args::{DoctorArgs, TextOrJson};
use super::exit::{CliError, Exit};
use super::json;
use super::setup::Setup;
use crate::config::Role;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// As it should be.
    Ok,
    /// Something does not work, or not as well.
    Warn,
    /// The main job does not work.
    Fail,
}

/// One check.
#[derive(Debug, Serialize, JsonSchema)]
struct Check {
    /// What was looked at: `engine`, `usage`, `terminal`, …
    name: &'static str,
    /// How it went.
    verdict: Verdict,
    /// What was seen, one sentence.
    seen: String,
    /// What to do about it; empty when all is well.
    remedy: String,
}

impl Check {
    fn ok(name: &'static str, seen: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Ok, seen: seen.into(), remedy: String::new() }
    }

    fn warn(name: &'static str, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Warn, seen: seen.into(), remedy: remedy.into() }
    }

    fn fail(name: &'static str, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Fail, seen: seen.into(), remedy: remedy.into() }
    }
}

/// What `qd doctor -o json` prints.
#[derive(Debug, Serialize, JsonSchema)]
struct DoctorJson {
    /// The version of this schema.
    schema: u32,
    /// quarterdeck's version.
    version: &'static str,
    /// The worst verdict.
    verdict: Verdict,
    /// The checks, in the order they were made.
    checks: Vec<Check>,
}

/// The JSON schema of [`DoctorJson`].
pub(super) fn schema() -> schemars::Schema {
    schemars::schema_for!(DoctorJson)
}

/// Look at everything. 0 when the main job works, 3 when the engine can't be reached, 1 when
/// something else fails.
pub(super) async fn run(
    setup: Result<Setup, CliError>,
    fallback: Setup,
    args: &DoctorArgs,
) -> Result<Exit, CliError> {
    let mut checks = vec![checks::binary()];
    let (setup, broken) = match setup {
        Ok(setup) => (setup, None),
        Err(error) => (fallback, Some(error)),
    };
    let engine = engine::checks(&setup, &mut checks).await;
    checks::all(&setup, broken.as_ref(), &mut checks);
    let worst = checks.iter().map(|c| c.verdict).max_by_key(|v| *v as u8).unwrap_or(Verdict::Ok);
    let mut out = setup.plain_out();
    match args.output {
        TextOrJson::Json => {
            let json = DoctorJson { schema: 1, version: env!("CARGO_PKG_VERSION"), verdict: worst, checks };
            json::pretty(&mut out, &json)?;
        }
        TextOrJson::Text => {
            let width = checks.iter().map(|c| c.name.len()).max().unwrap_or(0);
            for check in &checks {
                let (word, role) = match check.verdict {
                    Verdict::Ok => ("ok  ", Role::Ok),
                    Verdict::Warn => ("warn", Role::Warn),
                    Verdict::Fail => ("FAIL", Role::Bad),
                };
                let word = out.paint.text(role, word);
                let mut lines = check.seen.lines();
                out.line(&format!("{word}  {:<width$}  {}", check.name, lines.next().unwrap_or("")))?;
                for line in lines.chain(check.remedy.lines().map(str::trim)) {
                    out.line(&format!("{:width$}        {line}", ""))?;
                }
            }
        }
    }
    out.flush()?;
    Ok(match (engine, worst) {
        (exit @ (Exit::Unreachable | Exit::Usage), _) => exit,
        (_, Verdict::Fail) => Exit::Failed,
        _ => Exit::Done,
    })
}
