//! A command in the replica: exit code 0 passes.

use crate::engine::EngineError;
use crate::fleet::ReplicaId;
use crate::probe::attempt::{Outcome, Tools};
use crate::probe::target::Target;
use crate::probe::words;

pub(super) async fn run(tools: &Tools, target: &Target, argv: &[String]) -> Outcome {
    let Some(replica): Option<&ReplicaId> = target.replica.as_ref() else {
        return Outcome::Unknown("there is no replica to run it in".into());
    };
    match tools.engine.exec(replica, argv, target.pace.timeout).await {
        Ok(output) if output.code == 0 => Outcome::Passed,
        Ok(output) => {
            let said = [&output.stderr, &output.stdout].into_iter().find_map(|said| words::last_line(said));
            match said {
                Some(line) => words::fail(format!("exit {}: {line}", output.code)),
                None => words::fail(format!("exit {}", output.code)),
            }
        }
        Err(EngineError::Overran { .. }) => words::silent(target.pace.timeout),
        Err(error @ EngineError::Unsupported { .. }) => words::fail(error.to_string()),
        // The engine, or the replica, is not there to be asked: they show that themselves.
        Err(error) => Outcome::Unknown(error.to_string().into()),
    }
}
