//! Cloud point of sale: a gateway and seven internal services, three stores, Prometheus, Grafana.
//! Two of the services are in the engine's own care, as Swarm has them.
//!
//! Its bad day: reporting leaks, notification can't reach its mail relay, inventory is unwell.

use super::program::Program::{
    self, Go, Grafana, Mongo, Nest, Nginx, Node, Pino, Postgres, Prometheus, Redis, Spring,
};
use super::spec::{Fate, Spec, job, service};

pub(super) const PROJECT: &str = "cloudpos";

/// One of the seven that only the gateway reaches.
fn inner(name: &'static str, image: &'static str, program: Program, port: u16) -> Spec {
    service(name, image, program)
        .exposes(port)
        .http_check("/health")
        .limits(1.0, 512)
        .needs(&["postgres", "redis"])
        .env(&[
            ("DATABASE_URL", "postgresql://cloudpos:regi5ter@postgres:5432/cloudpos"),
            ("REDIS_URL", "redis://redis:6379"),
            ("SERVICE_TOKEN", "svc-2f6e1c"),
        ])
}

pub(super) fn services() -> Vec<Spec> {
    vec![
        service("nginx", "nginx:1.27", Nginx)
            .port(80, 80)
            .port(443, 443)
            .read_only("/srv/cloudpos/nginx", "/etc/nginx/conf.d")
            .read_only("/etc/letsencrypt", "/etc/letsencrypt")
            .busy(0.8),
        service("api-gateway", "cloudpos/api-gateway:1.12.0", Nest)
            .port(3000, 3000)
            .http_check("/health")
            .limits(2.0, 1_024)
            .needs(&["redis"])
            .calls(&[("auth-service", 3001), ("inventory-service", 3002), ("transaction-service", 3003)])
            .env(&[("JWT_SECRET", "dr4wer"), ("METRICS_PATH", "/api/metrics")])
            .busy(0.9),
        inner("auth-service", "cloudpos/auth-service:1.12.0", Pino, 3001).busy(0.5),
        inner("inventory-service", "cloudpos/inventory-service:1.11.4", Spring, 3002)
            .needs(&["mongodb"])
            .limits(1.0, 1_024)
            .fate(Fate::Flaky {
                every: 420,
                bad: 130,
                output: "{\"status\":\"DOWN\",\"components\":{\"mongo\":{\"status\":\"DOWN\",\"details\":{\"error\":\"MongoTimeoutException\"}}}}",
            })
            .busy(0.6),
        inner("transaction-service", "cloudpos/transaction-service:1.12.1", Go, 3003)
            .replicas(3)
            .managed()
            .calls(&[("payment-service", 3004)])
            .busy(0.9),
        inner("payment-service", "cloudpos/payment-service:1.12.0", Pino, 3004)
            .managed()
            .env(&[("STRIPE_SECRET_KEY", "sk_live_8Qa1")])
            .busy(0.6),
        inner("customer-service", "cloudpos/customer-service:1.9.2", Node, 3005)
            .needs(&["mongodb"])
            .age(68_900)
            .busy(0.3),
        inner("notification-service", "cloudpos/notification-service:1.8.0", Node, 3006)
            .env(&[("SMTP_URL", "smtp://pos:mai1er@10.2.0.25:587")])
            .fate(Fate::CrashLoop { since: 240, after_ms: 5_400, code: 1 })
            .busy(0.2),
        inner("reporting-service", "cloudpos/reporting-service:1.10.0", Spring, 3007)
            .limits(1.0, 768)
            .fate(Fate::Leak { seconds: 560 })
            .age(400)
            .busy(0.3),
        service("grafana", "grafana/grafana:11.2.0", Grafana)
            .port(3000, 3001)
            .env(&[("GF_SECURITY_ADMIN_USER", "admin"), ("GF_SECURITY_ADMIN_PASSWORD", "admin")])
            .volume("cloudpos_grafana", "/var/lib/grafana")
            .user("472")
            .busy(0.1),
        service("prometheus", "prom/prometheus:v2.54.1", Prometheus)
            .port(9090, 9090)
            .read_only("/srv/cloudpos/prometheus.yml", "/etc/prometheus/prometheus.yml")
            .volume("cloudpos_prometheus", "/prometheus")
            .user("nobody")
            .busy(0.3),
        service("postgres", "postgres:15.8", Postgres)
            .exposes(5432)
            .check("pg_isready -U cloudpos")
            .env(&[("POSTGRES_USER", "cloudpos"), ("POSTGRES_PASSWORD", "regi5ter")])
            .volume("cloudpos_pgdata", "/var/lib/postgresql/data")
            .limits(2.0, 2_048)
            .busy(0.9),
        service("redis", "redis:7.2", Redis).exposes(6379).check("redis-cli ping").busy(0.7),
        service("mongodb", "mongo:7.0", Mongo)
            .exposes(27017)
            .check("mongosh --quiet --eval 'db.adminCommand(\"ping\")'")
            .volume("cloudpos_mongo", "/data/db")
            .busy(0.5),
        job("api-gateway", "cloudpos/api-gateway:1.12.0", &["dist/migrate.js", "--seed"])
            .fate(Fate::Ended { ago: 11_220, code: 0, runs_ms: 7_400 }),
        job("reporting-service", "cloudpos/reporting-service:1.10.0", &["--job=daily-summary"])
            .fate(Fate::Ended { ago: 30_400, code: 1, runs_ms: 22_000 }),
    ]
}
