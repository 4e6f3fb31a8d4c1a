//! Calls of the example upstream through the gateway, and what came of them.

use bytes::Bytes;
use http::{Request, Version};
use testing::http::Answer;
use tonic::Status;

use crate::world::{DOCUMENTS, World};

/// What came of a call, whichever protocol it was made by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The HTTP status.
    pub status: u16,
    /// The coarse reason of a denial; empty if there was none.
    pub reason: String,
    /// The id of the decision.
    pub decision_id: String,
    /// The body.
    pub body: String,
}

impl Outcome {
    fn of(answer: &Answer) -> Self {
        let header = |name| answer.header(name).unwrap_or_default().to_owned();
        Self {
            status: answer.status.as_u16(),
            reason: header(contract::header::REASON),
            decision_id: header(contract::header::DECISION_ID),
            body: String::from_utf8_lossy(&answer.body).into_owned(),
        }
    }

    /// Status and reason, which say what was decided.
    pub fn decision(&self) -> (u16, &str) {
        (self.status, &self.reason)
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("the body is not JSON: {:?}", self.body))
    }
}

impl World {
    /// Reads something of the example upstream.
    pub async fn get(&self, version: Version, path: &str, key: Option<&str>) -> Outcome {
        let mut request = Request::get(path);
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        self.send(version, request).await
    }

    /// Sends a request without a body to the example upstream.
    ///
    /// # Panics
    /// If the request is none, or no answer comes.
    pub async fn send(&self, version: Version, request: http::request::Builder) -> Outcome {
        let request = request.body(Bytes::new()).expect("the story makes requests");
        let mut connection = self.connect(DOCUMENTS, version).await;
        Outcome::of(&connection.send(request).await.expect("the gateway answers"))
    }
}

/// What a gRPC caller learns of a denial: status code and coarse reason.
pub fn denial(status: &Status) -> (tonic::Code, String) {
    let reason = status.metadata().get(contract::header::REASON).and_then(|value| value.to_str().ok());
    (status.code(), reason.unwrap_or_default().to_owned())
}
