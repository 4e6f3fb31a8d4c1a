//! A cluster with the sample loaded: shared by the stories that leave it as it is, or a story's own.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use contract::common::v1::{Subject, SubjectKind};
use contract::identity::v1::{ApiKey, CreateApiKeyRequest, RevokeApiKeyRequest};
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::{RelationshipUpdate, WriteRelationshipsRequest};
use http::Version;
use testing::cluster::{Files, Spans};
use testing::http::Connection;
use testing::sample::{self, Gateway, Keys};
use testing::spans::{Collector, Kept};
use testing::{Cluster, ClusterConfig, Part};
use tokio::sync::Mutex;
use tonic::Status;

/// The host of the example upstream.
pub const DOCUMENTS: &str = "documents.localhost";

/// So many calls in a row that go well have met every gate.
const SETTLED: usize = 6;

/// A running cluster with the sample in it.
#[derive(Debug)]
pub struct World {
    /// The cluster, for stories that break it.
    pub cluster: Mutex<Cluster>,
    /// The keys of the people of the sample.
    pub keys: Keys,
    files: Files,
    port: u16,
    collector: Collector,
}

/// The cluster that calm stories share. It stops with the last of them.
///
/// # Panics
/// If it does not start: then no story can be told.
pub async fn shared() -> Arc<World> {
    shared_with(1).await
}

/// As [`shared`], with so many processes of each service. All stories of one program ask for the same number.
///
/// # Panics
/// If it does not start: then no story can be told.
pub async fn shared_with(replicas: u8) -> Arc<World> {
    static SHARED: Mutex<Weak<World>> = Mutex::const_new(Weak::new());
    let mut shared = SHARED.lock().await;
    if let Some(world) = shared.upgrade() {
        return world;
    }
    let world = Arc::new(World::start_with("stories", replicas).await);
    *shared = Arc::downgrade(&world);
    world
}

