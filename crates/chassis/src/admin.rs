//! The admin port, plain HTTP, for the machine's own eyes:
//!
//! - `GET /livez`: 200 while the process answers at all.
//! - `GET /readyz`: 200 once ready and until it drains; otherwise 503 and what is waited for.
//! - `GET /metrics`: everything in the Prometheus text format.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::database::Database;
use crate::metrics::Metrics;
use crate::readiness::Readiness;

#[derive(Clone)]
struct Admin {
    metrics: Metrics,
    database: Database,
    readiness: Readiness,
}

/// The routes of the admin port.
pub(crate) fn router(metrics: Metrics, database: Database, readiness: Readiness) -> Router {
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_text))
        .with_state(Admin { metrics, database, readiness })
}

async fn readyz(State(admin): State<Admin>) -> impl IntoResponse {
    if admin.readiness.is_ready() {
        (StatusCode::OK, "ready\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("waiting for: {}\n", admin.readiness.waiting().join(", ")))
    }
}

async fn metrics_text(State(admin): State<Admin>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")],
        admin.metrics.text(&admin.database),
    )
}
