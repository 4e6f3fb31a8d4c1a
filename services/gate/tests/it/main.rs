//! Gate through its served gRPC API, against a real PostgreSQL: one file per RPC.

mod access;
mod api_keys;
mod apply_routes;
mod assign_host;
mod bound_envoys;
mod check;
mod check_refuses;
mod deleted_tenants;
mod explain_decision;
mod fuzz;
mod get_shadow_report;
mod grpc_native;
mod lapses;
mod last_good_version;
mod list_hosts;
mod list_routes;
mod outages;
mod permissions;
mod policies;
mod questions;
mod test_route;
mod test_routes;
mod workloads;
mod world;
