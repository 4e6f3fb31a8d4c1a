//! Identity through its served gRPC API, against a real PostgreSQL: one file per RPC.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

mod access;
mod add_client_credential;
mod authenticate_api_key;
mod bind_workload;
mod bootstrap;
mod corpus;
mod create_api_key;
mod create_service_account;
mod create_tenant;
mod create_user;
mod exchange_api_key;
mod follow;
mod get_api_key;
mod get_service_account;
mod get_tenant;
mod get_user;
mod limits;
mod list_api_keys;
mod list_client_credentials;
mod list_service_accounts;
mod list_tenants;
mod list_users;
mod list_workloads;
mod oauth;
mod publish_assertion_key;
mod report_api_key_use;
mod revoke_api_key;
mod revoke_client_credential;
mod rotation;
mod secrets;
mod token_endpoint;
mod token_key;
mod unbind_workload;
mod workload_tokens;
mod world;
