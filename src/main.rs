//! `qd`: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Once, before anything speaks TLS. It fails only where another provider is set already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    quarterdeck::cli::main(std::env::args_os()).into()
}
