//! What a bad release says: why it is not ready, and why it died.

use super::super::platform::{Last, Program};
use super::Voice;
use super::formats::Tone;

impl Voice<'_, '_> {
    /// A program's own way to say that something is wrong.
    fn lament(&mut self, words: &str) {
        match self.scene.spec.program {
            Program::Pino | Program::Winston | Program::Node | Program::Nest | Program::Task => {
                self.node_line(Tone::Error, words);
            }
            Program::Spring => self.spring_line(Tone::Error, "main", "boot.Readiness", words),
            Program::Go => {
                let at = self.iso();
                self.cry(format!("time={at} level=error msg={words:?}"));
            }
            _ => self.cry(format!("ERROR: {words}")),
        }
    }

    /// Why it will not get ready.
    pub(super) fn unready(&mut self) {
        self.lament("not ready: the schema is at 41, this release needs 42");
        self.lament("migration 0042 is pending, run it before this release");
    }

    /// Why it died, in its last lines.
    pub(super) fn last_of(&mut self, last: Last) {
        match last {
            Last::Unfit => self.unfit(),
            Last::Bug => self.bug(),
        }
    }

    fn unfit(&mut self) {
        let program = self.scene.spec.program;
        match program {
            Program::Pino | Program::Winston | Program::Node | Program::Nest | Program::Next => {
                self.cry("node:internal/modules/cjs/loader:1228");
                self.cry("  throw err;");
                self.cry("  ^");
                self.cry("");
                self.cry("Error: Cannot find module '/app/dist/main.js'");
                self.cry("    at Module._resolveFilename (node:internal/modules/cjs/loader:1225:15) {");
                self.cry("  code: 'MODULE_NOT_FOUND'");
                self.cry("}");
                self.cry("Node.js v20.17.0");
            }
            Program::Python => {
                self.cry("Traceback (most recent call last):");
                self.cry("  File \"/usr/local/bin/uvicorn\", line 8, in <module>");
                self.cry("ModuleNotFoundError: No module named 'app.settings'");
            }
            Program::Spring => self.cry("Error: Unable to access jarfile /app/app.jar"),
            Program::Postgres => {
                let stamp = self.time().strftime("%Y-%m-%d %H:%M:%S.%3f UTC").to_string();
                self.cry(format!("{stamp} [1] FATAL:  database files are incompatible with server"));
                self.cry(format!(
                    "{stamp} [1] DETAIL:  The data directory was initialized by an older major version."
                ));
            }
            Program::Nginx | Program::Kong => {
                self.cry("nginx: [emerg] unknown directive \"http3_push\" in /etc/nginx/nginx.conf:12");
            }
            _ => {
                let what = program.profile().command.first().copied().unwrap_or("/entrypoint");
                self.cry(format!("exec {what}: exec format error"));
            }
        }
    }

    fn bug(&mut self) {
        match self.scene.spec.program {
            Program::Go => {
                self.cry("panic: runtime error: invalid memory address or nil pointer dereference");
                self.cry("[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x6f1c42]");
                self.cry("goroutine 1 [running]:");
                self.cry("main.(*worker).settle(0x0)");
            }
            Program::Python => {
                self.cry("Traceback (most recent call last):");
                self.cry("  File \"/app/app/worker.py\", line 61, in settle");
                self.cry("AttributeError: 'NoneType' object has no attribute 'currency'");
            }
            Program::Spring => {
                self.spring_line(
                    Tone::Error,
                    "scheduling-1",
                    "domain.Settlement",
                    "unexpected error, giving up",
                );
                self.say("java.lang.NullPointerException: Cannot invoke \"Currency.code()\" because \"currency\" is null");
                self.say("\tat com.shop.domain.Settlement.settle(Settlement.java:88)");
            }
            Program::Pino | Program::Winston | Program::Node | Program::Nest | Program::Next => {
                self.cry("/app/dist/worker.js:88");
                self.cry("        const code = account.currency.code;");
                self.cry("                             ^");
                self.cry("");
                self.cry("TypeError: Cannot read properties of undefined (reading 'currency')");
                self.cry("    at settle (/app/dist/worker.js:88:30)");
                self.cry("    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)");
                self.cry("");
                self.cry("Node.js v20.17.0");
            }
            _ => self.cry("fatal: assertion failed: state == READY, aborting"),
        }
    }
}
