//! HTTP/1.1, HTTP/2 without TLS, and gRPC come to one port.

use axum::http::{HeaderMap, Method, StatusCode};
use contract::example::documents::v1::document_service_client::DocumentServiceClient;
use contract::example::documents::v1::{ArchiveDocumentsRequest, ListDocumentsRequest};
use documents::route;
use tonic::transport::Channel;
use tonic::{Code, Request};

use crate::upstream::{self, ASSERTION, Upstream, alice};

async fn client(upstream: &Upstream) -> DocumentServiceClient<Channel> {
    let endpoint = Channel::from_shared(format!("http://{}", upstream.address)).unwrap();
    DocumentServiceClient::new(endpoint.connect().await.unwrap())
}

fn with<T>(message: T, assertions: &[&str]) -> Request<T> {
    let mut request = Request::new(message);
    for assertion in assertions {
        request.metadata_mut().append(ASSERTION, assertion.parse().unwrap());
    }
    request
}

#[tokio::test]
async fn a_document_is_read_over_both_versions_of_http() {
    let upstream = Upstream::start().await;
    for http2 in [false, true] {
        let mut headers = HeaderMap::new();
        headers.insert(ASSERTION, upstream.gate.sign(&alice(route::READ)).parse().unwrap());
        let path = "/v1/documents/roadmap";
        let answer = upstream::call(upstream.address, http2, Method::GET, path, headers, "").await;
        assert_eq!(answer.status, StatusCode::OK, "HTTP/2: {http2}");
        let answer = upstream::call(upstream.address, http2, Method::GET, path, HeaderMap::new(), "").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "HTTP/2: {http2}");
    }
}

#[tokio::test]
async fn documents_are_listed_and_archived_over_grpc() {
    let upstream = Upstream::start().await;
    let mut client = client(&upstream).await;
    let list = upstream.gate.sign(&alice(route::LIST));
    let listed = client.list_documents(with(ListDocumentsRequest {}, &[&list])).await.unwrap().into_inner();
    assert_eq!((listed.documents.len(), listed.requested_by.as_str()), (4, "user:alice"));
    let archive = upstream.gate.sign(&alice(route::ARCHIVE));
    let archived = client.archive_documents(with(ArchiveDocumentsRequest {}, &[&archive])).await.unwrap();
    assert_eq!(archived.into_inner().archived, 4);
    let listed = client.list_documents(with(ListDocumentsRequest {}, &[&list])).await.unwrap().into_inner();
    assert!(listed.documents.is_empty());
}

#[tokio::test]
async fn over_grpc_too_one_good_assertion_for_the_method_is_needed() {
    let upstream = Upstream::start().await;
    let mut client = client(&upstream).await;
    let list = upstream.gate.sign(&alice(route::LIST));
    let read = upstream.gate.sign(&alice(route::READ));
    for assertions in [&[][..], &["forged"], &[&list, &list], &[&read]] {
        let status = client.list_documents(with(ListDocumentsRequest {}, assertions)).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Unauthenticated, "no valid assertion"), "{assertions:?}");
    }
    let status = client.archive_documents(with(ArchiveDocumentsRequest {}, &[&list])).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
}
