//! One tenant, for whoever administers the installation.

use chassis::Reason;
use contract::identity::v1::GetTenantRequest;

use crate::world::{reason, reason_and, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_answered_as_it_was_made() {
    let world = start().await;
    let answer = world.tenants().get_tenant(GetTenantRequest { tenant_id: "acme".to_owned() }).await.unwrap();
    assert_eq!(answer.into_inner().tenant, world.acme.tenant);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_tenant_is_not_found_and_a_bad_id_is_named() {
    let world = start().await;
    for unknown in ["other", "system"] {
        let answer = world.tenants().get_tenant(GetTenantRequest { tenant_id: unknown.to_owned() }).await;
        assert_eq!(reason(answer), Reason::ResourceNotFound, "{unknown}");
    }
    let answer = world.tenants().get_tenant(GetTenantRequest { tenant_id: "A".to_owned() }).await;
    assert_eq!(reason_and(answer, "field"), (Reason::FieldInvalid, "tenant_id".to_owned()));
}
