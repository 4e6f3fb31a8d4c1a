//! Calls to the example upstream through the gateway, over JSON and gRPC.

use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use contract::example::documents::v1::document_service_client::DocumentServiceClient;
use contract::example::documents::v1::{ArchiveDocumentsRequest, ListDocumentsRequest};
use contract::header;
use http::{Request, Version};
use testing::certificates::DOCUMENTS_HOST;
use testing::http::Connection;
use testing::sample::{Gateway, Keys};
use tonic::{Code, Status};

use super::super::Door;
use crate::error::{Error, Result};

/// The longest until what was made is in force everywhere.
const KNOWN_MAX: Duration = Duration::from_secs(5);

/// What a call travels over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Http1,
    Http2,
}

/// One call of the example upstream.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call {
    Json { method: &'static str, path: &'static str, wire: Wire, body: &'static str },
    Grpc { method: &'static str },
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { method, path, wire: Wire::Http1, .. } => write!(formatter, "{method} {path} (HTTP/1.1)"),
            Self::Json { method, path, wire: Wire::Http2, .. } => write!(formatter, "{method} {path} (HTTP/2)"),
            Self::Grpc { method } => write!(formatter, "DocumentService/{method} (gRPC)"),
        }
    }
}

/// What came of a call.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) status: String,
    pub(super) reason: String,
    pub(super) took: Duration,
}

/// Open connections to the gateway, so that a call's latency is the call's alone.
pub(super) struct Caller {
    http1: Connection,
    http2: Connection,
    grpc: Gateway,
    keys: Keys,
}

impl Caller {
    pub(super) async fn connect(door: &Door) -> Result<Self> {
        let open = async |version| Connection::open_at(door.address, DOCUMENTS_HOST, version, &door.authority).await;
        Ok(Self {
            http1: open(Version::HTTP_11).await?,
            http2: open(Version::HTTP_2).await?,
            grpc: door.gateway(DOCUMENTS_HOST)?,
            keys: door.keys.clone(),
        })
    }

    /// Makes the call as somebody of the sample, or as nobody. A consistency token makes the decision at least as fresh.
    pub(super) async fn call(
        &mut self,
        caller: Option<&str>,
        call: &Call,
        consistency: Option<&str>,
    ) -> Result<Outcome> {
        let key = caller.map(|caller| self.keys.read(caller)).transpose()?;
        match *call {
            Call::Json { method, path, wire, body } => {
                let mut request = Request::builder().method(method).uri(path);
                if let Some(key) = key {
                    request = request.header("authorization", format!("Bearer {key}"));
                }
                if let Some(token) = consistency {
                    request = request.header(header::CONSISTENCY, token);
                }
                if !body.is_empty() {
                    request = request.header("content-type", "application/json");
                }
                let request = request.body(Bytes::from_static(body.as_bytes()))?;
                let connection = if wire == Wire::Http1 { &mut self.http1 } else { &mut self.http2 };
                let answer = connection.send(request).await?;
                let reason = answer.header(header::REASON).unwrap_or("-").to_owned();
                Ok(Outcome { status: answer.status.as_str().to_owned(), reason, took: answer.took })
            }
            Call::Grpc { method } => self.call_grpc(key.as_deref(), method).await,
        }
    }

    /// Waits until the callers' keys, and the route that lets anyone in who has one, are in force: a second at most after
    /// they were made.
    pub(super) async fn wait_until_known(&mut self, callers: &[&str]) -> Result<()> {
        let own_headers = Call::Json { method: "GET", path: "/v1/headers", wire: Wire::Http2, body: "" };
        let start = Instant::now();
        for caller in callers {
            loop {
                let outcome = self.call(Some(caller), &own_headers, None).await?;
                if outcome.status == "200" {
                    break;
                }
                if start.elapsed() > KNOWN_MAX {
                    let Outcome { status, reason, .. } = outcome;
                    return Err(Error::new(format!(
                        "the key of {caller} is still refused after {KNOWN_MAX:?}: {status}, {reason}"
                    )));
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }

    async fn call_grpc(&self, key: Option<&str>, method: &str) -> Result<Outcome> {
        let mut client = DocumentServiceClient::new(self.grpc.channel());
        let start = Instant::now();
        let done = match method {
            "ListDocuments" => client.list_documents(self.grpc.request(ListDocumentsRequest {}, key)?).await.map(drop),
            "ArchiveDocuments" => {
                client.archive_documents(self.grpc.request(ArchiveDocumentsRequest {}, key)?).await.map(drop)
            }
            other => return Err(Error::new(format!("DocumentService has no {other}"))),
        };
        let took = start.elapsed();
        let (code, reason) = match &done {
            Ok(()) => (Code::Ok, "-"),
            Err(status) => (status.code(), reason_of(status)),
        };
        Ok(Outcome { status: code_name(code), reason: reason.to_owned(), took })
    }
}

fn reason_of(status: &Status) -> &str {
    status.metadata().get(header::REASON).and_then(|reason| reason.to_str().ok()).unwrap_or("-")
}

/// The code as the contract writes it: `PERMISSION_DENIED`.
fn code_name(code: Code) -> String {
    if code == Code::Ok {
        return "OK".to_owned();
    }
    let mut name = String::new();
    for (index, letter) in format!("{code:?}").chars().enumerate() {
        if letter.is_ascii_uppercase() && index > 0 {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_written_as_in_the_contract() {
        assert_eq!(code_name(Code::PermissionDenied), "PERMISSION_DENIED");
        assert_eq!(code_name(Code::Unavailable), "UNAVAILABLE");
        assert_eq!(code_name(Code::Ok), "OK");
    }
}
