//! The platforms whose word about their workloads is believed, and their keys: fetched in the background, and kept.
//!
//! A platform that cannot be reached stops nothing: what is known of it stays. A key that nobody knows is asked for at most once in
//! ten seconds, and one that was not there is not asked for again for thirty.

mod fetch;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chassis::StartError;
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::domain::client_key::ClientKey;
use crate::domain::workload::SpiffeId;
use crate::domain::workload_assertion::Origin;
use fetch::Source;

/// How many platforms there may be.
const ISSUERS_MAX: usize = 16;

/// How many keys of one platform are taken.
const KEYS_MAX: usize = 64;

/// How often keys are fetched.
pub(crate) const REFRESH: Duration = Duration::from_secs(300);

/// How long to wait before an unknown key is asked for again, and how many such are remembered.
const ASK_AGAIN: Duration = Duration::from_secs(10);
const UNKNOWN_FOR: Duration = Duration::from_secs(30);
const UNKNOWN_MAX: u64 = 1_024;

/// What a platform's tokens are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssuerKind {
    /// Kubernetes' projected service-account tokens.
    Kubernetes,
    /// JWT-SVIDs.
    Spiffe,
}

/// A platform whose word about its workloads is believed. A workload gets tokens once its name is bound (`bailiwick workload bind`).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// What its tokens are.
    pub kind: IssuerKind,
    /// The cluster's issuer, exactly as its tokens have it in `iss`. Of SPIFFE there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub issuer: String,
    /// The trust domain of its workloads' names. Kubernetes' service account `web` in the namespace `shop` is
    /// `spiffe://TRUST_DOMAIN/ns/shop/sa/web`.
    pub trust_domain: String,
    /// Where its keys are: a JSON Web Key Set (RFC 7517) or a SPIFFE bundle, over HTTPS.
    pub keys_url: String,
    /// The certificates that the one of that URL must lead to, PEM.
    pub ca_file: PathBuf,
    /// The file with the bearer token for that URL, if it wants one, as Kubernetes does. Read anew each time, since it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
}

/// The platforms, with their keys.
#[derive(Debug)]
pub(crate) struct Issuers(Vec<Issuer>);

/// A platform, with its keys.
pub(crate) struct Issuer {
    kind: IssuerKind,
    issuer: String,
    pub(crate) trust_domain: String,
    source: Source,
    keys: RwLock<HashMap<String, ClientKey>>,
    unknown: Cache<String, ()>,
    asked: Mutex<Option<Instant>>,
}

/// Checks what the types of the configuration cannot.
pub(crate) fn validate(issuers: &[IssuerConfig]) -> Result<(), String> {
    if issuers.len() > ISSUERS_MAX {
        return Err(format!("issuers: there are {}, and at most {ISSUERS_MAX} may be", issuers.len()));
    }
    for (index, issuer) in issuers.iter().enumerate() {
        let refuse = |problem: &str| Err(format!("issuers[{index}].{problem}"));
        if SpiffeId::read(&format!("spiffe://{}/a", issuer.trust_domain), "trust_domain").is_err() {
            return refuse("trust_domain must be 1 to 255 characters of a-z, 0-9, '.', '-' and '_'");
        }
        if issuer.issuer.is_empty() != (issuer.kind == IssuerKind::Spiffe) {
            return refuse("issuer must be there for kubernetes, and not for spiffe");
        }
        let parsed = url::Url::parse(&issuer.keys_url);
        if !parsed.is_ok_and(|url| url.scheme() == "https" && url.host().is_some() && url.username().is_empty()) {
            return refuse("keys_url must be https://…, without a user");
        }
        let same = |other: &IssuerConfig| {
            other.kind == issuer.kind
                && other.issuer == issuer.issuer
                && (issuer.kind == IssuerKind::Kubernetes || other.trust_domain == issuer.trust_domain)
        };
        if issuers[..index].iter().any(same) {
            return refuse("issuer stands twice");
        }
    }
    Ok(())
}

impl Issuers {
    /// The platforms of the configuration, without asking any of them yet.
    pub(crate) fn new(configs: &[IssuerConfig]) -> Result<Self, StartError> {
        let issuers = configs.iter().map(|config| {
            Ok(Issuer {
                kind: config.kind,
                issuer: config.issuer.clone(),
                trust_domain: config.trust_domain.clone(),
                source: Source::new(&config.keys_url, &config.ca_file, config.token_file.clone())?,
                keys: RwLock::default(),
                unknown: Cache::builder().max_capacity(UNKNOWN_MAX).time_to_live(UNKNOWN_FOR).build(),
                asked: Mutex::new(None),
            })
        });
        Ok(Self(issuers.collect::<Result<_, StartError>>()?))
    }

