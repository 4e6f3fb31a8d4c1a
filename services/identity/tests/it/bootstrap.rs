//! The bootstrap works once, for whoever has the secret.

use chassis::Reason;
use contract::identity::v1::{BootstrapRequest, Event, TenantCreated, event};
use prost::Message as _;

use crate::world::{BOOTSTRAP_SECRET, reason, reason_and, section, service_account, start, start_empty};

fn request() -> BootstrapRequest {
    BootstrapRequest {
        secret: BOOTSTRAP_SECRET.to_owned(),
        tenant_id: "acme".to_owned(),
        display_name: "Acme Inc.".to_owned(),
        administrator_id: "admin".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_bootstrap_makes_tenant_administrator_and_a_key_of_all_scopes() {
    let world = start_empty().await;
    let made = world.bootstrap("acme").await.unwrap();

    assert_eq!(made.tenant.as_ref().unwrap().id, "acme");
    assert_eq!(made.administrator.as_ref().unwrap().id, "admin");
    let key = made.api_key.clone().unwrap();
    assert_eq!(key.owner, service_account("admin"));
    for rpc in contract::rpc::RPCS.iter().filter(|rpc| !rpc.scope.is_empty()) {
        assert!(key.scopes.iter().any(|scope| scope == rpc.scope), "{}", rpc.scope);
    }
    let whose = world.authenticate(&made.api_key_secret).await.unwrap();
    assert_eq!((whose.tenant_id.as_str(), whose.api_key_id), ("acme", key.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_tells_of_the_tenant_and_then_of_its_key() {
    let world = start().await;
    let payloads: Vec<Vec<u8>> = sqlx::query_scalar("SELECT payload FROM feed_entry ORDER BY number")
        .fetch_all(world.service.pool())
        .await
        .unwrap();
    let events: Vec<event::Event> =
        payloads.iter().map(|payload| Event::decode(payload.as_slice()).unwrap().event.unwrap()).collect();
    let [event::Event::KeyPublished(_), event::Event::TenantCreated(tenant), event::Event::ApiKeyCreated(key)] =
        events.as_slice()
    else {
        panic!("{events:?}")
    };
    let expected = TenantCreated {
        tenant_id: "acme".to_owned(),
        administrator: service_account("admin"),
        administers_system: true,
    };
    assert_eq!(*tenant, expected);
    assert_eq!(key.api_key_id, world.acme.api_key.unwrap().id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_bootstrap_is_refused_whatever_it_asks_for() {
    let world = start().await;
    assert_eq!(reason(world.bootstrap("other").await), Reason::BootstrapDone);
    assert_eq!(world.count("tenant").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_bootstraps_at_once_exactly_one_wins() {
    let world = start_empty().await;
    let attempts = (0..8).map(|number| {
        let world = &world;
        async move { world.bootstrap(&format!("tenant-{number}")).await }
    });
    let answers = futures::future::join_all(attempts).await;

    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 7));
    for refused in lost {
        assert_eq!(reason(refused), Reason::BootstrapDone);
    }
    for table in ["tenant", "subject", "api_key", "bootstrap"] {
        assert_eq!(world.count(table).await, 1, "{table}: whoever lost leaves nothing");
    }
    let events: i64 = sqlx::query_scalar("SELECT number FROM feed_head").fetch_one(world.service.pool()).await.unwrap();
    assert_eq!(events, 3, "the token key, one tenant, one API key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_learns_nothing_before_or_after() {
    let world = start_empty().await;
    let mut client = world.tenants_as(world.service.as_subject("", "", &[]));
    let mut refused = async |secret: &str, tenant_id: &str| {
        let request = BootstrapRequest { secret: secret.to_owned(), tenant_id: tenant_id.to_owned(), ..request() };
        let status = client.bootstrap(request).await.unwrap_err();
        (status.code(), status.message().to_owned())
    };
    let before = refused("wrong", "acme").await;
    assert_eq!(refused("", "not a tenant").await, before, "not even whether the request is well formed");
    world.bootstrap("acme").await.unwrap();
    assert_eq!(refused(&BOOTSTRAP_SECRET[1..], "acme").await, before, "not even whether it is too late");
    assert_eq!(before.0, tonic::Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_fields_are_named_and_leave_the_bootstrap_to_be_done() {
    let world = start_empty().await;
    let mut client = world.tenants_as(world.service.as_subject("", "", &[]));
    for (field, bad) in [
        ("tenant_id", BootstrapRequest { tenant_id: "Acme".to_owned(), ..request() }),
        ("tenant_id", BootstrapRequest { tenant_id: "system".to_owned(), ..request() }),
        ("display_name", BootstrapRequest { display_name: String::new(), ..request() }),
        ("administrator_id", BootstrapRequest { administrator_id: String::new(), ..request() }),
    ] {
        assert_eq!(reason_and(client.bootstrap(bad).await, "field"), (Reason::FieldInvalid, field.to_owned()));
    }
    assert_eq!(world.count("tenant").await, 0);
    world.bootstrap("acme").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_file_there_is_no_bootstrap() {
    let service = testing::harness::start::<identity::Identity>(|files| identity::Config {
        bootstrap_secret_file: None,
        ..section(files)
    })
    .await;
    let world = crate::world::World { service, acme: Default::default() };
    assert_eq!(reason(world.bootstrap("acme").await), Reason::BootstrapSecretInvalid);
}
