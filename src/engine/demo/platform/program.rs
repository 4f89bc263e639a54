//! The kinds of program a service can be: what they use, how they stop, what they say.

/// What runs inside: decides usage, stop behaviour and log format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::engine::demo) enum Program {
    /// Node, JSON lines in pino's shape.
    Pino,
    /// Node, coloured level words.
    Winston,
    /// Node, plain lines with the time in brackets.
    Node,
    /// `NestJS`, coloured.
    Nest,
    /// A Next.js front.
    Next,
    /// Python behind uvicorn.
    Python,
    /// A Go service, logfmt.
    Go,
    /// A Spring service, with stack traces.
    Spring,
    /// nginx: access log on stdout, error log on stderr.
    Nginx,
    /// Kong: nginx's lines, another name.
    Kong,
    /// `PostgreSQL`: everything on stderr.
    Postgres,
    /// Redis.
    Redis,
    /// `MongoDB`: JSON lines of its own shape.
    Mongo,
    /// Kafka.
    Kafka,
    /// `OpenSearch`.
    OpenSearch,
    /// A mail catcher.
    Mailhog,
    /// Prometheus, logfmt.
    Prometheus,
    /// Grafana, logfmt.
    Grafana,
    /// A one-off task.
    Task,
}

/// What a program uses and how it behaves.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine::demo) struct Profile {
    /// Cores while idle.
    pub(in crate::engine::demo) cpu_idle: f64,
    /// Cores on top at full load.
    pub(in crate::engine::demo) cpu_busy: f64,
    /// MiB while idle.
    pub(in crate::engine::demo) memory: f64,
    /// MiB on top at full load.
    pub(in crate::engine::demo) memory_busy: f64,
    /// Bytes a second sent at full load; it receives about a third of it.
    pub(in crate::engine::demo) net: f64,
    /// Bytes a second written at full load; it reads about a fifth of it.
    pub(in crate::engine::demo) disk: f64,
    /// Processes and threads.
    pub(in crate::engine::demo) pids: u32,
    /// Milliseconds from start to serving.
    pub(in crate::engine::demo) boot_ms: i64,
    /// Milliseconds from SIGTERM to the end.
    pub(in crate::engine::demo) stop_ms: i64,
    /// The exit code then.
    pub(in crate::engine::demo) stop_code: i64,
    /// Log records a second at full load.
    pub(in crate::engine::demo) talk: f64,
    /// What is started.
    pub(in crate::engine::demo) command: &'static [&'static str],
    pub(in crate::engine::demo) workdir: &'static str,
}

const NODE: Profile = Profile {
    cpu_idle: 0.004,
    cpu_busy: 0.42,
    memory: 78.0,
    memory_busy: 64.0,
    net: 420_000.0,
    disk: 2_000.0,
    pids: 11,
    boot_ms: 1_400,
    stop_ms: 1_100,
    stop_code: 0,
    talk: 2.2,
    command: &["docker-entrypoint.sh", "npm", "start"],
    workdir: "/app",
};

const JAVA: Profile = Profile {
    cpu_idle: 0.012,
    cpu_busy: 0.55,
    memory: 380.0,
    memory_busy: 160.0,
    net: 380_000.0,
    disk: 6_000.0,
    pids: 46,
    boot_ms: 6_500,
    stop_ms: 1_900,
    stop_code: 143,
    talk: 1.6,
    command: &["java", "-XX:MaxRAMPercentage=75", "-jar", "/app/app.jar"],
    workdir: "/app",
};

const STORE: Profile = Profile {
    cpu_idle: 0.006,
    cpu_busy: 0.5,
    memory: 140.0,
    memory_busy: 90.0,
    net: 900_000.0,
    disk: 1_900_000.0,
    pids: 19,
    boot_ms: 1_200,
    stop_ms: 900,
    stop_code: 0,
    talk: 0.25,
    command: &["docker-entrypoint.sh", "postgres"],
    workdir: "/",
};

