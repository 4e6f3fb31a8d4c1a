//! An authorizer that allows everything, by tonic alone: what gate is held against.

use std::net::{Ipv4Addr, SocketAddr};

use bench_machine::Void;
use envoy_types::pb::envoy::service::auth::v3::authorization_server::{Authorization, AuthorizationServer};
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::{CheckRequest, CheckResponse, OkHttpResponse};
use envoy_types::pb::google::rpc;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic::{Code, Request, Response, Status};

/// It says yes, and nothing else.
#[derive(Debug)]
struct Everything;

#[tonic::async_trait]
impl Authorization for Everything {
    async fn check(&self, request: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        drop(request.into_inner());
        Ok(Response::new(CheckResponse {
            status: Some(rpc::Status { code: Code::Ok.into(), ..rpc::Status::default() }),
            http_response: Some(HttpResponse::OkResponse(OkHttpResponse::default())),
            ..CheckResponse::default()
        }))
    }
}

/// Serves until it is ended: at a port of this machine, with a certificate, its key, and who vouches for callers.
pub(crate) async fn serve(serving: &[String]) -> Result<(), Void> {
    let [port, certificate, key, ca] = serving else { return Err("PORT CERTIFICATE KEY CA".to_owned()) };
    let read = |path: &str| std::fs::read(path).map_err(|error| format!("{path}: {error}"));
    let port: u16 = port.parse().map_err(|_| format!("{port} is no port"))?;
    let tls = ServerTlsConfig::new()
        .identity(Identity::from_pem(read(certificate)?, read(key)?))
        .client_ca_root(Certificate::from_pem(read(ca)?))
        .client_auth_optional(true);
    let (_, health) = tonic_health::server::health_reporter();
    let mut server = Server::builder().tcp_nodelay(true).tls_config(tls).map_err(|error| error.to_string())?;
    let router = server.add_service(AuthorizationServer::new(Everything)).add_service(health);
    router.serve(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.map_err(|error| error.to_string())
}
