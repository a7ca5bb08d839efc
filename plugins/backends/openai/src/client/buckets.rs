//! Requests and tokens per minute.

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use std::{num::NonZeroU32, time::Duration};

/// The share of a limit that may go out at once. What is left is spread evenly over the minute, so
/// that no window of a minute holds more than the limit.
const BURST: f64 = 0.05;

/// A limit per minute.
pub(super) struct Bucket<C: Clock = DefaultClock> {
    limiter: RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    burst: u32,
    limit: u32,
}

impl Bucket {
    /// So many a minute.
    pub(super) fn new(limit: u32) -> Self {
        Self::with_clock(limit, DefaultClock::default())
    }

    /// Takes so many, waiting as long as is needed. More than a limit are taken as the limit: the
    /// service itself has to refuse them.
    pub(super) async fn take(&self, count: u32) {
        let mut left = count.min(self.limit);
        while left > 0 {
            match self.part(left) {
                Ok(taken) => left -= taken,
                Err(wait) => tokio::time::sleep(wait).await,
            }
        }
    }
}

impl<C: Clock + Clone> Bucket<C> {
    fn with_clock(limit: u32, clock: C) -> Self {
        let limit = limit.max(1);
        let burst = ((f64::from(limit) * BURST) as u32).max(1);
        // At the least one a minute, where burst and limit are one.
        let each = Duration::from_secs(60).div_f64(f64::from((limit - burst).max(1)));
        let size = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(each).unwrap_or(Quota::per_minute(size)).allow_burst(size);
        let limiter = RateLimiter::direct_with_clock(quota, clock.clone());
        Self { limiter, clock, burst, limit }
    }

    /// Takes so many, or as many as go out at once, or says how long to wait.
    fn part(&self, count: u32) -> Result<u32, Duration> {
        let count = count.clamp(1, self.burst);
        let some = NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        match self.limiter.check_n(some) {
            Ok(Ok(())) => Ok(count),
            Ok(Err(not_until)) => Err(not_until.wait_time_from(self.clock.now())),
            // Not reached: no part is larger than the burst.
            Err(_) => Ok(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;

    /// Times and sizes of calls that go out as fast as the bucket lets them.
    fn times(limit: u32, calls: &[u32]) -> Vec<(Duration, u32)> {
        let clock = FakeRelativeClock::default();
        let bucket = Bucket::with_clock(limit, clock.clone());
        let mut now = Duration::ZERO;
        let mut out = Vec::new();
        for &call in calls {
            let mut left = call;
            while left > 0 {
                match bucket.part(left) {
                    Ok(taken) => left -= taken,
                    Err(wait) => {
                        clock.advance(wait);
                        now += wait;
                    }
                }
            }
            out.push((now, call));
        }
        out
    }

    fn most_in_a_minute(times: &[(Duration, u32)]) -> u32 {
        let window = |start: usize| {
            let end = times[start].0 + Duration::from_secs(60);
            times[start..].iter().take_while(|(at, _)| *at < end).map(|(_, n)| n).sum()
        };
        (0..times.len()).map(window).max().unwrap()
    }

    #[test]
    fn never_above_the_limit_and_little_slower_than_it() {
        for (limit, sizes) in [(90_000, [700, 1000, 1300]), (30, [1, 1, 1]), (6000, [10, 300, 20])]
        {
            let calls: Vec<u32> = (0..900).map(|i| sizes[i % 3]).collect();
            let times = times(limit, &calls);
            assert!(most_in_a_minute(&times) <= limit, "{}", most_in_a_minute(&times));
            let optimal = calls.iter().sum::<u32>() as f64 / f64::from(limit) * 60.0;
            let taken = times.last().unwrap().0.as_secs_f64();
            assert!(taken <= 1.1 * optimal, "{taken} s where {optimal} s are optimal");
        }
    }

    #[test]
    fn a_call_larger_than_the_burst_waits_for_its_parts() {
        let times = times(1000, &[1000, 1000]);
        assert!(times[1].0 - times[0].0 >= Duration::from_secs(60), "{times:?}");
    }
}
