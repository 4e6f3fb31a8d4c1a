//! From what was shown to whether the RPC may be called. No arm here is a wildcard: each entry names each credential.

use axum::http::HeaderValue;
use contract::Reason;
use contract::rpc::{Entry, Rpc};

use super::{AccessTokenClaims, AssertionClaims, Authenticator, Granted, Refusal, Shown, ShownPeer, subject_caller};
use crate::context::{Caller, Credential, SubjectCaller};
use crate::subject::TenantId;

impl Authenticator {
    /// Whether whoever showed this may call the RPC, and for which tenant.
    pub(crate) async fn authorize(
        &self,
        rpc: &'static Rpc,
        shown: Shown,
        named_tenant: Option<&HeaderValue>,
    ) -> Result<Granted, Refusal> {
        let named = named_tenant.map(tenant_header).transpose()?;
        match (rpc.entry, shown) {
            (Entry::Open, _) => Ok(Granted { caller: Caller::Nobody, tenant: None }),
            (Entry::Edge | Entry::Mesh, Shown::Assertion(claims)) => by_assertion(rpc, &claims, named.as_ref()),
            (Entry::Mesh, Shown::Token(claims)) => self.by_token(rpc, &claims, named.as_ref()).await,
            (Entry::Mesh | Entry::Peer, Shown::Certificate(shown)) => by_certificate(rpc, shown, named),
            (Entry::Edge, Shown::Token(_) | Shown::Certificate(_)) => Err(gateway_required()),
            (Entry::Peer, Shown::Assertion(_) | Shown::Token(_) | Shown::Nothing) => Err(peer_required()),
            (Entry::Edge, Shown::Nothing) => Err(gateway_required()),
            (Entry::Mesh, Shown::Nothing) => {
                Err(Refusal::new(Reason::CredentialMissing, "the call shows no credential, and it needs one"))
            }
        }
    }

    async fn by_token(
        &self,
        rpc: &Rpc,
        claims: &AccessTokenClaims,
        named: Option<&TenantId>,
    ) -> Result<Granted, Refusal> {
        let (tenant, caller) =
            caller_of(&claims.tenant, &claims.subject, &claims.scope, Credential::AccessToken, &claims.client_id)?;
        same_tenant(&tenant, named)?;
        has_scope(rpc, &caller)?;
        let authority = self.authority.get().ok_or_else(|| gateway_required().because("no authority here"))?;
        match authority.holds(&tenant, &caller.subject, rpc.permission).await {
            Ok(true) => Ok(Granted { caller: Caller::Subject(caller), tenant: Some(tenant) }),
            Ok(false) => Err(permission_missing(rpc)),
            Err(unavailable) => {
                Err(Refusal::new(Reason::NotReady, "the service cannot decide yet").because(unavailable))
            }
        }
    }
}

fn by_assertion(rpc: &Rpc, claims: &AssertionClaims, named: Option<&TenantId>) -> Result<Granted, Refusal> {
    if claims.route != rpc.path || claims.permission != rpc.permission {
        return Err(
            gateway_required().because(format!("the assertion is for {} and {:?}", claims.route, claims.permission))
        );
    }
    if rpc.anonymous && claims.subject.is_empty() {
        return Ok(Granted { caller: Caller::Nobody, tenant: None });
    }
    let credential = match claims.credential_kind.as_str() {
        "api_key" => Credential::ApiKey,
        "access_token" => Credential::AccessToken,
        "client_certificate" => Credential::ClientCertificate,
        other => return Err(gateway_required().because(format!("credential kind {other:?}"))),
    };
    let (tenant, caller) = caller_of(&claims.tenant, &claims.subject, &claims.scope, credential, &claims.credential)?;
    same_tenant(&tenant, named)?;
    has_scope(rpc, &caller)?;
    Ok(Granted { caller: Caller::Subject(caller), tenant: Some(tenant) })
}

fn by_certificate(rpc: &Rpc, shown: ShownPeer, named: Option<TenantId>) -> Result<Granted, Refusal> {
    let ShownPeer { peer, bound_to } = shown;
    if !peer.may_call(rpc.path) {
        return Err(peer_required().because(peer.name));
    }
    match (rpc.entry, named) {
        // The peer table's RPCs are about no tenant, or name it in their message; or their caller is bound to it.
        (Entry::Peer, None) => Ok(Granted { caller: Caller::Peer(peer), tenant: bound_to }),
        (Entry::Mesh, Some(tenant)) if peer.acts_for_tenants => {
            Ok(Granted { caller: Caller::Peer(peer), tenant: Some(tenant) })
        }
        (Entry::Mesh, None) => Err(Refusal::new(Reason::TenantRequired, "bailiwick-tenant must name the tenant")),
        (Entry::Edge | Entry::Mesh | Entry::Peer | Entry::Open, Some(_)) => Err(tenant_mismatch().because(peer.name)),
        (Entry::Edge | Entry::Open, None) => Err(gateway_required().because(peer.name)),
    }
}

fn caller_of(
    tenant: &str,
    subject: &str,
    scope: &str,
    credential: Credential,
    credential_id: &str,
) -> Result<(TenantId, SubjectCaller), Refusal> {
    let unreadable = || {
        Refusal::new(Reason::CredentialInvalid, "the credential is not valid")
            .because("its tenant or subject cannot be read")
    };
    let tenant: TenantId = tenant.parse().map_err(|_| unreadable())?;
    if tenant.is_system() {
        return Err(unreadable());
    }
    let caller = subject_caller(subject, scope, credential, credential_id).ok_or_else(unreadable)?;
    Ok((tenant, caller))
}

fn tenant_header(value: &HeaderValue) -> Result<TenantId, Refusal> {
    let text = value.to_str().ok().and_then(|text| text.parse().ok());
    text.ok_or_else(|| Refusal::new(Reason::RequestAmbiguous, "bailiwick-tenant is not a tenant id"))
}

fn same_tenant(tenant: &TenantId, named: Option<&TenantId>) -> Result<(), Refusal> {
    if named.is_none_or(|named| named == tenant) { Ok(()) } else { Err(tenant_mismatch()) }
}

fn has_scope(rpc: &Rpc, caller: &SubjectCaller) -> Result<(), Refusal> {
    if rpc.scope.is_empty() || caller.scopes.iter().any(|scope| scope == rpc.scope) {
        Ok(())
    } else {
        Err(Refusal::new(Reason::ScopeMissing, "the credential may not be used for this").with("scope", rpc.scope))
    }
}

fn tenant_mismatch() -> Refusal {
    Refusal::new(Reason::TenantMismatch, "bailiwick-tenant names another tenant than the credential's")
}

fn gateway_required() -> Refusal {
    Refusal::new(Reason::GatewayRequired, "this RPC takes only calls that come through the gateway")
}

fn peer_required() -> Refusal {
    Refusal::new(Reason::PeerRequired, "this RPC is between services of the plane")
}

fn permission_missing(rpc: &Rpc) -> Refusal {
    Refusal::new(Reason::PermissionMissing, "the caller may not do this").with("permission", rpc.permission)
}
