//! Services on a real engine, and the ways in which they break.

use std::process::Command;
use std::time::Duration;

use crate::support::docker::Reference;
use crate::support::eventually;

/// How a service breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It answers 503.
    Sick,
    /// Its process is killed; the engine does not start it again, for it was asked to kill it.
    Killed,
    /// It hangs: connections are accepted, nobody answers.
    Hangs,
    /// It exits again and again, as often as the engine starts it.
    Loops,
    /// It is gone, and comes back as another container.
    Gone,
}

pub const FAULTS: [Fault; 5] = [Fault::Sick, Fault::Killed, Fault::Hangs, Fault::Loops, Fault::Gone];

/// A web server whose `/cgi-bin/health` answers with what `/tmp/status` says.
/// With `/tmp/broken` it exits as soon as it is started.
const WEB: &str = r#"[ -e /tmp/broken ] && { echo broken >&2; exit 3; }
mkdir -p /www/cgi-bin; echo 200 OK >/tmp/status
cat >/www/cgi-bin/health <<'END'
#!/bin/sh
printf 'HTTP/1.1 %s\r\nConnection: close\r\n\r\nwell\n' "$(cat /tmp/status)"
END
chmod +x /www/cgi-bin/health; exec httpd -f -p 8080 -h /www"#;

/// Services there are at a time.
const SERVICES: usize = 4;

/// The services.
pub struct World {
    reference: Reference,
    /// The round of the oldest service.
    oldest: usize,
}

impl Drop for World {
    /// How things are, where something did not come as it should.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let listed = self.reference.try_docker(&["ps", "-a"]);
            eprintln!("{}", String::from_utf8_lossy(&listed.stdout));
            let check = Command::new(env!("CARGO_BIN_EXE_qd"))
                .args(["--host", &self.reference.host, "--no-journal", "check"])
                .output()
                .unwrap();
            eprintln!("{}{}", String::from_utf8_lossy(&check.stdout), String::from_utf8_lossy(&check.stderr));
        }
    }
}

impl World {
    pub fn new(reference: &Reference) -> Self {
        reference.clear();
        let world = Self { reference: reference.clone(), oldest: 0 };
        for n in 0..SERVICES {
            world.run(&world.service(n));
        }
        world
    }

    /// The service whose turn it is. Each has one: what breaks three times in ten minutes is held
    /// open as flapping. And so names come and go, which nothing may remember for ever.
    #[allow(clippy::unused_self)]
    pub fn service(&self, round: usize) -> String {
        format!("soak{round}")
    }

    /// It had its turn: another takes its place.
    pub fn retire(&mut self, round: usize) {
        self.remove(&self.service(round));
        self.oldest = round + 1;
        self.run(&self.service(round + SERVICES));
    }

    /// A busy engine may need several goes.
    fn remove(&self, name: &str) {
        eventually(&format!("{name} is removed"), Duration::from_mins(2), || {
            self.reference.remove(&[name]);
            (!self.reference.try_docker(&["inspect", name]).status.success()).then_some(())
        });
    }

    fn run(&self, name: &str) {
        let options = [
            "--restart",
            "unless-stopped",
            "--stop-timeout",
            "0",
            "--label",
            "quarterdeck.probe.http=/cgi-bin/health",
            "--label",
            "quarterdeck.probe.port=8080",
            "--label",
            "quarterdeck.probe.interval=1s",
            "--label",
            "quarterdeck.probe.timeout=1s",
            "--label",
            "quarterdeck.probe.retries=2",
        ];
        self.reference.run(name, &options, WEB);
    }

    pub fn begin(&mut self, service: &str, fault: Fault) {
        let docker = |args: &[&str]| self.reference.docker(args);
        match fault {
            Fault::Sick => docker(&["exec", service, "sh", "-c", "echo 503 Sick >/tmp/status"]),
            Fault::Killed => docker(&["kill", service]),
            Fault::Hangs => docker(&["kill", "-s", "STOP", service]),
            Fault::Loops => {
                docker(&["exec", service, "touch", "/tmp/broken"]);
                // Not by the engine's `kill`: what that ends stays down. Nor from inside: process 1
                // of a container hears nothing of its own there.
                let pid = self.reference.inspect(service, "{{.State.Pid}}").parse().unwrap();
                let pid = rustix::process::Pid::from_raw(pid).unwrap();
                rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
                String::new()
            }
            Fault::Gone => docker(&["kill", service]),
        };
    }

    pub fn cure(&mut self, service: &str, fault: Fault) {
        match fault {
            Fault::Sick => {
                self.reference.docker(&["exec", service, "sh", "-c", "echo 200 OK >/tmp/status"]);
            }
            Fault::Killed => {
                self.reference.docker(&["start", service]);
            }
            Fault::Hangs => {
                self.reference.docker(&["kill", "-s", "CONT", service]);
            }
            Fault::Gone | Fault::Loops => {
                self.remove(service);
                self.run(service);
            }
        }
    }

    /// The engine dies and is started again; what it ran comes back with it.
    pub fn kill_engine(&mut self) {
        self.reference.control("kill");
        self.reference.control("start");
        for n in self.oldest..self.oldest + SERVICES {
            // What it left dead for a moment only is no error.
            let _ = self.reference.try_docker(&["start", &self.service(n)]);
        }
    }
}
