//! Gate's signed word about a caller on a route. Signing costs more than the rest of most decisions, so it is done once for the
//! same caller, route and audience, and used again while at least half of its life remains.

use assertion::{AssertionClaims, Expectation, Verdict};
use chassis::auth::ASSERTION_ISSUER;
use chassis::signing::SigningKey;
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use super::caller::invalid;
use super::metrics::AssertionMetrics;
use crate::domain::caller::Caller;
use crate::domain::denial::{Denial, Reason};
use crate::domain::route::Route;

/// How many assertions are remembered.
const MINTED_MAX: u64 = 65_536;

/// Mints assertions.
#[derive(Debug)]
pub(crate) struct Assertions {
    key: SigningKey,
    token_type: &'static str,
    seconds: i64,
    minted: Cache<[u8; 32], Minted>,
    metrics: AssertionMetrics,
}

#[derive(Clone)]
struct Minted {
    token: String,
    issued_at: i64,
    expires_at: i64,
}

impl Assertions {
    pub(crate) fn new(key: SigningKey, seconds: i64, metrics: AssertionMetrics) -> Self {
        let token_type = Expectation::assertion(ASSERTION_ISSUER, "").token_type();
        Self { key, token_type, seconds, minted: Cache::new(MINTED_MAX), metrics }
    }

    /// The public half of the key.
    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }

    /// What gate says about the caller on this route; about nobody, on a route that lets anyone in.
    /// `request` is the digest of the one request that it is to be good for, or empty.
    pub(crate) fn about(
        &self,
        caller: Option<&Caller>,
        route: &Route,
        verdict: Verdict,
        request: String,
        now: OffsetDateTime,
    ) -> Result<String, Denial> {
        let now = now.unix_timestamp();
        let credential_ends_at = caller.and_then(|caller| caller.ends_at).map(OffsetDateTime::unix_timestamp);
        let expires_at = credential_ends_at.map_or(now + self.seconds, |end| end.min(now + self.seconds));
        if expires_at <= now {
            return Err(invalid("the credential ends within this second"));
        }
        let claims = AssertionClaims { request, ..claims(caller, route, verdict, (now, expires_at)) };
        let digest = digest(&claims, credential_ends_at);
        if let Some(minted) = self.minted.get(&digest)
            && minted.is_half_fresh(now)
        {
            self.metrics.remembered();
            return Ok(minted.token);
        }
        let token = self.key.sign(self.token_type, &claims);
        let token = token
            .map_err(|error| Denial::new(Reason::Unavailable, format!("the assertion cannot be signed: {error}")))?;
        self.metrics.signed();
        self.minted.insert(digest, Minted { token: token.clone(), issued_at: now, expires_at });
        Ok(token)
    }
}

fn claims(
    caller: Option<&Caller>,
    route: &Route,
    verdict: Verdict,
    (issued_at, expires_at): (i64, i64),
) -> AssertionClaims {
    let text = |read: fn(&Caller) -> String| caller.map(read).unwrap_or_default();
    AssertionClaims {
        issuer: ASSERTION_ISSUER.to_owned(),
        audience: route.audience.clone(),
        subject: text(|caller| caller.who.subject.to_string()),
        tenant: text(|caller| caller.who.tenant.to_string()),
        scope: text(|caller| caller.who.scopes.joined()),
        route: route.name.clone(),
        permission: match verdict {
            Verdict::Allowed => route.need.name(),
            // Nobody found it.
            Verdict::Undecided | Verdict::Shadow => String::new(),
        },
        verdict,
        request: String::new(),
        credential: text(|caller| caller.credential_id.clone()),
        credential_kind: text(|caller| caller.kind.name().to_owned()),
        issued_at,
        expires_at,
    }
}

/// Of everything that the assertion says, each with its length before it, so that no two sets of claims look alike.
fn digest(claims: &AssertionClaims, credential_ends_at: Option<i64>) -> [u8; 32] {
    let AssertionClaims {
        issuer,
        audience,
        subject,
        tenant,
        scope,
        route,
        permission,
        verdict,
        request,
        credential,
        credential_kind,
        issued_at: _,
        expires_at: _,
    } = claims;
    let verdict = match verdict {
        Verdict::Allowed => "allowed",
        Verdict::Undecided => "undecided",
        Verdict::Shadow => "shadow",
    };
    let end = credential_ends_at.map_or_else(String::new, |end| end.to_string());
    let mut hash = Sha256::new();
    hash.update(verdict.as_bytes());
    for part in
        [issuer, audience, subject, tenant, scope, route, permission, request, credential, credential_kind, &end]
    {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

impl Minted {
    fn is_half_fresh(&self, now: i64) -> bool {
        self.issued_at <= now && (self.expires_at - now) * 2 >= self.expires_at - self.issued_at
    }
}

impl std::fmt::Debug for Minted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Minted").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
