//! A running service, and what tests ask of it most.

use std::fmt::Debug;
use std::time::Duration;

use chassis::Reason;
use chassis::error::reason_of;
use contract::common::v1::{Subject, SubjectKind};
use contract::identity::v1::TenantCreated;
use contract::identity::v1::event::Event;
use contract::permissions::v1::check_bulk_result::Result as Outcome;
use contract::permissions::v1::consistency::Requirement;
use contract::permissions::v1::permission_service_client::PermissionServiceClient;
use contract::permissions::v1::precondition::Expectation;
use contract::permissions::v1::relationship_service_client::RelationshipServiceClient;
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::role_service_client::RoleServiceClient;
use contract::permissions::v1::schema_service_client::SchemaServiceClient;
use contract::permissions::v1::{
    CheckBulkItem, CheckBulkResult, CheckRequest, CheckResponse, Consistency, DeleteRelationshipsRequest,
    DeleteRelationshipsResponse, ListRolesRequest, ObjectReference, Permissionship, Precondition, Relationship,
    RelationshipFilter, RelationshipUpdate, Role, RoleAssignment, SubjectReference, WriteRelationshipsRequest,
    WriteSchemaRequest,
};
use permissions::{Config, Permissions};
use testing::harness::{Credentials, Harness, start};
use tonic::Status;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

/// A connection with something to show.
pub(crate) type Shown = InterceptedService<Channel, Credentials>;

/// Groups in groups, folders of documents, a wildcard and an exclusion.
pub(crate) const SCHEMA: &str = "
definition user {}

definition group {
    relation member: user | group#member
}

definition document {
    relation viewer: user | user:* | group#member
    relation banned: user
    permission view = viewer - banned
}
";

/// Every scope of the service's RPCs.
pub(crate) const SCOPES: [&str; 3] = ["permissions.check", "permissions.read", "permissions.write"];

pub(crate) struct World {
    pub(crate) harness: Harness,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts with another configuration than the default one.
    pub(crate) async fn start_with(adjust: impl FnOnce(&mut Config)) -> Self {
        let harness = start::<Permissions>(|files| {
            let mut config = Config::with_token_key(files.secret_hex());
            adjust(&mut config);
            config
        })
        .await;
        Self { harness }
    }

    /// Starts with the tenant acme's schema in force.
    pub(crate) async fn with_schema() -> Self {
        let world = Self::start().await;
        world.write_schema(SCHEMA).await.unwrap();
        world
    }

    /// A subject of acme that gate has let through.
    pub(crate) fn caller(&self) -> Credentials {
        self.harness.as_subject("acme", "service_account:admin", &SCOPES)
    }

    /// A subject of another tenant that gate has let through.
    pub(crate) fn stranger(&self) -> Credentials {
        self.harness.as_subject("other", "service_account:admin", &SCOPES)
    }

    pub(crate) fn permissions(&self, caller: Credentials) -> PermissionServiceClient<Shown> {
        PermissionServiceClient::with_interceptor(self.harness.channel(), caller)
    }

    pub(crate) fn relationships(&self, caller: Credentials) -> RelationshipServiceClient<Shown> {
        RelationshipServiceClient::with_interceptor(self.harness.channel(), caller)
    }

    pub(crate) fn roles(&self, caller: Credentials) -> RoleServiceClient<Shown> {
        RoleServiceClient::with_interceptor(self.harness.channel(), caller)
    }

    pub(crate) fn schemas(&self, caller: Credentials) -> SchemaServiceClient<Shown> {
        SchemaServiceClient::with_interceptor(self.harness.channel(), caller).max_encoding_message_size(64 << 20)
    }

    /// Puts a schema in force; answers its token.
    pub(crate) async fn write_schema(&self, text: &str) -> Result<String, Status> {
        let request = WriteSchemaRequest { schema_text: text.to_owned() };
        Ok(self.schemas(self.caller()).write_schema(request).await?.into_inner().written_at)
    }

    /// Makes changes; answers their token.
    pub(crate) async fn write(&self, updates: &[(Operation, &str)]) -> Result<String, Status> {
        let updates = updates.iter().map(|(operation, text)| update(*operation, text)).collect();
        self.write_all(updates).await
    }

    /// Makes changes; answers their token.
    pub(crate) async fn write_all(&self, updates: Vec<RelationshipUpdate>) -> Result<String, Status> {
        let request = WriteRelationshipsRequest { updates, ..Default::default() };
        Ok(self.relationships(self.caller()).write_relationships(request).await?.into_inner().written_at)
    }

    /// Makes changes if the preconditions hold; answers their token.
    pub(crate) async fn write_if(
        &self,
        preconditions: Vec<Precondition>,
        updates: &[(Operation, &str)],
    ) -> Result<String, Status> {
        let updates = updates.iter().map(|(operation, text)| update(*operation, text)).collect();
        let request = WriteRelationshipsRequest { updates, preconditions };
        Ok(self.relationships(self.caller()).write_relationships(request).await?.into_inner().written_at)
    }

    /// Deletes by filter.
    pub(crate) async fn delete(
        &self,
        request: DeleteRelationshipsRequest,
    ) -> Result<DeleteRelationshipsResponse, Status> {
        Ok(self.relationships(self.caller()).delete_relationships(request).await?.into_inner())
    }

    /// Puts relationships there; answers the token.
    pub(crate) async fn touch(&self, relationships: &[&str]) -> String {
        let updates: Vec<_> = relationships.iter().map(|text| (Operation::Touch, *text)).collect();
        self.write(&updates).await.unwrap()
    }

