//! How many requests are under way: one more for each round without trouble, half as many when the
//! service says that it has too much to do.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// Within so long, several complaints count as one: they are about the same crowd.
const ONE_CROWD: Duration = Duration::from_millis(500);

/// The number of requests that may be under way.
pub(super) struct Pace {
    state: Mutex<State>,
    changed: Notify,
    most: f64,
}

struct State {
    under_way: usize,
    allowed: f64,
    last_cut: Option<Instant>,
}

/// A request under way.
pub(super) struct Turn<'a>(&'a Pace);

impl Pace {
    /// At most so many.
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1) as f64;
        let state = State { under_way: 0, allowed: most, last_cut: None };
        Self { state: Mutex::new(state), changed: Notify::new(), most }
    }

    /// Waits until another may go.
    pub(super) async fn turn(&self) -> Turn<'_> {
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.state();
                if (state.under_way as f64) < state.allowed.floor() {
                    state.under_way += 1;
                    return Turn(self);
                }
            }
            changed.await;
        }
    }

    /// A request was answered.
    pub(super) fn went_well(&self) {
        let mut state = self.state();
        state.allowed = (state.allowed + 1.0 / state.allowed).min(self.most);
    }

    /// The service has too much to do.
    pub(super) fn is_crowded(&self) {
        let mut state = self.state();
        if state.last_cut.is_none_or(|at| at.elapsed() > ONE_CROWD) {
            state.allowed = (state.allowed / 2.0).max(1.0);
            state.last_cut = Some(Instant::now());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.state().under_way -= 1;
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_once_for_a_crowd_and_grows_back() {
        let pace = Pace::new(16);
        pace.is_crowded();
        pace.is_crowded();
        assert_eq!(pace.state().allowed, 8.0);
        (0..8).for_each(|_| pace.went_well());
        assert!((8.8..9.1).contains(&pace.state().allowed), "{}", pace.state().allowed);
        (0..1000).for_each(|_| pace.went_well());
        assert_eq!(pace.state().allowed, 16.0);
        let one = Pace::new(1);
        one.is_crowded();
        assert_eq!(one.state().allowed, 1.0);
    }

    #[test]
    fn turns_are_given_back() {
        let pace = Pace::new(1);
        let first = futures_util::FutureExt::now_or_never(pace.turn());
        assert!(first.is_some());
        assert!(futures_util::FutureExt::now_or_never(pace.turn()).is_none());
        drop(first);
        assert!(futures_util::FutureExt::now_or_never(pace.turn()).is_some());
    }
}
