//! The service's own section of the configuration: `[permissions]`.

use std::path::PathBuf;

use chassis::ServiceConfig;
use serde::{Deserialize, Serialize};

/// What the service is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The file with the key that consistency tokens are sealed with: 32 bytes or more, in hexadecimal. All replicas share it.
    pub token_key_file: PathBuf,
    /// The file with a second key, whose tokens are taken too while the key is being replaced: first the next one, until all replicas have
    /// it, then the one before (`docs/runbooks/rotation.md`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_key_previous_file: Option<PathBuf>,
    /// How many pairs of an object and a relation or permission one question may reach.
    #[serde(default = "default_traversal_nodes_max")]
    pub traversal_nodes_max: usize,
    /// How many relationships one question may read and references it may follow.
    #[serde(default = "default_traversal_edges_max")]
    pub traversal_edges_max: usize,
    /// How many questions a bulk check may have. At most 10,000, which clients may rely on never being more.
    #[serde(default = "default_check_items_max")]
    pub check_items_max: usize,
    /// How many changes a write may have. At most 1,000, which clients may rely on never being more.
    #[serde(default = "default_updates_max")]
    pub updates_max: usize,
    /// How many preconditions a write or deletion may have. At most 1,000, which clients may rely on never being more.
    #[serde(default = "default_preconditions_max")]
    pub preconditions_max: usize,
    /// How many relationships one deletion by filter may take away. At most 100,000: all of them are one revision.
    #[serde(default = "default_deletes_max")]
    pub deletes_max: u32,
    /// How many writes may wait for their turn; more are refused.
    #[serde(default = "default_writes_waiting_max")]
    pub writes_waiting_max: usize,
    /// From how many changes on a group of writes that is committed at once takes no further write.
    #[serde(default = "default_group_changes_max")]
    pub group_changes_max: usize,
    /// How long a group may take to be decided, and again to be committed, before its writes are refused and the next group has
    /// its turn. At most a minute.
    #[serde(default = "default_group_step_ms_max")]
    pub group_step_ms_max: u64,
    /// How many relationships a tenant may have.
    #[serde(default = "default_relationships_max")]
    pub relationships_max: usize,
    /// How long until the commit of another replica is seen whose call is missed. One that is heard is seen at once.
    #[serde(default = "default_poll_ms")]
    pub poll_ms: u64,
    /// After how many seconds without a word from the database the replica is no longer ready; 0 means that it stays ready
    /// whatever happens, so that a lost database does not take all replicas away at once.
    #[serde(default)]
    pub stale_seconds_max: u64,
    /// For how many seconds an earlier state can be asked at exactly. At most an hour: it is kept in memory.
    #[serde(default = "default_exact_seconds_max")]
    pub exact_seconds_max: u64,
    /// How many earlier states, of all tenants together, can be asked at exactly.
    #[serde(default = "default_exact_snapshots_max")]
    pub exact_snapshots_max: usize,
    /// How many changes, of all tenants together, lie between the earliest of those states and the newest: their memory.
    #[serde(default = "default_exact_changes_max")]
    pub exact_changes_max: usize,
    /// For how many seconds what was deleted is still stored, so that pages go on at the revision they began at.
    #[serde(default = "default_history_seconds")]
    pub history_seconds: u64,
    /// How often it is looked for what is older than that, in seconds.
    #[serde(default = "default_collect_seconds")]
    pub collect_seconds: u64,
    /// Where files of the index are kept, from which replicas start: a folder by its absolute path, or `s3://bucket/prefix`
    /// with the keys, region and endpoint in the `AWS_…` variables. Without it every start reads the whole database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_store: Option<String>,
    /// How often a file is written, in seconds.
    #[serde(default = "default_snapshot_seconds")]
    pub snapshot_seconds: u64,
    /// How many questions may be worked on at once off the threads that serve calls, half of them one tenant's;
    /// 0 means one fewer than there are processors, and at least one.
    #[serde(default)]
    pub evaluations_max: usize,
}

const CHECK_ITEMS_MAX: usize = 10_000;
const UPDATES_MAX: usize = 1_000;
const DELETES_MAX: usize = 100_000;
const WRITES_WAITING_MAX: usize = 100_000;
const GROUP_CHANGES_MAX: usize = 100_000;
const GROUP_STEP_MS_MAX: u64 = 60_000;
const POLL_MS_MAX: u64 = 10_000;
const RELATIONSHIPS_MAX: usize = 500_000_000;
const EXACT_SECONDS_MAX: u64 = 3_600;
const EXACT_SNAPSHOTS_MAX: usize = 1_000_000;
const EXACT_CHANGES_MAX: usize = 100_000_000;
const HISTORY_SECONDS_MAX: u64 = 365 * 24 * 3_600;

