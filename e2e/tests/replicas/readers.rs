//! What one replica has written, the other one answers by.

use contract::permissions::v1::permission_service_client::PermissionServiceClient;
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::{
    CheckRequest, Consistency, ObjectReference, Permissionship, SubjectReference, consistency,
};
use e2e::{World, shared_with};
use testing::Part;
use testing::sample::Gateway;

use crate::REPLICAS;

/// Writes take turns over the replicas: with so many, each has written, and each has been asked about the other's.
const WRITES: usize = 6;

fn check(requirement: consistency::Requirement) -> CheckRequest {
    let object = |object_type: &str, object_id: &str| ObjectReference {
        object_type: object_type.to_owned(),
        object_id: object_id.to_owned(),
    };
    CheckRequest {
        consistency: Some(Consistency { requirement: Some(requirement) }),
        resource: Some(object("document", "budget")),
        permission: "view".to_owned(),
        subject: Some(SubjectReference { object: Some(object("user", "dave")), relation: String::new() }),
    }
}

/// Each replica's own port, with a token for it.
async fn replicas(world: &World) -> (Vec<Gateway>, String) {
    let ports = world.cluster.lock().await.config().ports.contracts(Part::Permissions);
    let direct = |port| Gateway::new("localhost", port, &world.files().authority()).unwrap();
    let token = world.gateway().exchange(&world.keys.file("admin")).await.unwrap();
    (ports.into_iter().map(direct).collect(), token)
}

async fn may_view(replica: &Gateway, token: &str, requirement: consistency::Requirement) -> bool {
    let request = replica.request(check(requirement), Some(token)).unwrap();
    let answer = PermissionServiceClient::new(replica.channel()).check(request).await.unwrap().into_inner();
    answer.permissionship() == Permissionship::HasPermission
}

#[tokio::test(flavor = "multi_thread")]
async fn every_replica_answers_by_a_write_at_its_token_and_when_asked_to_be_fully_consistent() {
    let world = shared_with(REPLICAS).await;
    let (replicas, token) = replicas(&world).await;
    assert_eq!(replicas.len(), usize::from(REPLICAS));
    for written in 0..WRITES {
        let is_granted = written % 2 == 0;
        let operation = if is_granted { Operation::Touch } else { Operation::Delete };
        let at = world.write(operation, "document:budget#viewer@user:dave").await;
        for (index, replica) in replicas.iter().enumerate() {
            let fully = may_view(replica, &token, consistency::Requirement::FullyConsistent(true)).await;
            assert_eq!(fully, is_granted, "fully consistent, write {written}, replica {}", index + 1);
            let fresh = may_view(replica, &token, consistency::Requirement::AtLeastAsFresh(at.clone())).await;
            assert_eq!(fresh, is_granted, "at the token, write {written}, replica {}", index + 1);
        }
    }
}
