//! Group buying: sixteen Node services behind nginx, on `PostgreSQL` and Redis.
//!
//! Its bad day: payment-service was just deployed and can't reach its database; everything that
//! calls it feels it. warehouse-service leaks, whatsapp-service lost its session.

use super::program::Program::{self, Nginx, Node, Pino, Postgres, Redis, Winston};
use super::spec::{Fate, Spec, job, service};

pub(super) const PROJECT: &str = "group-buying";

/// One of the sixteen: published on its own port, checked at `/health`, on `PostgreSQL` and Redis.
fn node(name: &'static str, image: &'static str, program: Program, port: u16) -> Spec {
    service(name, image, program)
        .port(port, port)
        .http_check("/health")
        .limits(1.0, 512)
        .needs(&["postgres", "redis"])
        .env(&[
            ("NODE_ENV", "production"),
            ("DATABASE_URL", "postgresql://groupbuying:tuan-gou-8812@postgres:5432/groupbuying"),
            ("REDIS_URL", "redis://redis:6379"),
            ("JWT_SECRET", "b2fd8c0c5b6f4f3d9a77"),
            ("LOG_LEVEL", "info"),
        ])
}

pub(super) fn services() -> Vec<Spec> {
    vec![
        service("nginx", "nginx:1.27-alpine", Nginx)
            .port(80, 80)
            .check("wget -q --spider http://localhost/healthz || exit 1")
            .read_only("/srv/group-buying/nginx.conf", "/etc/nginx/nginx.conf")
            .limits(0.5, 128)
            .busy(0.8),
        node("auth-service", "group-buying/auth-service:3.0.1", Pino, 3001).busy(0.5),
        node("product-service", "group-buying/product-service:2.7.0", Winston, 3002).age(71_400).busy(0.8),
        node("factory-service", "group-buying/factory-service:1.4.0", Node, 3003).busy(0.15),
        node("group-buying-service", "group-buying/group-buying-service:4.2.0", Pino, 3004)
            .calls(&[("warehouse-service", 3008), ("payment-service", 3005), ("notification-service", 3007)])
            .replicas(2)
            .limits(2.0, 768)
            .busy(0.9),
        node("payment-service", "group-buying/payment-service:1.4.2", Pino, 3005)
            .calls(&[("notification-service", 3007)])
            .env(&[
                ("PAYMENT_DATABASE_URL", "postgresql://payments:zhifu-4410@10.0.3.7:5432/payments"),
                ("PAYMENT_GATEWAY_KEY", "pk_live_51Hx9"),
                ("WEBHOOK_SECRET", "whsec_93kd"),
            ])
            .past(&[("1.3.9", 780_000), ("1.3.8", 2_090_000)])
            .fate(Fate::CrashLoop { since: 182, after_ms: 2_100, code: 1 }),
        node("order-service", "group-buying/order-service:2.1.0", Winston, 3006)
            .calls(&[("payment-service", 3005), ("logistics-service", 3011), ("notification-service", 3007)])
            .replicas(3)
            .busy(0.7),
        node("notification-service", "group-buying/notification-service:1.9.3", Node, 3007)
            .env(&[("SMTP_URL", "smtp://mailer:hunter2@smtp.example.com:587")])
            .busy(0.35),
        node("warehouse-service", "group-buying/warehouse-service:2.3.1", Pino, 3008)
            .calls(&[("whatsapp-service", 3016), ("factory-service", 3003)])
            .limits(1.0, 256)
            .fate(Fate::Leak { seconds: 420 })
            .age(300)
            .busy(0.4),
        node("review-service", "group-buying/review-service:1.1.0", Node, 3009).busy(0.2),
        node("wallet-service", "group-buying/wallet-service:2.0.4", Pino, 3010)
            .env(&[("WALLET_SIGNING_KEY", "ed25519:9fW2")])
            .busy(0.45),
        node("logistics-service", "group-buying/logistics-service:1.6.2", Winston, 3011).busy(0.3).fate(
            Fate::Flaky {
                every: 540,
                bad: 95,
                output: "{\"status\":\"error\",\"service\":\"logistics-service\",\"error\":\"carrier API timed out after 5000 ms\"}",
            },
        ),
        node("seller-service", "group-buying/seller-service:1.8.0", Node, 3012).busy(0.25),
        node("settlement-service", "group-buying/settlement-service:1.2.5", Pino, 3013).busy(0.1),
        node("office-service", "group-buying/office-service:0.9.1", Node, 3014)
            .fate(Fate::Paused { ago: 5_400 })
            .busy(0.05),
        node("address-service", "group-buying/address-service:1.0.7", Pino, 3015).busy(0.3),
        // Its image declares no check: the engine sees that it runs, and nothing more.
        node("whatsapp-service", "group-buying/whatsapp-service:0.7.2", Winston, 3016).unchecked().busy(0.15).fate(
            Fate::Sick {
                since: 1_260,
                output: "{\"status\":\"error\",\"service\":\"whatsapp-service\",\"error\":\"session lost: scan the QR code again\"}",
            },
        ),
        service("postgres", "postgres:14.13-alpine", Postgres)
            .port(5432, 5432)
            .check("pg_isready -U groupbuying")
            .env(&[("POSTGRES_USER", "groupbuying"), ("POSTGRES_PASSWORD", "tuan-gou-8812"), ("POSTGRES_DB", "groupbuying")])
            .volume("group-buying_pgdata", "/var/lib/postgresql/data")
            .limits(2.0, 2_048)
            .busy(0.8),
        service("redis", "redis:7.4-alpine", Redis)
            .port(6379, 6379)
            .check("redis-cli ping")
            .volume("group-buying_redisdata", "/data")
            .busy(0.6),
        job("group-buying-service", "group-buying/group-buying-service:4.2.0", &["dist/jobs/expire-sessions.js"])
            .fate(Fate::Recurring { every: 120, runs_ms: 6_500 }),
        job("settlement-service", "group-buying/settlement-service:1.2.5", &["dist/jobs/batch-withdrawals.js"])
            .fate(Fate::Ended { ago: 7_380, code: 0, runs_ms: 41_000 }),
    ]
}
