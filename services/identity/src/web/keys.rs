//! `GET /.well-known/jwks.json` (RFC 7517, 5): the keys that access tokens are verified with.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::Identity;
use crate::store::verification_keys;

pub(super) async fn keys(State(service): State<Arc<Identity>>) -> Result<Response, Refusal> {
    let keys = verification_keys::living_token_keys(service.database.pool(), service.clock.now()).await?;
    let keys: Vec<Value> = keys.iter().filter_map(|(id, jwk)| shown(id, jwk)).collect();
    // For less long than a key is told of before it signs.
    Ok(([(header::CACHE_CONTROL, "public, max-age=60")], Json(json!({ "keys": keys }))).into_response())
}

fn shown(id: &str, jwk: &str) -> Option<Value> {
    let mut key: Value = serde_json::from_str(jwk).ok()?;
    let members = key.as_object_mut()?;
    for (name, value) in [("kid", id), ("use", "sig"), ("alg", "ES256")] {
        members.insert(name.to_owned(), value.into());
    }
    Some(key)
}
