//! Both servers, told the same.

use std::sync::atomic::{AtomicU32, Ordering};

use contract::authzed::api::v1::permissions_service_client::PermissionsServiceClient;
use contract::authzed::api::v1::schema_service_client::SchemaServiceClient;
use contract::authzed::api::v1::{
    CheckBulkPermissionsRequest, ReadRelationshipsRequest, ReadRelationshipsResponse, WriteRelationshipsRequest,
    WriteSchemaRequest,
};
use permissions::{Config, Permissions};
use testing::harness::{Credentials, Harness, start};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use worlds::World;

use crate::answers::{Outcome, Refusal};
use crate::message::{Question, fully_consistent, touch};
use crate::spicedb::SpiceDb;

type Shown = InterceptedService<Channel, Credentials>;

/// How much is asked and written at once.
const ITEMS_MAX: usize = 2_000;
const UPDATES_MAX: usize = 1_000;

/// Both servers.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) spicedb: SpiceDb,
    harness: Harness,
    tenants: AtomicU32,
    tenant: String,
    channel: Channel,
}

/// Both answers to one question.
#[derive(Debug)]
pub(crate) struct Both {
    pub(crate) ours: Outcome,
    pub(crate) theirs: Outcome,
}

impl Pair {
    pub(crate) async fn start() -> Self {
        let harness = start::<Permissions>(|files| Config::with_token_key(files.secret_hex())).await;
        let channel = harness.channel();
        let mut pair =
            Self { spicedb: SpiceDb::start(), harness, tenants: AtomicU32::new(0), tenant: String::new(), channel };
        pair.begin();
        pair
    }

    /// Both have nothing stored: SpiceDB is a new one, and ours has a new tenant.
    pub(crate) fn begin(&mut self) {
        self.spicedb.begin();
        self.tenant = format!("world-{}", self.tenants.fetch_add(1, Ordering::Relaxed));
    }

    fn caller(&self) -> Credentials {
        let scopes = ["permissions.check", "permissions.read", "permissions.write"];
        self.harness.as_subject(&self.tenant, "service_account:oracle", &scopes)
    }

    /// Ours, in the contract of SpiceDB.
    pub(crate) fn ours(&self) -> PermissionsServiceClient<Shown> {
        PermissionsServiceClient::with_interceptor(self.channel.clone(), self.caller())
            .max_decoding_message_size(64 << 20)
            .max_encoding_message_size(64 << 20)
    }

    /// Ours, in the contract of SpiceDB.
    pub(crate) fn our_schemas(&self) -> SchemaServiceClient<Shown> {
        SchemaServiceClient::with_interceptor(self.channel.clone(), self.caller())
    }

    /// Puts a schema in force on both sides, and says what each had against it.
    pub(crate) async fn write_schema(&mut self, text: &str) -> (Option<Refusal>, Option<Refusal>) {
        let request = WriteSchemaRequest { schema: text.to_owned() };
        let theirs = self.spicedb.write_schema(&request).err();
        let ours = self.our_schemas().write_schema(request).await.err().map(Refusal::from);
        (ours, theirs)
    }

    /// Both begin anew with this world.
    ///
    /// # Errors
    /// If either takes it not.
    pub(crate) async fn load(&mut self, world: &World, schema_text: &str) -> Result<(), String> {
        self.begin();
        if let (None, None) = self.write_schema(schema_text).await {
        } else {
            return Err("the schema is refused".to_owned());
        }
        let all: Vec<_> = world.relationships.iter().map(|one| touch(&one)).collect();
        for updates in all.chunks(UPDATES_MAX) {
            let request =
                WriteRelationshipsRequest { updates: updates.to_vec(), ..WriteRelationshipsRequest::default() };
            self.spicedb.write(&request).map_err(|refusal| format!("SpiceDB refuses to write: {refusal:?}"))?;
            self.ours()
                .write_relationships(request)
                .await
                .map_err(|status| format!("ours refuses to write: {status:?}"))?;
        }
        Ok(())
    }

    /// Asks both, one question at a time.
    pub(crate) async fn check(&mut self, question: &Question) -> Both {
        let request = question.request();
        let theirs = Outcome::of(self.spicedb.check(&request));
        let ours = self.ours().check_permission(request).await;
        Both { ours: Outcome::of(ours.map(tonic::Response::into_inner).map_err(Refusal::from)), theirs }
    }

    /// Asks both everything at once. There are fewer answers if SpiceDB gets stuck.
    pub(crate) async fn check_bulk(&mut self, questions: &[Question]) -> Vec<Both> {
        let mut all = Vec::with_capacity(questions.len());
        for some in questions.chunks(ITEMS_MAX) {
            let items = some.iter().map(Question::item).collect();
            let request = CheckBulkPermissionsRequest { consistency: fully_consistent(), items, with_tracing: false };
            let Ok(theirs) = self.spicedb.check_bulk(&request) else { break };
            let ours = self.ours().check_bulk_permissions(request).await.unwrap().into_inner();
            assert_eq!((ours.pairs.len(), theirs.pairs.len()), (some.len(), some.len()));
            for (ours, theirs) in ours.pairs.iter().zip(&theirs.pairs) {
                assert_eq!(ours.request, theirs.request, "both keep the order");
                all.push(Both { ours: Outcome::of_pair(ours), theirs: Outcome::of_pair(theirs) });
            }
        }
        all
    }

    /// What ours lists.
    pub(crate) async fn read_ours(
        &self,
        request: ReadRelationshipsRequest,
    ) -> Result<Vec<ReadRelationshipsResponse>, Refusal> {
        let mut answers = self.ours().read_relationships(request).await?.into_inner();
        let mut all = Vec::new();
        while let Some(answer) = answers.message().await? {
            all.push(answer);
        }
        Ok(all)
    }
}
