//! An example upstream: documents over JSON and gRPC, behind Bailiwick's gateway. Written to be copied from.
//!
//! It knows nothing of API keys, tokens, roles or schemas. The gateway has let the call in, and gate has put its signed
//! word about the caller on it: the **assertion**, in the header `bailiwick-assertion`. What an upstream of your own
//! has to do is here, in reading order:
//!
//! 1. `keys`: follow identity's feed, over mutual TLS, for the public keys that gate signs with.
//! 2. `caller`: on each call verify the one assertion, for your own audience, and for the route that you expect. Look at
//!    no other header to learn who is calling; anyone who can reach your port can set those.
//! 3. `http` and `grpc`: use what it says. The subject is who is calling, and the **tenant** is whose data they may
//!    touch. Route and audience are names that a tenant chooses for itself, so an upstream that mixes tenants up hands one
//!    tenant's data to another.
//!
//! HTTP/1.1, HTTP/2 and gRPC come to one port, in plain text: it is meant for the gateway on the same host or mesh.
//! Whoever reaches the port past the gateway has no assertion, and is refused.

mod caller;
mod grpc;
mod http;
mod keys;
mod library;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use assertion::{Expectation, KeySet, Verifier};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use contract::example::documents::v1::document_service_server::DocumentServiceServer;
use time::OffsetDateTime;

use caller::Callers;
use library::Library;

pub use keys::{Certificates, Feed, FeedUnusable};
pub use library::{BODY_BYTES_MAX, DOCUMENTS_MAX, ID_BYTES_MAX, TENANTS_MAX, TITLE_CHARACTERS_MAX};

/// The issuer of every assertion.
const ISSUER: &str = "bailiwick/gate";

/// The largest request, in bytes: a body of a document in which JSON writes every byte as six, and a title.
const REQUEST_BYTES_MAX: usize = 6 * BODY_BYTES_MAX + 8 * 1024;

/// The names of the routes that lead here, as `route apply` was told them. An assertion that was made for another route
/// says nothing about this one: its permission was another.
pub mod route {
    /// `GET /v1/documents/{id}`
    pub const READ: &str = "documents-read";
    /// `PUT /v1/documents/{id}`
    pub const WRITE: &str = "documents-write";
    /// `GET /v1/headers`
    pub const HEADERS: &str = "documents-headers";
    /// `example.documents.v1.DocumentService/ListDocuments`
    pub const LIST: &str = "documents-list";
    /// `example.documents.v1.DocumentService/ArchiveDocuments`
    pub const ARCHIVE: &str = "documents-archive";
}

/// Tells the time of day; a parameter, so that tests can.
pub type Clock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// The keys that are known, and whether any came yet. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// The keys, for the verifier.
    pub set: KeySet,
    assertion_key_seen: Arc<AtomicBool>,
}

impl Keys {
    /// Whether a key that verifies assertions came: before that, every call would be refused.
    pub fn are_there(&self) -> bool {
        self.assertion_key_seen.load(Ordering::Relaxed)
    }

    /// Notes that such a key came.
    pub fn came(&self) {
        self.assertion_key_seen.store(true, Ordering::Relaxed);
    }
}

/// What the handlers share.
struct Service {
    callers: Callers,
    keys: Keys,
    library: Library,
}

/// The whole service as one router, for assertions that were made for `audience`.
pub fn router(keys: Keys, audience: &str, clock: Clock) -> Router {
    let verifier = Verifier::new(keys.set.clone(), Expectation::assertion(ISSUER, audience));
    let service = Arc::new(Service { callers: Callers::new(verifier, clock), keys, library: Library::default() });
    let grpc = DocumentServiceServer::new(grpc::Documents::new(Arc::clone(&service)));
    Router::new()
        .route("/healthz", get(http::health))
        .route("/v1/documents/{id}", get(http::read_document).put(http::write_document))
        .route("/v1/headers", get(http::read_headers))
        .fallback(http::unknown_path)
        .method_not_allowed_fallback(http::unknown_method)
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(service)
        .route_service("/example.documents.v1.DocumentService/{method}", grpc)
}