impl World {
    /// Starts a cluster of its own and loads the sample.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start(name: &str) -> Self {
        Self::start_with(name, 1).await
    }

    /// As [`Self::start`], with settings of permissions of its own, as `section.key=value`.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_set(name: &str, of_permissions: &[&str]) -> Self {
        Self::start_set_of(name, Part::Permissions, of_permissions).await
    }

    /// As [`Self::start`], with settings of one part of its own, as `section.key=value`.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_set_of(name: &str, part: Part, settings: &[&str]) -> Self {
        let mut config = ClusterConfig::for_test(name, 1).expect("the machine has free ports");
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        config.overrides.insert(part, settings);
        Self::start_as(config).await
    }

    /// As [`Self::start`], with so many processes of each service.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_with(name: &str, replicas: u8) -> Self {
        Self::start_as(ClusterConfig::for_test(name, replicas).expect("the machine has free ports")).await
    }

    /// As [`Self::start`], with everything that a service can say in its log.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_at_debug(name: &str) -> Self {
        let mut config = ClusterConfig::for_test(name, 1).expect("the machine has free ports");
        for service in testing::cluster::SERVICES {
            config.overrides.insert(service, vec!["telemetry.log_filter=debug".to_owned()]);
        }
        Self::start_as(config).await
    }

    /// Starts a cluster of its own that is set up like this, and loads the sample.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_as(mut config: ClusterConfig) -> Self {
        // Only what a story wants to see is traced: the others are to be decided as most calls are.
        let collector = Collector::begin(0).expect("the machine has free ports");
        config.spans = Some(Spans { port: collector.port(), sampled_percent: 0.0 });
        let cluster = match Cluster::start(config, |_| ()).await {
            Ok(cluster) => cluster,
            Err(error) => panic!("the cluster does not start: {}", error.with_causes()),
        };
        let world = Self {
            keys: Keys::of(&cluster.config().state.join("keys")),
            files: cluster.files().clone(),
            port: cluster.config().ports.gateway,
            collector,
            cluster: Mutex::new(cluster),
        };
        let loaded = sample::load(&world.gateway(), &world.files.bootstrap_secret(), &world.keys).await;
        if let Err(error) = loaded {
            panic!("the sample does not load: {}", error.with_causes());
        }
        world.settle().await;
        world
    }

    /// Waits until each gate has the sample's routes: within a second, says its contract.
    async fn settle(&self) {
        let alice = self.key("alice");
        let began = Instant::now();
        let mut in_a_row = 0;
        // Calls take turns over the gates, on each of Envoy's two threads.
        while in_a_row < SETTLED {
            let status = self.get(Version::HTTP_11, "/v1/documents/roadmap", Some(&alice)).await.status;
            if status == 200 {
                in_a_row += 1;
                continue;
            }
            in_a_row = 0;
            assert!(began.elapsed() < Duration::from_secs(5), "the sample's routes are not in force");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The API key of somebody of the sample.
    ///
    /// # Panics
    /// If the sample has no such person.
    pub fn key(&self, owner: &str) -> String {
        self.keys.read(owner).expect("the sample has made a key for everybody")
    }

    /// The cluster's files.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// The spans of the calls that were traced.
    pub fn spans(&self) -> &Kept {
        self.collector.kept()
    }

    /// The gateway's port on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Bailiwick's own RPCs, through the gateway.
    ///
    /// # Panics
    /// If the cluster's certificates are gone.
    pub fn gateway(&self) -> Gateway {
        Gateway::new("localhost", self.port, &self.files.authority()).expect("the cluster has certificates")
    }

    /// The example upstream's RPCs, through the gateway.
    ///
    /// # Panics
    /// If the cluster's certificates are gone.
    pub fn documents(&self) -> Gateway {
        Gateway::new(DOCUMENTS, self.port, &self.files.authority()).expect("the cluster has certificates")
    }

    /// A connection to the gateway, by this host's name.
    ///
    /// # Panics
    /// If the gateway does not accept it.
    pub async fn connect(&self, host: &str, version: Version) -> Connection {
        Connection::open(host, self.port, version, &self.files.authority())
            .await
            .expect("the gateway accepts connections")
    }

    /// A new API key of a user of the sample.
    ///
    /// # Panics
    /// If the administrator may not make it.
    pub async fn new_key(&self, user: &str, request: CreateApiKeyRequest) -> (ApiKey, String) {
        let owner = Some(Subject { kind: SubjectKind::User.into(), id: user.to_owned() });
        let request = CreateApiKeyRequest { owner, display_name: "story".to_owned(), ..request };
        let gateway = self.gateway();
        let request = gateway.request(request, Some(&self.key("admin"))).expect("a key stands in a header");
        let answer =
            gateway.api_keys().create_api_key(request).await.expect("the administrator makes keys").into_inner();
        (answer.api_key.expect("a new key is shown"), answer.secret)
    }

    /// Ends an API key.
    ///
    /// # Panics
    /// If the administrator may not end it.
    pub async fn revoke_key(&self, id: &str) {
        let gateway = self.gateway();
        let request = RevokeApiKeyRequest { api_key_id: id.to_owned() };
        let request = gateway.request(request, Some(&self.key("admin"))).expect("a key stands in a header");
        gateway.api_keys().revoke_api_key(request).await.expect("the administrator ends keys");
    }

    /// Changes one relationship, and answers the token of the change.
    ///
    /// # Panics
    /// If the administrator may not.
    pub async fn write(&self, operation: Operation, relationship: &str) -> String {
        sample::write_relationships(&self.gateway(), &self.key("admin"), vec![update(operation, relationship)])
            .await
            .expect("the administrator writes")
    }

    /// Tries once to change one relationship.
    ///
    /// # Errors
    /// The refusal.
    ///
    /// # Panics
    /// If the relationship is none.
    pub async fn try_to_write(&self, operation: Operation, relationship: &str) -> Result<(), Status> {
        let request =
            WriteRelationshipsRequest { updates: vec![update(operation, relationship)], ..Default::default() };
        let gateway = self.gateway();
        let request = gateway.request(request, Some(&self.key("admin"))).expect("a key stands in a header");
        gateway.relationships().write_relationships(request).await.map(drop)
    }
}

fn update(operation: Operation, relationship: &str) -> RelationshipUpdate {
    let relationship = sample::parse_relationship(relationship).expect("the story writes relationships");
    RelationshipUpdate { operation: operation.into(), relationship: Some(relationship) }
}