impl ServiceConfig for Config {
    fn validate(&self) -> Result<(), String> {
        for (key, value) in
            [("traversal_nodes_max", self.traversal_nodes_max), ("traversal_edges_max", self.traversal_edges_max)]
        {
            if value == 0 {
                return Err(format!("{key} must be at least 1"));
            }
        }
        for (key, value, max) in [
            ("check_items_max", self.check_items_max, CHECK_ITEMS_MAX),
            ("updates_max", self.updates_max, UPDATES_MAX),
            ("preconditions_max", self.preconditions_max, UPDATES_MAX),
            ("deletes_max", self.deletes_max as usize, DELETES_MAX),
            ("writes_waiting_max", self.writes_waiting_max, WRITES_WAITING_MAX),
            ("group_changes_max", self.group_changes_max, GROUP_CHANGES_MAX),
            ("relationships_max", self.relationships_max, RELATIONSHIPS_MAX),
            ("exact_snapshots_max", self.exact_snapshots_max, EXACT_SNAPSHOTS_MAX),
            ("exact_changes_max", self.exact_changes_max, EXACT_CHANGES_MAX),
        ] {
            if !(1..=max).contains(&value) {
                return Err(format!("{key} must be 1 to {max}"));
            }
        }
        for (key, value, max) in [
            ("group_step_ms_max", self.group_step_ms_max, GROUP_STEP_MS_MAX),
            ("poll_ms", self.poll_ms, POLL_MS_MAX),
            ("exact_seconds_max", self.exact_seconds_max, EXACT_SECONDS_MAX),
            ("history_seconds", self.history_seconds, HISTORY_SECONDS_MAX),
            ("collect_seconds", self.collect_seconds, HISTORY_SECONDS_MAX),
            ("snapshot_seconds", self.snapshot_seconds, HISTORY_SECONDS_MAX),
        ] {
            if !(1..=max).contains(&value) {
                return Err(format!("{key} must be 1 to {max}"));
            }
        }
        Ok(())
    }
}

impl Config {
    /// The defaults, with this key.
    pub fn with_token_key(token_key_file: PathBuf) -> Self {
        Self {
            token_key_file,
            token_key_previous_file: None,
            traversal_nodes_max: default_traversal_nodes_max(),
            traversal_edges_max: default_traversal_edges_max(),
            check_items_max: default_check_items_max(),
            updates_max: default_updates_max(),
            preconditions_max: default_preconditions_max(),
            deletes_max: default_deletes_max(),
            writes_waiting_max: default_writes_waiting_max(),
            group_changes_max: default_group_changes_max(),
            group_step_ms_max: default_group_step_ms_max(),
            relationships_max: default_relationships_max(),
            poll_ms: default_poll_ms(),
            stale_seconds_max: 0,
            exact_seconds_max: default_exact_seconds_max(),
            exact_snapshots_max: default_exact_snapshots_max(),
            exact_changes_max: default_exact_changes_max(),
            history_seconds: default_history_seconds(),
            collect_seconds: default_collect_seconds(),
            snapshot_store: None,
            snapshot_seconds: default_snapshot_seconds(),
            evaluations_max: 0,
        }
    }
}

fn default_traversal_nodes_max() -> usize {
    100_000
}

fn default_traversal_edges_max() -> usize {
    1_000_000
}

fn default_check_items_max() -> usize {
    CHECK_ITEMS_MAX
}

fn default_updates_max() -> usize {
    UPDATES_MAX
}

fn default_preconditions_max() -> usize {
    UPDATES_MAX
}

fn default_deletes_max() -> u32 {
    1_000
}

fn default_writes_waiting_max() -> usize {
    1_024
}

fn default_group_changes_max() -> usize {
    4_000
}

fn default_group_step_ms_max() -> u64 {
    10_000
}

fn default_relationships_max() -> usize {
    100_000_000
}

fn default_exact_seconds_max() -> u64 {
    600
}

fn default_exact_snapshots_max() -> usize {
    10_000
}

fn default_exact_changes_max() -> usize {
    500_000
}

fn default_history_seconds() -> u64 {
    24 * 3_600
}

fn default_collect_seconds() -> u64 {
    60
}

fn default_snapshot_seconds() -> u64 {
    300
}

fn default_poll_ms() -> u64 {
    50
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_must_be_of_use() {
        let good = Config::with_token_key("key".into());
        assert_eq!(good.validate(), Ok(()));
        for (key, bad) in [
            ("traversal_nodes_max", Config { traversal_nodes_max: 0, ..good.clone() }),
            ("traversal_edges_max", Config { traversal_edges_max: 0, ..good.clone() }),
            ("check_items_max", Config { check_items_max: 10_001, ..good.clone() }),
            ("updates_max", Config { updates_max: 0, ..good.clone() }),
            ("preconditions_max", Config { preconditions_max: 1_001, ..good.clone() }),
            ("deletes_max", Config { deletes_max: 0, ..good.clone() }),
            ("writes_waiting_max", Config { writes_waiting_max: 0, ..good.clone() }),
            ("group_changes_max", Config { group_changes_max: 0, ..good.clone() }),
            ("group_step_ms_max", Config { group_step_ms_max: 0, ..good.clone() }),
            ("relationships_max", Config { relationships_max: 0, ..good.clone() }),
            ("poll_ms", Config { poll_ms: 0, ..good.clone() }),
            ("exact_seconds_max", Config { exact_seconds_max: 3_601, ..good.clone() }),
            ("exact_snapshots_max", Config { exact_snapshots_max: 0, ..good.clone() }),
            ("exact_changes_max", Config { exact_changes_max: 0, ..good.clone() }),
            ("history_seconds", Config { history_seconds: 0, ..good.clone() }),
            ("collect_seconds", Config { collect_seconds: 0, ..good.clone() }),
            ("snapshot_seconds", Config { snapshot_seconds: 0, ..good.clone() }),
        ] {
            let problem = bad.validate().unwrap_err();
            assert!(problem.contains(key), "{problem}");
        }
    }
}
