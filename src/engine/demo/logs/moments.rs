//! What is said when a run begins and when it ends.

use super::super::fate::{self, End};
use super::super::platform::{Fate, Program};
use super::formats::Tone;
use super::{RawLine, Rng, Run, Scene, Voice, hash};

/// Words of a beginning: when (per mille of the boot time), whether to stderr, and what.
type Words = (i64, bool, String);

fn voice<'a, 'b>(scene: &'a Scene<'a>, run: &'a Run, at: i64, lines: &'b mut Vec<RawLine>) -> Voice<'a, 'b> {
    let rng = Rng::new(hash(scene.unit.seed ^ 0xB007, at));
    Voice { scene, at, load: 0.2, broken: None, run, rng, lines }
}

/// The first lines of a run.
pub(super) fn begin(scene: &Scene<'_>, run: &Run, lines: &mut Vec<RawLine>) {
    let boot = scene.spec.program.profile().boot_ms;
    let from = run.from * 1_000;
    for (share, stderr, text) in words_of_beginning(scene) {
        let at = from + boot * share;
        if run.to.is_none_or(|to| at < to * 1_000) {
            lines.push(RawLine { at, stderr, text });
        }
    }
    let serves = !scene.unit.fate.is_short();
    if serves && uses_node_lines(scene.spec.program) {
        let port = scene.spec.ports.first().map_or(3000, |(container, _)| *container);
        let ready = from + boot * 1_000;
        if run.to.is_none_or(|to| ready < to * 1_000) {
            let text = if scene.spec.program == Program::Task {
                "started".to_owned()
            } else {
                format!("{} listening on port {port}", scene.spec.name)
            };
            voice(scene, run, ready, lines).node_line(Tone::Info, &text);
        }
    }
    if matches!(scene.unit.fate, Fate::Unwell { .. }) {
        let at = from + (boot + 350) * 1_000;
        if run.to.is_none_or(|to| at < to * 1_000) {
            voice(scene, run, at, lines).unready();
        }
    }
}

fn uses_node_lines(program: Program) -> bool {
    matches!(program, Program::Pino | Program::Winston | Program::Node | Program::Nest | Program::Task)
}

fn words_of_beginning(scene: &Scene<'_>) -> Vec<Words> {
    let spec = scene.spec;
    let version = scene.unit.replica.image.tag();
    let out = |share, text: &str| (share, false, text.to_owned());
    let err = |share, text: &str| (share, true, text.to_owned());
    match spec.program {
        Program::Pino | Program::Winston | Program::Node | Program::Nest => vec![
            out(60, ""),
            out(60, &format!("> {}@{version} start", spec.name)),
            out(60, "> node dist/main.js"),
            out(60, ""),
        ],
        Program::Next => vec![
            out(200, "   \u{25b2} Next.js 14.2.13"),
            out(200, "   - Local:        http://localhost:3000"),
            out(900, " \u{2713} Ready in 1284ms"),
        ],
        Program::Python => vec![
            err(300, "INFO:     Started server process [1]"),
            err(350, "INFO:     Waiting for application startup."),
            err(950, "INFO:     Application startup complete."),
            err(960, "INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)"),
        ],
        Program::Spring => vec![
            out(100, "  .   ____          _            __ _ _"),
            out(100, " /\\\\ / ___'_ __ _ _(_)_ __  __ _ \\ \\ \\ \\"),
            out(100, " :: Spring Boot ::                (v3.3.4)"),
            out(100, ""),
        ],
        Program::Nginx | Program::Kong => {
            vec![out(500, "/docker-entrypoint.sh: Configuration complete; ready for start up")]
        }
        Program::Postgres => vec![
            out(50, "PostgreSQL Database directory appears to contain a database; Skipping initialization"),
            err(400, "LOG:  listening on IPv4 address \"0.0.0.0\", port 5432"),
            err(950, "LOG:  database system is ready to accept connections"),
        ],
        Program::Redis => vec![
            out(100, "1:C * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo"),
            out(900, "1:M * Ready to accept connections tcp"),
        ],
        Program::Prometheus => vec![err(950, "level=info msg=\"Server is ready to receive web requests.\"")],
        Program::Grafana => {
            vec![out(950, "logger=http.server level=info msg=\"HTTP Server Listen\" address=[::]:3000")]
        }
        _ => Vec::new(),
    }
}

