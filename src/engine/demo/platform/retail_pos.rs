//! Retail point of sale: containers somebody started by hand with `docker run`, from `:latest`,
//! in no compose project at all.
//!
//! Its bad day: the front leaks, the monthly restore test failed, the cache is off.

use super::program::Program::{Mongo, Nest, Next, Redis, Task};
use super::spec::{Fate, Spec, service};

pub(super) fn services() -> Vec<Spec> {
    vec![
        service("pos-api", "retail/pos-api:latest", Nest)
            .port(3000, 3000)
            .http_check("/health")
            .env(&[
                ("NODE_ENV", "production"),
                ("MONGODB_URI", "mongodb://pos:till-5521@mongodb:27017/pos"),
                ("JWT_SECRET", "c0unter"),
                ("REDIS_URL", "redis://redis:6379"),
            ])
            .needs(&["mongodb"])
            .calls(&[("redis", 6379)])
            .restart("always")
            .fate(Fate::Flaky {
                every: 480,
                bad: 75,
                output: "{\"status\":\"error\",\"error\":{\"mongodb\":{\"status\":\"down\",\"message\":\"timeout of 3000ms exceeded\"}}}",
            })
            .busy(0.8),
        // What a hand-made deploy leaves behind: the predecessor, renamed and stopped.
        service("pos-api-old", "retail/pos-api:latest", Nest)
            .build(-1)
            .port(3000, 3000)
            .restart("no")
            .fate(Fate::Ended { ago: 93_000, code: 0, runs_ms: 4_000_000 })
            .busy(0.8),
        service("pos-web", "retail/pos-web:latest", Next)
            .port(3000, 8080)
            .env(&[("NEXT_PUBLIC_API_URL", "https://pos.example.com/api"), ("NEXTAUTH_SECRET", "f1oor")])
            .restart("always")
            .limits(1.0, 512)
            .fate(Fate::Leak { seconds: 500 })
            .age(360)
            .busy(0.6),
        service("mongodb", "mongo:6.0", Mongo)
            .exposes(27017)
            .env(&[("MONGO_INITDB_ROOT_USERNAME", "root"), ("MONGO_INITDB_ROOT_PASSWORD", "till-0000")])
            .volume("pos-mongo", "/data/db")
            .restart("always")
            .age(82_700)
            .past(&[("5.0", 31_000_000)])
            .busy(0.7),
        service("redis", "redis:latest", Redis)
            .exposes(6379)
            .fate(Fate::Ended { ago: 190_000, code: 0, runs_ms: 900_000_000 })
            .busy(0.3),
        service("mongo-backup-daily", "retail/mongo-backup:latest", Task)
            .args(&["backup.js", "--uri=mongodb://backup:n1ght@mongodb:27017/pos", "--keep=30"])
            .volume("pos-backups", "/backups")
            .restart("no")
            .fate(Fate::Ended { ago: 37_800, code: 0, runs_ms: 96_000 }),
        service("mongo-restore-test", "retail/mongo-backup:latest", Task)
            .args(&["restore-test.js", "--latest"])
            .volume("pos-backups", "/backups")
            .restart("no")
            .fate(Fate::Ended { ago: 1_814_400, code: 1, runs_ms: 12_000 }),
    ]
}
