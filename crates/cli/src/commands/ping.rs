//! `bailiwick ping`: whether the gateway, gate and identity answer.

use std::time::Instant;

use contract::web::PROVIDER_METADATA;
use serde_json::{Value, json};

use super::Session;
use crate::answer::{Answer, Human};
use crate::failure::Failure;

pub(crate) async fn run(session: &Session<'_>) -> Result<Answer, Failure> {
    let began = Instant::now();
    let document = session.gateway.get(PROVIDER_METADATA.path).await?;
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    // gate has let it pass, and identity has answered it.
    let document: Option<Value> = serde_json::from_slice(&document).ok();
    let issuer = document.as_ref().and_then(|document| document["issuer"].as_str());
    let Some(issuer) = issuer else {
        return Err(Failure::unavailable("what answers there is no Bailiwick: it does not say who issues tokens"));
    };
    let said = format!("{issuer} answers, in {took_ms} ms\n");
    Ok(Answer::new(&json!({ "issuer": issuer, "took_ms": took_ms }), Human::Text(said)))
}
