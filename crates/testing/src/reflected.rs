//! Holds the table of RPCs against what a running service reflects: no method is served that no row speaks of.

use chassis::Service;
use contract::rpc;
use prost::Message as _;
use prost_types::FileDescriptorProto;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::harness::Harness;

/// Contracts whose descriptors no crate carries, so that a service can name but not describe them.
const UNDESCRIBED: [&str; 1] = ["envoy.service.auth.v3.Authorization"];

/// Asks the service for its contracts, as any client can, and looks for the row of each method.
///
/// # Panics
/// If reflection names other services than the table, or a method has no row.
pub async fn every_reflected_method_has_a_row<S: Service>(harness: &Harness) {
    let MessageResponse::ListServicesResponse(list) = ask(harness, MessageRequest::ListServices(String::new())).await
    else {
        panic!("reflection lists services");
    };
    let mut names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    names.sort();
    assert_eq!(names, rpc::services_of(S::NAME));
    for name in names.iter().filter(|name| !UNDESCRIBED.contains(&name.as_str())) {
        let request = MessageRequest::FileContainingSymbol(name.clone());
        let MessageResponse::FileDescriptorResponse(files) = ask(harness, request).await else {
            panic!("reflection does not describe {name}");
        };
        let methods = files.file_descriptor_proto.iter().flat_map(|file| methods(file, name)).collect::<Vec<_>>();
        assert!(!methods.is_empty(), "reflection describes no method of {name}");
        for method in methods {
            let path = format!("/{name}/{method}");
            assert!(rpc::find(&path).is_some(), "{path} has no row in the table of RPCs");
        }
    }
}

async fn ask(harness: &Harness, request: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(request) };
    let mut client = ServerReflectionClient::new(harness.channel());
    let mut answers = client
        .server_reflection_info(tokio_stream::once(request))
        .await
        .expect("reflection is open to everyone")
        .into_inner();
    let answer = answers.message().await.expect("reflection answers").expect("reflection answers each question");
    answer.message_response.expect("an answer says something")
}

fn methods(file: &[u8], service: &str) -> Vec<String> {
    let file = FileDescriptorProto::decode(file).expect("reflection sends descriptors");
    let of_service = |candidate: &&prost_types::ServiceDescriptorProto| {
        format!("{}.{}", file.package(), candidate.name()) == service
    };
    let service = file.service.iter().find(of_service);
    service.into_iter().flat_map(|service| &service.method).map(|method| method.name().to_owned()).collect()
}
