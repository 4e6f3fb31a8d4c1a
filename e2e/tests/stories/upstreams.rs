//! What the gateway does with an upstream that breaks off or says nothing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use e2e::{DOCUMENTS, World, shared};
use http::{Method, Request};
use testing::envoy::Limits;
use testing::http::Connection;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::gateways::Gateway;

const READ: &str = "/v1/documents/roadmap";

/// An upstream that breaks off the first call of each method, and waits for ever for bodies that do not come.
#[derive(Debug)]
struct Upstream {
    port: u16,
    /// The methods that it was called by, of calls that are about documents.
    called: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Upstream {
    async fn start(breaks_off: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let called = Arc::<Mutex<Vec<String>>>::default();
        let mut tasks = JoinSet::new();
        let seen = Arc::clone(&called);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&seen), breaks_off));
            }
        });
        Self { port, called, _tasks: tasks }
    }

    fn calls(&self, method: &Method) -> usize {
        self.called.lock().unwrap().iter().filter(|called| *called == method.as_str()).count()
    }
}

async fn serve(stream: TcpStream, called: Arc<Mutex<Vec<String>>>, breaks_off: bool) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if !matches!(stream.read_line(&mut head).await, Ok(1..)) {
                return;
            }
        }
        if head.contains(READ) {
            let method = head.split(' ').next().unwrap_or_default().to_owned();
            let is_first = {
                let mut called = called.lock().unwrap();
                called.push(method.clone());
                called.iter().filter(|other| **other == method).count() == 1
            };
            if breaks_off && is_first {
                return;
            }
            if head.contains("content-length: 100\r\n") {
                std::future::pending::<()>().await;
            }
        }
        if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.is_err() {
            return;
        }
    }
}

/// The gateway before it, when it has found gate and it.
async fn gateway(world: &World, upstream: &Upstream, limits: Limits) -> Gateway {
    let gateway = Gateway::before(world, upstream.port, limits).await;
    for _ in 0..200 {
        let mut connection = gateway.connect(DOCUMENTS).await;
        let answer = connection.send(Request::get("/healthz").body(bytes::Bytes::new()).unwrap()).await.unwrap();
        if answer.status.as_u16() == 200 {
            return gateway;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the gateway does not find its upstream");
}

async fn status(connection: &mut Connection, method: Method, key: &str) -> u16 {
    let request = Request::builder().method(method).uri(READ).header("authorization", format!("Bearer {key}"));
    connection.send(request.body(bytes::Bytes::new()).unwrap()).await.unwrap().status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_broke_off_is_repeated_and_a_write_is_not() {
    let world = shared().await;
    let upstream = Upstream::start(true).await;
    let gateway = gateway(&world, &upstream, Limits::default()).await;
    let mut connection = gateway.connect(DOCUMENTS).await;
    assert_eq!(status(&mut connection, Method::GET, &world.key("alice")).await, 200);
    assert_eq!(upstream.calls(&Method::GET), 2);
    assert_eq!(status(&mut connection, Method::PUT, &world.key("bob")).await, 503);
    assert_eq!(upstream.calls(&Method::PUT), 1);
}

/// A write whose body does not come to its end.
async fn unfinished(gateway: &Gateway, key: &str, parts: &[&str]) -> Option<u16> {
    let mut stream = gateway.tls(std::net::Ipv4Addr::LOCALHOST, b"http/1.1").await.unwrap();
    let head = format!(
        "PUT {READ} HTTP/1.1\r\nhost: {DOCUMENTS}\r\nauthorization: Bearer {key}\r\ncontent-length: 100\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    for part in parts {
        tokio::time::sleep(Duration::from_millis(200)).await;
        stream.write_all(part.as_bytes()).await.unwrap();
    }
    crate::limits::status(&mut stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_on_which_nothing_moves_is_ended() {
    let world = shared().await;
    let upstream = Upstream::start(false).await;
    let limits = Limits { stream_idle_seconds_max: 1, ..Limits::default() };
    let gateway = gateway(&world, &upstream, limits).await;
    assert_eq!(unfinished(&gateway, &world.key("bob"), &[]).await, Some(408));
    assert_eq!(upstream.calls(&Method::PUT), 1, "gate let it through");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_never_comes_to_its_end_is_ended() {
    let world = shared().await;
    let upstream = Upstream::start(false).await;
    let limits = Limits { request_seconds_max: 1, ..Limits::default() };
    let gateway = gateway(&world, &upstream, limits).await;
    assert_eq!(unfinished(&gateway, &world.key("bob"), &["a", "b", "c", "d"]).await, Some(408));
}
