//! What tells one operation's names from another's.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A token for [`super::Options::token`]: five of `a`–`z`, `0`–`9`, by chance.
pub fn token() -> String {
    const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    // The standard library seeds its hash maps by chance; that is chance enough for a name.
    let mut rest = RandomState::new().build_hasher().finish();
    let digit = |rest: &mut u64| {
        let digit = DIGITS.get((*rest % 36) as usize).copied().unwrap_or(b'x');
        *rest /= 36;
        char::from(digit)
    };
    (0..5).map(|_| digit(&mut rest)).collect()
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn tokens_are_short_plain_and_differ() {
        let tokens: std::collections::BTreeSet<String> = (0..64).map(|_| token()).collect();
        assert!(tokens.len() > 60, "{tokens:?}");
        for token in tokens {
            assert_eq!(token.len(), 5);
            assert!(token.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{token}");
        }
    }
}
