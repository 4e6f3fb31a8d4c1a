//! Stories that leave the cluster as it is: they share one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod administration;
mod answers;
mod callers;
mod changes;
mod denials;
mod direct_ports;
mod edge;
mod explanations;
mod gateways;
mod hostile_headers;
mod istio;
mod json;
mod limits;
mod oauth;
mod own_envoys;
mod python_client;
mod readings;
mod secrets;
mod tenants;
mod traces;
mod upstreams;
mod workloads;
