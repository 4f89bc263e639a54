//! Chance that is always the same: hashes of (seed, what, when).
//!
//! Only integer and IEEE arithmetic, no `sin`: the same seed gives the same demo on every machine.

use std::fmt::Write as _;

/// The finaliser of splitmix64: every bit of the answer depends on every bit asked.
pub(super) fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// One number from a seed and a moment or an index.
pub(super) fn hash(seed: u64, at: i64) -> u64 {
    mix(seed.wrapping_add(at.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_add(0x51_7C_C1))
}

/// A seed for something named.
pub(super) fn named(seed: u64, name: &str) -> u64 {
    name.bytes().fold(mix(seed ^ 0xCBF2_9CE4_8422_2325), |h, b| {
        mix((h ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3))
    })
}

/// The hash as a share, 0 ≤ x < 1.
pub(super) fn share(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

/// Smooth noise over time, 0–1, that changes its mind about once a period. Milliseconds.
pub(super) fn noise(seed: u64, at: i64, period: i64) -> f64 {
    let k = at.div_euclid(period);
    let f = at.rem_euclid(period) as f64 / period as f64;
    let (a, b) = (share(hash(seed, k)), share(hash(seed, k + 1)));
    a + (b - a) * f * f * (3.0 - 2.0 * f)
}

/// A stream of numbers from a seed.
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// 0 ≤ x < `bound`; 0 when `bound` is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    /// `low` ≤ x < `high`.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low))
    }

    /// Whether something of this probability (0–1) comes true.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        share(self.next()) < probability
    }

    /// One of a few; the type's default when there are none.
    pub(super) fn pick<T: Copy + Default>(&mut self, of: &[T]) -> T {
        let index = self.below(of.len() as u64) as usize;
        of.get(index).copied().unwrap_or_default()
    }

    /// Lower-case hexadecimal digits.
    pub(super) fn hex(&mut self, digits: usize) -> String {
        let mut out = String::with_capacity(digits + 16);
        while out.len() < digits {
            // Writing to a string can't fail.
            let _ = write!(out, "{:016x}", self.next());
        }
        out.truncate(digits);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::{Rng, hash, named, noise, share};

    #[test]
    fn the_same_seed_is_the_same_chance() {
        assert_eq!(hash(7, -3), hash(7, -3));
        assert_ne!(hash(7, -3), hash(7, 3));
        assert_ne!(named(7, "auth"), named(7, "atuh"));
        assert_eq!(Rng::new(5).hex(64), Rng::new(5).hex(64));
        assert_eq!(Rng::new(5).hex(7).len(), 7);
    }

    #[test]
    fn noise_is_smooth_and_bounded() {
        let mut before = noise(3, -10_000, 1_000);
        for at in (-9_990..10_000).step_by(10) {
            let now = noise(3, at, 1_000);
            assert!((0.0..=1.0).contains(&now));
            assert!((now - before).abs() < 0.05, "a jump at {at}");
            before = now;
        }
    }

    #[test]
    fn shares_cover_their_range() {
        let mut rng = Rng::new(1);
        let shares: Vec<f64> = (0..1000).map(|_| share(rng.next())).collect();
        assert!(shares.iter().all(|s| (0.0..1.0).contains(s)));
        assert!(shares.iter().any(|s| *s < 0.05) && shares.iter().any(|s| *s > 0.95));
    }
}
