//! Identity says who is calling: it knows the tenants, their users and service accounts, and the credentials of those.
//!
//! In reading order: its [`config`], the types and rules of its `domain`, what it keeps in its `store`, the RPCs in `grpc`, what it
//! answers over HTTP in `web`, and the `jobs` that run beside them. What others must not miss (keys, tenants, API keys made and ended) stands in its feed.

pub mod config;
mod deletion;
mod domain;
pub mod error;
mod grpc;
mod issuers;
mod jobs;
mod metrics;
mod personal;
mod recover;
mod secrets;
mod store;
mod web;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arc_swap::ArcSwapOption;
use assertion::{AccessTokenClaims, Expectation, Verifier};
use chassis::clock::{SharedClock, SharedEntropy, new_id};
use chassis::config::Recover;
use chassis::signing::SigningKey;
use chassis::{Database, Foundation, Service, StartError, Tasks};
use contract::identity::v1::api_key_service_server::ApiKeyServiceServer;
use contract::identity::v1::client_credential_service_server::ClientCredentialServiceServer;
use contract::identity::v1::peer_service_server::PeerServiceServer;
use contract::identity::v1::service_account_service_server::ServiceAccountServiceServer;
use contract::identity::v1::tenant_service_server::TenantServiceServer;
use contract::identity::v1::user_service_server::UserServiceServer;
use contract::identity::v1::workload_service_server::WorkloadServiceServer;
use sqlx::migrate::Migrator;
use time::{Duration, OffsetDateTime};
use tonic::service::Routes;

pub use config::Config;
pub use error::Error;
pub use issuers::{IssuerConfig, IssuerKind};

use crate::domain::access_token::{self, AccessToken, Grant};
use crate::domain::bootstrap::BootstrapSecret;
use crate::domain::seal::SealKeys;
use crate::grpc::Served;
use crate::issuers::Issuers;
use crate::secrets::Secrets;
use crate::store::revoked_tokens;

static MIGRATOR: Migrator = sqlx::migrate!();

/// The service, put together.
#[derive(Debug)]
pub struct Identity {
    pub(crate) database: Database,
    pub(crate) clock: SharedClock,
    pub(crate) entropy: SharedEntropy,
    pub(crate) tasks: Tasks,
    /// The key that signs now; none before the first.
    pub(crate) token_key: ArcSwapOption<SigningKey>,
    pub(crate) token_key_rotation: Duration,
    pub(crate) seal_keys: SealKeys,
    /// Verifies access tokens, whomever they are for.
    pub(crate) tokens: Verifier<AccessTokenClaims>,
    /// The platforms whose workloads get tokens.
    pub(crate) issuers: Arc<Issuers>,
    /// Whether there is no room for another client assertion.
    pub(crate) assertions_full: AtomicBool,
    pub(crate) issuer: String,
    pub(crate) secrets: Secrets,
    pub(crate) bootstrap_secret: Option<BootstrapSecret>,
}

impl Service for Identity {
    const NAME: &'static str = "identity";

    type Config = Config;

    fn migrator() -> &'static Migrator {
        &MIGRATOR
    }

    async fn build(config: Config, foundation: &Foundation) -> Result<Arc<Self>, StartError> {
        let secrets = Secrets::new(config::read_peppers(&config)?);
        let seal_keys = config::read_seal_keys(&config)?;
        let bootstrap_secret =
            config.bootstrap_secret_file.as_deref().map(config::read_bootstrap_secret).transpose()?;
        let service = Arc::new(Self {
            database: foundation.database.clone(),
            clock: Arc::clone(&foundation.clock),
            entropy: Arc::clone(&foundation.entropy),
            tasks: foundation.tasks.clone(),
            token_key: ArcSwapOption::empty(),
            token_key_rotation: Duration::seconds(config.token_key_rotation_seconds.cast_signed()),
            seal_keys,
            tokens: Verifier::new(foundation.learnt.keys.clone(), Expectation::access_token_for_anyone(&config.issuer)),
            assertions_full: AtomicBool::new(false),
            issuers: Arc::new(Issuers::new(&config.issuers)?),
            issuer: config.issuer,
            secrets,
            bootstrap_secret,
        });
        jobs::begin(&service, foundation);
        Ok(service)
    }

    async fn recover(config: Config, database: &Database, lost: &Recover) -> Result<String, StartError> {
        let (peppers, seal_keys) = (config::read_peppers(&config)?, config::read_seal_keys(&config)?);
        let refuse = |error: Error| StartError::Service(chassis::error::chain(&error));
        recover::recover(database, &peppers, &seal_keys, lost).await.map_err(refuse)
    }

    fn routes(self: Arc<Self>) -> Routes {
        let served = Served(self);
        Routes::new(TenantServiceServer::new(served.clone()))
            .add_service(UserServiceServer::new(served.clone()))
            .add_service(ServiceAccountServiceServer::new(served.clone()))
            .add_service(ApiKeyServiceServer::new(served.clone()))
            .add_service(ClientCredentialServiceServer::new(served.clone()))
            .add_service(WorkloadServiceServer::new(served.clone()))
            .add_service(PeerServiceServer::new(served))
    }

    fn web(self: Arc<Self>) -> axum::Router {
        web::router(self)
    }
}

impl Identity {
    /// Makes an access token; none if what was shown has not even a second left. It leaves nothing behind.
    pub(crate) fn make_token(&self, grant: &Grant<'_>, now: OffsetDateTime) -> Result<Option<AccessToken>, Error> {
        let token_id = new_id(now, &*self.entropy).to_string();
        let key = self.token_key.load();
        let key = key.as_ref().ok_or(Error::NoSigningKey)?;
        access_token::make(key, &self.issuer, grant, token_id, now).map_err(Error::Signing)
    }

    /// What an access token says, if it lives: the one answer for whoever asks about a token here.
    pub(crate) async fn living_token(
        &self,
        token: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Arc<AccessTokenClaims>>, Error> {
        let Ok(claims) = self.tokens.verify(token, now) else { return Ok(None) };
        let own = [&claims.token_id, &claims.credential];
        let ids: Vec<String> = own.into_iter().chain(&claims.ends_with).cloned().collect();
        let ended = revoked_tokens::is_any_ended(self.database.pool(), &ids, &claims.tenant).await?;
        Ok((!ended).then_some(claims))
    }
}
