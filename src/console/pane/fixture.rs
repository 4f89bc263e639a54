//! A small hand-made fleet for the tests of the tabs, and a screen to draw on.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Look, Pane, Scene, Target};
use crate::config::{Glyphs, Theme};
use crate::console::Board;
use crate::engine::{Details, HealthLog, HealthSpec, Mount, NetworkLink};
use crate::fleet::{
    Compose, EngineId, Event, EventKind, Exit, Fleet, HealthCheck, Image, Limits, Observation, Port,
    Protocol, Replica, ReplicaId, Role, ServiceId, State, Usage,
};

/// 2026-11-20 12:00:00 UTC.
pub(super) const NOW: i64 = 1_795_176_000;

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(NOW + second).unwrap()
}

pub(super) fn service(project: Option<&str>, name: &str) -> ServiceId {
    ServiceId { engine: EngineId::new("test"), project: project.map(Into::into), name: name.into() }
}

pub(super) fn replica_id(name: &str) -> ReplicaId {
    // As long as Docker's.
    ReplicaId { engine: EngineId::new("test"), id: format!("{name:0<64}").into() }
}

pub(super) fn port(container: u16, host: Option<(&str, u16)>) -> Port {
    Port { container, protocol: Protocol::Tcp, host: host.map(|(ip, port)| (ip.parse().unwrap(), port)) }
}

pub(super) fn replica(project: Option<&str>, name: &str, number: u32) -> Replica {
    let compose = Compose {
        config_files: Some("/srv/shop/compose.yaml,/srv/shop/prod.yaml".into()),
        working_dir: Some("/srv/shop".into()),
        depends_on: vec!["db".into()],
        completes: Vec::new(),
        config_hash: Some("5f1c".into()),
    };
    let unit = project.map_or_else(|| name.to_owned(), |p| format!("{p}-{name}-{number}"));
    Replica {
        id: replica_id(&unit),
        service: service(project, name),
        name: unit.into(),
        number: project.map(|_| number),
        role: Role::Replica,
        state: State::Running,
        check: HealthCheck::None,
        image: Image {
            reference: format!("registry.local:5000/shop/{name}:1.4.2").into(),
            id: format!("sha256:{}", "0123456789abcdef".repeat(4)).into(),
        },
        ports: Vec::new(),
        addresses: Vec::new(),
        labels: crate::fleet::Labels::default(),
        created: at(-90_000),
        started: Some(at(-7_200)),
        finished: None,
        exit: None,
        refused: None,
        restarts: Some(0),
        limits: Limits::default(),
        pid: Some(4242),
        tty: Some(false),
        kept_up: false,
        spec: None,
        placed: None,
        compose: project.map(|_| Arc::new(compose)),
        ties: None,
    }
}

/// Project `shop`: `api` (two replicas, the second unhealthy), `db` (exited, killed for memory) and
/// `web`; and a lone `cache` that claims a port of `web`.
pub(super) fn replicas() -> Vec<Replica> {
    let limits = Limits { cpus: Some(2.0), memory: Some(512 << 20), pids: Some(100) };
    let one = Replica {
        check: HealthCheck::Healthy,
        limits,
        ports: vec![port(3005, Some(("0.0.0.0", 3105))), port(3005, Some(("::", 3105))), port(9090, None)],
        ..replica(Some("shop"), "api", 1)
    };
    let two = Replica {
        check: HealthCheck::Unhealthy,
        refused: None,
        restarts: Some(7),
        limits,
        ports: vec![port(3005, Some(("0.0.0.0", 3106))), port(3005, Some(("::", 3106))), port(9090, None)],
        started: Some(at(-120)),
        ..replica(Some("shop"), "api", 2)
    };
    let db = Replica {
        state: State::Exited,
        exit: Some(Exit { code: 137, oom: true }),
        finished: Some(at(-300)),
        pid: None,
        ..replica(Some("shop"), "db", 1)
    };
    let web = Replica {
        ports: vec![
            port(80, Some(("0.0.0.0", 8080))),
            port(8000, Some(("127.0.0.1", 8000))),
            port(8001, Some(("127.0.0.1", 8001))),
            port(8002, Some(("127.0.0.1", 8002))),
        ],
        ..replica(Some("shop"), "web", 1)
    };
    let cache = Replica {
        state: State::Exited,
        exit: Some(Exit { code: 0, oom: false }),
        finished: Some(at(-86_400)),
        pid: None,
        ports: vec![port(6379, Some(("127.0.0.1", 8080)))],
        ..replica(None, "cache", 1)
    };
    vec![one, two, db, web, cache]
}

