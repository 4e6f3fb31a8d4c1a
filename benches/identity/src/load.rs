//! Clients that ask for tokens, one call after the other on each connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bench_machine::{Void, joined};
use bytes::Bytes;
use http::{Request, Version};
use testing::http::Connection;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::own::Own;

/// The connections, and what is sent over them in turn.
#[derive(Debug)]
pub(crate) struct Clients {
    connections: Vec<Arc<Mutex<Connection>>>,
    forms: Arc<Vec<Bytes>>,
    next: Arc<AtomicUsize>,
}

impl Clients {
    /// Connects to identity's own port.
    pub(crate) async fn connect(own: &Own, count: usize) -> Result<Self, Void> {
        let mut connections = Vec::with_capacity(count);
        for _ in 0..count {
            let open = Connection::open("localhost", own.port, Version::HTTP_2, &own.authority).await;
            connections.push(Arc::new(Mutex::new(open.map_err(|error| error.with_causes())?)));
        }
        Ok(Self { connections, forms: Arc::new(own.forms.clone()), next: Arc::default() })
    }

    /// How long each call took of as many as were made in this time.
    pub(crate) async fn call(&self, time: Duration) -> Result<Vec<Duration>, Void> {
        let end = Instant::now() + time;
        let mut callers = JoinSet::new();
        for connection in &self.connections {
            let (connection, forms, next) = (Arc::clone(connection), Arc::clone(&self.forms), Arc::clone(&self.next));
            callers.spawn(async move {
                let mut connection = connection.lock().await;
                let mut latencies = Vec::new();
                while Instant::now() < end {
                    let form = &forms[next.fetch_add(1, Ordering::Relaxed) % forms.len()];
                    latencies.push(ask(&mut connection, form).await?);
                }
                Ok(latencies)
            });
        }
        joined(callers).await.map(|parts| parts.concat())
    }
}

/// How long a token took.
async fn ask(connection: &mut Connection, form: &Bytes) -> Result<Duration, Void> {
    let request = Request::post(contract::web::TOKEN.path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.clone())
        .expect("a constant path and header");
    let began = Instant::now();
    let answer = connection.send(request).await.map_err(|error| error.with_causes())?;
    let is_token = answer.status == 200 && answer.body.windows(14).any(|window| window == b"\"access_token\"");
    if is_token { Ok(began.elapsed()) } else { Err(format!("no token: {answer:?}")) }
}
