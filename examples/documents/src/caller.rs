//! Who is calling: what gate's assertion says, and nothing else.

use std::sync::Arc;

use assertion::{AssertionClaims, Refused, Verifier};
use axum::http::HeaderMap;

use crate::Clock;

/// Finds out who is calling.
pub(crate) struct Callers {
    verifier: Verifier<AssertionClaims>,
    clock: Clock,
}

/// Why it is not known who is calling. For the log: the caller is told "no valid assertion", whichever it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unidentified {
    #[error("there is no assertion")]
    Missing,
    // Two mean that somebody put one there besides gate. Whichever were taken, it might be theirs.
    #[error("there is more than one assertion")]
    Ambiguous,
    #[error("the assertion is not ASCII")]
    NotAscii,
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("the assertion was made for another route")]
    OtherRoute,
    #[error("the assertion names no caller")]
    Nobody,
}

impl Callers {
    pub(crate) fn new(verifier: Verifier<AssertionClaims>, clock: Clock) -> Self {
        Self { verifier, clock }
    }

    /// Who is calling, on this route.
    pub(crate) fn identify(&self, headers: &HeaderMap, route: &str) -> Result<Arc<AssertionClaims>, Unidentified> {
        let caller = self.verify(headers, route);
        if let Err(why) = &caller {
            tracing::info!(route, %why, "call refused");
        }
        caller
    }

    fn verify(&self, headers: &HeaderMap, route: &str) -> Result<Arc<AssertionClaims>, Unidentified> {
        let mut assertions = headers.get_all(contract::header::ASSERTION).iter();
        let assertion = assertions.next().ok_or(Unidentified::Missing)?;
        if assertions.next().is_some() {
            return Err(Unidentified::Ambiguous);
        }
        let assertion = assertion.to_str().map_err(|_| Unidentified::NotAscii)?;
        let claims = self.verifier.verify(assertion, (self.clock)())?;
        if claims.route != route {
            return Err(Unidentified::OtherRoute);
        }
        // Every route here asks for a caller; one that were changed to let anyone in would still not.
        if claims.subject.is_empty() || claims.tenant.is_empty() {
            return Err(Unidentified::Nobody);
        }
        Ok(claims)
    }
}
