//! The decisions of a while, by tenant: bounded in number for each tenant, in age, and in memory for all together.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chassis::TenantId;
use time::{Duration, OffsetDateTime};

use crate::domain::record::Record;

/// What bounds the records (the configuration's `decision_records_max`, `decision_record_seconds_max`,
/// `decision_record_bytes_max`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordLimits {
    /// For each tenant.
    pub(crate) count_max: usize,
    pub(crate) age_max: Duration,
    /// For all tenants together.
    pub(crate) bytes_max: usize,
}

/// The records.
#[derive(Debug)]
pub(crate) struct Records {
    limits: RecordLimits,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    tenants: HashMap<TenantId, VecDeque<Arc<Record>>>,
    bytes: usize,
}

impl Records {
    pub(crate) fn new(limits: RecordLimits) -> Self {
        Self { limits, held: Mutex::default() }
    }

    /// Whether anything is remembered at all.
    pub(crate) fn are_kept(&self) -> bool {
        self.limits.count_max > 0
    }

    /// Remembers a decision, and forgets what it takes to stay within the limits.
    pub(crate) fn add(&self, tenant: &TenantId, record: Record) {
        let oldest = record.decided_at - self.limits.age_max;
        let mut held = self.held();
        let Held { tenants, bytes } = &mut *held;
        *bytes += record.bytes();
        let record = Arc::new(record);
        match tenants.get_mut(tenant) {
            Some(records) => {
                records.push_back(record);
                while records.len() > self.limits.count_max
                    || records.front().is_some_and(|first| first.decided_at < oldest)
                {
                    let Some(first) = records.pop_front() else { break };
                    *bytes -= first.bytes();
                }
            }
            None => {
                tenants.insert(tenant.clone(), VecDeque::from([record]));
            }
        }
        while held.bytes > self.limits.bytes_max && held.forget_half_of_the_largest() {}
    }

    /// Forgets all of a tenant's.
    pub(crate) fn forget(&self, tenant: &TenantId) {
        let mut held = self.held();
        let forgotten = held.tenants.remove(tenant).into_iter().flatten();
        held.bytes -= forgotten.map(|record| record.bytes()).sum::<usize>();
    }

    /// The tenant's decision with this id, if it is remembered.
    pub(crate) fn find(&self, tenant: &TenantId, id: &str, now: OffsetDateTime) -> Option<Arc<Record>> {
        self.newest_first(tenant, now, usize::MAX).into_iter().find(|record| record.id == id)
    }

    /// The tenant's decisions, the newest first.
    pub(crate) fn newest_first(&self, tenant: &TenantId, now: OffsetDateTime, count_max: usize) -> Vec<Arc<Record>> {
        let oldest = now - self.limits.age_max;
        let held = self.held();
        let records = held.tenants.get(tenant).into_iter().flatten().rev();
        records.take_while(|record| record.decided_at >= oldest).take(count_max).cloned().collect()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Who has most gives most: a flood at one tenant's hosts does not push out what others remember. Half at once, so that it is
    /// not looked for with every decision. Answers false if there was nothing to forget.
    fn forget_half_of_the_largest(&mut self) -> bool {
        let largest = self.tenants.iter().max_by_key(|(_, records)| records.len()).map(|(tenant, _)| tenant.clone());
        let Some((tenant, records)) = largest.and_then(|tenant| self.tenants.remove_entry(&tenant)) else {
            return false;
        };
        let mut kept = records;
        let forgotten: Vec<_> = kept.drain(..kept.len().div_ceil(2)).collect();
        self.bytes -= forgotten.iter().map(|record| record.bytes()).sum::<usize>();
        if !kept.is_empty() {
            self.tenants.insert(tenant, kept);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(id: &str) -> TenantId {
        id.parse().unwrap()
    }

    fn at(second: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::seconds(second)
    }

    fn record(second: i64) -> Record {
        Record::new(&format!("d{second}"), at(second), "GET", "docs.example", &"/".repeat(2_000))
    }

    fn records(count_max: usize, bytes_max: usize) -> Records {
        Records::new(RecordLimits { count_max, age_max: Duration::seconds(60), bytes_max })
    }

    #[test]
    fn a_tenants_records_are_bounded_in_number_and_age_and_nobody_elses() {
        let records = records(3, usize::MAX);
        (1..=5).for_each(|second| records.add(&tenant("acme"), record(second)));
        let ids = |now| -> Vec<String> {
            records.newest_first(&tenant("acme"), at(now), 9).iter().map(|record| record.id.clone()).collect()
        };
        assert_eq!(ids(5), ["d5", "d4", "d3"]);
        assert_eq!(ids(64), ["d5", "d4"], "none older than a minute");
        assert!(records.find(&tenant("acme"), "d4", at(5)).is_some());
        assert!(records.find(&tenant("globex"), "d4", at(5)).is_none());
        assert!(records.find(&tenant("acme"), "d1", at(5)).is_none());
    }

    #[test]
    fn a_flood_at_one_tenant_takes_its_own_records_and_memory_stays_bounded() {
        let bytes_max = 100 * record(1).bytes();
        let records = records(1_000_000, bytes_max);
        records.add(&tenant("globex"), record(1));
        for _ in 0..10_000 {
            records.add(&tenant("acme"), record(1));
            assert!(records.held().bytes <= bytes_max);
        }
        assert!(records.find(&tenant("globex"), "d1", at(1)).is_some());
        assert!(records.newest_first(&tenant("acme"), at(1), 1_000).len() >= 48);
    }

    #[test]
    fn a_path_that_is_not_remembered_whole_is_not_asked_about_again() {
        assert!(record(1).request().is_none() && record(1).path().len() == 1_024);
        assert!(Record::new("d", at(1), "GET", "docs.example", "/x").request().is_some());
    }
}
