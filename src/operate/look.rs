//! Looking before planning: what the engine says, and what compose files on this host say.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::{Intent, Refusal, compose, plan};
use crate::engine::{Engine, EngineError, Query, Survey};
use crate::fleet::Fleet;

/// A file system that hangs must not hold up a plan: without its word it goes, too.
const FILES: Duration = Duration::from_secs(2);

/// What has to be looked at before an intent can be planned. It holds all it needs, so it can be
/// carried out beside a screen that goes on living.
#[derive(Clone, Debug)]
pub struct Look {
    intent: Intent,
    query: Query,
    aimed: plan::Aimed,
    files: Vec<compose::Source>,
}

/// Why there is no survey.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum LookError {
    /// What was aimed at is not there.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The engine does not say.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What has to be looked at. Pure.
///
/// # Errors
/// A [`Refusal`] when what was aimed at is not there.
pub fn look(intent: &Intent, fleet: &Fleet) -> Result<Look, Refusal> {
    let query = plan::query(intent, fleet)?;
    let aimed = plan::Aimed::at(intent, fleet);
    let files = compose::sources(aimed.services.iter(), fleet);
    Ok(Look { intent: intent.clone(), query, aimed, files })
}

impl Look {
    /// Look. As long as the engine takes; the caller bounds it.
    ///
    /// # Errors
    /// The engine's.
    pub async fn at(self, engine: Arc<dyn Engine>) -> Result<Survey, EngineError> {
        let Self { intent, query, aimed, files } = self;
        let reading = async move {
            if files.is_empty() {
                return Vec::new();
            }
            let read = tokio::task::spawn_blocking(move || compose::read(&files));
            // Late or broken is as good as unreadable: the plan then says that the order is unknown.
            tokio::time::timeout(FILES, read).await.ok().and_then(Result::ok).unwrap_or_default()
        };
        let (survey, needs) = tokio::join!(engine.survey(&query), reading);
        let mut survey = survey?;
        if let Some(again) = plan::query_again(&intent, &aimed, &survey) {
            let more = engine.survey(&again).await?;
            survey.images.extend(more.images);
        }
        survey.needs = needs;
        Ok(survey)
    }
}

/// Look at everything an intent's plan depends on: for callers that can wait.
///
/// # Errors
/// What was aimed at is not there, or the engine does not say.
pub async fn survey(engine: Arc<dyn Engine>, intent: &Intent, fleet: &Fleet) -> Result<Survey, LookError> {
    let look = look(intent, fleet)?;
    Ok(look.at(engine).await?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use jiff::Timestamp;

    use super::*;
    use crate::engine::demo::{Demo, DemoOptions, Platform, World};
    use crate::fleet::{EngineId, EngineInfo, Observation, Replica, ServiceId};
    use crate::operate::{Change, Pull, Target};

    fn at() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn fleet(change: impl Fn(&mut Replica)) -> Fleet {
        let world = World::new(Platform::Payments, None, 7, at());
        let mut replicas = world.replicas();
        replicas.iter_mut().for_each(change);
        let mut fleet = Fleet::new();
        fleet.apply(Observation::Engine(EngineInfo { local: true, ..world.info() }));
        fleet.apply(Observation::Synced { at: at(), engine: EngineId::new("demo"), replicas });
        fleet
    }

    fn intent(change: Change) -> Intent {
        let engine = EngineId::new("demo");
        let service = ServiceId { engine, project: Some("payments".into()), name: "api".into() };
        Intent { change, targets: vec![Target::Service(service)] }
    }

    async fn survey(change: Change, fleet: &Fleet) -> Survey {
        let options = DemoOptions { platform: Platform::Payments, services: None, seed: 7 };
        let demo: Arc<dyn Engine> = Arc::new(Demo::starting_at(options, at()));
        super::survey(demo, &intent(change), fleet).await.unwrap()
    }

    #[tokio::test]
    async fn an_image_that_only_the_blueprint_names_is_asked_for_as_well() {
        // The list calls it by its id, because its tag means another image by now.
        let by_id = fleet(|r| r.image.reference = r.image.id.clone());
        let survey = survey(Change::Deploy { image: None, pull: Pull::Never }, &by_id).await;
        let named = |(asked, _): &(Arc<str>, _)| asked.contains("api:");
        assert!(survey.images.iter().any(named), "{:?}", survey.images);
    }

    #[tokio::test]
    async fn compose_files_are_read_where_labels_are_silent() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("docker-compose.yml"), "services: {api: {depends_on: [redis]}}")
            .unwrap();
        let home: Arc<str> = dir.path().to_str().unwrap().into();
        let silent = |r: &mut Replica| {
            let compose = Arc::make_mut(r.compose.as_mut().unwrap());
            compose.depends_on.clear();
            compose.working_dir = Some(home.clone());
            compose.config_files = Some("docker-compose.yml".into());
        };
        let read = survey(Change::Down, &fleet(silent)).await.needs;
        assert_eq!(read.len(), 1);
        assert_eq!((&*read[0].service.name, &*read[0].depends_on), ("api", &["redis".into()][..]));
        let told = survey(Change::Down, &fleet(|_| {})).await.needs;
        assert_eq!(told, [], "labels go before files");
    }

    #[test]
    fn neighbours_are_looked_at_where_they_may_suffer() {
        let fleet = fleet(|_| {});
        let looked = |change| look(&intent(change), &fleet).unwrap().query.replicas.len();
        assert_eq!(looked(Change::Recreate), 5);
        assert_eq!(looked(Change::Scale { to: 2 }), 1);
        let gone = Intent { change: Change::Up, targets: vec![Target::Project(Some("moon".into()))] };
        assert!(matches!(look(&gone, &fleet), Err(Refusal::Gone { .. })));
    }
}
