//! Every fault of every platform: what is broken, whose row turns, and what it says.

use quarterdeck::fleet::Health;

use crate::inject::Breaks;

/// One fault of one platform.
#[derive(Clone, Copy)]
pub struct Fault {
    /// Its name in the table.
    pub name: &'static str,
    /// `a` … `e`.
    pub platform: &'static str,
    /// What is broken.
    pub at: &'static str,
    pub breaks: Breaks,
    /// Its engine starts it again at once: it has to end again and again to be down.
    pub again: bool,
    /// Whose row has to turn.
    pub row: &'static str,
    /// Into what.
    pub health: Health,
    /// What its reason has to contain.
    pub why: &'static str,
    /// Found by a command in the container, which is run less often.
    pub exec: bool,
    /// Rows that may turn as well, because they need what is broken.
    pub also: &'static [&'static str],
}

impl Fault {
    /// Whom it concerns: no other fault may at the same time.
    pub fn touches(&self) -> impl Iterator<Item = &'static str> {
        [self.at, self.row].into_iter().chain(self.also.iter().copied())
    }

    fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    fn at(self, at: &'static str, also: &'static [&'static str]) -> Self {
        Self { at, also, ..self }
    }
}

use Breaks::{Inside, Loads, Recovers, Signal, Stopped, Told};
use Health::{Degraded, Down, Starting, Unhealthy};

/// What can happen to a service that answers over HTTP, and what its row says then.
const HTTP: [(&str, Breaks, Health, &str); 9] = [
    ("answers 500", Told("fail"), Unhealthy, "status 500, wanted 200-399"),
    ("hangs", Told("hang"), Unhealthy, "no answer within 0.9 s"),
    ("too slow", Told("slow&ms=1500"), Unhealthy, "no answer within 0.9 s"),
    ("speaks garbage", Told("garbage"), Unhealthy, "the answer is not HTTP"),
    ("hangs up", Told("hangup"), Unhealthy, "closed without an answer"),
    ("is frozen", Signal("STOP"), Unhealthy, "no answer within 0.9 s"),
    ("crashes", Told("crash&code=3"), Down, "exit 3"),
    ("is killed", Signal("KILL"), Down, "killed (exit 137)"),
    // What somebody asked for is told, and is no trouble.
    ("is stopped", Stopped, Health::Stopped, ""),
];
/// 200, and another's name.
const IMPOSTOR: (&str, Breaks, Health, &str) =
    ("wrong service", Told("wrong-name"), Unhealthy, "says impostor, not ");
/// 200, and a body that says otherwise.
const SICK: (&str, Breaks, Health, &str) =
    ("says it is ill", Told("sick"), Unhealthy, "/status is error, not ok");
const OOM: (&str, Breaks, Health, &str) = ("leaks", Told("leak&mb=200"), Down, "OOM-killed");
const DEAD: (&str, Breaks, Health, &str) = ("database down", Signal("KILL"), Down, "killed (exit 137)");
const RECOVERS: (&str, Breaks, Health, &str) =
    ("database recovers", Recovers, Unhealthy, "postgres 5432: the database system is ");
const LOADS: (&str, Breaks, Health, &str) =
    ("cache loads", Loads, Unhealthy, "Redis is loading the dataset in memory");
const NO_CACHE: (&str, Breaks, Health, &str) = ("cache down", Signal("KILL"), Down, "killed (exit 137)");
const NO_PRIMARY: (&str, Breaks, Health, &str) =
    ("MongoDB recovers", Told("wrong-handshake"), Unhealthy, "neither primary nor secondary");
const NO_MONGO: (&str, Breaks, Health, &str) =
    ("MongoDB hangs", Told("hang"), Unhealthy, "mongodb 27017: no answer within 0.9 s");

fn fault(
    platform: &'static str,
    row: &'static str,
    (name, breaks, health, why): (&'static str, Breaks, Health, &'static str),
) -> Fault {
    Fault { name, platform, at: row, breaks, again: false, row, health, why, exec: false, also: &[] }
}

/// All that can happen over HTTP, each to one of these, in their order.
fn http(platform: &'static str, services: [&'static str; 9]) -> impl Iterator<Item = Fault> {
    services.into_iter().zip(HTTP).map(move |(service, what)| fault(platform, service, what))
}

/// Every fault of every platform.
pub fn all() -> Vec<Fault> {
    [storefront(), group_buying(), retail(), cloudpos(), payments()].concat()
}

fn storefront() -> Vec<Fault> {
    let services = [
        "storefront/catalog-service",
        "storefront/inventory-service",
        "storefront/cart-service",
        "storefront/payment-service",
        "storefront/user-service",
        "storefront/admin-web",
        "storefront/customer-web",
        "storefront/api-gateway",
        "storefront/mailhog",
    ];
    let mut all: Vec<Fault> = http("a", services).collect();
    let one = |row, what| fault("a", row, what);
    let to_and_fro = Inside(
        "psql -qU postgres -c 'alter database users_db rename to gone'",
        "psql -qU postgres -c 'alter database gone rename to users_db'",
    );
    let missing = ("database missing", to_and_fro, Unhealthy, "database \"users_db\" does");
    let refuses =
        ("Kafka refuses", Told("wrong-handshake"), Unhealthy, "it refuses ApiVersions with error -1");
    all.extend([
        one("storefront/order-service", IMPOSTOR),
        one("storefront/notification-service", OOM),
        one("storefront/postgres", DEAD),
        one("storefront/postgres", RECOVERS),
        Fault { exec: true, ..one("storefront/postgres", missing) },
        one("storefront/redis", LOADS),
        one("storefront/redis", NO_CACHE),
        one("storefront/mongodb", NO_PRIMARY),
        one("storefront/mongodb", NO_MONGO),
        one("storefront/kafka", refuses),
        one("storefront/opensearch", ("search down", Told("crash&code=78"), Down, "exit 78")),
    ]);
    all
}

