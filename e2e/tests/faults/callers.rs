//! Callers that only ask, and one that ends keys: what nobody may be let in by.

use std::time::{Duration, Instant};

use bytes::Bytes;
use contract::common::v1::{Subject, SubjectKind};
use contract::gate::v1::{AssignHostRequest, Host, ListRoutesRequest};
use contract::identity::v1::{CreateApiKeyRequest, RevokeApiKeyRequest};
use contract::permissions::v1::consistency::Requirement;
use contract::permissions::v1::permission_service_client::PermissionServiceClient;
use contract::permissions::v1::{CheckRequest, Consistency, ObjectReference, Permissionship, SubjectReference};
use e2e::DOCUMENTS;
use http::{Request, Version};
use testing::sample::Gateway;
use tonic::Status;

use crate::load::{Call, Caller, Outcome};

/// Within so long a key that was ended is refused everywhere.
const REVOKED_WITHIN: Duration = Duration::from_secs(5);

/// How long a new key may take until every gate knows it, and how long one that was ended is tried after it must be refused.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);
const TRIED_FOR: Duration = Duration::from_secs(1);

/// A question about a document.
pub(crate) fn question(document: &str, user: &str, requirement: Requirement) -> CheckRequest {
    let object = |object_type: &str, object_id: &str| ObjectReference {
        object_type: object_type.to_owned(),
        object_id: object_id.to_owned(),
    };
    CheckRequest {
        consistency: Some(Consistency { requirement: Some(requirement) }),
        resource: Some(object("document", document)),
        permission: "view".to_owned(),
        subject: Some(SubjectReference { object: Some(object("user", user)), relation: String::new() }),
    }
}

/// Asks through the gateway.
pub(crate) async fn ask(gateway: &Gateway, key: &str, question: CheckRequest) -> Result<bool, Status> {
    let request = gateway.request(question, Some(key))?;
    let answer = PermissionServiceClient::new(gateway.channel()).check(request).await?.into_inner();
    Ok(answer.permissionship() == Permissionship::HasPermission)
}

impl Caller {
    /// Reads a document over HTTP/2, and is answered with this status or that there is an outage.
    pub(crate) async fn read(mut self, path: &'static str, who: &'static str, expected: u16) -> Vec<Call> {
        let key = self.world.key(who);
        let mut connection = self.world.connect(DOCUMENTS, Version::HTTP_2).await;
        while self.goes_on() {
            let began = Instant::now();
            let request = Request::get(path).header("authorization", format!("Bearer {key}"));
            let outcome = match connection.send(request.body(Bytes::new()).unwrap()).await {
                Ok(answer) if answer.status == expected => Outcome::Right,
                Ok(answer) if answer.status == 503 => Outcome::Failed("503".to_owned()),
                Ok(answer) => Outcome::Wrong(format!("{who} reads {path}: {}", answer.status)),
                Err(error) => {
                    connection = self.world.connect(DOCUMENTS, Version::HTTP_2).await;
                    Outcome::Failed(error.with_causes())
                }
            };
            self.note(if expected == 200 { "read, allowed" } else { "read, denied" }, began, outcome).await;
        }
        self.calls
    }

    /// Asks permissions itself, through the gateway: by turns what is so and what is not.
    pub(crate) async fn check(mut self) -> Vec<Call> {
        let (gateway, key) = (self.world.gateway(), self.world.key("admin"));
        let mut is_so = false;
        while self.goes_on() {
            is_so = !is_so;
            let began = Instant::now();
            let question = question("budget", if is_so { "carol" } else { "dave" }, Requirement::MinimizeLatency(true));
            let outcome = match ask(&gateway, &key, question).await {
                Ok(answer) if answer == is_so => Outcome::Right,
                Ok(answer) => Outcome::Wrong(format!("Check answers {answer}, not {is_so}")),
                Err(status) => Outcome::of(&status),
            };
            self.note("Check", began, outcome).await;
        }
        self.calls
    }