/// The fleet of [`replicas`], with five minutes of usage and a few events.
pub(super) fn fleet() -> Fleet {
    let mut fleet = Fleet::new();
    fleet.apply(Observation::Synced { at: at(-400), engine: EngineId::new("docker"), replicas: replicas() });
    for second in -300..=0_i64 {
        // A slow wave, with half a minute missing.
        if (-200..-170).contains(&second) {
            continue;
        }
        let wave = ((second + 300) as f32 / 30.0).sin().mul_add(0.5, 0.6);
        let usage = |share: f32| Usage {
            cpu: Some(wave * share),
            memory: Some((300.0 * share) as u64 * (1 << 20)),
            net_rx: Some(wave * share * 1_500_000.0),
            net_tx: Some(wave * share * 90_000.0),
            block_read: None,
            block_write: None,
            pids: Some((14.0 * share) as u32),
        };
        let usages = vec![(replica_id("shop-api-1"), usage(1.0)), (replica_id("shop-api-2"), usage(0.5))];
        fleet.apply(Observation::Sampled { at: at(second), usages });
    }
    let two = |second, kind| {
        Observation::Happened(Event {
            at: at(second),
            replica: replica_id("shop-api-2"),
            service: service(Some("shop"), "api"),
            role: crate::fleet::Role::Replica,
            kind,
        })
    };
    fleet.apply(Observation::Happened(Event {
        at: at(-300),
        replica: replica_id("shop-db-1"),
        service: service(Some("shop"), "db"),
        role: crate::fleet::Role::Replica,
        kind: EventKind::Oom,
    }));
    fleet.apply(two(-125, EventKind::Died(Exit { code: 1, oom: false })));
    fleet.apply(two(-120, EventKind::Started));
    fleet.apply(two(-42, EventKind::Health(HealthCheck::Unhealthy)));
    fleet
}

/// Everything about the second replica of `api`.
pub(super) fn details() -> Details {
    let result = |second: i64, exit: i64, output: &str| HealthLog {
        start: at(second),
        end: at(second) + Duration::from_millis(123),
        exit,
        output: output.into(),
    };
    Details {
        replica: replicas().remove(1),
        command: ["node", "--max-old-space-size=256", "server.js", "--greeting", "hello world"]
            .map(str::to_owned)
            .to_vec(),
        env: [
            ("SPRING_DATASOURCE_HIKARI_MAXIMUM_POOL_SIZE", "20"),
            ("NODE_ENV", "production"),
            ("DB_URL", "postgres://app:••••@db:5432/shop"),
            ("EMPTY", ""),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .to_vec(),
        labels: vec![("com.docker.compose.project".into(), "shop".into()), ("tier".into(), "日本".into())],
        mounts: vec![
            Mount {
                anonymous: false,
                kind: "volume".into(),
                source: "shop_data".into(),
                target: "/data".into(),
                read_only: false,
            },
            Mount {
                anonymous: false,
                kind: "bind".into(),
                source: "/srv/shop/conf".into(),
                target: "/etc/shop".into(),
                read_only: true,
            },
        ],
        networks: vec![NetworkLink {
            name: "shop_default".into(),
            address: "172.18.0.5".into(),
            aliases: vec!["api".into(), "shop-api-2".into()],
        }],
        restart_policy: "on-failure:10".into(),
        user: String::new(),
        workdir: "/app".into(),
        hostname: "a1b2c3".into(),
        log_driver: "json-file".into(),
        log_path: Some("/var/lib/docker/containers/a1b2/a1b2-json.log".into()),
        health: Some(HealthSpec {
            test: vec!["CMD-SHELL".into(), "curl -fsS http://localhost:3005/health || exit 1".into()],
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(3),
            retries: 3,
            start_period: Duration::from_secs(5),
        }),
        health_log: vec![
            result(-62, 0, "ok\n"),
            result(-52, 1, "curl: (7) Failed to connect to localhost port 3005: Connection refused\n"),
            result(-42, -1, "Health check exceeded timeout (3s)"),
        ],
        failing_streak: 3,
        error: None,
        raw: serde_json::Value::Null,
    }
}

/// A board with nothing on it.
pub(super) fn quiet() -> &'static Board {
    static QUIET: std::sync::LazyLock<Board> = std::sync::LazyLock::new(Board::default);
    &QUIET
}

/// A scene at 12:00, in UTC, with Unicode glyphs.
pub(super) fn scene<'a>(fleet: &'a Fleet, theme: &'a Theme, target: &'a Target) -> Scene<'a> {
    let look = Look { theme, glyphs: &Glyphs::UNICODE, utc: true };
    Scene { look, fleet, board: quiet(), now: at(0), target }
}

/// What a tab draws, as text, trailing blanks cut.
pub(super) fn draw(pane: &dyn Pane, scene: &Scene<'_>, cols: u16, rows: u16) -> String {
    let area = Rect::new(0, 0, cols, rows);
    let mut buf = Buffer::empty(area);
    pane.render(scene, area, &mut buf);
    text(&buf)
}

/// A buffer as text, trailing blanks cut; a wide character's second column is not there.
pub(super) fn text(buf: &Buffer) -> String {
    use unicode_width::UnicodeWidthStr;
    let mut out = String::new();
    for y in buf.area.top()..buf.area.bottom() {
        let mut row = String::new();
        let mut x = buf.area.left();
        while x < buf.area.right() {
            let symbol = buf.cell((x, y)).unwrap().symbol();
            row.push_str(symbol);
            x += (symbol.width() as u16).max(1);
        }
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}