fn group_buying() -> Vec<Fault> {
    let services = [
        "group-buying/factory-service",
        "group-buying/order-service",
        "group-buying/notification-service",
        "group-buying/warehouse-service",
        "group-buying/review-service",
        "group-buying/logistics-service",
        "group-buying/seller-service",
        "group-buying/settlement-service",
        "group-buying/office-service",
    ];
    let mut all: Vec<Fault> = http("b", services).collect();
    let one = |row, what| fault("b", row, what);
    let upstream = ("upstream dead", Told("hangup"), Unhealthy, "http /api/wallet/health: status 502");
    all.extend([
        one("group-buying/address-service", IMPOSTOR),
        one("group-buying/whatsapp-service", OOM),
        one("group-buying/nginx", upstream).at("group-buying/wallet-service", &[]),
        one("group-buying/postgres", DEAD),
        one("group-buying/postgres", RECOVERS),
        one("group-buying/redis", LOADS),
        one("group-buying/redis", NO_CACHE),
    ]);
    all
}

fn retail() -> Vec<Fault> {
    let (api, web) = ("retail-api", "retail-web");
    let mut all: Vec<Fault> = http("c", [api, web, api, web, api, web, api, web, web]).collect();
    let one = |row, what| fault("c", row, what);
    all.extend([
        one(api, SICK),
        one(web, OOM),
        one("retail-mongodb", DEAD),
        one("retail-mongodb", NO_PRIMARY),
        one("retail-redis", LOADS),
        one("retail-redis", NO_CACHE),
    ]);
    all
}

fn cloudpos() -> Vec<Fault> {
    let gateway = "cloudpos/api-gateway";
    let (grafana, prometheus) = ("cloudpos/grafana", "cloudpos/prometheus");
    let services =
        [gateway, grafana, prometheus, grafana, prometheus, grafana, prometheus, grafana, prometheus];
    let mut all: Vec<Fault> = http("d", services).collect();
    let one = |row, what| fault("d", row, what);
    let auth = ("auth dead", Told("hangup"), Degraded, "not ready: http /api/auth/health: status 502");
    let upstream = ("upstream dead", Told("hangup"), Unhealthy, "https /health: status 502");
    let password = Inside(
        "redis-cli config set requirepass changed",
        "REDISCLI_AUTH=changed redis-cli config set requirepass s3cret",
    );
    let password = ("wrong password", password, Unhealthy, "exec redis-cli: exit 1: NOAUTH");
    all.extend([
        one(gateway, SICK),
        one(gateway, auth).at("cloudpos/auth-service", &[]),
        one("cloudpos/nginx", upstream).at(gateway, &[]),
        one("cloudpos/reporting-service", OOM),
        one("cloudpos/payment-service", ("crashes inside", Told("crash&code=1"), Down, "exit 1")),
        one("cloudpos/postgres", DEAD),
        one("cloudpos/postgres", RECOVERS),
        Fault { exec: true, ..one("cloudpos/redis", password) },
        one("cloudpos/redis", LOADS),
        one("cloudpos/redis", NO_CACHE),
        one("cloudpos/mongodb", NO_PRIMARY),
    ]);
    for fault in &mut all {
        if fault.at == gateway && fault.row == gateway {
            *fault = fault.also(&["cloudpos/nginx"]);
        }
    }
    all
}

fn payments() -> Vec<Fault> {
    let (api, mock) = ("payments/api", "payments/mock-providers");
    let mut all: Vec<Fault> = http("e", [api, mock, api, mock, mock, mock, mock, mock, mock]).collect();
    let one = |row, what| fault("e", row, what);
    let stopped = ("database stopped", Stopped, Degraded, "not ready: http /api/health/readiness: ");
    // Its HEALTHCHECK still has its say: until that has decided, it starts.
    let (name, breaks, _, why) = RECOVERS;
    let recovers = (name, breaks, Starting, why);
    let upstream = ("upstream dead", Told("hangup"), Unhealthy, "https /api/health/liveness: status 502");
    all.extend([
        one(api, SICK).also(&["payments/nginx"]),
        one(mock, OOM),
        one("payments/nginx", upstream).at(api, &[]),
        one(api, stopped).at("payments/postgres", &[]),
        one("payments/postgres", recovers).also(&["payments/api"]),
        one("payments/postgres", DEAD).also(&["payments/api"]),
        one("payments/redis", LOADS),
        one("payments/redis", NO_CACHE).also(&["payments/api"]),
    ]);
    for fault in &mut all {
        let ends = matches!(fault.health, Down);
        fault.again = ends;
        if fault.at == api && fault.row == api {
            *fault = fault.also(&["payments/nginx"]);
        }
    }
    all
}
