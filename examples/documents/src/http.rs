//! Documents over JSON. Each handler begins with the question who is calling, before it reads anything of the request.

use std::sync::Arc;

use assertion::AssertionClaims;
use axum::Json;
use axum::extract::{FromRequest as _, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::caller::Unidentified;
use crate::library::{Document, NotKept};
use crate::{Service, route};

/// An error as JSON: `{"error": …}`.
#[derive(Debug)]
pub(crate) struct Failed(StatusCode, String);

impl From<Unidentified> for Failed {
    fn from(_: Unidentified) -> Self {
        Self(StatusCode::UNAUTHORIZED, "no valid assertion".to_owned())
    }
}

impl From<NotKept> for Failed {
    fn from(error: NotKept) -> Self {
        let status = match &error {
            NotKept::Id | NotKept::Title => StatusCode::BAD_REQUEST,
            NotKept::Body => StatusCode::PAYLOAD_TOO_LARGE,
            NotKept::TooMany | NotKept::TooManyTenants => StatusCode::INSUFFICIENT_STORAGE,
        };
        Self(status, error.to_string())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

/// What a document is written with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDocument {
    title: String,
    body: String,
}

/// Healthy once a key came: before that, every call would be refused.
pub(crate) async fn health(State(service): State<Arc<Service>>) -> Result<Json<Value>, Failed> {
    if service.keys.are_there() {
        Ok(Json(json!({ "status": "ok" })))
    } else {
        Err(Failed(StatusCode::SERVICE_UNAVAILABLE, "no key to verify assertions with came yet".to_owned()))
    }
}

pub(crate) async fn read_document(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Failed> {
    let caller = service.callers.identify(&headers, route::READ)?;
    let document = service.library.read(&caller.tenant, &id);
    let document = document.ok_or_else(|| Failed(StatusCode::NOT_FOUND, "there is no such document".to_owned()))?;
    Ok(answer(&id, &document, &caller))
}

pub(crate) async fn write_document(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Value>, Failed> {
    let caller = service.callers.identify(request.headers(), route::WRITE)?;
    let new = Json::<NewDocument>::from_request(request, &()).await;
    let Json(new) = new.map_err(|error| Failed(error.status(), error.body_text()))?;
    let document = service.library.write(&caller.tenant, &id, &new.title, &new.body)?;
    Ok(answer(&id, &document, &caller))
}

/// The headers that came, for whoever wants to see what the gateway passes on.
pub(crate) async fn read_headers(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
) -> Result<Json<Value>, Failed> {
    let caller = service.callers.identify(&headers, route::HEADERS)?;
    let shown: Vec<_> =
        headers.iter().map(|(name, value)| json!([name.as_str(), shown(name, value.as_bytes())])).collect();
    Ok(Json(json!({ "headers": shown, "requested_by": requested_by(&caller) })))
}

pub(crate) async fn unknown_path() -> Failed {
    Failed(StatusCode::NOT_FOUND, "there is nothing at this path".to_owned())
}

pub(crate) async fn unknown_method() -> Failed {
    Failed(StatusCode::METHOD_NOT_ALLOWED, "this path does not take this method".to_owned())
}

fn answer(id: &str, document: &Document, caller: &AssertionClaims) -> Json<Value> {
    Json(json!({
        "id": id,
        "title": document.title,
        "body": document.body,
        "archived": document.archived,
        "requested_by": requested_by(caller),
    }))
}

fn requested_by(caller: &AssertionClaims) -> Value {
    json!({ "subject": caller.subject, "tenant": caller.tenant, "permission": caller.permission })
}

/// A header's value, unless whoever has it could call with it.
fn shown(name: &HeaderName, value: &[u8]) -> String {
    let secret = [header::AUTHORIZATION.as_str(), header::COOKIE.as_str(), contract::header::ASSERTION];
    if secret.contains(&name.as_str()) {
        return format!("({} bytes)", value.len());
    }
    String::from_utf8_lossy(value).into_owned()
}
