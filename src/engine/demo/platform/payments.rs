//! Payments: one API with its mock providers, `PostgreSQL`, Redis and nginx, run as a production
//! guide would have it: health checks, limits, fixed container names, a non-root user.
//!
//! Its bad day: the API leaks until the kernel ends it; a mock provider fails its check.

use super::program::Program::{Nest, Nginx, Node, Postgres, Redis};
use super::spec::{Fate, Spec, job, service};

pub(super) const PROJECT: &str = "payments";

pub(super) fn services() -> Vec<Spec> {
    vec![
        service("api", "payment-api:1.0.0", Nest)
            .container_name("payment-api")
            .port(3000, 3000)
            .check_every("curl -f http://localhost:3000/api/health/liveness || exit 1", 30, 10, 3, 60)
            .limits(2.0, 2_048)
            .needs(&["postgres", "redis"])
            .calls(&[("mock-providers", 3001)])
            .env(&[
                ("NODE_ENV", "production"),
                ("VERSION", "1.0.0"),
                ("DATABASE_URL", "postgresql://payment:Sup3r-s3cret@postgres:5432/payment_db"),
                ("REDIS_URL", "redis://:r3dis@redis:6379"),
                ("ENCRYPTION_KEY", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
                ("PROVIDER_API_KEY", "prov_live_77aa"),
            ])
            .user("1001:1001")
            .volume("payments_api-logs", "/app/logs")
            .read_only("/srv/payments/config", "/app/config")
            .fate(Fate::Leak { seconds: 640 })
            .age(470)
            .busy(0.9),
        service("mock-providers", "payment-mock-providers:1.0.0", Node)
            .container_name("payment-mock-providers")
            .port(3001, 3001)
            .http_check("/health")
            .limits(0.5, 256)
            .user("1001:1001")
            .fate(Fate::Sick {
                since: 780,
                output: "{\"status\":\"error\",\"service\":\"mock-providers\",\"providers\":{\"alpha\":\"up\",\"beta\":\"ETIMEDOUT\"}}",
            })
            .busy(0.5),
        service("postgres", "postgres:15-alpine", Postgres)
            .container_name("payment-postgres")
            .exposes(5432)
            .check_every("pg_isready -U payment -d payment_db", 10, 5, 5, 0)
            .limits(2.0, 2_048)
            .env(&[("POSTGRES_USER", "payment"), ("POSTGRES_PASSWORD", "Sup3r-s3cret"), ("POSTGRES_DB", "payment_db")])
            .volume("payments_postgres-data", "/var/lib/postgresql/data")
            .read_only("/srv/payments/init.sql", "/docker-entrypoint-initdb.d/init.sql")
            .busy(0.8),
        service("redis", "redis:7-alpine", Redis)
            .container_name("payment-redis")
            .exposes(6379)
            .check_every("redis-cli --raw incr ping", 10, 5, 5, 0)
            .limits(0.5, 512)
            .args(&["--appendonly", "yes", "--requirepass", "r3dis"])
            .volume("payments_redis-data", "/data")
            .busy(0.6),
        service("nginx", "nginx:1.27-alpine", Nginx)
            .container_name("payment-nginx")
            .port(80, 80)
            .port(443, 443)
            .needs(&["api"])
            .read_only("/srv/payments/nginx.conf", "/etc/nginx/nginx.conf")
            .read_only("/srv/payments/certs", "/etc/nginx/certs")
            .limits(0.5, 128)
            .age(80_300)
            .busy(0.9),
        job("api", "payment-api:1.0.0", &["node_modules/.bin/typeorm", "migration:run", "-d", "dist/data-source.js"])
            .fate(Fate::Ended { ago: 86_500, code: 0, runs_ms: 5_200 }),
    ]
}
