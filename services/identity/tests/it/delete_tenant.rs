//! A tenant is deleted: nothing of it is believed at once, all of it goes, and its id is never given out again.

use std::time::{Duration, Instant};

use chassis::Reason;
use contract::identity::v1::{
    BindWorkloadRequest, CreateTenantRequest, CreateUserRequest, DeleteTenantRequest, GetTenantRequest,
    ListTenantsRequest, ListUsersRequest, Tenant, Workload,
};

use crate::oauth::{basic, body};
use crate::secrets::everything;
use crate::world::{World, reason, reason_and, start};

async fn delete(world: &World, id: &str) -> Result<Tenant, tonic::Status> {
    let answer = world.tenants().delete_tenant(DeleteTenantRequest { tenant_id: id.to_owned() }).await?;
    Ok(answer.into_inner().tenant.unwrap())
}

async fn get(world: &World, id: &str) -> Tenant {
    let request = GetTenantRequest { tenant_id: id.to_owned() };
    world.tenants().get_tenant(request).await.unwrap().into_inner().tenant.unwrap()
}

/// A tenant with something of everything; answers its API key and a client's secret.
async fn fill(world: &World) -> (String, String) {
    let key = world.found("globex").await.api_key_secret;
    let user = CreateUserRequest { display_name: "Hank Scorpio".to_owned(), ..Default::default() };
    world.users("globex").create_user(user).await.unwrap();
    let secret = world.client_secret("globex", &["documents.read"]).await.secret;
    let workload = Workload {
        spiffe_id: "spiffe://mesh.test/globex".to_owned(),
        tenant_id: "globex".to_owned(),
        service_account_id: "admin".to_owned(),
        ..Default::default()
    };
    world.workloads().bind_workload(BindWorkloadRequest { workload: Some(workload) }).await.unwrap();
    (key, secret)
}

/// Waits until identity has nothing more of the tenant.
async fn emptied(world: &World, id: &str) -> Tenant {
    let began = Instant::now();
    loop {
        let tenant = get(world, id).await;
        let deletion = tenant.deletion.clone().unwrap();
        if deletion.services.iter().any(|service| service.service == "identity" && service.done_at.is_some()) {
            return tenant;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{tenant:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.service.clock().advance(time::Duration::seconds(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_answer_on_no_credential_of_the_tenant_is_believed() {
    let world = start().await;
    let (key, secret) = fill(&world).await;
    let client = Some(basic("globex.admin", &secret));
    let token = world.post("/oauth2/token", client.as_deref(), &[("grant_type", "client_credentials")]).await;
    let token = body(&token)["access_token"].as_str().unwrap().to_owned();
    world.authenticate(&key).await.unwrap();

    let deleted = delete(&world, "globex").await.unwrap();
    assert!(deleted.deletion.is_some_and(|deletion| deletion.asked_at.is_some() && deletion.done_at.is_none()));

    assert_eq!(reason(world.authenticate(&key).await), Reason::CredentialInvalid);
    let refused = world.post("/oauth2/token", client.as_deref(), &[("grant_type", "client_credentials")]).await;
    assert_eq!((refused.status.as_u16(), body(&refused)["error"].as_str()), (401, Some("invalid_client")));
    // A token of a moment ago, for whoever asks about it, and for whoever verifies it by itself.
    let asker = world.client_secret("acme", &[]).await.secret;
    let told = world.post("/oauth2/introspect", Some(&basic("acme.admin", &asker)), &[("token", &token)]).await;
    assert_eq!(body(&told)["active"], false);
    let began = Instant::now();
    while !world.service.running().foundation.learnt.revoked.is_deleted("globex") {
        assert!(began.elapsed() < Duration::from_secs(5), "the feed does not tell it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let gates_word = world.users("globex").list_users(ListUsersRequest::default()).await;
    assert_eq!(reason(gates_word), Reason::CredentialInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_it_goes_and_what_is_said_of_it_is_numbers() {
    let world = start().await;
    fill(&world).await;
    delete(&world, "globex").await.unwrap();
    let tenant = emptied(&world, "globex").await;
    let deletion = tenant.deletion.unwrap();
    let own = deletion.services.iter().find(|service| service.service == "identity").unwrap();
    let counts: Vec<(&str, u64)> = own.rows.iter().map(|rows| (rows.kind.as_str(), rows.count)).collect();
    let expected = [("api_key", 1), ("client_credential", 1), ("subject", 2), ("workload", 1)];
    assert_eq!(counts, expected, "{own:?}");
    assert_eq!(deletion.done_at, None, "the others have not said anything");
    assert!(tenant.display_name.is_empty());
    for table in ["api_key", "client_credential", "subject", "workload"] {
        let condition = format!("{table} WHERE tenant = 'globex'");
        assert_eq!(world.count(&condition).await, 0, "{table}");
    }
    assert_eq!(world.count("tenant WHERE id = 'globex' AND data_key IS NOT NULL").await, 0);
    assert!(!everything(world.service.pool()).await.contains("Scorpio"));
    assert_eq!(world.count("subject WHERE tenant = 'acme'").await, 1, "nobody else's");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_id_is_never_given_out_again_and_deleting_it_again_changes_nothing() {
    let world = start().await;
    fill(&world).await;
    let first = delete(&world, "globex").await.unwrap();
    let again = delete(&world, "globex").await.unwrap();
    assert_eq!(first.deletion.unwrap().asked_at, again.deletion.unwrap().asked_at);
    emptied(&world, "globex").await;
    let request = CreateTenantRequest {
        tenant_id: "globex".to_owned(),
        display_name: "Globex".to_owned(),
        administrator_id: "admin".to_owned(),
        idempotency_key: "another".to_owned(),
    };
    assert_eq!(reason(world.tenants().create_tenant(request).await), Reason::ResourceExists);
    let listed = world.tenants().list_tenants(ListTenantsRequest::default()).await.unwrap().into_inner().tenants;
    let deleted: Vec<(&str, bool)> =
        listed.iter().map(|tenant| (tenant.id.as_str(), tenant.deletion.is_some())).collect();
    assert_eq!(deleted, [("acme", false), ("globex", true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_with_more_than_a_batch_of_everything_goes_too() {
    let world = start().await;
    world.found("globex").await;
    sqlx::query(
        "INSERT INTO subject (tenant, kind, id, display_name, created_at)
         SELECT 'globex', 'user', 'u' || n, '', now() FROM generate_series(1, 2500) AS n",
    )
    .execute(world.service.pool())
    .await
    .unwrap();
    delete(&world, "globex").await.unwrap();
    let tenant = emptied(&world, "globex").await;
    let rows = &tenant.deletion.unwrap().services[0].rows;
    assert!(rows.iter().any(|rows| rows.kind == "subject" && rows.count == 2501), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_deletes_their_own_tenant_or_one_that_is_not_there() {
    let world = start().await;
    assert_eq!(reason_and(delete(&world, "acme").await, "field"), (Reason::FieldInvalid, "tenant_id".to_owned()));
    assert_eq!(reason(delete(&world, "nobody").await), Reason::ResourceNotFound);
    assert_eq!(reason(delete(&world, "No Tenant").await), Reason::FieldInvalid);
}
