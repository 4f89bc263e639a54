//! A polyglot shop: web fronts, Kong, six services in four languages, five stores.
//!
//! Its bad day: the guide gives host port 3001 to customer-web **and** order-service, so whichever
//! starts second can't.

use super::program::Program::{
    Kafka, Kong, Mailhog, Mongo, Next, Node, OpenSearch, Pino, Postgres, Python, Redis, Spring,
};
use super::spec::{Fate, Spec, job, service};

pub(super) const PROJECT: &str = "storefront";

pub(super) fn services() -> Vec<Spec> {
    vec![
        service("customer-web", "storefront/customer-web:5.3.0", Next)
            .port(3000, 3001)
            .limits(1.0, 1_024)
            .env(&[("API_URL", "http://api-gateway:8000"), ("NEXT_TELEMETRY_DISABLED", "1")])
            .busy(0.7)
            .age(9_000),
        service("admin-web", "storefront/admin-web:2.1.4", Next).exposes(3000).limits(1.0, 1_024).age(74_600).busy(0.1),
        service("api-gateway", "kong:3.7", Kong)
            .exposes(8000)
            .exposes(8443)
            .read_only("/srv/storefront/kong.yml", "/etc/kong/kong.yml")
            .env(&[("KONG_DATABASE", "off"), ("KONG_DECLARATIVE_CONFIG", "/etc/kong/kong.yml")])
            .busy(0.8),
        service("catalog-service", "storefront/catalog-service:3.2.0", Python)
            .port(8000, 8000)
            .http_check("/health")
            .limits(2.0, 4_096)
            .needs(&["mongodb"])
            .env(&[("MONGODB_URI", "mongodb://catalog:b00ks@mongodb:27017/catalog_db")])
            .calls(&[("opensearch", 9200)])
            .busy(0.9),
        service("inventory-service", "storefront/inventory-service:2.4.1", Spring)
            .port(8080, 8081)
            .http_check("/health")
            .limits(2.0, 4_096)
            .needs(&["postgres"])
            .env(&[
                ("SPRING_DATASOURCE_URL", "jdbc:postgresql://postgres:5432/inventory_db"),
                ("SPRING_DATASOURCE_PASSWORD", "inv-3371"),
            ])
            .fate(Fate::Sick {
                since: 2_100,
                output: "{\"status\":\"DOWN\",\"components\":{\"db\":{\"status\":\"DOWN\",\"details\":{\"error\":\"HikariPool-1 - Connection is not available, request timed out after 30000ms\"}}}}",
            })
            .busy(0.6),
        service("cart-service", "storefront/cart-service:1.9.0", Pino)
            .port(3000, 3000)
            .http_check("/health")
            .limits(1.0, 512)
            .needs(&["redis"])
            .env(&[("REDIS_URL", "redis://:c4rt@redis:6379/0")])
            .calls(&[("catalog-service", 8000)])
            .busy(0.7),
        service("order-service", "storefront/order-service:4.0.2", Spring)
            .port(8080, 3001)
            .http_check("/health")
            .limits(2.0, 4_096)
            .needs(&["postgres", "kafka"])
            .env(&[
                ("SPRING_DATASOURCE_URL", "jdbc:postgresql://postgres:5432/orders_db"),
                ("SPRING_DATASOURCE_PASSWORD", "ord-9042"),
                ("KAFKA_BROKERS", "kafka:9092"),
            ])
            .calls(&[("payment-service", 8001), ("inventory-service", 8081)])
            .fate(Fate::PortTaken { ago: 8_940 })
            .busy(0.7),
        service("payment-service", "storefront/payment-service:2.8.3", Python)
            .port(8001, 8001)
            .http_check("/health")
            .limits(2.0, 4_096)
            .needs(&["postgres"])
            .env(&[
                ("DATABASE_URL", "postgresql://payments:p4y@postgres:5432/payments_db"),
                ("STRIPE_SECRET_KEY", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
            ])
            .calls(&[("order-service", 3001)])
            .busy(0.5),
        service("user-service", "storefront/user-service:3.1.1", Spring)
            .port(8080, 8084)
            .http_check("/health")
            .limits(2.0, 4_096)
            .needs(&["postgres"])
            .env(&[("SPRING_DATASOURCE_URL", "jdbc:postgresql://postgres:5432/users_db"), ("JWT_SECRET", "9b1d")])
            .busy(0.4),
        service("notification-service", "storefront/notification-service:1.3.0", Node)
            .needs(&["kafka"])
            .env(&[("SMTP_HOST", "mailhog"), ("SMTP_PORT", "1025"), ("KAFKA_BROKERS", "kafka:9092")])
            .replicas(2)
            .limits(0.5, 256)
            .fate(Fate::Leak { seconds: 460 })
            .age(310)
            .busy(0.3),
        service("mailhog", "mailhog/mailhog:v1.0.1", Mailhog).exposes(1025).port(8025, 8025).busy(0.2),
        service("postgres", "postgres:16.4", Postgres)
            .port(5432, 5432)
            .check("pg_isready -U storefront")
            .env(&[("POSTGRES_USER", "storefront"), ("POSTGRES_PASSWORD", "postgres")])
            .volume("storefront_pgdata", "/var/lib/postgresql/data")
            .limits(2.0, 4_096)
            .busy(0.8),
        service("mongodb", "mongo:7.0", Mongo)
            .port(27017, 27017)
            .check("mongosh --quiet --eval 'db.adminCommand(\"ping\")'")
            .env(&[("MONGO_INITDB_ROOT_USERNAME", "root"), ("MONGO_INITDB_ROOT_PASSWORD", "example")])
            .volume("storefront_mongodata", "/data/db")
            .limits(2.0, 4_096)
            .busy(0.7),
        service("redis", "redis:7.4", Redis)
            .port(6379, 6379)
            .check("redis-cli ping")
            .args(&["--requirepass", "c4rt"])
            .busy(0.6),
        service("kafka", "apache/kafka:3.8.0", Kafka)
            .port(9092, 9092)
            .check("kafka-broker-api-versions.sh --bootstrap-server localhost:9092")
            .volume("storefront_kafka", "/var/lib/kafka/data")
            .limits(2.0, 2_048)
            .busy(0.5),
        service("opensearch", "opensearchproject/opensearch:2.16.0", OpenSearch)
            .port(9200, 9200)
            .exposes(9600)
            .check("curl -fsS http://localhost:9200/_cluster/health || exit 1")
            .env(&[("discovery.type", "single-node"), ("OPENSEARCH_INITIAL_ADMIN_PASSWORD", "Adm1n!shop")])
            .volume("storefront_search", "/usr/share/opensearch/data")
            .limits(2.0, 4_096)
            .busy(0.4),
        job("catalog-service", "storefront/catalog-service:3.2.0", &["python", "-m", "app.reindex"])
            .fate(Fate::Ended { ago: 15_100, code: 1, runs_ms: 9_000 }),
        job("inventory-service", "storefront/inventory-service:2.4.1", &["--spring.batch.job.name=recount"])
            .fate(Fate::Recurring { every: 300, runs_ms: 18_000 }),
    ]
}
