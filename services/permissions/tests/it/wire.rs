//! The wire between a service and its PostgreSQL, which a test can hold up or cut: the network's faults, on the real server.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

/// The name of a PostgreSQL server's socket in its folder.
const SOCKET: &str = ".s.PGSQL.5432";

/// How a commit stands on the wire, there and back.
const COMMIT: &[u8] = b"COMMIT\0";

/// What is wrong with the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Nothing passes and nothing ends, as if the server stood still.
    Still,
    /// Connections end, and so do new ones, as if the server were gone.
    Gone,
    /// The next commit does not reach the server, and its connection ends.
    LosesCommit,
    /// The next commit is made, and its connection ends before it is answered.
    LosesAnswer,
    /// From the next commit on, which does not pass, it is [`Fault::Still`].
    StillAtCommit,
}

/// A wire. It lasts as long as the test.
#[derive(Debug)]
pub(crate) struct Wire {
    faults: Arc<watch::Sender<Fault>>,
}

impl Wire {
    /// Puts a wire with its socket in the folder between the service and the server of the URL, which then leads over it.
    pub(crate) fn between(url: &mut String, folder: &Path) -> Self {
        let (rest, host) = url.split_once("host=").expect("the server is reached by its socket");
        let server = Path::new(host).join(SOCKET);
        std::fs::create_dir_all(folder).unwrap();
        let listener = UnixListener::bind(folder.join(SOCKET)).unwrap();
        *url = format!("{rest}host={}", folder.display());
        let faults = Arc::new(watch::Sender::new(Fault::None));
        #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
        tokio::spawn(accept(listener, server, Arc::clone(&faults)));
        Self { faults }
    }

    /// Has something go wrong from now on.
    pub(crate) fn set(&self, fault: Fault) {
        self.faults.send_replace(fault);
    }
}

async fn accept(listener: UnixListener, server: PathBuf, faults: Arc<watch::Sender<Fault>>) {
    while let Ok((client, _)) = listener.accept().await {
        if *faults.borrow() == Fault::Gone {
            continue;
        }
        let server = UnixStream::connect(&server).await.unwrap();
        #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
        tokio::spawn(carry(client, server, Arc::clone(&faults)));
    }
}

/// Carries a connection's bytes until it ends or is cut. Both ends see its end, since both are dropped.
async fn carry(client: UnixStream, server: UnixStream, faults: Arc<watch::Sender<Fault>>) {
    let ((client_out, client_in), (server_out, server_in)) = (client.into_split(), server.into_split());
    let is_losing = AtomicBool::new(false);
    let mut gone = faults.subscribe();
    tokio::select! {
        () = there(client_out, server_in, &faults, &is_losing) => {}
        () = back(server_out, client_in, &faults, &is_losing) => {}
        _ = gone.wait_for(|fault| *fault == Fault::Gone) => {}
    }
}

/// What the service says.
async fn there(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, faults: &watch::Sender<Fault>, is_losing: &AtomicBool) {
    let mut bytes = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let said = &bytes[..count];
        if contains_commit(said) {
            let fault = *faults.borrow();
            match fault {
                Fault::LosesCommit => {
                    faults.send_replace(Fault::None);
                    return;
                }
                Fault::LosesAnswer => is_losing.store(true, Ordering::SeqCst),
                Fault::StillAtCommit => {
                    faults.send_replace(Fault::Still);
                }
                Fault::None | Fault::Still | Fault::Gone => {}
            }
        }
        flows(faults).await;
        if to.write_all(said).await.is_err() {
            return;
        }
    }
}

/// What the server answers.
async fn back(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, faults: &watch::Sender<Fault>, is_losing: &AtomicBool) {
    let mut bytes = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let said = &bytes[..count];
        if is_losing.load(Ordering::SeqCst) && contains_commit(said) {
            faults.send_replace(Fault::None);
            return;
        }
        flows(faults).await;
        if to.write_all(said).await.is_err() {
            return;
        }
    }
}

async fn flows(faults: &watch::Sender<Fault>) {
    let _ = faults.subscribe().wait_for(|fault| *fault != Fault::Still).await;
}

fn contains_commit(said: &[u8]) -> bool {
    said.windows(COMMIT.len()).any(|window| window == COMMIT)
}
