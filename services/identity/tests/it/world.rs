//! A running identity with one bootstrapped tenant, and clients of every kind.

use chassis::Reason;
use contract::common::v1::{Subject, SubjectKind};
use contract::identity::v1::api_key_service_client::ApiKeyServiceClient;
use contract::identity::v1::peer_service_client::PeerServiceClient;
use contract::identity::v1::service_account_service_client::ServiceAccountServiceClient;
use contract::identity::v1::tenant_service_client::TenantServiceClient;
use contract::identity::v1::user_service_client::UserServiceClient;
use contract::identity::v1::workload_service_client::WorkloadServiceClient;
use contract::identity::v1::*;
use identity::{Config, Identity};
use testing::harness::{Credentials, Files, Harness};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Response, Status};
use tonic_types::StatusExt as _;

pub(crate) const BOOTSTRAP_SECRET: &str = "a bootstrap secret of the tests, long enough";

/// The issuer of the tests' access tokens.
pub(crate) const ISSUER: &str = "https://access.test";

/// How long a key signs in the tests.
pub(crate) const ROTATION_SECONDS: u64 = 30 * 86_400;

/// The scopes of a tenant's administrator.
pub(crate) const TENANT_SCOPES: [&str; 2] = ["identity.read", "identity.write"];

/// The scopes of whoever administers the installation too.
pub(crate) const SYSTEM_SCOPES: [&str; 4] = ["identity.read", "identity.write", "system.read", "system.write"];

type Intercepted = InterceptedService<Channel, Credentials>;

pub(crate) struct World {
    pub(crate) service: Harness,
    /// What the bootstrap of the tenant `acme` answered; empty if it was not done.
    pub(crate) acme: BootstrapResponse,
}

/// Identity with the tenant `acme`, whose administrator is the service account `admin`.
pub(crate) async fn start() -> World {
    let mut world = start_empty().await;
    world.acme = world.bootstrap("acme").await.expect("the first bootstrap succeeds");
    world
}

/// Identity as it is before its bootstrap.
pub(crate) async fn start_empty() -> World {
    let service = testing::harness::start::<Identity>(section).await;
    World { service, acme: BootstrapResponse::default() }
}

/// Identity's section, with new keys and the tests' bootstrap secret.
pub(crate) fn section(files: &Files) -> Config {
    Config {
        bootstrap_secret_file: Some(files.text(BOOTSTRAP_SECRET)),
        ..Config::with_keys(ISSUER, files.secret_hex(), files.secret_hex())
    }
}

impl World {
    pub(crate) async fn bootstrap(&self, tenant: &str) -> Result<BootstrapResponse, Status> {
        let request = BootstrapRequest {
            secret: BOOTSTRAP_SECRET.to_owned(),
            tenant_id: tenant.to_owned(),
            display_name: "Acme Inc.".to_owned(),
            administrator_id: "admin".to_owned(),
        };
        self.tenants_as(self.service.as_subject("", "", &[])).bootstrap(request).await.map(Response::into_inner)
    }

    /// Another tenant, with the administrator `admin`.
    pub(crate) async fn found(&self, tenant: &str) -> CreateTenantResponse {
        let request = CreateTenantRequest {
            tenant_id: tenant.to_owned(),
            display_name: tenant.to_owned(),
            administrator_id: "admin".to_owned(),
            idempotency_key: format!("found-{tenant}"),
        };
        self.tenants().create_tenant(request).await.expect("the tenant is new").into_inner()
    }

    /// The administrator of `acme`, and of the installation.
    pub(crate) fn tenants(&self) -> TenantServiceClient<Intercepted> {
        self.tenants_as(self.service.as_subject("acme", "service_account:admin", &SYSTEM_SCOPES))
    }

    pub(crate) fn tenants_as(&self, credentials: Credentials) -> TenantServiceClient<Intercepted> {
        TenantServiceClient::with_interceptor(self.service.channel(), credentials)
    }

    /// Workloads, as the administrator of the installation.
    pub(crate) fn workloads(&self) -> WorkloadServiceClient<Intercepted> {
        self.workloads_as(self.service.as_subject("acme", "service_account:admin", &SYSTEM_SCOPES))
    }

    pub(crate) fn workloads_as(&self, credentials: Credentials) -> WorkloadServiceClient<Intercepted> {
        WorkloadServiceClient::with_interceptor(self.service.channel(), credentials)
    }

    pub(crate) fn users(&self, tenant: &str) -> UserServiceClient<Intercepted> {
        UserServiceClient::with_interceptor(self.service.channel(), self.administrator(tenant))
    }

    pub(crate) fn service_accounts(&self, tenant: &str) -> ServiceAccountServiceClient<Intercepted> {
        ServiceAccountServiceClient::with_interceptor(self.service.channel(), self.administrator(tenant))
    }

    pub(crate) fn api_keys(&self, tenant: &str) -> ApiKeyServiceClient<Intercepted> {
        self.api_keys_as(self.administrator(tenant))
    }

    pub(crate) fn api_keys_as(&self, credentials: Credentials) -> ApiKeyServiceClient<Intercepted> {
        ApiKeyServiceClient::with_interceptor(self.service.channel(), credentials)
    }

    /// Identity as gate calls it.
    pub(crate) fn peers(&self) -> PeerServiceClient<Channel> {
        PeerServiceClient::new(self.service.channel_as_peer("gate"))
    }

    pub(crate) fn administrator(&self, tenant: &str) -> Credentials {
        self.service.as_subject(tenant, "service_account:admin", &TENANT_SCOPES)
    }

    /// A key of the tenant's administrator.
    pub(crate) async fn key(&self, tenant: &str, scopes: &[&str]) -> CreateApiKeyResponse {
        let request = key_request(service_account("admin"), scopes);
        self.api_keys(tenant).create_api_key(request).await.expect("the administrator may").into_inner()
    }

    pub(crate) async fn authenticate(&self, key: &str) -> Result<AuthenticateApiKeyResponse, Status> {
        let request = AuthenticateApiKeyRequest { api_key: key.to_owned() };
        self.peers().authenticate_api_key(request).await.map(Response::into_inner)
    }

    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let statement = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        sqlx::query_scalar(statement).fetch_one(self.service.pool()).await.expect("the table is there")
    }
}

pub(crate) fn key_request(owner: Option<Subject>, scopes: &[&str]) -> CreateApiKeyRequest {
    CreateApiKeyRequest {
        owner,
        display_name: "a key".to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        expires_at: None,
        idempotency_key: String::new(),
    }
}

pub(crate) fn service_account(id: &str) -> Option<Subject> {
    Some(Subject { kind: SubjectKind::ServiceAccount.into(), id: id.to_owned() })
}

pub(crate) fn user(id: &str) -> Option<Subject> {
    Some(Subject { kind: SubjectKind::User.into(), id: id.to_owned() })
}

/// Why a call was refused.
pub(crate) fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> Reason {
    let status = answer.expect_err("the call is refused");
    chassis::error::reason_of(&status).unwrap_or_else(|| panic!("no reason of ours: {status:?}"))
}

/// Why a call was refused, and what the error names.
pub(crate) fn reason_and<T: std::fmt::Debug>(answer: Result<T, Status>, name: &str) -> (Reason, String) {
    let status = answer.expect_err("the call is refused");
    let named = status.get_details_error_info().and_then(|info| info.metadata.get(name).cloned()).unwrap_or_default();
    (reason::<()>(Err(status)), named)
}
