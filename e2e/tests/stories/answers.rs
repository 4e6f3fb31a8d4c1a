//! What a denied caller gets from the real Envoy: something that its own libraries can read, and never more than the reason.

use contract::example::documents::v1::ListDocumentsRequest;
use contract::example::documents::v1::document_service_client::DocumentServiceClient;
use e2e::{DOCUMENTS, shared};
use http::{Request, Version};
use tonic::Code;
use tonic_types::StatusExt as _;

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_grpc_caller_gets_error_info_with_reason_and_decision() {
    let world = shared().await;
    let dave = world.key("dave");
    for (credential, code, reason) in [
        (Some(dave.as_str()), Code::PermissionDenied, "FORBIDDEN"),
        (Some("bwk_wrong"), Code::Unauthenticated, "CREDENTIAL_INVALID"),
        (None, Code::Unauthenticated, "CREDENTIAL_MISSING"),
    ] {
        let gateway = world.documents();
        let request = gateway.request(ListDocumentsRequest {}, credential).unwrap();
        let denied = DocumentServiceClient::new(gateway.channel()).list_documents(request).await.unwrap_err();
        assert_eq!(denied.code(), code, "{denied:?}");
        let info = denied.get_details_error_info().unwrap_or_else(|| panic!("no ErrorInfo in {denied:?}"));
        assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, "gate.bailiwick"));
        assert_eq!(
            info.metadata["decision_id"],
            denied.metadata().get("bailiwick-decision-id").unwrap().to_str().unwrap()
        );
        assert!(denied.message().contains(&info.metadata["decision_id"]), "{denied:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_http_caller_gets_problem_details() {
    let world = shared().await;
    let dave = format!("Bearer {}", world.key("dave"));
    for version in [Version::HTTP_11, Version::HTTP_2] {
        for (path, authorization, status, reason) in [
            ("/v1/documents/roadmap", dave.as_str(), 403, "forbidden"),
            ("/nothing", dave.as_str(), 403, "route_unknown"),
            ("/v1/documents/a;b", dave.as_str(), 400, "request_ambiguous"),
            ("/v1/documents/roadmap", "Bearer bwk_wrong", 401, "credential_invalid"),
        ] {
            let request = Request::get(path).header("authorization", authorization).body(bytes::Bytes::new()).unwrap();
            let answer = world.connect(DOCUMENTS, version).await.send(request).await.unwrap();
            assert_eq!(answer.status.as_u16(), status, "{path}");
            // RFC 9457, 3: the type of the body, and its members.
            assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
            let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!(problem["type"], format!("urn:bailiwick:denial:{reason}"));
            assert_eq!((problem["status"].as_u64(), problem["reason"].as_str()), (Some(status.into()), Some(reason)));
            assert!(problem["title"].as_str().is_some_and(|title| title.ends_with('.')));
            assert_eq!(problem["decision_id"].as_str(), answer.header("bailiwick-decision-id"));
            assert_eq!(answer.header("www-authenticate").is_some(), status == 401, "RFC 9110, 11.6.1");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_object_and_a_forbidden_one_differ_in_no_byte_but_their_ids() {
    let world = shared().await;
    let dave = format!("Bearer {}", world.key("dave"));
    let mut seen = Vec::new();
    for id in ["budget", "there-is-no-such-document"] {
        let request = Request::get(format!("/v1/documents/{id}")).header("authorization", &dave);
        let request = request.body(bytes::Bytes::new()).unwrap();
        let answer = world.connect(DOCUMENTS, Version::HTTP_11).await.send(request).await.unwrap();
        let decision = answer.header("bailiwick-decision-id").unwrap().to_owned();
        let mut headers: Vec<(String, String)> = answer
            .headers
            .iter()
            .filter(|(name, _)| !["date", "x-request-id", "bailiwick-decision-id"].contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        headers.sort();
        seen.push((answer.status, headers, String::from_utf8_lossy(&answer.body).replace(&decision, "ID")));
    }
    assert_eq!(seen[0], seen[1]);
}
