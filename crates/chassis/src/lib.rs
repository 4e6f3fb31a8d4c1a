//! How a Bailiwick service runs: everything that all of them share, and that none of them may do in its own way.
//!
//! A service implements [`Service`], and its `main` is `chassis::run::<TheService>()`. In reading order:
//! from the process ([`run`]) and its [`config`] to what happens to a call before its handler (`stack`, `layers`, `auth`),
//! the handler's two shapes ([`call`]) and its [`context`], how an error becomes an answer ([`error`]), and what a handler
//! changes things with: the [`database`], the [`unit_of_work`] with its outbox, and the [`feed`].

mod admin;
mod admission;
pub mod api_key;
pub mod aside;
pub mod auth;
pub mod call;
pub mod clock;
pub mod config;
mod connection;
pub mod context;
pub mod database;
pub mod deletion;
pub mod error;
pub mod feed;
pub mod idempotency;
mod layers;
pub mod logs;
mod metrics;
pub mod outbox;
pub mod page;
pub mod peer;
mod readiness;
pub mod run;
mod schema;
pub mod secret;
pub mod service;
pub mod signing;
mod stack;
pub mod start;
pub mod subject;
mod tasks;
pub mod timestamp;
mod tls;
pub mod traces;
pub mod unit_of_work;
pub mod web;

pub use aside::Aside;
pub use clock::{Clock, Entropy};
pub use config::{Config, ServiceConfig};
pub use context::Context;
pub use contract::Reason;
pub use database::{Database, DatabaseError};
pub use error::{FieldInvalid, ForeignReason, LimitExceeded, ServiceError};
pub use metrics::Metrics;
pub use readiness::{Latch, Readiness};
pub use run::{Running, run, start};
pub use service::{Foundation, Service, Surroundings};
pub use start::StartError;
pub use subject::{Subject, SubjectKind, TenantId};
pub use tasks::Tasks;
pub use traces::{TraceParent, Traces};
pub use unit_of_work::{AuditEvent, UnitOfWork};