    /// The platform that has made a token, by the token's own word.
    pub(crate) fn find(&self, origin: &Origin) -> Option<&Issuer> {
        self.0.iter().find(|known| match origin {
            Origin::Cluster(issuer) => known.kind == IssuerKind::Kubernetes && known.issuer == *issuer,
            Origin::TrustDomain(domain) => known.kind == IssuerKind::Spiffe && known.trust_domain == *domain,
        })
    }

    /// Fetches everyone's keys, for as long as the service runs.
    pub(crate) async fn refresh(self: Arc<Self>) {
        loop {
            for issuer in &self.0 {
                issuer.fetch().await;
            }
            tokio::time::sleep(REFRESH).await;
        }
    }
}

impl Issuer {
    /// The key with this id; one that is not known yet is asked for, but not for everyone who makes an id up.
    pub(crate) async fn key(&self, id: &str) -> Option<ClientKey> {
        if let Some(key) = self.known(id) {
            return Some(key);
        }
        if self.unknown.contains_key(id) {
            return None;
        }
        {
            let mut asked = self.asked.lock().await;
            // Another may have asked while this one waited.
            if let Some(key) = self.known(id) {
                return Some(key);
            }
            if asked.is_some_and(|asked| asked.elapsed() < ASK_AGAIN) {
                return None;
            }
            self.fetch().await;
            *asked = Some(Instant::now());
        }
        let key = self.known(id);
        if key.is_none() {
            self.unknown.insert(id.to_owned(), ());
        }
        key
    }

    fn known(&self, id: &str) -> Option<ClientKey> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    async fn fetch(&self) {
        let fetched = match self.source.fetch().await {
            Ok(body) => body,
            Err(problem) => {
                tracing::warn!(
                    url = self.source.url(),
                    problem,
                    "a platform's keys cannot be fetched: those known stay"
                );
                return;
            }
        };
        match read_keys(&fetched) {
            Some(keys) => *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys,
            None => tracing::warn!(url = self.source.url(), "a platform answers no set of keys: those known stay"),
        }
    }
}

/// The keys of a set that verify tokens. Others (for certificates, or of other kinds) are passed over.
fn read_keys(body: &[u8]) -> Option<HashMap<String, ClientKey>> {
    let set: Value = serde_json::from_slice(body).ok()?;
    let keys = set.get("keys")?.as_array()?;
    let read = keys.iter().filter_map(|key| ClientKey::of_set(key).map(|key| (key.key_id().to_owned(), key)));
    Some(read.take(KEYS_MAX).collect())
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Issuer")
            .field("kind", &self.kind)
            .field("trust_domain", &self.trust_domain)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(kind: IssuerKind, issuer: &str, keys_url: &str) -> IssuerConfig {
        IssuerConfig {
            kind,
            issuer: issuer.to_owned(),
            trust_domain: "td".to_owned(),
            keys_url: keys_url.to_owned(),
            ca_file: PathBuf::new(),
            token_file: None,
        }
    }

    #[test]
    fn a_platform_is_named_once_and_asked_over_tls() {
        let good = config(IssuerKind::Kubernetes, "https://cluster", "https://cluster/openid/v1/jwks");
        assert!(validate(std::slice::from_ref(&good)).is_ok());
        assert!(validate(&[good.clone(), config(IssuerKind::Spiffe, "", "https://spire/keys")]).is_ok());
        for bad in [
            vec![good.clone(), good.clone()],
            vec![config(IssuerKind::Kubernetes, "", "https://cluster")],
            vec![config(IssuerKind::Spiffe, "https://x", "https://cluster")],
            vec![config(IssuerKind::Spiffe, "", "http://cluster")],
            vec![config(IssuerKind::Spiffe, "", "https://user@cluster")],
            vec![IssuerConfig { trust_domain: "T D".to_owned(), ..good }],
        ] {
            assert!(validate(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn keys_for_other_things_are_passed_over() {
        const JWK: &str = r#""kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#;
        let set = format!(
            r#"{{"keys":[{{{JWK},"kid":"a","use":"jwt-svid"}},{{{JWK},"kid":"b","use":"x509-svid","x5c":["x"]}},{{{JWK},"kid":"c","x5t":"y"}},
            {{{JWK}}},{{"kty":"oct","k":"AAAA","kid":"d"}},7],"spiffe_sequence":1}}"#
        );
        let mut ids: Vec<String> = read_keys(set.as_bytes()).unwrap().into_keys().collect();
        ids.sort();
        assert_eq!(ids, ["a", "c"]);
        assert!(read_keys(b"{}").is_none() && read_keys(b"[").is_none());
    }
}
