//! The random source: the operating system's, or a seeded one for tests.

use std::sync::{Arc, Mutex, PoisonError};

use rand::{RngCore, SeedableRng, TryRngCore};
use rand_chacha::ChaCha20Rng;

/// Gives random bytes and numbers; clones share the source.
#[derive(Debug, Clone)]
pub struct Random(Source);

#[derive(Debug, Clone)]
enum Source {
    Os,
    Seeded(Arc<Mutex<ChaCha20Rng>>),
}

impl Random {
    /// The operating system's generator.
    #[must_use]
    pub fn os() -> Self {
        Self(Source::Os)
    }

    /// A generator that repeats itself: for tests alone.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(
            ChaCha20Rng::seed_from_u64(seed),
        ))))
    }

    /// `N` random bytes.
    ///
    /// # Panics
    /// Where the operating system has no randomness to give: nothing safe can be done then.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A number from 0 up to, not including, `bound`, each as likely as the other; 0 where `bound` is 0.
    #[must_use]
    pub fn below(&self, bound: u32) -> u32 {
        // the numbers under the greatest multiple of `bound` fall evenly; one beyond it is drawn again
        let Some(over) = (1_u64 << 32).checked_rem(u64::from(bound)) else {
            return 0;
        };
        loop {
            let drawn = u32::from_le_bytes(self.bytes());
            if u64::from(drawn) < (1 << 32) - over {
                return drawn % bound;
            }
        }
    }

    fn fill(&self, bytes: &mut [u8]) {
        match &self.0 {
            Source::Os => rand::rngs::OsRng.unwrap_err().fill_bytes(bytes),
            Source::Seeded(rng) => rng
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .fill_bytes(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_repeats_and_the_system_does_not() {
        assert_eq!(
            Random::seeded(7).bytes::<16>(),
            Random::seeded(7).bytes::<16>()
        );
        assert_ne!(
            Random::seeded(7).bytes::<16>(),
            Random::seeded(8).bytes::<16>()
        );
        let random = Random::os();
        assert_ne!(random.bytes::<16>(), random.clone().bytes::<16>());
    }

    #[test]
    fn below_is_even_and_in_bounds() {
        let random = Random::seeded(1);
        let mut counts = [0_i32; 10];
        for _ in 0..100_000 {
            counts[random.below(10) as usize] += 1;
        }
        // five standard deviations of 10,000
        assert!(
            counts.iter().all(|n| (n - 10_000).abs() < 475),
            "{counts:?}"
        );
        assert_eq!(random.below(1), 0);
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn below_has_no_modulo_bias() {
        // of 2^32 by 3 · 2^30 a plain remainder gives the first third twice as often as the others
        let random = Random::seeded(2);
        let bound = 3 << 30;
        let low = (0..30_000)
            .filter(|_| random.below(bound) < 1 << 30)
            .count();
        assert!((9_600..10_400).contains(&low), "{low}");
    }
}
