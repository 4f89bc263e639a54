//! Whether anybody answers at the ports of what runs: connected to once, and only when asked to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::attempt::{Outcome, Tools, attempts};
use super::target::{Check, Goal, Lay, Pace, Source, Target};
use crate::fleet::{Fleet, Protocol, Purpose, Reach, Replica, ReplicaId, Role, State};

/// How long one may take to accept.
const PATIENCE: Duration = Duration::from_secs(1);
/// Ports asked at most: beyond, asking itself is a load.
const MOST: usize = 512;

/// Who answered, by replica and port inside it.
pub type Answers = BTreeMap<(ReplicaId, u16), Reach>;

/// Connect once to each TCP port of each replica that runs and is `wanted`: at its own address where
/// that can be reached, else where it is published. Of other transports nothing can be said without
/// speaking their protocol.
///
/// Whom to ask is decided at once, from the fleet as it is; the future holds none of it.
pub fn reach(
    tools: &Tools,
    fleet: &Fleet,
    wanted: impl Fn(&Replica) -> bool,
) -> impl Future<Output = Answers> + Send + 'static {
    let (asked, answers) = sort_out(tools, fleet, wanted);
    ask(tools.clone(), asked, answers)
}

async fn ask(tools: Tools, asked: Asked, mut answers: Answers) -> Answers {
    let came = attempts(&tools, &asked.iter().map(|(_, target)| target.clone()).collect::<Vec<_>>()).await;
    for ((place, _), attempt) in asked.into_iter().zip(came) {
        let reach = match attempt.outcome {
            Outcome::Passed => Reach::Answers(attempt.took.unwrap_or_default()),
            Outcome::Failed(why) => Reach::Silent(why),
            Outcome::Unknown(why) => Reach::Unknown(why),
        };
        answers.insert(place, reach);
    }
    answers
}

type Asked = Vec<((ReplicaId, u16), Arc<Target>)>;

/// Whom to ask, and what is known without asking.
fn sort_out(tools: &Tools, fleet: &Fleet, wanted: impl Fn(&Replica) -> bool) -> (Asked, Answers) {
    let lay = Lay::of(fleet.engine());
    let (mut asked, mut answers): (Asked, Answers) = (Vec::new(), BTreeMap::new());
    let replicas = fleet.services().flat_map(|service| fleet.replicas_of(&service.id));
    for replica in replicas.filter(|it| it.state == State::Running && it.role != Role::Spare && wanted(it)) {
        for port in &replica.ports {
            let place = (replica.id.clone(), port.container);
            if answers.contains_key(&place) || asked.iter().any(|(known, _)| *known == place) {
                continue;
            }
            let unknown = |why: &str| Reach::Unknown(why.into());
            let goal = lay.reach(replica, port.container);
            match goal {
                _ if port.protocol != Protocol::Tcp => {
                    answers.insert(place, unknown("only tcp can be asked without knowing what is spoken"));
                }
                Goal::Nowhere(why) => {
                    answers.insert(place, Reach::Unknown(why));
                }
                // Whatever it says, it was there to say it.
                Goal::Simulated { port, .. } => {
                    let answer = tools.engine.simulated(&replica.id, port, None);
                    let silent = || Reach::Silent("connection refused".into());
                    answers.insert(place, answer.map_or_else(silent, |it| Reach::Answers(it.took)));
                }
                _ if asked.len() >= MOST => {
                    answers.insert(place, unknown("too many ports to ask them all at once"));
                }
                goal => asked.push((place, Arc::new(target(replica, goal)))),
            }
        }
    }
    (asked, answers)
}

fn target(replica: &Replica, goal: Goal) -> Target {
    Target {
        service: replica.service.clone(),
        replica: Some(replica.id.clone()),
        name: Check::Tcp.word().into(),
        purpose: Purpose::Liveness,
        source: Source::Config(0),
        check: Check::Tcp,
        goal,
        pace: Pace { timeout: PATIENCE, ..Pace::default() },
        started: None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::engine::demo::{Demo, DemoOptions};
    use crate::fleet::testing::{exited, running, synced};
    use crate::fleet::{EngineInfo, Observation, Port};

    fn port(container: u16, protocol: Protocol) -> Port {
        Port { container, protocol, host: None }
    }

    #[tokio::test]
    async fn each_port_of_what_runs_is_asked_where_it_can_be_reached() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = socket.local_addr().unwrap().port();
        // Bound and free again: nobody is there.
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut web = running("shop", "web", "web-1");
        web.addresses = vec!["127.0.0.1".parse().unwrap()];
        web.ports = vec![port(open, Protocol::Tcp), port(closed, Protocol::Tcp), port(53, Protocol::Udp)];
        let mut far = running("shop", "far", "far-1");
        far.ports = vec![port(80, Protocol::Tcp)];
        let mut down = exited(running("shop", "down", "down-1"), 1, 5);
        down.ports = vec![port(80, Protocol::Tcp)];
        let mut fleet = Fleet::new();
        let local = EngineInfo { local: true, endpoint: "unix:///x".into(), ..EngineInfo::default() };
        fleet.apply(Observation::Engine(local));
        fleet.apply(synced(0, &[web.clone(), far.clone(), down]));
        let tools = Tools::new(Arc::new(Demo::new(DemoOptions::default())));
        let answers = reach(&tools, &fleet, |_| true).await;
        let at = |replica: &Replica, port| answers.get(&(replica.id.clone(), port));
        assert!(matches!(at(&web, open), Some(Reach::Answers(_))), "{answers:?}");
        assert_eq!(at(&web, closed), Some(&Reach::Silent("connection refused".into())));
        assert!(matches!(at(&web, 53), Some(Reach::Unknown(why)) if why.contains("tcp")), "{answers:?}");
        assert!(
            matches!(at(&far, 80), Some(Reach::Unknown(why)) if why.contains("not published")),
            "{answers:?}"
        );
        assert_eq!(answers.len(), 4, "what is down is not asked");
        assert!(reach(&tools, &fleet, |it| it.id == far.id).await.len() == 1);
    }
}
