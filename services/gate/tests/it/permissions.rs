//! A permissions service of the test's own: a real gRPC server with real certificates, which knows what the test told it.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chassis::Reason;
use contract::header;
use contract::permissions::v1::check_bulk_result::Result as Answered;
use contract::permissions::v1::permission_service_server::{PermissionService, PermissionServiceServer};
use contract::permissions::v1::{
    CheckBulkError, CheckBulkItem, CheckBulkRequest, CheckBulkResponse, CheckBulkResult, CheckRequest, CheckResponse,
    CheckStreamRequest, CheckStreamResponse, Permissionship, SubjectReference,
};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use testing::certificates::Authority;
use tokio::net::TcpListener;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status, Streaming};

/// What the test says to whoever asks. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct FakePermissions(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    held: HashSet<String>,
    refuses: Option<Reason>,
    is_silent: bool,
    /// After how many messages a stream ends.
    messages_a_stream: Option<usize>,
    asked: Vec<CheckRequest>,
}

/// A place for it to serve at, known before it does.
pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("the machine has a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    (listener, address)
}

impl FakePermissions {
    pub(crate) fn serve(&self, listener: TcpListener, authority: &Authority) {
        let leaf = authority.keep_peer("permissions").expect("the test has certificates");
        let read = |path: &Path| std::fs::read_to_string(path).expect("the authority wrote the file");
        let tls = ServerTlsConfig::new()
            .identity(Identity::from_pem(read(&leaf.certificate), read(&leaf.key)))
            .client_ca_root(Certificate::from_pem(read(&authority.certificate_file())));
        let server = Server::builder()
            .tls_config(tls)
            .expect("the certificates are good")
            .add_service(PermissionServiceServer::new(self.clone()))
            .serve_with_incoming(tokio_stream::wrappers::TcpListenerStream::new(listener));
        #[expect(clippy::disallowed_methods, reason = "it lives as long as the test's runtime")]
        tokio::spawn(server);
    }

    /// Lets somebody: `acme document:roadmap#view@user:alice`.
    pub(crate) fn allow(&self, fact: &str) {
        self.state().held.insert(fact.to_owned());
    }

    pub(crate) fn allow_no_more(&self, fact: &str) {
        assert!(self.state().held.remove(fact), "{fact} was never allowed");
    }

    /// From now on every question is refused for this, or no more.
    pub(crate) fn refuse(&self, reason: Option<Reason>) {
        self.state().refuses = reason;
    }

    /// From now on no question is answered, or no more.
    pub(crate) fn be_silent(&self, is_silent: bool) {
        self.state().is_silent = is_silent;
    }

    /// From now on a stream ends after so many messages.
    pub(crate) fn end_streams_after(&self, messages: usize) {
        self.state().messages_a_stream = Some(messages);
    }

    /// The last question.
    pub(crate) fn last_asked(&self) -> CheckRequest {
        self.state().asked.last().cloned().expect("somebody asked")
    }

    pub(crate) fn times_asked(&self) -> usize {
        self.state().asked.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FakePermissions {
    async fn answer(&self, tenant: &str, question: CheckRequest) -> Result<Permissionship, Reason> {
        let fact = format!("{tenant} {}", text(&question));
        self.state().asked.push(question);
        if self.state().is_silent {
            std::future::pending::<()>().await;
        }
        if let Some(reason) = self.state().refuses {
            return Err(reason);
        }
        let held = self.state().held.contains(&fact);
        Ok(if held { Permissionship::HasPermission } else { Permissionship::NoPermission })
    }
}

fn tenant<M>(request: &Request<M>) -> String {
    let tenant = request.metadata().get(header::TENANT).and_then(|tenant| tenant.to_str().ok());
    tenant.unwrap_or_default().to_owned()
}

#[tonic::async_trait]
impl PermissionService for FakePermissions {
    async fn check(&self, request: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        let tenant = tenant(&request);
        match self.answer(&tenant, request.into_inner()).await {
            Ok(answer) => {
                Ok(Response::new(CheckResponse { permissionship: answer.into(), checked_at: "t1".to_owned() }))
            }
            Err(reason) => Err(chassis::error::status(reason, "as the test wants it".to_owned(), Vec::new(), "")),
        }
    }

    async fn check_bulk(&self, _: Request<CheckBulkRequest>) -> Result<Response<CheckBulkResponse>, Status> {
        Err(Status::unimplemented("gate asks on a stream, or one by one"))
    }

    type CheckStreamStream = BoxStream<'static, Result<CheckStreamResponse, Status>>;

    async fn check_stream(
        &self,
        request: Request<Streaming<CheckStreamRequest>>,
    ) -> Result<Response<Self::CheckStreamStream>, Status> {
        let (fake, tenant) = (self.clone(), tenant(&request));
        let lives = self.state().messages_a_stream;
        let requests = request.into_inner().take(lives.unwrap_or(usize::MAX));
        Ok(Response::new(Box::pin(requests.then(move |request| {
            let (fake, tenant) = (fake.clone(), tenant.clone());
            async move {
                let CheckStreamRequest { consistency, items } = request?;
                let mut results = Vec::new();
                for CheckBulkItem { resource, permission, subject } in items {
                    let consistency = consistency.clone();
                    let question = CheckRequest { consistency, resource, permission, subject };
                    let result = match fake.answer(&tenant, question).await {
                        Ok(answer) => Answered::Permissionship(answer.into()),
                        Err(reason) => {
                            let message = "as the test wants it".to_owned();
                            Answered::Error(CheckBulkError { reason: reason.name().to_owned(), message })
                        }
                    };
                    results.push(CheckBulkResult { result: Some(result) });
                }
                Ok(CheckStreamResponse { results, checked_at: "t1".to_owned(), error: None })
            }
        }))))
    }
}

fn text(question: &CheckRequest) -> String {
    let resource = question.resource.clone().unwrap_or_default();
    let SubjectReference { object, relation } = question.subject.clone().unwrap_or_default();
    let subject = object.unwrap_or_default();
    let relation = if relation.is_empty() { relation } else { format!("#{relation}") };
    format!(
        "{}:{}#{}@{}:{}{relation}",
        resource.object_type, resource.object_id, question.permission, subject.object_type, subject.object_id
    )
}
