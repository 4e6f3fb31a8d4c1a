//! Who the client is, from what it shows: a secret in a header or in the form, or an assertion. One way, and no other beside it.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chassis::api_key::ClientSecret;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::form::Form;
use super::refusal::Refusal;
use crate::Identity;
use crate::domain::audience::Audiences;
use crate::domain::client::Client;
use crate::domain::client_assertion::{AssertionRefused, ClientAssertion};
use crate::domain::client_id::ClientId;
use crate::domain::workload_assertion::WorkloadAssertion;
use crate::store::{client_assertions, client_credentials, workloads};

/// The type of an assertion that the client signs itself (RFC 7523, 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The type of a JWT-SVID (draft-ietf-oauth-spiffe-client-auth). What it says of itself counts, whichever type is named.
const JWT_SPIFFE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";

/// What the client shows.
enum Shown<'a> {
    Secret { client_id: Zeroizing<String>, secret: Zeroizing<String> },
    Assertion { kind: &'a str, text: &'a str },
}

/// The two parts of a header `Basic …`.
type IdAndSecret = (Zeroizing<String>, Zeroizing<String>);

/// Who the client is.
pub(super) async fn authenticate(
    service: &Identity,
    headers: &HeaderMap,
    form: &Form,
    now: OffsetDateTime,
) -> Result<Client, Refusal> {
    match shown(headers, form)? {
        Shown::Secret { client_id, secret } => by_secret(service, &client_id, &secret, now).await,
        Shown::Assertion { kind: JWT_BEARER | JWT_SPIFFE, text } => {
            let named = form.get("client_id");
            match WorkloadAssertion::read(text).map_err(refused)? {
                Some(assertion) => by_workload(service, &assertion, named, now).await,
                None => by_assertion(service, text, named, now).await,
            }
        }
        Shown::Assertion { .. } => Err(Refusal::InvalidRequest("there is no such client_assertion_type here")),
    }
}

fn shown<'a>(headers: &HeaderMap, form: &'a Form) -> Result<Shown<'a>, Refusal> {
    let basic = basic(headers)?;
    let secret = form.get("client_secret");
    let assertion = (form.get("client_assertion"), form.get("client_assertion_type"));
    match (basic, secret, assertion) {
        (Some((client_id, secret)), None, (None, None)) => {
            if form.get("client_id").is_some_and(|named| named != client_id.as_str()) {
                return Err(Refusal::InvalidRequest("client_id and the authorization header name two clients"));
            }
            Ok(Shown::Secret { client_id, secret })
        }
        (None, Some(secret), (None, None)) => {
            let client_id = form.require("client_id", "client_secret needs client_id")?;
            Ok(Shown::Secret { client_id: owned(client_id), secret: owned(secret) })
        }
        (None, None, (Some(text), Some(kind))) => Ok(Shown::Assertion { kind, text }),
        (None, None, (None, None)) => Err(Refusal::InvalidClient),
        (None, None, (Some(_), None) | (None, Some(_))) => {
            Err(Refusal::InvalidRequest("client_assertion and client_assertion_type go together"))
        }
        _ => Err(Refusal::InvalidRequest("the client authenticates in more than one way")),
    }
}

/// The id and the secret of a header `Basic …` (RFC 6749, 2.3.1).
fn basic(headers: &HeaderMap) -> Result<Option<IdAndSecret>, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refusal::InvalidRequest("the authorization header stands twice"));
    }
    let parts = value.to_str().ok().and_then(|text| text.split_once(' '));
    let encoded = parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic")).map(|(_, encoded)| encoded);
    let decoded = encoded.and_then(|encoded| STANDARD.decode(encoded.trim_start()).ok()).map(Zeroizing::new);
    let text = decoded.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok());
    let (id, secret) = text.and_then(|text| text.split_once(':')).ok_or(Refusal::InvalidClient)?;
    Ok(Some((form_decoded(id), form_decoded(secret))))
}

/// One part of the header, which is encoded as a form's values are.
fn form_decoded(text: &str) -> Zeroizing<String> {
    let mut pairs = url::form_urlencoded::parse(text.as_bytes());
    Zeroizing::new(pairs.next().map(|(name, _)| name.into_owned()).unwrap_or_default())
}

