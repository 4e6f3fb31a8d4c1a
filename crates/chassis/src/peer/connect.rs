//! Channels to endpoints: what every connection to another service has.

use std::time::Duration;

use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

use crate::start::StartError;
use crate::tls::Tls;

/// How long a connection may take to be made, and to answer a ping.
const CONNECT: Duration = Duration::from_secs(2);

/// How often a connection is pinged, so that one whose other end is gone is found though nothing is asked.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Makes channels to one service.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    name: &'static str,
    tls: ClientTlsConfig,
}

impl Connector {
    /// To the service with this name, which its certificate must have, whatever its addresses are.
    pub(super) fn new(name: &'static str, tls: &Tls) -> Self {
        Self { name, tls: tls.client(name) }
    }

    /// A channel to the endpoint at an address, without connecting yet.
    pub(super) fn connect(&self, address: &str) -> Result<Channel, StartError> {
        let refuse =
            |error: &dyn std::fmt::Display| StartError::Config(format!("peers.{}.address: {error}", self.name));
        let endpoint = Endpoint::from_shared(address.to_owned())
            .map_err(|error| refuse(&error))?
            .tls_config(self.tls.clone())
            .map_err(|error| refuse(&error))?
            .connect_timeout(CONNECT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(CONNECT)
            .keep_alive_while_idle(true);
        Ok(endpoint.connect_lazy())
    }
}
