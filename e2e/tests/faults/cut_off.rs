//! One replica of permissions is cut off from its database, while the other is not: it answers what its memory may answer, and
//! refuses the rest.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use contract::permissions::v1::consistency::Requirement;
use contract::permissions::v1::permission_service_client::PermissionServiceClient;
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::{CheckRequest, Permissionship};
use e2e::World;
use testing::Part;
use testing::sample::Gateway;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{AbortHandle, JoinSet};
use tonic::{Code, Status};

use crate::REPLICAS;
use crate::callers::question;
use crate::writers::write;

/// The name of PostgreSQL's socket in its folder.
const SOCKET: &str = ".s.PGSQL.5432";

const KNOWN_WITHIN: Duration = Duration::from_secs(5);

/// A way to a socket that can be cut.
struct Way {
    is_cut: Arc<AtomicBool>,
    folder: tempfile::TempDir,
    _task: JoinSet<()>,
}

impl Way {
    fn to(socket: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
        let is_cut = Arc::new(AtomicBool::new(false));
        let cut = Arc::clone(&is_cut);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut open: JoinSet<()> = JoinSet::new();
            let mut handles: Vec<AbortHandle> = Vec::new();
            loop {
                let accepted = tokio::time::timeout(Duration::from_millis(20), listener.accept()).await;
                if cut.load(Ordering::Relaxed) {
                    handles.drain(..).for_each(|handle| handle.abort());
                    continue;
                }
                if let Ok(Ok((mut near, _))) = accepted {
                    let socket = socket.clone();
                    handles.push(open.spawn(async move {
                        if let Ok(mut far) = UnixStream::connect(socket).await {
                            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                        }
                    }));
                }
            }
        });
        Self { is_cut, folder, _task: task }
    }

    fn cut(&self, is_cut: bool) {
        self.is_cut.store(is_cut, Ordering::Relaxed);
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Asks one replica at its own port.
async fn ask(replica: &Gateway, token: &str, question: CheckRequest) -> Result<bool, Status> {
    let request = replica.request(question, Some(token))?;
    let answer = PermissionServiceClient::new(replica.channel()).check(request).await?.into_inner();
    Ok(answer.permissionship() == Permissionship::HasPermission)
}

/// Changes a relationship at whichever replica can, and answers the token of the change.
async fn write_at_last(world: &World, operation: Operation, relationship: &str) -> String {
    let (gateway, key, began) = (world.gateway(), world.key("admin"), Instant::now());
    loop {
        match write(&gateway, &key, operation, relationship).await {
            Ok(token) => return token,
            Err(status) => {
                assert_eq!(status.code(), Code::Unavailable, "{status}");
                assert!(began.elapsed() < KNOWN_WITHIN, "no replica writes: {status}");
            }
        }
    }
}

fn about_dave(requirement: Requirement) -> CheckRequest {
    question("budget", "dave", requirement)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "a fault: `cargo xtask test --faults`"]
async fn a_replica_without_its_database_answers_from_memory_refuses_what_it_cannot_know_and_catches_up() {
    let world = World::start_with("cut-off", REPLICAS).await;
    let member = Part::Permissions.replica(2);
    let way = {
        let mut cluster = world.cluster.lock().await;
        let socket_folder = cluster.server().socket_folder().to_owned();
        let way = Way::to(socket_folder.join(SOCKET));
        let file = world.files().configuration(member);
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.replace(&socket_folder.display().to_string(), &way.folder().display().to_string());
        std::fs::write(&file, text).unwrap();
        cluster.restart(member).await.unwrap();
        way
    };
    let port = world.cluster.lock().await.config().ports.of(member).unwrap().contract;
    let replica = Gateway::new("localhost", port, &world.files().authority()).unwrap();
    let token = world.gateway().exchange(&world.keys.file("admin")).await.unwrap();
    let before = world.write(Operation::Touch, "document:budget#viewer@user:dave").await;
    assert!(ask(&replica, &token, about_dave(Requirement::AtLeastAsFresh(before.clone()))).await.unwrap());

    way.cut(true);
    tokio::time::sleep(Duration::from_millis(200)).await;
    // Calls through the gateway take turns; what this replica cannot write, the other one does.
    write_at_last(&world, Operation::Delete, "document:budget#viewer@user:dave").await;
    let removed = write_at_last(&world, Operation::Touch, "document:budget#banned@user:dave").await;
    assert!(ask(&replica, &token, about_dave(Requirement::MinimizeLatency(true))).await.unwrap(), "from memory");
    assert!(ask(&replica, &token, about_dave(Requirement::AtLeastAsFresh(before))).await.unwrap(), "it has seen that");
    let asked = Instant::now();
    let refused = ask(&replica, &token, about_dave(Requirement::AtLeastAsFresh(removed.clone()))).await.unwrap_err();
    println!("  at a token that it has not seen: {refused:?} after {:?}", asked.elapsed());
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    let refused = ask(&replica, &token, about_dave(Requirement::FullyConsistent(true))).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");

    way.cut(false);
    let began = Instant::now();
    loop {
        match ask(&replica, &token, about_dave(Requirement::AtLeastAsFresh(removed.clone()))).await {
            Ok(answer) => {
                assert!(!answer, "what was taken away is taken away here too");
                break;
            }
            Err(status) => assert!(began.elapsed() < KNOWN_WITHIN, "it does not catch up: {status}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
