//! Finds the RPC's rules and gives the call an id: the caller's, if it is sane, or a new one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use contract::{header, rpc};
use http::{HeaderName, HeaderValue};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Call, Request, Response, pass};
use crate::clock::{Entropy, random};
use crate::stack::Layers;

const CHARACTERS_MAX: usize = 64;

const REQUEST_ID: HeaderName = HeaderName::from_static(header::REQUEST_ID);

/// Makes ids of version 7 (RFC 9562) that count on from where nobody else begins: an id in a log is no secret and decides
/// nothing, so not every one is worth a question to the operating system.
#[derive(Debug)]
pub(crate) struct Ids {
    process: [u8; 2],
    next: AtomicU64,
}

impl Ids {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        Self { process: random(entropy), next: AtomicU64::new(u64::from_be_bytes(random(entropy))) }
    }

    fn next(&self, now: OffsetDateTime) -> Uuid {
        let milliseconds = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
        let mut bytes = [0; 10];
        bytes[..2].copy_from_slice(&self.process);
        bytes[2..].copy_from_slice(&self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &bytes).into_uuid()
    }
}

pub(crate) async fn layer<F: Future<Output = Response>>(
    layers: &Layers,
    request: Request,
    next: impl FnOnce(Call, Request) -> F,
) -> Response {
    pass(&request, "request_id");
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|value| sane(value));
    let request_id: Arc<str> = match given {
        Some(given) => given.into(),
        None => {
            let id = layers.request_ids.next(layers.clock.now());
            (&*id.hyphenated().encode_lower(&mut Uuid::encode_buffer())).into()
        }
    };
    let rpc = rpc::find(request.uri().path()).filter(|rpc| rpc.service.is_empty() || rpc.service == layers.service);
    let mut response = next(Call { rpc, request_id: Arc::clone(&request_id), trace: None }, request).await;
    let mut value = HeaderValue::from_str(&request_id).expect("an id is plain ASCII");
    // No second answer has it, so it must not push anything out of the connection's table of headers (RFC 7541, 6.2.3).
    value.set_sensitive(true);
    response.headers_mut().insert(REQUEST_ID, value);
    response
}

fn sane(id: &str) -> bool {
    (1..=CHARACTERS_MAX).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::clock::SystemEntropy;

    #[test]
    fn no_id_is_given_twice_by_one_process_or_by_two() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let made: HashSet<Uuid> = [Ids::new(&SystemEntropy), Ids::new(&SystemEntropy)]
            .iter()
            .flat_map(|ids| (0..1_000).map(|_| ids.next(now)).collect::<Vec<_>>())
            .collect();
        assert_eq!(made.len(), 2_000);
        assert!(made.iter().all(|id| id.get_version_num() == 7));
    }
}
