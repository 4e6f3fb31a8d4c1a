//! Keys that sign are replaced while calls run: gate's for assertions, identity's for access tokens. No call fails.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use contract::identity::v1::ExchangeApiKeyRequest;
use e2e::{DOCUMENTS, World};
use http::{Request, Version};
use testing::Part;

use crate::REPLICAS;
use crate::load::{Call, Caller, Load, Outcome, assert_none_failed};

/// How long calls run between two steps.
const PAUSE: Duration = Duration::from_millis(1_500);

/// How soon the current key's time is over: the next is made and told of meanwhile.
const TAKES_OVER: Duration = Duration::from_secs(10);

impl Caller {
    /// Gets an access token for its key, and reads with it.
    async fn read_by_token(mut self) -> Vec<Call> {
        let (gateway, key) = (self.world.gateway(), self.world.key("alice"));
        let mut connection = self.world.connect(DOCUMENTS, Version::HTTP_2).await;
        while self.goes_on() {
            let began = Instant::now();
            let request = gateway.request(ExchangeApiKeyRequest { scopes: Vec::new() }, Some(&key)).unwrap();
            let token = match gateway.api_keys().exchange_api_key(request).await {
                Ok(answer) => answer.into_inner().access_token,
                Err(status) => {
                    self.note("ExchangeApiKey", began, Outcome::of(&status)).await;
                    continue;
                }
            };
            let request = Request::get("/v1/documents/roadmap").header("authorization", format!("Bearer {token}"));
            let outcome = match connection.send(request.body(Bytes::new()).unwrap()).await {
                Ok(answer) if answer.status == 200 => Outcome::Right,
                Ok(answer) => Outcome::Wrong(format!("{} for a token of this moment", answer.status)),
                Err(error) => {
                    connection = self.world.connect(DOCUMENTS, Version::HTTP_2).await;
                    Outcome::Failed(error.with_causes())
                }
            };
            self.note("read by token", began, outcome).await;
        }
        self.calls
    }
}

/// The ids of identity's signing keys, the oldest first.
async fn signing_keys(world: &World) -> Vec<String> {
    let cluster = world.cluster.lock().await;
    let keys = cluster.server().texts("identity", "SELECT id FROM signing_key ORDER BY generation").await;
    keys.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "a fault: `cargo xtask test --faults`"]
async fn identity_signs_with_the_next_key_and_no_call_fails() {
    let world = Arc::new(World::start_with("rotation", REPLICAS).await);
    let mut load = Load::begin(&world);
    for _ in 0..2 {
        load.also(Caller::read_by_token);
    }
    tokio::time::sleep(PAUSE).await;
    let before = signing_keys(&world).await;
    // As if the key had been made a month ago: its time is over soon, so the next one is due at once.
    let soon = format!(
        "UPDATE signing_key SET signs_from = signs_from - interval '1 day', signs_until = now() + interval '{} seconds'",
        TAKES_OVER.as_secs()
    );
    world.cluster.lock().await.server().execute("identity", &soon).await.unwrap();
    tokio::time::sleep(TAKES_OVER + Duration::from_secs(5)).await;
    let after = signing_keys(&world).await;
    let calls = load.end().await;
    assert_none_failed(&calls);
    assert!(after.len() > 1 && after.starts_with(&before), "{before:?}, then {after:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "a fault: `cargo xtask test --faults`"]
async fn gate_signs_assertions_with_another_key_after_a_rolling_restart_and_no_call_fails() {
    let world = Arc::new(World::start_with("assertion-key", REPLICAS).await);
    let load = Load::begin(&world);
    tokio::time::sleep(PAUSE).await;
    world.files().replace_assertion_key().unwrap();
    for gate in Part::Gate.members(REPLICAS) {
        world.cluster.lock().await.restart(gate).await.unwrap();
        tokio::time::sleep(PAUSE).await;
    }
    let calls = load.end().await;
    assert_none_failed(&calls);
    let cluster = world.cluster.lock().await;
    let published = "SELECT id FROM verification_key WHERE use = 'assertion'";
    assert_eq!(cluster.server().texts("identity", published).await.unwrap().len(), 2, "both are known");
}