fn owned(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

async fn by_secret(service: &Identity, client_id: &str, secret: &str, now: OffsetDateTime) -> Result<Client, Refusal> {
    let client: ClientId = client_id.parse().map_err(|_| Refusal::InvalidClient)?;
    let secret = ClientSecret::parse(secret).map_err(|_| Refusal::InvalidClient)?;
    // Before it is looked up, so that an unknown secret takes as long as a known one.
    let shown = service.secrets.hash_shown(&secret);
    let pool = service.database.pool();
    let found = client_credentials::find_secret(pool, secret.id()).await?;
    let (credential, kept) = found.ok_or(Refusal::InvalidClient)?;
    // The secret before all else: whoever has only an id learns nothing of its state.
    let genuine = service.secrets.verify(&shown, &kept).ok_or(Refusal::InvalidClient)?;
    if !credential.is_active(now) || credential.client_id() != client {
        return Err(Refusal::InvalidClient);
    }
    if let Some(renewed) = genuine.renewed {
        client_credentials::renew_hash(pool, &credential.id, &kept, &renewed).await?;
    }
    Ok(credential.into())
}

async fn by_assertion(
    service: &Identity,
    text: &str,
    client_id: Option<&str>,
    now: OffsetDateTime,
) -> Result<Client, Refusal> {
    let assertion = ClientAssertion::read(text).map_err(refused)?;
    if client_id.is_some_and(|named| named != assertion.client.to_string()) {
        return Err(Refusal::InvalidClient);
    }
    let pool = service.database.pool();
    let mut keys = client_credentials::find_keys(pool, &assertion.client, now).await?;
    keys.retain(|credential| credential.is_active(now));
    if let Some(key_id) = &assertion.key_id {
        keys.retain(|credential| credential.key.as_ref().is_some_and(|key| key.key_id() == key_id));
    }
    // Without a key id, or with one that two keys have, there must be no choice: trying them all would pay for every guess.
    let [credential] = keys.as_slice() else { return Err(Refusal::InvalidClient) };
    let Some(key) = &credential.key else { return Err(Refusal::InvalidClient) };
    let token_endpoint = format!("{}{}", service.issuer, contract::web::TOKEN.path);
    let verified = assertion.verify(key, &[&service.issuer, &token_endpoint], now).map_err(refused)?;
    if service.assertions_full.load(std::sync::atomic::Ordering::Relaxed) {
        return Err(Refusal::Unavailable);
    }
    if !client_assertions::use_once(pool, &verified).await? {
        tracing::info!("a client assertion was used a second time");
        return Err(Refusal::InvalidClient);
    }
    Ok(credential.clone().into())
}

/// The service account that the workload acts as, by the word of the platform that runs it.
async fn by_workload(
    service: &Identity,
    assertion: &WorkloadAssertion<'_>,
    client_id: Option<&str>,
    now: OffsetDateTime,
) -> Result<Client, Refusal> {
    let issuer = service.issuers.find(&assertion.origin).ok_or(Refusal::InvalidClient)?;
    let key = issuer.key(&assertion.key_id).await.ok_or(Refusal::InvalidClient)?;
    let named = assertion.verify(&key, &issuer.trust_domain, &service.issuer, now).map_err(refused)?;
    let bound = workloads::find(service.database.pool(), &named.spiffe_id).await?;
    let workload = bound.ok_or(Refusal::InvalidClient)?;
    let id = ClientId { tenant: workload.tenant, account: workload.account };
    let credential = named.spiffe_id.as_str().to_owned();
    if client_id.is_some_and(|client_id| client_id != credential && client_id != id.to_string()) {
        return Err(Refusal::InvalidClient);
    }
    let (scopes, audiences) = (workload.scopes, Audiences::default());
    Ok(Client { id, credential, scopes, audiences, ends_at: Some(named.expires_at) })
}

fn refused(refused: AssertionRefused) -> Refusal {
    tracing::info!(detail = %refused, "a client assertion was refused");
    Refusal::InvalidClient
}
