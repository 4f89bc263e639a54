//! The demo fleet: five platforms simulated behind the same trait, deterministic by seed.