    /// Reads the routes at gate.
    pub(crate) async fn list_routes(mut self) -> Vec<Call> {
        let (gateway, key) = (self.world.gateway(), self.world.key("admin"));
        while self.goes_on() {
            let began = Instant::now();
            let request = gateway.request(ListRoutesRequest::default(), Some(&key)).unwrap();
            let outcome = match gateway.routes().list_routes(request).await {
                Ok(answer) if !answer.get_ref().routes.is_empty() => Outcome::Right,
                Ok(_) => Outcome::Wrong("the routes are gone".to_owned()),
                Err(status) => Outcome::of(&status),
            };
            self.note("ListRoutes", began, outcome).await;
        }
        self.calls
    }

    /// Gives the tenant hosts, which gate writes down.
    pub(crate) async fn assign_hosts(mut self) -> Vec<Call> {
        let (gateway, key) = (self.world.gateway(), self.world.key("root"));
        let mut number = 0;
        while self.goes_on() {
            number += 1;
            let host = Host { host: format!("fault-{number}.localhost"), tenant_id: "acme".to_owned() };
            let began = Instant::now();
            let request = gateway.request(AssignHostRequest { host: Some(host) }, Some(&key)).unwrap();
            let outcome = match gateway.hosts().assign_host(request).await {
                Ok(_) => Outcome::Right,
                Err(status) => Outcome::of(&status),
            };
            self.note("AssignHost", began, outcome).await;
        }
        self.calls
    }

    /// Makes a key, calls with it, ends it, and calls on with it: five seconds later it must let nobody in.
    pub(crate) async fn revoke_keys(mut self) -> Vec<Call> {
        while self.goes_on() {
            let began = Instant::now();
            let made = self.make_key().await;
            let outcome = made.as_ref().map_or_else(Outcome::of, |_| Outcome::Right);
            self.note("CreateApiKey", began, outcome).await;
            let Ok((id, key)) = made else { continue };
            while self.goes_on() && self.status(&key).await != 200 && began.elapsed() < KNOWN_WITHIN {}

            let began = Instant::now();
            let ended = self.end_key(&id).await;
            let outcome = ended.as_ref().map_or_else(Outcome::of, |()| Outcome::Right);
            let ended = ended.is_ok().then(Instant::now);
            self.note("RevokeApiKey", began, outcome).await;
            let Some(ended) = ended else { continue };
            // To its end, even if nobody else calls any more: that it is refused is the point.
            while ended.elapsed() < REVOKED_WITHIN + TRIED_FOR {
                let began = Instant::now();
                let outcome = match self.status(&key).await {
                    200 if began > ended + REVOKED_WITHIN => Outcome::Wrong("a revoked key lets in".to_owned()),
                    200 | 401 => Outcome::Right,
                    503 => Outcome::Failed("503".to_owned()),
                    other => Outcome::Wrong(format!("{other} for a revoked key")),
                };
                self.note("read, revoked", began, outcome).await;
            }
        }
        self.calls
    }

    async fn make_key(&self) -> Result<(String, String), Status> {
        let (gateway, now) = (self.world.gateway(), testing::surroundings::now().unix_timestamp());
        let request = CreateApiKeyRequest {
            owner: Some(Subject { kind: SubjectKind::User.into(), id: "alice".to_owned() }),
            display_name: "fault".to_owned(),
            scopes: vec!["documents.read".to_owned()],
            expires_at: Some(prost_types::Timestamp { seconds: now + 3_600, nanos: 0 }),
            ..CreateApiKeyRequest::default()
        };
        let request = gateway.request(request, Some(&self.world.key("admin")))?;
        let answer = gateway.api_keys().create_api_key(request).await?.into_inner();
        Ok((answer.api_key.unwrap_or_default().id, answer.secret))
    }

    async fn end_key(&self, id: &str) -> Result<(), Status> {
        let gateway = self.world.gateway();
        let request = RevokeApiKeyRequest { api_key_id: id.to_owned() };
        let request = gateway.request(request, Some(&self.world.key("admin")))?;
        gateway.api_keys().revoke_api_key(request).await.map(drop)
    }

    async fn status(&self, key: &str) -> u16 {
        self.world.get(Version::HTTP_11, "/v1/documents/roadmap", Some(key)).await.status
    }
}