impl Program {
    /// What it uses and how it behaves.
    pub(in crate::engine::demo) fn profile(self) -> Profile {
        match self {
            Self::Pino | Self::Winston | Self::Node => NODE,
            Self::Nest => Profile {
                cpu_busy: 0.5,
                memory: 120.0,
                command: &["docker-entrypoint.sh", "node", "dist/main.js"],
                ..NODE
            },
            Self::Next => Profile {
                memory: 150.0,
                memory_busy: 110.0,
                net: 900_000.0,
                talk: 0.8,
                command: &["docker-entrypoint.sh", "node", "server.js"],
                ..NODE
            },
            Self::Python => Profile {
                memory: 130.0,
                pids: 9,
                boot_ms: 2_100,
                talk: 1.9,
                command: &["uvicorn", "app.main:app", "--host", "0.0.0.0"],
                ..NODE
            },
            Self::Go => Profile {
                cpu_busy: 0.25,
                memory: 22.0,
                memory_busy: 18.0,
                pids: 14,
                boot_ms: 120,
                stop_ms: 350,
                talk: 1.4,
                command: &["/app/server"],
                ..NODE
            },
            Self::Spring => JAVA,
            Self::Nginx | Self::Kong => Profile {
                cpu_busy: 0.2,
                memory: 9.0,
                memory_busy: 14.0,
                net: 2_600_000.0,
                disk: 30_000.0,
                pids: 5,
                boot_ms: 60,
                stop_ms: 300,
                talk: 5.0,
                command: if matches!(self, Self::Kong) {
                    &["/docker-entrypoint.sh", "kong", "docker-start"]
                } else {
                    &["/docker-entrypoint.sh", "nginx", "-g", "daemon off;"]
                },
                workdir: "/",
                ..NODE
            },
            Self::Postgres => STORE,
            Self::Redis => Profile {
                cpu_busy: 0.12,
                memory: 14.0,
                memory_busy: 22.0,
                disk: 90_000.0,
                pids: 6,
                boot_ms: 80,
                stop_ms: 250,
                talk: 0.08,
                command: &["docker-entrypoint.sh", "redis-server"],
                workdir: "/data",
                ..STORE
            },
            Self::Mongo => Profile {
                memory: 290.0,
                memory_busy: 120.0,
                pids: 38,
                boot_ms: 2_300,
                talk: 0.6,
                command: &["docker-entrypoint.sh", "mongod", "--bind_ip_all"],
                ..STORE
            },
            Self::Kafka => Profile {
                memory: 640.0,
                disk: 2_400_000.0,
                pids: 71,
                boot_ms: 7_000,
                talk: 0.5,
                command: &["/etc/kafka/docker/run"],
                ..JAVA
            },
            Self::OpenSearch => Profile {
                memory: 1_100.0,
                disk: 1_200_000.0,
                pids: 92,
                boot_ms: 12_000,
                talk: 0.3,
                command: &["./opensearch-docker-entrypoint.sh", "opensearch"],
                workdir: "/usr/share/opensearch",
                ..JAVA
            },
            Self::Mailhog => Profile {
                memory: 8.0,
                memory_busy: 4.0,
                net: 9_000.0,
                pids: 8,
                boot_ms: 40,
                stop_ms: 200,
                stop_code: 2,
                talk: 0.2,
                command: &["MailHog"],
                ..NODE
            },
            Self::Prometheus => Profile {
                memory: 210.0,
                disk: 260_000.0,
                pids: 13,
                boot_ms: 900,
                stop_ms: 700,
                talk: 0.05,
                command: &["/bin/prometheus", "--config.file=/etc/prometheus/prometheus.yml"],
                workdir: "/prometheus",
                ..NODE
            },
            Self::Grafana => Profile {
                memory: 96.0,
                pids: 17,
                boot_ms: 2_600,
                stop_ms: 500,
                talk: 0.2,
                command: &["/run.sh"],
                workdir: "/usr/share/grafana",
                ..NODE
            },
            Self::Task => Profile {
                memory: 60.0,
                cpu_idle: 0.3,
                boot_ms: 150,
                stop_ms: 200,
                talk: 1.5,
                command: &["docker-entrypoint.sh", "node"],
                ..NODE
            },
        }
    }

    /// What its health check prints when it passes.
    pub(in crate::engine::demo) fn well(self, service: &str) -> String {
        match self {
            Self::Postgres => "/var/run/postgresql:5432 - accepting connections\n".to_owned(),
            Self::Redis => "PONG\n".to_owned(),
            Self::Mongo => "{ ok: 1 }\n".to_owned(),
            Self::Kafka => "ApiVersions: 3 brokers usable\n".to_owned(),
            Self::Nginx | Self::Kong => "ok\n".to_owned(),
            _ => format!("{{\"status\":\"ok\",\"service\":\"{service}\"}}"),
        }
    }
}
