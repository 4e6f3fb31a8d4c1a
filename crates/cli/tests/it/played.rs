//! The gateway and the services behind it, as far as the command needs them. They know one key, `run::KEY`.

mod routes;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use contract::common::v1::{Subject, SubjectKind};
use contract::gate::v1::decision_service_server::DecisionServiceServer;
use contract::gate::v1::route_service_server::RouteServiceServer;
use contract::identity::v1 as identity;
use contract::identity::v1::api_key_service_server::{ApiKeyService, ApiKeyServiceServer};
use contract::identity::v1::user_service_server::{UserService, UserServiceServer};
use contract::permissions::v1 as permissions;
use contract::permissions::v1::permission_service_server::{PermissionService, PermissionServiceServer};
use contract::permissions::v1::relationship_service_server::{RelationshipService, RelationshipServiceServer};
use contract::permissions::v1::schema_service_server::{SchemaService, SchemaServiceServer};
use prost_types::Timestamp;
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// A running gateway.
pub(crate) struct Gateway {
    pub(crate) url: String,
    pub(crate) ca_file: NamedTempFile,
    pub(crate) services: Services,
}

/// What the services were asked, in the order of asking.
#[derive(Clone, Default)]
pub(crate) struct Services {
    asked: Arc<Mutex<Vec<String>>>,
}

impl Gateway {
    pub(crate) async fn start() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &authority);
        let identity = Identity::from_pem(certificate.unwrap().pem(), key.serialize_pem());
        let ca_file = tempfile::Builder::new().suffix(".pem").tempfile().unwrap();
        std::fs::write(ca_file.path(), authority.pem()).unwrap();

        let services = Services::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let server = Server::builder()
            .tls_config(ServerTlsConfig::new().identity(identity))
            .unwrap()
            .add_service(ApiKeyServiceServer::new(services.clone()))
            .add_service(DecisionServiceServer::new(services.clone()))
            .add_service(PermissionServiceServer::new(services.clone()))
            .add_service(RelationshipServiceServer::new(services.clone()))
            .add_service(RouteServiceServer::new(services.clone()))
            .add_service(SchemaServiceServer::new(services.clone()))
            .add_service(UserServiceServer::new(services.clone()));
        #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Self { url, ca_file, services }
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.services.asked.lock().unwrap().clone()
    }
}

/// A denial as gate makes it: a text and two headers.
fn denial(code: Code, reason: &str) -> Status {
    let mut status = Status::new(code, "the call is not allowed");
    status.metadata_mut().insert("bailiwick-reason", reason.parse().unwrap());
    status.metadata_mut().insert("bailiwick-decision-id", "d-17".parse().unwrap());
    status
}

/// A refusal as a service makes it: with `google.rpc.ErrorInfo`.
fn refusal(code: Code, reason: &str, text: &str) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, "bailiwick", HashMap::new());
    details.set_request_info("r-4", "");
    Status::with_error_details(code, text, details)
}

impl Services {
    /// What gate would do first.
    fn asked<M: std::fmt::Debug>(&self, request: Request<M>) -> Result<M, Status> {
        let metadata =
            |name: &str| request.metadata().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let authorization =
            metadata("authorization").ok_or_else(|| denial(Code::Unauthenticated, "CREDENTIAL_MISSING"))?;
        assert!(metadata("grpc-timeout").is_some(), "every call has a deadline");
        self.asked.lock().unwrap().push(format!("{authorization} {:?}", metadata("bailiwick-tenant")));
        if authorization != format!("Bearer {}", crate::run::KEY) && authorization != "Bearer token" {
            return Err(denial(Code::Unauthenticated, "CREDENTIAL_INVALID"));
        }
        self.asked.lock().unwrap().push(format!("{:?}", request.get_ref()));
        Ok(request.into_inner())
    }
}

fn user(number: u32) -> identity::User {
    let created_at = Some(Timestamp { seconds: 86_400, nanos: 0 });
    identity::User { id: format!("u{number:04}"), display_name: "Somebody".to_owned(), created_at, erased_at: None }
}

