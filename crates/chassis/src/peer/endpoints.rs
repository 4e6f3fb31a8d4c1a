//! The endpoints of another service: each call goes to the next one that is not known to be down, and has room for it.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;
use tonic::transport::Channel;

/// How long an endpoint that broke is left out before one call tries it again.
pub(super) const LEFT_OUT: Duration = Duration::from_millis(500);

/// After so many answers in a row that are outages, an endpoint is left out as if it had broken.
pub(super) const OUTAGES_IN_A_ROW_MAX: u32 = 5;

/// How many calls may be under way at one endpoint: as many as a service takes on one connection. More would only wait in line.
pub(super) const CALLS_UNDER_WAY_MAX: usize = 1_024;

/// The most endpoints that calls take turns over, whatever a name stands for.
pub(super) const ENDPOINTS_MAX: usize = 32;

/// Stands for an endpoint that is not known to be down.
const UP: u64 = 0;

/// All endpoints as of one moment.
pub(super) type All = Arc<[Arc<Endpoint>]>;

/// The endpoints of one service. Clones share what is known of them.
#[derive(Clone, Debug)]
pub(super) struct Endpoints {
    all: Arc<RwLock<All>>,
    turn: Arc<AtomicUsize>,
    began: Instant,
}

/// One endpoint.
#[derive(Debug)]
pub(super) struct Endpoint {
    address: String,
    channel: Channel,
    /// Until when it is left out, in milliseconds since the beginning; [`UP`] if it is not.
    down_until_ms: AtomicU64,
    outages_in_a_row: AtomicU32,
    under_way: AtomicUsize,
}

/// Which of all endpoints one call has tried.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tried(u32);

/// An endpoint, and one call's place at it until this is dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<Endpoint>);

impl Place {
    /// The way to it.
    pub(super) fn channel(&self) -> Channel {
        self.0.channel.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Endpoint {
    fn new(address: String, channel: Channel) -> Self {
        let down_until_ms = AtomicU64::new(UP);
        Self {
            address,
            channel,
            down_until_ms,
            outages_in_a_row: AtomicU32::default(),
            under_way: AtomicUsize::default(),
        }
    }

    fn take_place(self: &Arc<Self>) -> Option<Place> {
        let before = self.under_way.fetch_add(1, Ordering::Relaxed);
        // Given back when it is dropped, if there is no room.
        let place = Place(Arc::clone(self));
        (before < CALLS_UNDER_WAY_MAX).then_some(place)
    }
}

impl Endpoints {
    /// The endpoints at these addresses, with the channels to them.
    pub(super) fn new(channels: impl IntoIterator<Item = (String, Channel)>) -> Self {
        let all = channels.into_iter().map(|(address, channel)| Arc::new(Endpoint::new(address, channel))).collect();
        Self { all: Arc::new(RwLock::new(all)), turn: Arc::default(), began: Instant::now() }
    }

    /// All, as of now.
    pub(super) fn all(&self) -> All {
        Arc::clone(&self.all.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.all.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Where they are.
    pub(super) fn addresses(&self) -> Vec<String> {
        self.all().iter().map(|endpoint| endpoint.address.clone()).collect()
    }

    /// Puts the endpoints at these addresses in the place of those that there were. One that stays keeps its connection, and what
    /// is known of it; calls at one that goes are not disturbed. Answers whether anything changed.
    pub(super) fn replace(&self, addresses: &[String], connect: impl Fn(&str) -> Option<Channel>) -> bool {
        let before = self.all();
        let addresses = &addresses[..addresses.len().min(ENDPOINTS_MAX)];
        if before.len() == addresses.len() && before.iter().all(|endpoint| addresses.contains(&endpoint.address)) {
            return false;
        }
        let after = addresses.iter().filter_map(|address| {
            let stays = before.iter().find(|endpoint| endpoint.address == *address);
            stays.cloned().or_else(|| Some(Arc::new(Endpoint::new(address.clone(), connect(address)?))))
        });
        let after: All = after.collect();
        *self.all.write().unwrap_or_else(PoisonError::into_inner) = after;
        true
    }

    /// A place at the endpoint whose turn it is, of those that the call has not tried. One that is down is chosen only if all are.
    pub(super) fn choose(&self, all: &All, tried: &mut Tried) -> Option<Place> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let now = self.now_ms();
        let untried = |tried: u32| {
            (0..all.len())
                .map(move |offset| turn.wrapping_add(offset) % all.len())
                .filter(move |index| tried & (1 << index) == 0)
        };
        loop {
            let chosen = untried(tried.0).find(|index| self.is_worth_a_call(&all[*index], now));
            let chosen = chosen.or_else(|| untried(tried.0).next())?;
            tried.0 |= 1 << chosen;
            if let Some(place) = all[chosen].take_place() {
                return Some(place);
            }
        }
    }

    /// It has answered: it takes part again.
    pub(super) fn answered(&self, place: &Place) {
        let Endpoint { down_until_ms, outages_in_a_row, .. } = &*place.0;
        // Read first: writing at each call would move the cache line from core to core.
        if down_until_ms.load(Ordering::Relaxed) != UP {
            down_until_ms.store(UP, Ordering::Relaxed);
        }
        if outages_in_a_row.load(Ordering::Relaxed) != 0 {
            outages_in_a_row.store(0, Ordering::Relaxed);
        }
    }

    /// It has answered that it cannot. Answers whether it is left out for that now.
    pub(super) fn answered_with_an_outage(&self, place: &Place) -> bool {
        let before = place.0.outages_in_a_row.fetch_add(1, Ordering::Relaxed);
        if before + 1 < OUTAGES_IN_A_ROW_MAX {
            return false;
        }
        place.0.outages_in_a_row.store(0, Ordering::Relaxed);
        self.broke(place);
        true
    }

    /// It broke, or said nothing in time: it is left out for a while.
    pub(super) fn broke(&self, place: &Place) {
        place.0.down_until_ms.store(self.after_the_break(self.now_ms()), Ordering::Relaxed);
    }

    fn is_worth_a_call(&self, endpoint: &Endpoint, now: u64) -> bool {
        let down = &endpoint.down_until_ms;
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
mod tests;
