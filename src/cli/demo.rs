//! `qd demo` and `--demo`: which simulated fleet is asked for.

mod past;

use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

use super::exit::CliError;
use crate::engine::Engine;
use crate::engine::demo::{Demo, DemoOptions, Platform, UnknownPlatform};

pub(super) use past::journal;

/// `PLATFORM[,services=N][,seed=N]`, all parts optional.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DemoSpec {
    /// One of the platforms; `None` = the engine's default.
    pub platform: Option<String>,
    /// Grow the fleet to this many services.
    pub services: Option<u32>,
    /// The seed of its life.
    pub seed: Option<u64>,
}

/// A `--demo` that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DemoSpecError {
    /// A number was expected.
    #[error("{key} takes a number, not {value:?}")]
    Number {
        /// `services` or `seed`.
        key: String,
        /// What was there.
        value: String,
    },
    /// No such part.
    #[error("{0:?} is not known here: write PLATFORM[,services=N][,seed=N]")]
    Unknown(String),
}

impl FromStr for DemoSpec {
    type Err = DemoSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut spec = Self::default();
        for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            match part.split_once('=') {
                None if spec.platform.is_none() => spec.platform = Some(part.to_owned()),
                Some((key @ "services", value)) => spec.services = Some(number(key, value)?),
                Some((key @ "seed", value)) => spec.seed = Some(number(key, value)?),
                Some(("platform", value)) => spec.platform = Some(value.to_owned()),
                _ => return Err(DemoSpecError::Unknown(part.to_owned())),
            }
        }
        Ok(spec)
    }
}

fn number<N: FromStr>(key: &str, value: &str) -> Result<N, DemoSpecError> {
    value.parse().map_err(|_| DemoSpecError::Number { key: key.to_owned(), value: value.to_owned() })
}

/// The fleet that is asked for.
pub(super) fn open(spec: &DemoSpec) -> Result<Arc<dyn Engine>, CliError> {
    Ok(Arc::new(Demo::new(options(spec)?)))
}

fn options(spec: &DemoSpec) -> Result<DemoOptions, CliError> {
    let platform = match &spec.platform {
        Some(name) => name.parse().map_err(|e: UnknownPlatform| {
            CliError::usage(e.to_string(), "Example: qd demo --platform payments")
        })?,
        None => Platform::default(),
    };
    let services = spec.services.map(|n| n as usize);
    Ok(DemoOptions { platform, services, seed: spec.seed.unwrap_or_default() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn parts_in_any_order() {
        let spec: DemoSpec = "seed=3,payments,services=40".parse().unwrap();
        assert_eq!(spec, DemoSpec { platform: Some("payments".into()), services: Some(40), seed: Some(3) });
        assert_eq!("".parse::<DemoSpec>().unwrap(), DemoSpec::default());
    }

    #[test]
    fn typos_are_named() {
        assert_eq!("sed=3".parse::<DemoSpec>(), Err(DemoSpecError::Unknown("sed=3".into())));
        assert!(matches!("seed=x".parse::<DemoSpec>(), Err(DemoSpecError::Number { .. })));
        assert!("a,b".parse::<DemoSpec>().is_err());
    }
}
