//! The installation's administrator binds workloads' names to service accounts of any tenant.

use chassis::Reason;
use contract::identity::v1::{BindWorkloadRequest, CreateServiceAccountRequest, Workload};
use tonic::Status;

use crate::world::{SYSTEM_SCOPES, TENANT_SCOPES, World, reason, reason_and, start};

pub(crate) fn workload(spiffe_id: &str, tenant: &str, account: &str) -> Workload {
    Workload {
        spiffe_id: spiffe_id.to_owned(),
        tenant_id: tenant.to_owned(),
        service_account_id: account.to_owned(),
        scopes: vec!["documents.read".to_owned()],
        bound_at: None,
    }
}

pub(crate) async fn bind(world: &World, workload: Workload) -> Result<Workload, Status> {
    let request = BindWorkloadRequest { workload: Some(workload) };
    let answer = world.workloads().bind_workload(request).await?;
    Ok(answer.into_inner().workload.expect("the answer has the workload"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_is_bound_once_and_told_of_once() {
    let world = start().await;
    world.found("other").await;
    let before = world.count("feed_entry").await;
    let first = bind(&world, workload("spiffe://td/ci", "other", "admin")).await.unwrap();
    assert_eq!((first.tenant_id.as_str(), first.service_account_id.as_str()), ("other", "admin"));
    assert_eq!(bind(&world, workload("spiffe://td/ci", "other", "admin")).await.unwrap(), first);
    assert_eq!((world.count("workload").await, world.count("feed_entry").await), (1, before + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_bound_otherwise_stays_as_it_is() {
    let world = start().await;
    world.found("other").await;
    bind(&world, workload("spiffe://td/ci", "acme", "admin")).await.unwrap();
    let without_scopes = Workload { scopes: Vec::new(), ..workload("spiffe://td/ci", "acme", "admin") };
    for otherwise in [workload("spiffe://td/ci", "other", "admin"), without_scopes] {
        assert_eq!(reason(bind(&world, otherwise).await), Reason::ResourceExists);
    }
    assert_eq!(world.count("workload").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_not_there_acts_for_nobody() {
    let world = start().await;
    for (tenant, account) in [("acme", "nobody"), ("other", "admin")] {
        let refused = bind(&world, workload("spiffe://td/ci", tenant, account)).await;
        assert_eq!(reason_and(refused, "type"), (Reason::ResourceNotFound, "service_account".to_owned()));
    }
    assert_eq!(world.count("workload").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_not_of_its_form_is_named() {
    let world = start().await;
    let good = || workload("spiffe://td/ci", "acme", "admin");
    for (bad, field) in [
        (workload("spiffe://td/../ci", "acme", "admin"), "workload.spiffe_id"),
        (workload("spiffe://td/ci", "Acme", "admin"), "workload.tenant_id"),
        (workload("spiffe://td/ci", "acme", "Admin"), "workload.service_account_id"),
        (Workload { scopes: vec!["A".to_owned()], ..good() }, "scopes[0]"),
    ] {
        assert_eq!(reason_and(bind(&world, bad).await, "field"), (Reason::FieldInvalid, field.to_owned()));
    }
    let missing = world.workloads().bind_workload(BindWorkloadRequest { workload: None }).await;
    assert_eq!(reason_and(missing, "field"), (Reason::FieldInvalid, "workload".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_a_workload_a_scope_of_the_plane_that_they_lack() {
    let world = start().await;
    let asked = Workload { scopes: vec!["gate.write".to_owned()], ..workload("spiffe://td/ci", "acme", "admin") };
    assert_eq!(reason_and(bind(&world, asked).await, "scope"), (Reason::ScopeNotHeld, "gate.write".to_owned()));
    let held = Workload { scopes: vec!["system.read".to_owned()], ..workload("spiffe://td/ci", "acme", "admin") };
    assert!(bind(&world, held).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_workload_too_many_names_the_limit() {
    let world = start().await;
    let account = CreateServiceAccountRequest {
        service_account_id: "ci".to_owned(),
        display_name: "CI".to_owned(),
        idempotency_key: String::new(),
    };
    world.service_accounts("acme").create_service_account(account).await.unwrap();
    for number in 0..16 {
        bind(&world, workload(&format!("spiffe://td/{number}"), "acme", "ci")).await.unwrap();
    }
    let refused = bind(&world, workload("spiffe://td/16", "acme", "ci")).await;
    assert_eq!(reason_and(refused, "limit"), (Reason::LimitExceeded, "workloads_per_service_account_max".to_owned()));
    // Another account has room of its own.
    assert!(bind(&world, workload("spiffe://td/16", "acme", "admin")).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_bind_one_name_at_once_one_does() {
    let world = start().await;
    world.found("other").await;
    let tenants = ["acme", "other"].into_iter().cycle().take(8);
    let all = tenants.map(|tenant| bind(&world, workload("spiffe://td/ci", tenant, "admin")));
    let answers = futures::future::join_all(all).await;
    let kept = answers.iter().filter_map(|answer| answer.as_ref().ok()).map(|bound| bound.tenant_id.clone());
    let kept: std::collections::BTreeSet<String> = kept.collect();
    assert_eq!((kept.len(), world.count("workload").await), (1, 1), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_administrator_claims_no_name() {
    let world = start().await;
    let client =
        |scopes: &[&str]| world.workloads_as(world.service.as_subject("acme", "service_account:admin", scopes));
    let request = || BindWorkloadRequest { workload: Some(workload("spiffe://td/ci", "acme", "admin")) };
    assert_eq!(reason(client(&TENANT_SCOPES).bind_workload(request()).await), Reason::ScopeMissing);
    assert!(client(&SYSTEM_SCOPES).bind_workload(request()).await.is_ok());
}