/// There are 1,500 users.
#[tonic::async_trait]
impl UserService for Services {
    async fn create_user(
        &self,
        request: Request<identity::CreateUserRequest>,
    ) -> Result<Response<identity::CreateUserResponse>, Status> {
        let asked = self.asked(request)?;
        assert!(!asked.idempotency_key.is_empty());
        match asked.user_id.as_str() {
            "taken" => Err(refusal(Code::AlreadyExists, "RESOURCE_EXISTS", "the id `taken` is taken")),
            "slow" => {
                tokio::time::sleep(std::time::Duration::from_secs(60)).await;
                Err(Status::internal("nobody waits any more"))
            }
            _ => Ok(Response::new(identity::CreateUserResponse { user: Some(user(1)) })),
        }
    }

    async fn get_user(
        &self,
        request: Request<identity::GetUserRequest>,
    ) -> Result<Response<identity::GetUserResponse>, Status> {
        self.asked(request)?;
        Err(refusal(Code::NotFound, "RESOURCE_NOT_FOUND", "there is no such user"))
    }

    async fn erase_user(
        &self,
        request: Request<identity::EraseUserRequest>,
    ) -> Result<Response<identity::EraseUserResponse>, Status> {
        self.asked(request)?;
        let erased = identity::User { display_name: String::new(), erased_at: user(1).created_at, ..user(1) };
        Ok(Response::new(identity::EraseUserResponse { user: Some(erased) }))
    }

    async fn list_users(
        &self,
        request: Request<identity::ListUsersRequest>,
    ) -> Result<Response<identity::ListUsersResponse>, Status> {
        let asked = self.asked(request)?;
        let from: u32 = asked.page_token.parse().unwrap_or(0);
        let to = (from + asked.page_size).min(1_500);
        let next_page_token = if to < 1_500 { to.to_string() } else { String::new() };
        Ok(Response::new(identity::ListUsersResponse { users: (from..to).map(user).collect(), next_page_token }))
    }
}

#[tonic::async_trait]
impl ApiKeyService for Services {
    async fn create_api_key(
        &self,
        request: Request<identity::CreateApiKeyRequest>,
    ) -> Result<Response<identity::CreateApiKeyResponse>, Status> {
        let asked = self.asked(request)?;
        let api_key = identity::ApiKey {
            id: "0123456789abcdef".to_owned(),
            owner: asked.owner,
            scopes: asked.scopes,
            expires_at: asked.expires_at,
            ..identity::ApiKey::default()
        };
        let secret = "bw_new".to_owned();
        Ok(Response::new(identity::CreateApiKeyResponse { api_key: Some(api_key), secret }))
    }

    async fn get_api_key(
        &self,
        request: Request<identity::GetApiKeyRequest>,
    ) -> Result<Response<identity::GetApiKeyResponse>, Status> {
        let api_key = identity::ApiKey { id: self.asked(request)?.api_key_id, ..identity::ApiKey::default() };
        Ok(Response::new(identity::GetApiKeyResponse { api_key: Some(api_key) }))
    }

    async fn list_api_keys(
        &self,
        request: Request<identity::ListApiKeysRequest>,
    ) -> Result<Response<identity::ListApiKeysResponse>, Status> {
        self.asked(request)?;
        Ok(Response::new(identity::ListApiKeysResponse::default()))
    }

    async fn revoke_api_key(
        &self,
        request: Request<identity::RevokeApiKeyRequest>,
    ) -> Result<Response<identity::RevokeApiKeyResponse>, Status> {
        let id = self.asked(request)?.api_key_id;
        let owner = Some(Subject { kind: SubjectKind::User.into(), id: "alice".to_owned() });
        let api_key = identity::ApiKey { id, owner, ..identity::ApiKey::default() };
        Ok(Response::new(identity::RevokeApiKeyResponse { api_key: Some(api_key) }))
    }

    async fn exchange_api_key(
        &self,
        request: Request<identity::ExchangeApiKeyRequest>,
    ) -> Result<Response<identity::ExchangeApiKeyResponse>, Status> {
        self.asked(request)?;
        let expires_at = Some(Timestamp { seconds: 300, nanos: 0 });
        Ok(Response::new(identity::ExchangeApiKeyResponse { access_token: "eyJ.a.b".to_owned(), expires_at }))
    }
}

