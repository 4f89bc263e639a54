//! The platforms, as data: which services, on which ports, with which fate.

mod cloud_pos;
mod generate;
mod group_buying;
mod payments;
mod program;
mod release;
mod retail_pos;
mod spec;
mod storefront;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

pub(super) use program::Program;
pub(super) use release::{Release, Temper, in_full, split};
pub(super) use spec::{Check, Fate, Last, Spec};

/// A simulated platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Platform {
    /// A polyglot shop on Compose, with a port given twice.
    Storefront,
    /// Sixteen Node services, one of them in a crash loop.
    #[default]
    GroupBuying,
    /// Lone containers run from `:latest`.
    RetailPos,
    /// Eight services with metrics, one scaled to three.
    CloudPos,
    /// One API with real health checks and limits.
    Payments,
}

/// A platform's name that is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no platform {name:?}: choose storefront, group-buying, retail-pos, cloud-pos or payments")]
pub struct UnknownPlatform {
    /// What was asked for.
    pub name: String,
}

impl Platform {
    /// All platforms, in the guides' order.
    pub const ALL: [Self; 5] =
        [Self::Storefront, Self::GroupBuying, Self::RetailPos, Self::CloudPos, Self::Payments];

    /// Its name, as the command line takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Storefront => storefront::PROJECT,
            Self::GroupBuying => group_buying::PROJECT,
            Self::RetailPos => "retail-pos",
            Self::CloudPos => "cloud-pos",
            Self::Payments => payments::PROJECT,
        }
    }

    /// One line about it, for help.
    pub fn about(self) -> &'static str {
        match self {
            Self::Storefront => "a polyglot shop on Compose, one host port given to two services",
            Self::GroupBuying => "sixteen Node services behind nginx, one of them in a crash loop",
            Self::RetailPos => "lone containers run from :latest, no compose project",
            Self::CloudPos => "eight services with Prometheus and Grafana, one scaled to three",
            Self::Payments => "one API with health checks, limits and fixed container names",
        }
    }

    /// Which service a colleague deploys in the first minute, and the tag of the release that does
    /// not get healthy.
    pub(in crate::engine::demo) fn deployed_badly(self) -> (&'static str, &'static str) {
        match self {
            Self::Storefront => ("user-service", "3.2.0"),
            Self::GroupBuying => ("wallet-service", "2.1.0"),
            Self::RetailPos => ("pos-api", "next"),
            Self::CloudPos => ("auth-service", "1.13.0"),
            Self::Payments => ("api", "1.1.0"),
        }
    }

    /// Which service was deployed yesterday.
    pub(in crate::engine::demo) fn deployed_yesterday(self) -> &'static str {
        match self {
            Self::Storefront => "admin-web",
            Self::GroupBuying => "product-service",
            Self::RetailPos => "mongodb",
            Self::CloudPos => "customer-service",
            Self::Payments => "nginx",
        }
    }

    /// Its services as its guide has them; with `count`, cut or filled up to so many services.
    pub(super) fn services(self, count: Option<usize>, seed: u64) -> Vec<Spec> {
        let (mut specs, project) = match self {
            Self::Storefront => (storefront::services(), Some(storefront::PROJECT)),
            Self::GroupBuying => (group_buying::services(), Some(group_buying::PROJECT)),
            Self::RetailPos => (retail_pos::services(), None),
            Self::CloudPos => (cloud_pos::services(), Some(cloud_pos::PROJECT)),
            Self::Payments => (payments::services(), Some(payments::PROJECT)),
        };
        let project: Option<Arc<str>> = project.map(Into::into);
        for spec in &mut specs {
            spec.project.clone_from(&project);
        }
        if let Some(count) = count {
            generate::fit(&mut specs, count, seed);
        }
        specs
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Platform {
    type Err = UnknownPlatform;

    fn from_str(name: &str) -> Result<Self, UnknownPlatform> {
        Self::ALL.into_iter().find(|p| p.name() == name).ok_or_else(|| UnknownPlatform {
            name: name.chars().filter(|c| !c.is_control()).take(40).collect(),
        })
    }
}
