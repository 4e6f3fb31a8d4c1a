//! The endpoints of another service: each call goes to the next one that is not known to be down.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tonic::transport::Channel;

/// How long an endpoint that broke is left out before one call tries it again.
const LEFT_OUT: Duration = Duration::from_millis(500);

/// Stands for an endpoint that is not known to be down.
const UP: u64 = 0;

/// All endpoints of one service. Clones share what is known of them.
#[derive(Clone, Debug)]
pub(super) struct Endpoints {
    all: Arc<[Endpoint]>,
    turn: Arc<AtomicUsize>,
    began: Instant,
}

#[derive(Debug)]
struct Endpoint {
    channel: Channel,
    /// Until when it is left out, in milliseconds since the beginning; [`UP`] if it is not.
    down_until_ms: AtomicU64,
}

/// Which endpoints one call has tried.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tried(u32);

impl Endpoints {
    /// The endpoints with these channels: from one to [`crate::config::ADDRESSES_MAX`].
    pub(super) fn new(channels: Vec<Channel>) -> Self {
        let endpoint = |channel| Endpoint { channel, down_until_ms: AtomicU64::new(UP) };
        Self { all: channels.into_iter().map(endpoint).collect(), turn: Arc::default(), began: Instant::now() }
    }

    /// The endpoint whose turn it is, of those that the call has not tried. One that is down is chosen only if all are.
    pub(super) fn choose(&self, tried: &mut Tried) -> Option<usize> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let now = self.now_ms();
        let untried = || {
            (0..self.all.len())
                .map(|offset| turn.wrapping_add(offset) % self.all.len())
                .filter(|index| tried.0 & (1 << index) == 0)
        };
        let chosen = untried().find(|index| self.is_worth_a_call(*index, now)).or_else(|| untried().next())?;
        tried.0 |= 1 << chosen;
        Some(chosen)
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    pub(super) fn channel(&self, index: usize) -> Channel {
        self.all[index].channel.clone()
    }

    /// It has answered: it takes part again.
    pub(super) fn answered(&self, index: usize) {
        let down = &self.all[index].down_until_ms;
        // Read first: writing at each call would move the cache line from core to core.
        if down.load(Ordering::Relaxed) != UP {
            down.store(UP, Ordering::Relaxed);
        }
    }

    /// It broke, or said nothing in time: it is left out for a while.
    pub(super) fn broke(&self, index: usize) {
        self.all[index].down_until_ms.store(self.after_the_break(self.now_ms()), Ordering::Relaxed);
    }

    fn is_worth_a_call(&self, index: usize, now: u64) -> bool {
        let down = &self.all[index].down_until_ms;
        let until = down.load(Ordering::Relaxed);
        // Of all the calls that find the time over, one tries, so that an endpoint that is still down delays only that one.
        until == UP
            || until <= now
                && down.compare_exchange(until, self.after_the_break(now), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn after_the_break(&self, now: u64) -> u64 {
        now.saturating_add(u64::try_from(LEFT_OUT.as_millis()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(count: usize) -> Endpoints {
        let channel = || tonic::transport::Endpoint::from_static("http://127.0.0.1:1").connect_lazy();
        Endpoints::new((0..count).map(|_| channel()).collect())
    }

    fn chosen(endpoints: &Endpoints, calls: usize) -> Vec<usize> {
        (0..calls).filter_map(|_| endpoints.choose(&mut Tried::default())).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn calls_take_turns_over_all_endpoints() {
        assert_eq!(chosen(&endpoints(3), 6), [0, 1, 2, 0, 1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_broke_is_left_out_then_tried_by_one_call_and_taken_back_when_it_answers() {
        let endpoints = endpoints(2);
        endpoints.broke(0);
        assert_eq!(chosen(&endpoints, 4), [1; 4]);
        tokio::time::advance(LEFT_OUT).await;
        let tries = chosen(&endpoints, 4);
        assert_eq!(tries.iter().filter(|index| **index == 0).count(), 1, "{tries:?}");
        endpoints.answered(0);
        assert_eq!(chosen(&endpoints, 4), [0, 1, 0, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn with_all_down_each_is_tried_once_a_call() {
        let endpoints = endpoints(2);
        endpoints.broke(0);
        endpoints.broke(1);
        let mut tried = Tried::default();
        let mut both = [endpoints.choose(&mut tried).unwrap(), endpoints.choose(&mut tried).unwrap()];
        both.sort_unstable();
        assert_eq!((both, endpoints.choose(&mut tried)), ([0, 1], None));
    }
}
