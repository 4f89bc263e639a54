//! `qd`: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    quarterdeck::cli::main(std::env::args_os()).into()
}