    /// Asks a question of a caller's tenant.
    pub(crate) async fn ask(
        &self,
        caller: Credentials,
        question: (&str, &str, &str),
        consistency: Option<Consistency>,
    ) -> Result<CheckResponse, Status> {
        let request = check_request(question, consistency);
        Ok(self.permissions(caller).check(request).await?.into_inner())
    }

    /// Whether acme's subject has the permission, as of everything that was acknowledged.
    pub(crate) async fn has(&self, resource: &str, permission: &str, subject: &str) -> bool {
        let question = (resource, permission, subject);
        let answer = self.ask(self.caller(), question, fully_consistent()).await.unwrap();
        answer.permissionship() == Permissionship::HasPermission
    }

    /// Has identity tell of a tenant, and waits until it was taken in.
    pub(crate) async fn found_tenant(&self, tenant: &str, administers_system: bool) {
        self.harness.identity().publish(Event::TenantCreated(TenantCreated {
            tenant_id: tenant.to_owned(),
            administrator: Some(subject(SubjectKind::ServiceAccount, "admin")),
            administers_system,
        }));
        let caller = self.harness.as_subject(tenant, "service_account:admin", &SCOPES);
        let mut roles = self.roles(caller);
        for _ in 0..500 {
            let list = roles.list_roles(ListRolesRequest::default()).await.unwrap().into_inner();
            if !list.assignments.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{tenant} was not taken in within 10 seconds");
    }
}

/// The reason and the text of a refusal.
pub(crate) fn refused<T: Debug>(result: Result<T, Status>) -> (Reason, String) {
    let status = result.expect_err("this must be refused");
    let reason = reason_of(&status).unwrap_or_else(|| panic!("a refusal has one of our reasons: {status:?}"));
    assert_eq!(status.code(), reason.code());
    (reason, status.message().to_owned())
}

pub(crate) fn check_request(question: (&str, &str, &str), consistency: Option<Consistency>) -> CheckRequest {
    CheckRequest {
        consistency,
        resource: Some(object(question.0)),
        permission: question.1.to_owned(),
        subject: Some(subject_reference(question.2)),
    }
}

pub(crate) fn fully_consistent() -> Option<Consistency> {
    Some(Consistency { requirement: Some(Requirement::FullyConsistent(true)) })
}

pub(crate) fn exactly(token: &str) -> Option<Consistency> {
    Some(Consistency { requirement: Some(Requirement::AtExactSnapshot(token.to_owned())) })
}

pub(crate) fn at_least(token: &str) -> Option<Consistency> {
    Some(Consistency { requirement: Some(Requirement::AtLeastAsFresh(token.to_owned())) })
}

/// A question of many.
pub(crate) fn item(resource: &str, permission: &str, subject: &str) -> CheckBulkItem {
    CheckBulkItem {
        resource: Some(object(resource)),
        permission: permission.to_owned(),
        subject: Some(subject_reference(subject)),
    }
}

/// The answer to a question of many, or the reason why it has none.
pub(crate) fn outcome(result: &CheckBulkResult) -> String {
    match result.result.as_ref().unwrap() {
        Outcome::Permissionship(answer) => Permissionship::try_from(*answer).unwrap().as_str_name().to_owned(),
        Outcome::Error(error) => error.reason.clone(),
    }
}

/// `type:id`
pub(crate) fn object(text: &str) -> ObjectReference {
    let (object_type, object_id) = text.split_once(':').unwrap();
    ObjectReference { object_type: object_type.to_owned(), object_id: object_id.to_owned() }
}

/// `type:id` or `type:id#relation`
pub(crate) fn subject_reference(text: &str) -> SubjectReference {
    let (object_text, relation) = text.split_once('#').unwrap_or((text, ""));
    SubjectReference { object: Some(object(object_text)), relation: relation.to_owned() }
}

/// `type:id#relation@subject`
pub(crate) fn relationship(text: &str) -> Relationship {
    let (resource, rest) = text.split_once('#').unwrap();
    let (relation, subject) = rest.split_once('@').unwrap();
    Relationship {
        resource: Some(object(resource)),
        relation: relation.to_owned(),
        subject: Some(subject_reference(subject)),
    }
}

/// As [`relationship`] reads it.
pub(crate) fn text(relationship: &Relationship) -> String {
    let object = |object: &ObjectReference| format!("{}:{}", object.object_type, object.object_id);
    let subject = relationship.subject.as_ref().unwrap();
    let of = if subject.relation.is_empty() { String::new() } else { format!("#{}", subject.relation) };
    let resource = object(relationship.resource.as_ref().unwrap());
    format!("{resource}#{}@{}{of}", relationship.relation, object(subject.object.as_ref().unwrap()))
}

pub(crate) fn update(operation: Operation, relationship_text: &str) -> RelationshipUpdate {
    RelationshipUpdate { operation: operation.into(), relationship: Some(relationship(relationship_text)) }
}

pub(crate) fn subject(kind: SubjectKind, id: &str) -> Subject {
    Subject { kind: kind.into(), id: id.to_owned() }
}

pub(crate) fn user_with(role: Role, id: &str) -> Option<RoleAssignment> {
    Some(RoleAssignment { role: role.into(), subject: Some(subject(SubjectKind::User, id)) })
}

/// What must match, or must not.
pub(crate) fn precondition(expectation: Expectation, filter: RelationshipFilter) -> Precondition {
    Precondition { expectation: expectation.into(), filter: Some(filter) }
}

/// What has this relation to this document; of any document if the id is empty.
pub(crate) fn of_document(id: &str, relation: &str) -> RelationshipFilter {
    RelationshipFilter {
        resource_type: "document".to_owned(),
        resource_id: id.to_owned(),
        relation: relation.to_owned(),
        ..Default::default()
    }
}
