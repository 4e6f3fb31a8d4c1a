//! Waits until a part says that it is healthy, over plain HTTP on loopback.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Member, Part};
use crate::error::{Error, Result};
use crate::ports::Ports;
use crate::process;

/// The longest a part may take to become healthy.
const READY_MAX: Duration = Duration::from_secs(60);

/// The longest one question may take.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// Where a part says how it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Endpoint {
    pub(super) port: u16,
    pub(super) path: &'static str,
}

/// Where the process says how it is.
pub(crate) fn endpoint(member: Member, ports: &Ports) -> Endpoint {
    match (ports.of(member), member.part) {
        (Some(ports), _) => Endpoint { port: ports.admin, path: "/readyz" },
        (None, Part::Documents) => Endpoint { port: ports.documents, path: "/healthz" },
        (None, _) => Endpoint { port: ports.gateway_admin, path: "/ready" },
    }
}

/// Waits until the part answers with 200. `check` says whether it still runs.
pub(crate) async fn wait(
    endpoint: &Endpoint,
    name: &str,
    log: &Path,
    mut check: impl FnMut() -> Result<()>,
) -> Result<()> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(5);
    loop {
        let said = match ask(endpoint).await {
            Ok((200, _)) => return Ok(()),
            Ok((_, body)) => body,
            Err(error) => error.to_string(),
        };
        check()?;
        if start.elapsed() > READY_MAX {
            let (said, log, lines) = (said.trim(), log.display(), process::last_lines(log));
            return Err(Error::new(format!(
                "{name} is not ready after {READY_MAX:?}: {said}. The last lines of {log}:\n{lines}"
            )));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

/// The status and the body of one answer.
pub(crate) async fn ask(endpoint: &Endpoint) -> std::io::Result<(u16, String)> {
    let exchange = async {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, endpoint.port)).await?;
        let request = format!("GET {} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", endpoint.path);
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<String, std::io::Error>(answer)
    };
    let answer = tokio::time::timeout(ANSWER_MAX, exchange).await.map_err(|_| std::io::ErrorKind::TimedOut)??;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((status, body.to_owned()))
}
