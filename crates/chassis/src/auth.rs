//! Who is calling, and whether the RPC's row of the table lets them.

mod authenticate;
mod authorize;

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use assertion::{AccessTokenClaims, AssertionClaims, Expectation, Verifier};
use contract::Reason;
use contract::peer::Peer;

pub use authenticate::API_KEY_PREFIX;

use crate::context::{Caller, SubjectCaller};
use crate::feed::Learnt;
use crate::subject::{Subject, TenantId};

/// What a caller showed, after it was found to be genuine.
#[derive(Clone, Debug)]
pub(crate) enum Shown {
    /// Nothing.
    Nothing,
    /// A certificate of another service.
    Certificate(ShownPeer),
    /// Gate's word about them.
    Assertion(Arc<AssertionClaims>),
    /// An access token.
    Token(Arc<AccessTokenClaims>),
}

/// Whom a certificate names.
#[derive(Clone, Debug)]
pub(crate) struct ShownPeer {
    pub(crate) peer: &'static Peer,
    /// The tenant that it asks for, and no other.
    pub(crate) bound_to: Option<TenantId>,
}

/// Who the call is made by and for, after it was found to be allowed.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) caller: Caller,
    pub(crate) tenant: Option<TenantId>,
}

/// Why a call is refused: what the caller is told, and what only the log is told.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    pub(crate) text: &'static str,
    pub(crate) detail: String,
    pub(crate) metadata: Vec<(&'static str, String)>,
}

impl Refusal {
    fn new(reason: Reason, text: &'static str) -> Self {
        Self { reason, text, detail: String::new(), metadata: Vec::new() }
    }

    fn because(mut self, detail: impl ToString) -> Self {
        self.detail = detail.to_string();
        self
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.metadata.push((name, value.to_owned()));
        self
    }
}

/// Decides permissions in the system namespace for callers that gate has not asked about: those with a token at a mesh
/// RPC. Only the permissions service has one.
pub trait Authority: Debug + Send + Sync + 'static {
    /// Whether the subject has the permission, written as in the RPC's option: `tenant#…` on its tenant or `system#…`.
    ///
    /// An error means that it cannot be told now; the call is refused as one that may be tried again.
    fn holds(
        &self,
        tenant: &TenantId,
        subject: &Subject,
        permission: &str,
    ) -> Pin<Box<dyn Future<Output = Result<bool, AuthorityUnavailable>> + Send + '_>>;
}

/// It cannot be told now whether a subject has a permission.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("permissions cannot be decided now")]
pub struct AuthorityUnavailable;

/// The part of the layers that decides.
#[derive(Debug)]
pub(crate) struct Authenticator {
    assertions: Verifier<AssertionClaims>,
    tokens: Verifier<AccessTokenClaims>,
    learnt: Learnt,
    authority: Arc<OnceLock<Arc<dyn Authority>>>,
}

impl Authenticator {
    pub(crate) fn new(service: &str, learnt: &Learnt, authority: Arc<OnceLock<Arc<dyn Authority>>>) -> Self {
        let keys = &learnt.keys;
        Self {
            assertions: Verifier::new(keys.clone(), Expectation::assertion(ASSERTION_ISSUER, service)),
            tokens: Verifier::new(keys.clone(), Expectation::access_token(ACCESS_TOKEN_ISSUER, ACCESS_TOKEN_AUDIENCE)),
            learnt: learnt.clone(),
            authority,
        }
    }
}

/// The `iss` of gate's assertions.
pub const ASSERTION_ISSUER: &str = "bailiwick/gate";

/// The `iss` of identity's access tokens.
pub const ACCESS_TOKEN_ISSUER: &str = "bailiwick/identity";

/// The `aud` of access tokens for the plane's own services.
pub const ACCESS_TOKEN_AUDIENCE: &str = "bailiwick";

fn subject_caller(
    subject: &str,
    scope: &str,
    credential: crate::context::Credential,
    credential_id: &str,
) -> Option<SubjectCaller> {
    Some(SubjectCaller {
        subject: subject.parse().ok()?,
        scopes: scope.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
        credential,
        credential_id: credential_id.to_owned(),
    })
}
