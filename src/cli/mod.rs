//! The headless twin: everything the screen does, as a command with honest exit codes.
