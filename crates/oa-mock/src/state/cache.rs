//! The prompt cache: beginnings of prompts that were read before, and until when they are kept.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::objects::prompt::Prefix;

/// What was read before.
#[derive(Default)]
pub(crate) struct Cache {
    known: HashMap<u64, Kept>,
}

struct Kept {
    /// When the first answer to it began.
    since: Instant,
    until: Instant,
}

impl Cache {
    /// Tokens of the longest of these beginnings that was known when it was `asked` for.
    pub(crate) fn read(&self, prefixes: &[Prefix], asked: Instant) -> u64 {
        let known = prefixes.iter().rev().find(|prefix| {
            let kept = self.known.get(&prefix.digest);
            kept.is_some_and(|kept| kept.since <= asked && asked < kept.until)
        });
        known.map_or(0, |prefix| prefix.tokens)
    }

    /// Keeps these beginnings, now that the answer has `begun`, and forgets what is too old.
    pub(crate) fn write(&mut self, prefixes: &[Prefix], begun: Instant, life: Duration) {
        self.known.retain(|_, kept| begun < kept.until);
        for prefix in prefixes {
            let until = begun + life;
            let kept = self.known.entry(prefix.digest);
            let kept = kept.or_insert(Kept {
                since: begun,
                until,
            });
            kept.since = kept.since.min(begun);
            kept.until = kept.until.max(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Cache;
    use crate::objects::prompt::Prefix;

    const LIFE: Duration = Duration::from_secs(1800);

    #[test]
    fn a_beginning_is_known_from_the_first_answer_on_until_its_time_is_over() {
        let (mut cache, begun) = (Cache::default(), Instant::now() + LIFE);
        let prefixes = [(1024, 1), (1152, 2)].map(|(tokens, digest)| Prefix { tokens, digest });
        let early = Instant::now();
        cache.write(&prefixes, begun, LIFE);
        let second = Duration::from_secs(1);
        assert_eq!(cache.read(&prefixes, early), 0);
        assert_eq!(cache.read(&prefixes, begun), 1152);
        assert_eq!(cache.read(&prefixes[..1], begun), 1024);
        cache.write(&prefixes[..1], begun + second, LIFE);
        assert_eq!(cache.read(&prefixes, begun + LIFE), 1024);
        assert_eq!(cache.read(&prefixes, begun + second + LIFE), 0);
        cache.write(&[], begun + second + LIFE, LIFE);
        assert_eq!(cache.known.len(), 0);
    }
}
