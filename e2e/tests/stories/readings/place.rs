//! An Envoy with the plane's own configuration, in front of an upstream of the test's own.

use std::convert::Infallible;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::routing::get;
use e2e::{DOCUMENTS, World};
use tempfile::TempDir;
use testing::{Ports, envoy, parts};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

/// What axum answers without end.
pub(super) const ENDLESS: &str = "/v1/documents/launch-plan";

/// Which server reads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Server {
    Python,
    Node,
    Axum,
}

/// What runs for one test.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) port: u16,
    pub(super) authority: PathBuf,
    _processes: Vec<Child>,
    _tasks: JoinSet<()>,
    _folder: TempDir,
}

impl Place {
    /// Starts the server, and an Envoy in front of it that asks the world's gate.
    pub(super) async fn start(world: &World, server: Server) -> Self {
        Self::start_with(world, server, |text| text).await
    }

    /// As [`Self::start`], with a last change to the configuration.
    pub(super) async fn start_with(world: &World, server: Server, change: impl FnOnce(String) -> String) -> Self {
        let (mut processes, mut tasks) = (Vec::new(), JoinSet::new());
        let upstream = match server {
            Server::Python => started(&mut processes, std::path::Path::new("python3"), "reads.py").await,
            Server::Node => {
                let node = parts::node(&mut |line| eprintln!("{line}")).unwrap();
                started(&mut processes, &node, "reads.js").await
            }
            Server::Axum => serve(&mut tasks).await,
        };
        let folder = tempfile::tempdir().unwrap();
        let ports = Ports::free(1).unwrap();
        let configuration = folder.path().join("envoy.yaml");
        std::fs::write(&configuration, change(configured(world, upstream, &ports).await)).unwrap();
        let program = parts::envoy(&mut |line| eprintln!("{line}")).unwrap();
        let mut command = Command::from(envoy::command(&program, &configuration));
        processes.push(command.kill_on_drop(true).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let authority = world.files().authority();
        let place = Self { port: ports.gateway, authority, _processes: processes, _tasks: tasks, _folder: folder };
        place.answers().await;
        place
    }

    /// Waits until Envoy has found its upstream and gate.
    async fn answers(&self) {
        let began = Instant::now();
        while !super::raw::http1(self, DOCUMENTS, "/healthz", "").await.starts_with(b"HTTP/1.1 200") {
            assert!(began.elapsed() < Duration::from_secs(15), "Envoy does not answer");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// The configuration of the cluster's gateway, at other ports and before another upstream, which speaks HTTP/1.1 alone.
async fn configured(world: &World, upstream: u16, ports: &Ports) -> String {
    let (path, theirs) = {
        let cluster = world.cluster.lock().await;
        (cluster.config().state.join("configuration/envoy.yaml"), cluster.config().ports.clone())
    };
    let text = std::fs::read_to_string(path).unwrap();
    let port = |port: u16| format!("port_value: {port}");
    let mut lines = Vec::new();
    for line in text.lines() {
        let line = line
            .replace(&format!("{} ", port(theirs.gateway)), &format!("{} ", port(ports.gateway)))
            .replace(&format!("{} ", port(theirs.gateway_admin)), &format!("{} ", port(ports.gateway_admin)))
            .replace(&format!("{} ", port(theirs.documents)), &format!("{} ", port(upstream)));
        if line.contains("use_downstream_protocol_config") {
            let indentation: String = line.chars().take_while(|character| *character == ' ').collect();
            lines.push(format!("{indentation}explicit_http_config: {{ http_protocol_options: {{}} }}"));
        } else {
            lines.push(line);
        }
    }
    lines.join("\n")
}

/// Starts a program that says its port in its first line.
async fn started(processes: &mut Vec<Child>, program: &std::path::Path, script: &str) -> u16 {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("upstreams").join(script);
    let mut command = Command::new(program);
    let mut child = command.arg(script).kill_on_drop(true).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines.next_line().await.unwrap().expect("the server says its port").parse().unwrap();
    processes.push(child);
    port
}

/// A body that never ends.
fn ticks() -> impl futures::Stream<Item = Result<&'static str, Infallible>> + Send {
    futures::stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Some((Ok("tick"), ()))
    })
}

/// Serves with axum, which says what its router found.
async fn serve(tasks: &mut JoinSet<()>) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // By hand, since `read` stands first in the answer of every upstream.
    let said = |path: String, request: Request| {
        let host = request.headers().get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
        format!("{{\"read\":{},\"host\":{}}}", serde_json::json!(path), serde_json::json!(host))
    };
    let documents = move |Path(id): Path<String>, request: Request| {
        std::future::ready(said(format!("/v1/documents/{id}"), request))
    };
    let endless = || std::future::ready(Body::from_stream(ticks()));
    let router = Router::new()
        .route(ENDLESS, get(endless))
        .route("/v1/documents/{id}", get(documents))
        .fallback(move |request: Request| std::future::ready(said(request.uri().path().to_owned(), request)));
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    port
}
