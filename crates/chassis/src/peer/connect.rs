//! Channels to endpoints: what every connection to another service has.

use std::time::Duration;

use tonic::transport::Channel;

use crate::start::StartError;
use crate::tls::{Dial, Tls};

/// How often a connection is pinged, so that one whose other end is gone is found though nothing is asked.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// How long the answer to a ping may take.
const ANSWERED: Duration = Duration::from_secs(2);

/// Makes channels to one service.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    name: &'static str,
    dial: Dial,
}

impl Connector {
    /// To the service with this name, which its certificate must have, whatever its addresses are.
    pub(super) fn new(name: &'static str, tls: &Tls) -> Result<Self, StartError> {
        let dial = Dial::to(name, tls).map_err(|error| StartError::Config(format!("peers.{name}: {error}")))?;
        Ok(Self { name, dial })
    }

    /// Whether a connection can be made to the endpoint at an address now.
    pub(super) fn reaches(&self, address: String) -> impl Future<Output = bool> + Send + use<> {
        self.dial.clone().reaches(address)
    }

    /// A channel to the endpoint at an address, without connecting yet.
    pub(super) fn connect(&self, address: &str) -> Result<Channel, StartError> {
        let channel = self.dial.channel(address, |endpoint| {
            endpoint.http2_keep_alive_interval(KEEP_ALIVE).keep_alive_timeout(ANSWERED).keep_alive_while_idle(true)
        });
        channel.map_err(|error| StartError::Config(format!("peers.{}.address: {error}", self.name)))
    }
}
