//! A name that is freed acts as nobody, and may be bound to another.

use chassis::Reason;
use contract::identity::v1::UnbindWorkloadRequest;

use crate::bind_workload::{bind, workload};
use crate::world::{reason_and, start};

fn request(spiffe_id: &str) -> UnbindWorkloadRequest {
    UnbindWorkloadRequest { spiffe_id: spiffe_id.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_freed_name_may_be_bound_to_another() {
    let world = start().await;
    world.found("other").await;
    bind(&world, workload("spiffe://td/ci", "acme", "admin")).await.unwrap();
    world.workloads().unbind_workload(request("spiffe://td/ci")).await.unwrap();
    assert_eq!(world.count("workload").await, 0);
    assert_eq!(bind(&world, workload("spiffe://td/ci", "other", "admin")).await.unwrap().tenant_id, "other");
}

#[tokio::test(flavor = "multi_thread")]
async fn freeing_a_name_again_changes_nothing() {
    let world = start().await;
    bind(&world, workload("spiffe://td/ci", "acme", "admin")).await.unwrap();
    world.workloads().unbind_workload(request("spiffe://td/ci")).await.unwrap();
    let (told, audited) = (world.count("feed_entry").await, world.count("outbox").await);
    for name in ["spiffe://td/ci", "spiffe://td/never"] {
        world.workloads().unbind_workload(request(name)).await.unwrap();
    }
    assert_eq!((world.count("feed_entry").await, world.count("outbox").await), (told, audited));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_none_is_refused() {
    let world = start().await;
    let refused = world.workloads().unbind_workload(request("ci")).await;
    assert_eq!(reason_and(refused, "field"), (Reason::FieldInvalid, "spiffe_id".to_owned()));
}
