//! A tenant goes with identity's feed: whatever it shows is refused, its hosts and routes are gone, and identity is told.

use chassis::Reason;
use contract::gate::v1::{AssignHostRequest, Host};
use contract::identity::v1::TenantDeleted;
use contract::identity::v1::event::Event;

use crate::world::{DOCS, World, reason, start_with_routes};

fn delete(world: &World, tenant: &str) {
    let event = TenantDeleted { tenant_id: tenant.to_owned(), asked_at: None };
    world.gate.identity().publish(Event::TenantDeleted(event));
}

async fn count(world: &World, table: &str) -> i64 {
    let statement = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table} WHERE tenant = 'acme'"));
    sqlx::query_scalar(statement).fetch_one(world.gate.pool()).await.expect("the table is there")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_tenants_credentials_hosts_and_routes_are_worth_nothing() {
    let world = start_with_routes().await;
    world.assign("more.acme.example", "acme").await;
    world.assign("docs.globex.example", "globex").await;
    let key = world.new_key("acme", "user:alice", &["documents.read"], None);
    assert_eq!(world.get_as(key.expose(), "/me").await.code, 0);
    delete(&world, "acme");
    world.eventually("the key is refused", async || world.get_as(key.expose(), "/me").await.code != 0).await;
    // What is remembered of the key is worth nothing either, wherever it is shown.
    let answer = world.ask("docs.globex.example", "GET", "/me", &[("x-api-key", key.expose())]).await;
    assert_ne!(answer.code, 0);
    world.eventually("its routes are gone", async || world.get("/open").await.code != 0).await;
    for table in ["host", "route", "route_set"] {
        world.eventually(table, async || count(&world, table).await == 0).await;
    }
    world
        .eventually("identity is told", async || {
            world.gate.clock().advance(time::Duration::seconds(5));
            !world.gate.identity().reported_deletions().is_empty()
        })
        .await;
    let report = world.gate.identity().reported_deletions().remove(0);
    let counts: Vec<(&str, u64)> = report.rows.iter().map(|rows| (rows.kind.as_str(), rows.count)).collect();
    assert_eq!((report.tenant_id.as_str(), counts), ("acme", vec![("host", 2), ("route", 5), ("route_set", 1)]));
    // The host is free for another, and the tenant gets none any more.
    let assign = async |tenant: &str| {
        let host = Host { host: DOCS.to_owned(), tenant_id: tenant.to_owned() };
        let hosts = world.gate.as_subject("globex", "service_account:admin", &["system.write"]);
        let mut hosts =
            contract::gate::v1::host_service_client::HostServiceClient::with_interceptor(world.gate.channel(), hosts);
        hosts.assign_host(AssignHostRequest { host: Some(host) }).await
    };
    assert_eq!(reason(assign("acme").await), Reason::FieldInvalid);
    assign("globex").await.unwrap();
}
