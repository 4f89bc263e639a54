//! Secrets, hidden where they enter.
