//! The gateway as the generated clients see it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use contract::gate::v1::host_service_client::HostServiceClient;
use contract::gate::v1::route_service_client::RouteServiceClient;
use contract::identity::v1::ExchangeApiKeyRequest;
use contract::identity::v1::api_key_service_client::ApiKeyServiceClient;
use contract::identity::v1::service_account_service_client::ServiceAccountServiceClient;
use contract::identity::v1::tenant_service_client::TenantServiceClient;
use contract::identity::v1::user_service_client::UserServiceClient;
use contract::permissions::v1::relationship_service_client::RelationshipServiceClient;
use contract::permissions::v1::schema_service_client::SchemaServiceClient;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Response, Status};

use crate::error::{Error, Result};
use crate::{certificates, place};

/// How long a new grant, key or host may take to be known everywhere.
const SETTLED_MAX: Duration = Duration::from_secs(5);

/// The longest one call may take.
const CALL_MAX: Duration = Duration::from_secs(30);

/// A channel to the gateway.
#[derive(Clone, Debug)]
pub struct Gateway {
    channel: Channel,
}

impl Gateway {
    /// The gateway at a port of this machine, by one of the hosts that it answers for.
    ///
    /// # Errors
    /// If the authority's certificate cannot be read.
    pub fn new(host: &str, port: u16, authority: &Path) -> Result<Self> {
        // The address is said in numbers: not every machine looks names under localhost up by itself.
        Self::at((Ipv4Addr::LOCALHOST, port).into(), host, authority)
    }

    /// The gateway at an address elsewhere, by one of the hosts that it answers for.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn at(address: SocketAddr, host: &str, authority: &Path) -> Result<Self> {
        let unusable =
            |error: &dyn std::fmt::Display| Error::new(format!("the gateway's address cannot be used: {error}"));
        let authority = Certificate::from_pem(certificates::read(authority)?);
        let tls = ClientTlsConfig::new().ca_certificate(authority).domain_name(host);
        let origin = format!("https://{host}:{}", address.port())
            .parse()
            .map_err(|error: http::uri::InvalidUri| unusable(&error))?;
        let endpoint =
            Endpoint::from_shared(format!("https://{address}")).and_then(|endpoint| endpoint.tls_config(tls));
        let endpoint = endpoint.map_err(|error| unusable(&error))?.origin(origin).timeout(CALL_MAX);
        Ok(Self { channel: endpoint.connect_lazy() })
    }

    /// The channel, for further clients.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// The message with a credential.
    ///
    /// # Errors
    /// If the credential cannot stand in a header.
    pub fn request<T>(&self, message: T, credential: Option<&str>) -> std::result::Result<Request<T>, Status> {
        let mut request = Request::new(message);
        if let Some(credential) = credential {
            let value = format!("Bearer {credential}").parse();
            let value = value.map_err(|_| Status::invalid_argument("the credential cannot stand in a header"))?;
            request.metadata_mut().insert("authorization", value);
        }
        Ok(request)
    }

    /// Makes the call, again and again while it is refused because what was just granted is not known everywhere yet.
    ///
    /// # Errors
    /// What the call answered at last.
    pub async fn settle<T>(
        &self,
        call: &'static str,
        attempt: impl AsyncFn() -> std::result::Result<Response<T>, Status>,
    ) -> Result<T> {
        let start = Instant::now();
        let mut pause = Duration::from_millis(20);
        loop {
            let status = match attempt().await {
                Ok(response) => return Ok(response.into_inner()),
                Err(status) => status,
            };
            let may_settle =
                matches!(status.code(), Code::PermissionDenied | Code::Unauthenticated | Code::Unavailable);
            if !may_settle || start.elapsed() > SETTLED_MAX {
                return Err(Error::Call { call, status: Box::new(status) });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }

    /// An access token of 5 minutes for the API key in the file.
    ///
    /// # Errors
    /// If the gateway does not take the key.
    pub async fn exchange(&self, key_file: &Path) -> Result<String> {
        let key = place::read_text(key_file)?;
        let message = ExchangeApiKeyRequest { scopes: Vec::new() };
        let call = async || self.api_keys().exchange_api_key(self.request(message.clone(), Some(&key))?).await;
        Ok(self.settle("ExchangeApiKey", call).await?.access_token)
    }

    /// Tenants.
    pub fn tenants(&self) -> TenantServiceClient<Channel> {
        TenantServiceClient::new(self.channel())
    }

    /// People.
    pub fn users(&self) -> UserServiceClient<Channel> {
        UserServiceClient::new(self.channel())
    }

    /// Programs.
    pub fn service_accounts(&self) -> ServiceAccountServiceClient<Channel> {
        ServiceAccountServiceClient::new(self.channel())
    }

    /// API keys.
    pub fn api_keys(&self) -> ApiKeyServiceClient<Channel> {
        ApiKeyServiceClient::new(self.channel())
    }

    /// Schemas.
    pub fn schemas(&self) -> SchemaServiceClient<Channel> {
        SchemaServiceClient::new(self.channel())
    }

    /// Relationships.
    pub fn relationships(&self) -> RelationshipServiceClient<Channel> {
        RelationshipServiceClient::new(self.channel())
    }

    /// Hosts.
    pub fn hosts(&self) -> HostServiceClient<Channel> {
        HostServiceClient::new(self.channel())
    }

    /// Routes.
    pub fn routes(&self) -> RouteServiceClient<Channel> {
        RouteServiceClient::new(self.channel())
    }
}
