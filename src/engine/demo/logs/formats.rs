//! How services speak: Node in four dialects, Next, Python, Go, Java.

use super::super::platform::Program;
use super::Voice;

/// How bad a record is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Debug,
    Info,
    Warn,
    Error,
}

impl Tone {
    fn upper(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }

    fn lower(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// A request as services log it.
struct Request {
    method: &'static str,
    path: String,
    status: u16,
    took: u64,
}

impl Voice<'_, '_> {
    fn request(&mut self) -> Request {
        if self.rng.chance(0.15) {
            let status = if self.complaint().is_some() { 503 } else { 200 };
            let took = 1 + self.rng.below(8);
            return Request { method: "GET", path: "/health".to_owned(), status, took };
        }
        let method = self.rng.pick(&["GET", "GET", "GET", "POST", "PUT"]);
        let id = self.rng.between(1_000, 99_999);
        let stem = self.stem().to_owned();
        let path = match self.rng.below(4) {
            0 => format!("/api/{stem}?page={}", id % 12 + 1),
            1 => format!("/api/{stem}/{id}/items"),
            _ => format!("/api/{stem}/{id}"),
        };
        let took = self.took();
        let status = match self.rng.below(100) {
            0 => 500,
            1..4 => 404,
            4..6 => 400,
            _ if method == "POST" => 201,
            _ => 200,
        };
        Request { method, path, status, took }
    }

    /// What there is to say beside requests, and how bad it is.
    fn remark(&mut self) -> Option<(Tone, String)> {
        if let Some((service, port)) = self.broken.filter(|_| self.rng.chance(0.35)) {
            let words = match self.rng.below(3) {
                0 => format!("request to http://{service}:{port} failed: connect ECONNREFUSED"),
                1 => format!("{service} unavailable, retrying in 500 ms (attempt {})", 1 + self.rng.below(3)),
                _ => format!("circuit breaker for {service} is open"),
            };
            return Some((if words.contains("retrying") { Tone::Warn } else { Tone::Error }, words));
        }
        if let Some(words) = self.complaint().filter(|_| self.rng.chance(0.3)) {
            return Some((Tone::Error, words));
        }
        if let Some(share) = self.short_of_memory().filter(|_| self.rng.chance(0.25)) {
            return Some((
                Tone::Warn,
                format!("heap usage {:.0} %, garbage collection took 340 ms", share * 100.0),
            ));
        }
        let id = self.rng.between(10_000, 99_999);
        let (tone, words) = match self.rng.below(14) {
            0 => (Tone::Debug, format!("cache miss key=session:{id}")),
            1 => (Tone::Debug, format!("cache hit key=session:{id}")),
            2 => (Tone::Info, format!("published event {}.updated id={id}", self.stem())),
            3 => (Tone::Info, format!("job queue drained, {} done", id % 40)),
            4 if self.load > 0.6 => (Tone::Warn, format!("slow query: {} ms", 300 + id % 900)),
            5 if self.rng.chance(0.3) => (Tone::Warn, format!("rate limit reached for client {}", id % 500)),
            6 if self.rng.chance(0.15) => (Tone::Error, format!("validation failed for request {id}")),
            _ => return None,
        };
        Some((tone, words))
    }

    pub(super) fn node(&mut self) {
        if let Some((tone, words)) = self.remark() {
            self.node_line(tone, &words);
            if tone == Tone::Error && self.rng.chance(0.3) {
                self.node_trace(&words);
            }
            return;
        }
        let Request { method, path, status, took } = self.request();
        let tone = if status >= 500 { Tone::Error } else { Tone::Info };
        if self.scene.spec.program != Program::Pino {
            self.node_line(tone, &format!("{method} {path} {status} {took}ms"));
            return;
        }
        let (level, time) = (if status >= 500 { 50 } else { 30 }, self.time().as_millisecond());
        let host = self.scene.unit.replica.id.short();
        let name = &self.scene.spec.name;
        let request = self.rng.between(1, 1 << 40);
        self.say(format!(
            "{{\"level\":{level},\"time\":{time},\"pid\":1,\"hostname\":\"{host}\",\"name\":\"{name}\",\
             \"reqId\":\"req-{request:010x}\",\"req\":{{\"method\":\"{method}\",\"url\":\"{path}\"}},\
             \"res\":{{\"statusCode\":{status}}},\"responseTime\":{took},\"msg\":\"request completed\"}}"
        ));
    }

    /// One line in the dialect of this Node service.
    pub(super) fn node_line(&mut self, tone: Tone, words: &str) {
        let spec = self.scene.spec;
        match spec.program {
            Program::Pino => {
                let level = match tone {
                    Tone::Debug => 20,
                    Tone::Info => 30,
                    Tone::Warn => 40,
                    Tone::Error => 50,
                };
                let (time, host) = (self.time().as_millisecond(), self.scene.unit.replica.id.short());
                let line = format!(
                    "{{\"level\":{level},\"time\":{time},\"pid\":1,\"hostname\":\"{host}\",\"name\":\"{}\",\"msg\":{}}}",
                    spec.name,
                    serde_json::Value::from(words)
                );
                self.say(line);
            }
            Program::Winston => {
                let colour = match tone {
                    Tone::Debug => 34,
                    Tone::Info => 32,
                    Tone::Warn => 33,
                    Tone::Error => 31,
                };
                let line = format!("{} \x1b[{colour}m{}\x1b[39m: {words}", self.iso(), tone.lower());
                if tone == Tone::Error { self.cry(line) } else { self.say(line) }
            }
            Program::Nest => {
                let (colour, level) = match tone {
                    Tone::Debug => (95, "  DEBUG"),
                    Tone::Info => (32, "    LOG"),
                    Tone::Warn => (33, "   WARN"),
                    Tone::Error => (31, "  ERROR"),
                };
                let at = self.time().strftime("%m/%d/%Y, %H:%M:%S").to_string();
                let place = self.rng.pick(&["HttpLogger", "OrdersService", "RouterExplorer", "Scheduler"]);
                let line = format!(
                    "\x1b[{colour}m[Nest] 1  - \x1b[39m{at} \x1b[{colour}m{level}\x1b[39m \x1b[38;5;3m[{place}]\x1b[39m \
                     \x1b[{colour}m{words}\x1b[39m"
                );
                if tone == Tone::Error { self.cry(line) } else { self.say(line) }
            }
            _ => {
                let line = format!("[{}] {:5} {}: {words}", self.iso(), tone.upper(), spec.name);
                if tone == Tone::Error { self.cry(line) } else { self.say(line) }
            }
        }
    }

    fn node_trace(&mut self, words: &str) {
        if self.scene.spec.program == Program::Pino {
            return;
        }
        let line = self.rng.between(12, 240);
        self.cry(format!("Error: {words}"));
        self.cry(format!("    at HttpClient.request (/app/dist/http/client.js:{line}:19)"));
        self.cry("    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)");
        self.cry(format!("    at async handle (/app/dist/{}/controller.js:{}:22)", self.stem(), line / 2));
    }

    pub(super) fn next_js(&mut self) {
        if let Some(share) = self.short_of_memory().filter(|_| self.rng.chance(0.3)) {
            self.cry(format!(
                " \u{26a0} Heap at {:.0} % of its limit, pages are rendered slowly",
                share * 100.0
            ));
            return;
        }
        let Request { path, status, took, .. } = self.request();
        let page = path.replace("/api", "");
        match self.rng.below(8) {
            0 => self.say(format!(" \u{25cb} Compiling {page} ...")),
            1 if status >= 400 => self.cry(format!(" \u{2a2f} Error: fetch failed for {path} ({status})")),
            _ => self.say(format!(" GET {page} {status} in {took}ms")),
        }
    }

    pub(super) fn python(&mut self) {
        if let Some((tone, words)) = self.remark() {
            let at = self.time().strftime("%Y-%m-%d %H:%M:%S,%3f").to_string();
            let name = self.stem().to_owned();
            let level = if tone == Tone::Warn { "WARNING" } else { tone.upper() };
            self.cry(format!("{at} {level:8} app.{name}: {words}"));
            if tone == Tone::Error {
                let line = self.rng.between(20, 200);
                self.cry("Traceback (most recent call last):");
                self.cry(format!("  File \"/app/{name}/api.py\", line {line}, in handle"));
                self.cry("    return await self.repository.find(query)");
                self.cry(format!("  File \"/app/{name}/repository.py\", line {}, in find", line / 2));
                self.cry("    raise ServiceUnavailable(url)");
                self.cry(format!("app.errors.ServiceUnavailable: {words}"));
            }
            return;
        }
        let Request { method, path, status, .. } = self.request();
        let phrase = match status {
            201 => "Created",
            400 => "Bad Request",
            404 => "Not Found",
            500 => "Internal Server Error",
            _ => "OK",
        };
        let (host, port) = (self.rng.between(2, 30), self.rng.between(32_000, 60_000));
        self.say(format!(
            "INFO:     172.20.0.{host}:{port} - \"{method} {path} HTTP/1.1\" {status} {phrase}"
        ));
    }

    pub(super) fn go(&mut self) {
        let at = self.iso();
        if let Some((tone, words)) = self.remark() {
            self.cry(format!(
                "time={at} level={} msg={words:?} service={}",
                tone.lower(),
                self.scene.spec.name
            ));
            return;
        }
        let Request { method, path, status, took } = self.request();
        let trace = self.rng.hex(16);
        self.cry(format!(
            "time={at} level=info msg=\"request handled\" method={method} path={path} status={status} \
             duration={took}ms trace_id={trace}"
        ));
    }

    pub(super) fn spring(&mut self) {
        let Some((tone, words)) = self.remark() else {
            let Request { method, path, status, took } = self.request();
            let thread = self.rng.between(1, 20);
            self.spring_line(
                Tone::Info,
                &format!("nio-8080-exec-{thread}"),
                "web.RequestLogger",
                &format!("{method} {path} -> {status} in {took} ms"),
            );
            return;
        };
        let thread = format!("nio-8080-exec-{}", self.rng.between(1, 20));
        if tone != Tone::Error {
            self.spring_line(tone, &thread, "domain.Service", &words);
            return;
        }
        self.spring_line(tone, &thread, "web.ErrorHandler", "request failed");
        self.java_trace(&words);
    }

    pub(super) fn spring_line(&mut self, tone: Tone, thread: &str, class: &str, words: &str) {
        let (at, stem) = (self.iso(), self.stem().to_owned());
        let class = format!("c.s.{stem}.{class}");
        self.say(format!("{at} {:>5} 1 --- [{thread:>15}] {class:<40} : {words}", tone.upper()));
    }

    pub(super) fn java_trace(&mut self, words: &str) {
        let stem = self.stem().to_owned();
        let line = self.rng.between(30, 300);
        self.say(format!("org.springframework.web.client.ResourceAccessException: I/O error: {words}"));
        for (place, at) in [
            (
                "org.springframework.web.client.RestTemplate.createResourceAccessException(RestTemplate.java",
                915,
            ),
            ("org.springframework.web.client.RestTemplate.doExecute(RestTemplate.java", 895),
        ] {
            self.say(format!("\tat {place}:{at})"));
        }
        self.say(format!("\tat com.shop.{stem}.domain.Gateway.call(Gateway.java:{line})"));
        self.say(format!("\tat com.shop.{stem}.web.Controller.handle(Controller.java:{})", line / 3 + 11));
        self.say("\tat java.base/java.lang.Thread.run(Thread.java:1583)");
        self.say("Caused by: java.net.ConnectException: Connection refused");
        self.say("\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)");
        self.say("\t... 41 common frames omitted");
    }
}
