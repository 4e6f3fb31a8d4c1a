//! The other services say what they have deleted of a tenant.

use chassis::{Clock as _, Reason, timestamp};
use contract::identity::v1::peer_service_client::PeerServiceClient;
use contract::identity::v1::{DeleteTenantRequest, DeletedRows, GetTenantRequest, ReportTenantDeletedRequest};

use crate::world::{World, reason, reason_and, start};

fn report(world: &World, tenant: &str, counts: &[(&str, u64)]) -> ReportTenantDeletedRequest {
    ReportTenantDeletedRequest {
        tenant_id: tenant.to_owned(),
        done_at: Some(timestamp::to_proto(world.service.clock().now())),
        rows: counts.iter().map(|(kind, count)| DeletedRows { kind: (*kind).to_owned(), count: *count }).collect(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_done_when_the_last_service_has_said_so() {
    let world = start().await;
    world.found("globex").await;
    world.tenants().delete_tenant(DeleteTenantRequest { tenant_id: "globex".to_owned() }).await.unwrap();
    for (peer, counts) in [("gate", [("host", 2)]), ("permissions", [("relationship", 7)])] {
        let mut client = PeerServiceClient::new(world.service.channel_as_peer(peer));
        for _ in 0..2 {
            client.report_tenant_deleted(report(&world, "globex", &counts)).await.unwrap();
        }
    }
    let began = std::time::Instant::now();
    let deletion = loop {
        let request = GetTenantRequest { tenant_id: "globex".to_owned() };
        let tenant = world.tenants().get_tenant(request).await.unwrap().into_inner().tenant.unwrap();
        let deletion = tenant.deletion.unwrap();
        if deletion.done_at.is_some() {
            break deletion;
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "{deletion:?}");
        world.service.clock().advance(time::Duration::seconds(1));
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    let said: Vec<_> = deletion
        .services
        .iter()
        .map(|service| (service.service.as_str(), service.rows.first().map(|rows| (rows.kind.as_str(), rows.count))))
        .collect();
    assert_eq!(
        said,
        [("identity", Some(("api_key", 1))), ("gate", Some(("host", 2))), ("permissions", Some(("relationship", 7)))]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_tenant_that_lives_nothing_is_reported() {
    let world = start().await;
    world.found("globex").await;
    for tenant in ["globex", "nobody"] {
        let refused = world.peers().report_tenant_deleted(report(&world, tenant, &[])).await;
        assert_eq!(reason(refused), Reason::ResourceNotFound);
    }
    let many = report(&world, "globex", &[("kind", 1); 17]);
    let refused = world.peers().report_tenant_deleted(many).await;
    assert_eq!(reason_and(refused, "limit"), (Reason::LimitExceeded, "deleted_kinds_max".to_owned()));
    let timeless = ReportTenantDeletedRequest { done_at: None, ..report(&world, "globex", &[]) };
    assert_eq!(reason(world.peers().report_tenant_deleted(timeless).await), Reason::FieldInvalid);
}