/// Alice may, mallory may not even ask, and nobody else may.
#[tonic::async_trait]
impl PermissionService for Services {
    async fn check(
        &self,
        request: Request<permissions::CheckRequest>,
    ) -> Result<Response<permissions::CheckResponse>, Status> {
        let asked = self.asked(request)?;
        let subject = asked.subject.and_then(|subject| subject.object).unwrap().object_id;
        let permissionship = match subject.as_str() {
            "alice" => permissions::Permissionship::HasPermission,
            "mallory" => return Err(denial(Code::PermissionDenied, "PERMISSION_MISSING")),
            "nemo" => permissions::Permissionship::Unspecified,
            _ => permissions::Permissionship::NoPermission,
        };
        let checked_at = "t1".to_owned();
        Ok(Response::new(permissions::CheckResponse { permissionship: permissionship.into(), checked_at }))
    }

    async fn check_bulk(
        &self,
        _: Request<permissions::CheckBulkRequest>,
    ) -> Result<Response<permissions::CheckBulkResponse>, Status> {
        Err(Status::unimplemented("the command does not use it"))
    }

    type CheckStreamStream = tonic::codegen::BoxStream<permissions::CheckStreamResponse>;

    async fn check_stream(
        &self,
        _: Request<tonic::Streaming<permissions::CheckStreamRequest>>,
    ) -> Result<Response<Self::CheckStreamStream>, Status> {
        Err(Status::unimplemented("the command does not use it"))
    }
}

#[tonic::async_trait]
impl RelationshipService for Services {
    async fn delete_relationships(
        &self,
        request: Request<permissions::DeleteRelationshipsRequest>,
    ) -> Result<Response<permissions::DeleteRelationshipsResponse>, Status> {
        let asked = self.asked(request)?;
        if !asked.allow_partial {
            let text = "more than 1000 relationships match: narrow the filter, or allow_partial";
            return Err(refusal(Code::ResourceExhausted, "LIMIT_EXCEEDED", text));
        }
        let answer = permissions::DeleteRelationshipsResponse {
            deleted_at: "t5".to_owned(),
            deleted: asked.limit,
            partial: true,
        };
        Ok(Response::new(answer))
    }

    async fn write_relationships(
        &self,
        request: Request<permissions::WriteRelationshipsRequest>,
    ) -> Result<Response<permissions::WriteRelationshipsResponse>, Status> {
        let asked = self.asked(request)?;
        let exists = |update: &permissions::RelationshipUpdate| {
            let relationship = update.relationship.as_ref();
            relationship.and_then(|relationship| relationship.resource.as_ref()).unwrap().object_id == "taken"
        };
        if let Some(index) = asked.updates.iter().position(exists) {
            let text = format!("updates[{index}].relationship: document:taken#viewer@user:alice exists already");
            return Err(refusal(Code::AlreadyExists, "RELATIONSHIP_EXISTS", &text));
        }
        Ok(Response::new(permissions::WriteRelationshipsResponse { written_at: "t2".to_owned() }))
    }

    async fn read_relationships(
        &self,
        request: Request<permissions::ReadRelationshipsRequest>,
    ) -> Result<Response<permissions::ReadRelationshipsResponse>, Status> {
        let asked = self.asked(request)?;
        assert!(asked.page_token.is_empty() || asked.consistency.is_none(), "a page token pins its revision");
        let id = if asked.page_token.is_empty() { "a" } else { "b" };
        let relationship = cli::relationship_text::parse(&format!("document:{id}#viewer@group:eng#member")).unwrap();
        let next_page_token = if asked.page_token.is_empty() { "p2".to_owned() } else { String::new() };
        Ok(Response::new(permissions::ReadRelationshipsResponse {
            relationships: vec![relationship],
            read_at: "t3".to_owned(),
            next_page_token,
        }))
    }
}

#[tonic::async_trait]
impl SchemaService for Services {
    async fn read_schema(
        &self,
        request: Request<permissions::ReadSchemaRequest>,
    ) -> Result<Response<permissions::ReadSchemaResponse>, Status> {
        self.asked(request)?;
        // Longer than a client takes by default.
        let schema_text = format!("// {}\ndefinition user {{}}\n", "a".repeat(5 * 1024 * 1024));
        Ok(Response::new(permissions::ReadSchemaResponse { schema_text, read_at: "t4".to_owned() }))
    }

    async fn write_schema(
        &self,
        request: Request<permissions::WriteSchemaRequest>,
    ) -> Result<Response<permissions::WriteSchemaResponse>, Status> {
        self.asked(request)?;
        Err(refusal(Code::InvalidArgument, "SCHEMA_INVALID", "line 1, column 1: expected a definition; write one"))
    }
}
