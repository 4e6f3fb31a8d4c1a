//! From what is shown to who is calling.

use std::sync::Arc;
use std::time::Duration;

use assertion::{AccessTokenClaims, Verifier};
use chassis::feed::Freshness;

use super::Call;
use super::api_keys::ApiKeys;
use super::workloads::Workloads;
use crate::domain::caller::{Caller, CredentialKind, Scopes, Who};
use crate::domain::credential::Shown;
use crate::domain::denial::{Denial, Reason};

/// Learns who is calling.
#[derive(Debug)]
pub(crate) struct Callers {
    pub(crate) api_keys: Arc<ApiKeys>,
    pub(crate) workloads: Arc<Workloads>,
    pub(crate) tokens: Verifier<AccessTokenClaims>,
    pub(crate) freshness: Freshness,
    /// How long credentials are believed while nothing is heard of identity.
    pub(crate) silence_max: Duration,
}

impl Callers {
    /// Who shows this; none if nothing is shown.
    /// `grace` is how long the route tolerates silence of identity, if not as long as the service does.
    pub(crate) async fn authenticate(
        &self,
        shown: Shown,
        grace: Option<Duration>,
        call: &Call,
    ) -> Result<Option<Caller>, Denial> {
        let caller = match shown {
            Shown::Nothing => return Ok(None),
            Shown::ApiKey { text, .. } => {
                self.hears_identity(grace)?;
                self.api_keys.owner(&text, call).await?
            }
            Shown::AccessToken(token) => {
                self.hears_identity(grace)?;
                let claims = self.tokens.verify(&token, call.now).map_err(|refused| invalid(refused.to_string()))?;
                self.api_keys.refuse_ended(&claims)?;
                owner_of_token(&claims).ok_or_else(|| invalid("the token's tenant or subject cannot be read"))?
            }
            Shown::Certificate(spiffe_id) => {
                self.hears_identity(grace)?;
                let workload = self.workloads.find(&spiffe_id);
                workload.ok_or_else(|| invalid(format!("no service account is bound to {spiffe_id}")))?
            }
        };
        self.api_keys.refuse_deleted(&caller.who.tenant)?;
        // Looked at for each call: what is remembered of a credential may have been good when it was looked up.
        if caller.lives(call.now) { Ok(Some(caller)) } else { Err(invalid("the credential has expired")) }
    }

    /// What is shown, if it is no certificate of somebody whom nobody knows.
    pub(crate) fn without_strangers(&self, shown: Shown) -> Shown {
        match shown {
            Shown::Certificate(spiffe_id) if !self.workloads.know(&spiffe_id) => Shown::Nothing,
            Shown::Certificate(_) | Shown::Nothing | Shown::ApiKey { .. } | Shown::AccessToken(_) => shown,
        }
    }

    /// A revocation may have happened that never came here.
    fn hears_identity(&self, grace: Option<Duration>) -> Result<(), Denial> {
        let silence_max = grace.map_or(self.silence_max, |grace| grace.min(self.silence_max));
        let silence = self.freshness.age();
        if silence <= silence_max {
            Ok(())
        } else {
            Err(Denial::new(Reason::Unavailable, format!("nothing was heard of identity for {} s", silence.as_secs())))
        }
    }
}

fn owner_of_token(claims: &AccessTokenClaims) -> Option<Caller> {
    let tenant: chassis::TenantId =
        claims.tenant.parse().ok().filter(|tenant: &chassis::TenantId| !tenant.is_system())?;
    let scopes = claims.scope.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    Some(Caller {
        who: Who { tenant, subject: claims.subject.parse().ok()?, scopes: Scopes::These(scopes) },
        kind: CredentialKind::AccessToken,
        credential_id: claims.credential.clone(),
        ends_at: time::OffsetDateTime::from_unix_timestamp(claims.expires_at).ok(),
    })
}

/// The credential is refused, for a reason that only the log is told.
pub(crate) fn invalid(detail: impl Into<String>) -> Denial {
    Denial::new(Reason::CredentialInvalid, detail)
}