/// The last lines of a run: those before an end it comes to by itself, and those after it was
/// asked to end.
pub(super) fn end(scene: &Scene<'_>, run: &Run, lines: &mut Vec<RawLine>) {
    let silent = run.asked.or(run.to).map_or(i64::MAX, |at| at * 1_000);
    let first = lines.len();
    // A run from before the world has no plan, only its end.
    let ended = run.to.zip(run.exit).filter(|_| run.original && run.asked.is_none());
    let ended = ended.map(|(at, exit)| End { at, code: exit.code, oom: exit.oom });
    let end = ended.or_else(|| fate::end(scene.spec, scene.unit, run, scene.now));
    // What the kernel kills says nothing; what ends well says little.
    if let Some(End { at, code, .. }) = end.filter(|end| !end.oom && end.code < 128) {
        last_words(scene, run, at * 1_000 - 40_000, code, lines);
    }
    // Killed, stopped or frozen before: then they were never said.
    let mut index = 0;
    lines.retain(|line| {
        index += 1;
        index <= first || (line.at < silent && !run.is_paused_at(line.at / 1_000))
    });
    if let Some(asked) = run.asked {
        goodbye(scene, run, asked * 1_000, lines);
    }
}

fn last_words(scene: &Scene<'_>, run: &Run, at: i64, code: i64, lines: &mut Vec<RawLine>) {
    match scene.unit.fate {
        Fate::CrashLoop { .. } => crash(scene, run, at, lines),
        Fate::Crash { last, .. } => voice(scene, run, at, lines).last_of(last),
        _ if code == 0 => voice(scene, run, at, lines).node_line(Tone::Info, "done"),
        _ => {
            let mut voice = voice(scene, run, at, lines);
            voice.node_line(Tone::Error, "failed: giving up");
            voice.cry("Error: job failed after 3 attempts");
            voice.cry("    at run (/app/dist/jobs/runner.js:41:11)");
        }
    }
}

/// A program that was asked to end says so.
fn goodbye(scene: &Scene<'_>, run: &Run, at: i64, lines: &mut Vec<RawLine>) {
    if run.is_paused_at(at / 1_000) {
        return;
    }
    let mut voice = voice(scene, run, at + 4_000, lines);
    match scene.spec.program {
        program if uses_node_lines(program) => {
            voice.node_line(Tone::Info, "SIGTERM received, closing the server");
            voice.at += 120_000;
            voice.node_line(Tone::Info, "connections drained, bye");
        }
        Program::Spring => voice.spring_line(
            Tone::Info,
            "ionShutdownHook",
            "boot.GracefulShutdown",
            "Commencing graceful shutdown. Waiting for active requests to complete",
        ),
        Program::Python => {
            voice.cry("INFO:     Shutting down");
            voice.cry("INFO:     Finished server process [1]");
        }
        Program::Postgres => {
            let stamp = voice.time().strftime("%Y-%m-%d %H:%M:%S.%3f UTC").to_string();
            voice.cry(format!("{stamp} [1] LOG:  received fast shutdown request"));
            voice.cry(format!("{stamp} [1] LOG:  database system is shut down"));
        }
        Program::Redis => voice.say("1:signal-handler Received SIGTERM scheduling shutdown..."),
        Program::Nginx | Program::Kong => {
            let stamp = voice.time().strftime("%Y/%m/%d %H:%M:%S").to_string();
            voice.cry(format!("{stamp} [notice] 1#1: signal 15 (SIGTERM) received, exiting"));
        }
        _ => {}
    }
}

/// What a crash loop says each time, in the words of its own trouble.
fn crash(scene: &Scene<'_>, run: &Run, at: i64, lines: &mut Vec<RawLine>) {
    let database =
        scene.spec.env.iter().find(|(name, _)| name.ends_with("DATABASE_URL")).map(|(_, url)| *url);
    let mail = scene.spec.env.iter().find(|(name, _)| *name == "SMTP_URL").map(|(_, url)| *url);
    let url = mail
        .or(scene.spec.env.iter().rev().find(|(n, _)| *n == "PAYMENT_DATABASE_URL").map(|e| e.1))
        .or(database);
    let target = url.and_then(|url| url.rsplit('@').next()).and_then(|rest| rest.split('/').next());
    let target = target.unwrap_or("10.0.3.7:5432");
    let (host, port) = target.split_once(':').unwrap_or((target, "5432"));
    let mut voice = voice(scene, run, at - 1_400_000.min((at - run.from * 1_000) / 2), lines);
    voice.node_line(Tone::Warn, &format!("{target} refused the connection, retrying in 1 s"));
    voice.at = at;
    voice.node_line(Tone::Error, &format!("connect ECONNREFUSED {target}"));
    voice.cry("node:internal/process/promises:394");
    voice.cry("      triggerUncaughtException(err, true /* fromPromise */);");
    voice.cry("      ^");
    voice.cry("");
    voice.cry(format!("Error: connect ECONNREFUSED {target}"));
    voice.cry("    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1606:16) {");
    voice.cry("  errno: -111,");
    voice.cry("  code: 'ECONNREFUSED',");
    voice.cry("  syscall: 'connect',");
    voice.cry(format!("  address: '{host}',"));
    voice.cry(format!("  port: {port}"));
    voice.cry("}");
    voice.cry("");
    voice.cry("Node.js v20.17.0");
}
