//! A credential that ends at one replica ends at all.

use std::time::{Duration, Instant};

use contract::identity::v1::{CreateApiKeyRequest, ExchangeApiKeyRequest};
use contract::permissions::v1::ReadSchemaRequest;
use e2e::{World, shared_with};
use http::Version;
use testing::Part;
use testing::sample::Gateway;
use tonic::Code;

use crate::REPLICAS;

/// So many refusals in a row have come from every gate.
const IN_A_ROW: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_and_its_token_are_refused_by_every_replica_within_five_seconds() {
    let world = shared_with(REPLICAS).await;
    // Calls take turns: each of the two keys is ended by another identity.
    for _ in 0..REPLICAS {
        end_a_key(&world).await;
    }
}

async fn end_a_key(world: &World) {
    let now = testing::surroundings::now().unix_timestamp();
    let request = CreateApiKeyRequest {
        scopes: vec!["documents.read".to_owned()],
        expires_at: Some(prost_types::Timestamp { seconds: now + 3_600, nanos: 0 }),
        ..CreateApiKeyRequest::default()
    };
    let (shown, key) = world.new_key("alice", request).await;
    let gateway = world.gateway();
    let request = gateway.request(ExchangeApiKeyRequest { scopes: Vec::new() }, Some(&key)).unwrap();
    let token = gateway.api_keys().exchange_api_key(request).await.unwrap().into_inner().access_token;
    let ports = world.cluster.lock().await.config().ports.contracts(Part::Permissions);
    let direct: Vec<Gateway> =
        ports.into_iter().map(|port| Gateway::new("localhost", port, &world.files().authority()).unwrap()).collect();
    assert_eq!(direct.len(), usize::from(REPLICAS));
    for _ in 0..IN_A_ROW {
        assert_eq!(status(world, &key).await, 200);
    }
    for replica in &direct {
        assert_eq!(read_schema(replica, &token).await, Code::PermissionDenied, "alice is known, and may not");
    }

    world.revoke_key(&shown.id).await;
    let revoked = Instant::now();
    let mut refused = 0;
    while refused < IN_A_ROW {
        let mut is_refused = [status(world, &key).await, status(world, &token).await] == [401; 2];
        for replica in &direct {
            is_refused &= read_schema(replica, &token).await == Code::Unauthenticated;
        }
        refused = if is_refused { refused + 1 } else { 0 };
        assert!(revoked.elapsed() < Duration::from_secs(5), "still believed somewhere");
        if !is_refused {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn status(world: &World, credential: &str) -> u16 {
    world.get(Version::HTTP_11, "/v1/documents/roadmap", Some(credential)).await.status
}

async fn read_schema(replica: &Gateway, token: &str) -> Code {
    let request = replica.request(ReadSchemaRequest {}, Some(token)).unwrap();
    replica.schemas().read_schema(request).await.unwrap_err().code()
}
