//! Names of peers, looked up again and again: a name may stand for several replicas, and for others tomorrow.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures::future::join_all;
use http::Uri;

use super::connect::Connector;
use super::endpoints::Endpoints;
use super::metrics::OfPeer;

/// How often names are looked up, and how long one look may take.
const EVERY: Duration = Duration::from_secs(5);
const LOOK_UP_MAX: Duration = Duration::from_secs(2);

/// The addresses of a peer, some of which are names.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// Host and port of each address.
    targets: Vec<(String, u16)>,
}

/// The addresses, if any has a name to look up. Numbers stay what they are.
pub(super) fn of(addresses: &[String]) -> Option<Names> {
    let target = |address: &String| {
        let uri: Uri = address.parse().ok()?;
        Some((uri.host()?.trim_matches(['[', ']']).to_owned(), uri.port_u16().unwrap_or(443)))
    };
    let targets: Vec<(String, u16)> = addresses.iter().filter_map(target).collect();
    let has_names = targets.iter().any(|(host, _)| host.parse::<IpAddr>().is_err());
    has_names.then_some(Names { targets })
}

impl Names {
    /// Looks up for as long as the service runs, and lets calls take turns over what is found. Until the first answer, and while
    /// there is none, they go where they went before.
    pub(super) async fn keep(self, connector: Connector, endpoints: Endpoints, metrics: OfPeer) {
        loop {
            match self.look_up().await {
                Ok(found) if !found.is_empty() => {
                    let addresses = found.iter().map(|address| format!("https://{address}")).collect();
                    let known = endpoints.addresses();
                    let addresses = taking_part(addresses, &known, |address| connector.reaches(address)).await;
                    if endpoints.replace(&addresses, |address| connector.connect(address).ok()) {
                        tracing::info!(peer = metrics.name(), ?addresses, "a peer has other endpoints");
                        metrics.has_endpoints(endpoints.count());
                    }
                }
                Ok(_) => tracing::warn!(
                    peer = metrics.name(),
                    "a peer's names stand for no address: it is asked where it was"
                ),
                Err(error) => tracing::warn!(peer = metrics.name(), %error, "a peer's names cannot be looked up"),
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// All addresses, in an order that is the same as long as they are.
    async fn look_up(&self) -> std::io::Result<BTreeSet<SocketAddr>> {
        let mut found = BTreeSet::new();
        for (host, port) in &self.targets {
            let looked_up = tokio::time::timeout(LOOK_UP_MAX, tokio::net::lookup_host((host.as_str(), *port))).await;
            found.extend(looked_up.map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??);
        }
        Ok(found)
    }
}

/// Those of the addresses that calls may go to: those that they went to before, and newcomers that can be reached. A name stands for a
/// replica before networks let everybody through to it, and a call that is sent there waits for its deadline; the next look takes it
/// in. All of them, if that leaves none.
async fn taking_part<F: Future<Output = bool>>(
    addresses: Vec<String>,
    known: &[String],
    reaches: impl Fn(String) -> F,
) -> Vec<String> {
    let (mut stay, newcomers): (Vec<String>, Vec<String>) =
        addresses.iter().cloned().partition(|address| known.contains(address));
    let reached = join_all(newcomers.iter().cloned().map(reaches)).await;
    stay.extend(newcomers.into_iter().zip(reached).filter_map(|(address, is_reached)| is_reached.then_some(address)));
    if stay.is_empty() { addresses } else { stay }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    fn names(addresses: &[&str]) -> Option<Names> {
        of(&addresses.iter().map(|address| (*address).to_owned()).collect::<Vec<_>>())
    }

    #[tokio::test]
    async fn a_name_stands_for_its_addresses_and_numbers_are_never_looked_up() {
        assert!(names(&["https://127.0.0.1:8443", "https://[::1]:8443"]).is_none());
        let found = names(&["https://localhost:8443", "https://127.0.0.2"]).unwrap().look_up().await.unwrap();
        let wanted = ["127.0.0.1:8443", "127.0.0.2:443"].map(|address| address.parse::<SocketAddr>().unwrap());
        assert!(wanted.iter().all(|address| found.contains(address)), "{found:?}");
    }

    #[tokio::test]
    async fn a_name_that_nobody_has_is_an_error_and_no_empty_answer() {
        assert!(names(&["https://nobody.invalid:8443"]).unwrap().look_up().await.is_err());
    }

    #[tokio::test]
    async fn a_newcomer_takes_part_once_it_is_reached_and_what_was_there_stays() {
        let found = || ["here", "new", "far"].map(str::to_owned).to_vec();
        let known = ["here".to_owned()];
        assert_eq!(taking_part(found(), &known, |address| ready(address == "new")).await, ["here", "new"]);
        assert_eq!(taking_part(found(), &known, |_| ready(false)).await, ["here"]);
        assert_eq!(taking_part(found(), &[], |_| ready(false)).await, found(), "there is nowhere else to go");
    }
}
