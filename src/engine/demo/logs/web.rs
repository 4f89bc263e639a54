//! How web servers, mail catchers, metrics stores and one-off tasks speak.

use super::super::platform::Program;
use super::Voice;
use super::formats::Tone;

const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/129.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0",
    "okhttp/4.12.0",
];

impl Voice<'_, '_> {
    pub(super) fn nginx(&mut self) {
        let at = self.time();
        let client = format!("203.0.113.{}", self.rng.between(1, 254));
        let id = self.rng.between(100, 9_999);
        let path = match self.rng.below(8) {
            0 => "/".to_owned(),
            1 => format!("/api/products/?page={}", id % 30),
            2 => format!("/api/orders/{id}"),
            3 => "/api/auth/login".to_owned(),
            4 => format!("/api/wallet/{id}/balance"),
            5 => "/api/webhooks/payment".to_owned(),
            6 => format!("/static/app.{id:04x}.js"),
            _ => format!("/api/products/{id}"),
        };
        let lost = self.broken_upstream(&path);
        let status = match self.rng.below(100) {
            _ if lost.is_some() => 502,
            0..2 => 404,
            2 => 499,
            3..5 => 304,
            5 if self.load > 0.55 => 503,
            _ => 200,
        };
        let method = if path.ends_with("login") || path.ends_with("payment") { "POST" } else { "GET" };
        if let Some(upstream) = lost {
            let stamp = at.strftime("%Y/%m/%d %H:%M:%S").to_string();
            let connection = self.rng.between(1_000, 99_999);
            self.cry(format!(
                "{stamp} [error] 29#29: *{connection} connect() failed (111: Connection refused) while connecting to \
                 upstream, client: {client}, server: _, request: \"{method} {path} HTTP/1.1\", upstream: \"http://{upstream}{path}\""
            ));
        }
        let stamp = at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string();
        let (size, agent) = (self.rng.between(120, 48_000), self.rng.pick(&AGENTS));
        self.say(format!(
            "{client} - - [{stamp}] \"{method} {path} HTTP/1.1\" {status} {size} \"-\" \"{agent}\""
        ));
    }

    /// Where a path leads that leads nowhere now: the service behind it does not run.
    fn broken_upstream(&self, path: &str) -> Option<String> {
        let (world, at) = (self.scene.world, self.at / 1_000);
        let (service, port) = match path {
            "/api/webhooks/payment" => ("payment-service", 3005),
            _ if path.starts_with("/api/wallet") => ("wallet-service", 3010),
            _ if path.starts_with("/api/orders") => ("order-service", 3006),
            _ if path.starts_with("/api/products") => ("product-service", 3002),
            _ if path.starts_with("/api/auth") => ("auth-service", 3001),
            _ => return None,
        };
        (!world.serves(self.scene.spec, service, at)).then(|| format!("{service}:{port}"))
    }

    pub(super) fn mailhog(&mut self) {
        let at = self.time().strftime("%Y/%m/%d %H:%M:%S").to_string();
        let peer = format!("172.20.0.{}:{}", self.rng.between(2, 30), self.rng.between(32_000, 60_000));
        match self.rng.below(3) {
            0 => self.cry(format!("{at} [SMTP {peer}] Starting session")),
            1 => self.cry(format!("{at} [APIv1] KEEPALIVE /api/v1/events")),
            _ => self.cry(format!(
                "{at} [SMTP {peer}] [PROTO: DATA] Got EOF, storing message and responding with 250"
            )),
        }
    }

    pub(super) fn metrics(&mut self) {
        let at = self.iso();
        let n = self.rng.between(100, 90_000);
        if self.scene.spec.program == Program::Grafana {
            match self.rng.below(4) {
                0 => self.say(format!("logger=cleanup t={at} level=info msg=\"Completed cleanup jobs\" duration={}ms", n % 90)),
                1 => self.say(format!("logger=context userId=0 orgId=0 t={at} level=warn msg=\"Unauthorized\" remote_addr=203.0.113.{}", n % 254)),
                _ => self.say(format!("logger=plugins.update.checker t={at} level=info msg=\"Update check succeeded\" duration={}ms", n % 900)),
            }
            return;
        }
        match self.rng.below(3) {
            0 => self.cry(format!("ts={at} caller=head.go:1355 level=info component=tsdb msg=\"WAL checkpoint complete\" first={} last={} duration={}ms", n, n + 3, n % 800)),
            1 => self.cry(format!("ts={at} caller=scrape.go:1331 level=warn component=\"scrape manager\" scrape_pool=services msg=\"Error on ingesting samples that are too old\" num_dropped={}", n % 9 + 1)),
            _ => self.cry(format!("ts={at} caller=compact.go:576 level=info component=tsdb msg=\"write block\" mint={n} maxt={} duration={}ms", n + 7_200, n % 900)),
        }
    }

    pub(super) fn task(&mut self) {
        let n = self.rng.between(1, 400);
        let words = match self.rng.below(4) {
            0 => format!("batch of {n} rows"),
            1 => format!("{n} sessions looked at, {} closed", n / 9),
            2 => format!("progress {} %", n % 100),
            _ => format!("step done in {n} ms"),
        };
        self.node_line(Tone::Info, &words);
    }
}
