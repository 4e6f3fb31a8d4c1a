//! The permissions service through its served API, against a real PostgreSQL: one file per RPC.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

mod access;
mod authzed_check;
mod authzed_relationships;
mod authzed_schema;
mod check;
mod check_bulk;
mod check_stream;
mod collection;
mod consistency;
mod database_lost;
mod delete_relationships;
mod deleted_tenants;
mod grant_role;
mod group_commit;
mod hostile;
mod limits;
mod list_roles;
mod lost_writes;
mod preconditions;
mod races;
mod read_relationships;
mod read_schema;
mod replicas;
mod revoke_role;
mod snapshots;
mod system_namespace;
mod tenants;
mod wire;
mod world;
mod write_relationships;
mod write_schema;
