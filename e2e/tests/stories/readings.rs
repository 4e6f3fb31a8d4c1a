//! Whatever path or host a client writes, gate and the upstream read the same, or the request is refused: held against the real
//! Envoy with the plane's own configuration and three servers of different make behind it, over HTTP/1.1 and HTTP/2, with
//! requests written byte by byte.

mod corpus;
mod place;
mod raw;
mod streams;

use std::collections::BTreeMap;

use e2e::{DOCUMENTS, shared};
use futures::StreamExt as _;

use place::{Place, Server};

/// So many requests at a time.
const AT_ONCE: usize = 16;

/// What carol may read among what the corpus names. Whatever reaches an upstream must be one of them as the upstream reads it.
const MAY_READ: [&str; 3] = ["/healthz", "/v1/headers", "/v1/documents/handbook"];

/// What became of one request.
#[derive(Debug)]
enum Outcome {
    /// How the upstream read it: path and host.
    Reached(String, String),
    Refused,
}

/// What an upstream says that it got, if it got anything.
fn outcome(answer: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(answer);
    // Nothing but these upstreams says `read`.
    let Some(start) = text.find("{\"read\"") else { return Outcome::Refused };
    let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<serde_json::Value>();
    let said = values.next().expect("the upstream answers").expect("the upstream answers in JSON");
    let field = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
    Outcome::Reached(field("read"), field("host"))
}

async fn meet(server: Server) {
    let world = shared().await;
    let key = world.key("carol");
    let place = Place::start(&world, server).await;
    let mut requests = Vec::new();
    for host in corpus::hosts(DOCUMENTS) {
        requests.push((host, "/v1/documents/handbook".to_owned()));
    }
    for path in corpus::paths() {
        requests.push((DOCUMENTS.to_owned(), path));
    }
    let (place, key) = (&place, &key);
    let outcomes: Vec<_> = futures::stream::iter(requests)
        .map(|(host, path)| async move {
            let over_1 = outcome(&raw::http1(place, &host, &path, key).await);
            let over_2 = outcome(&raw::http2(place, &host, &path, key).await);
            (host, path, [over_1, over_2])
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut reached = BTreeMap::new();
    for (host, path, both) in &outcomes {
        for (protocol, outcome) in both.iter().enumerate() {
            if let Outcome::Reached(read, at) = outcome {
                assert!(
                    MAY_READ.contains(&read.as_str()),
                    "{server:?} reads {read:?} in {path:?}, which gate let pass"
                );
                let name = at.split(':').next().unwrap_or_default();
                assert!(name.eq_ignore_ascii_case(DOCUMENTS), "{server:?} reads the host {at:?} in {host:?}");
                *reached.entry((protocol, read.clone())).or_insert(0) += 1;
            }
        }
    }
    for path in MAY_READ {
        // Over either protocol, or its writer would be what is refused.
        for protocol in [0, 1] {
            assert!(reached.contains_key(&(protocol, path.to_owned())), "{server:?}: none came to {path}: {reached:?}");
        }
    }
    let refused = outcomes.iter().flat_map(|(_, _, both)| both).filter(|outcome| matches!(outcome, Outcome::Refused));
    assert!(refused.count() > outcomes.len(), "{server:?}: most of the corpus is hostile");
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_01_to_09_python_reads_what_gate_reads_or_gets_nothing() {
    meet(Server::Python).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_01_to_09_node_reads_what_gate_reads_or_gets_nothing() {
    meet(Server::Node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_01_to_09_axum_reads_what_gate_reads_or_gets_nothing() {
    meet(Server::Axum).await;
}
