//! Replicas that start from a file of the index.

use std::path::{Path, PathBuf};
use std::time::Duration;

use contract::permissions::v1::relationship_update::Operation;
use permissions::Config;

use crate::replicas::beside;
use crate::world::{SCHEMA, World};

/// A replica that writes a file every second, the folder, and the key that it shares with others.
struct Writing {
    world: World,
    key: PathBuf,
    folder: PathBuf,
}

impl Writing {
    async fn start() -> Self {
        let (mut key, mut folder) = (PathBuf::new(), PathBuf::new());
        let world = World::start_with(|config| {
            key.clone_from(&config.token_key_file);
            folder = key.with_extension("snapshots");
            configure(&folder)(config);
        })
        .await;
        world.write_schema(SCHEMA).await.unwrap();
        Self { world, key, folder }
    }

    /// Another replica, which finds the files.
    async fn another(&self) -> World {
        beside(&self.world, self.key.clone(), configure(&self.folder)).await
    }

    /// Waits for a file that has everything written so far.
    async fn written(&self) -> PathBuf {
        let head: i64 = sqlx::query_scalar("SELECT revision FROM revision_head")
            .fetch_one(self.world.harness.pool())
            .await
            .unwrap();
        for _ in 0..400 {
            let name = |file: &PathBuf| file.file_name().unwrap().to_string_lossy().into_owned();
            let wanted = format!("{head:020}-");
            if let Some(file) = files(&self.folder).into_iter().find(|file| name(file).starts_with(&wanted)) {
                return file;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("no file of revision {head} within 10 seconds");
    }
}

fn configure(folder: &Path) -> impl Fn(&mut Config) {
    let folder = folder.to_str().unwrap().to_owned();
    move |config| {
        config.snapshot_store = Some(folder.clone());
        config.snapshot_seconds = 1;
    }
}

/// The finished files of a folder, the oldest first.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "graph"));
    files.sort();
    files
}

/// Takes all relationships away, so that whoever knows them has them from the file.
async fn hide_relationships(world: &World) {
    let mut connection = world.harness.database().connect_as_superuser().await.unwrap();
    sqlx::query("DELETE FROM relationship").execute(&mut connection).await.unwrap();
}

async fn answers(world: &World) -> [bool; 3] {
    let mut answers = [false; 3];
    for (answer, document) in answers.iter_mut().zip(["document:a", "document:b", "document:c"]) {
        *answer = world.has(document, "view", "user:alice").await;
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_starts_from_the_file_and_follows_from_there() {
    let writing = Writing::start().await;
    writing.world.touch(&["document:a#viewer@user:alice", "document:b#viewer@user:alice"]).await;
    writing.written().await;
    hide_relationships(&writing.world).await;
    let another = writing.another().await;
    assert_eq!(answers(&another).await, [true, true, false]);
    // Both go on from there, each seeing what the other writes.
    another.touch(&["document:c#viewer@user:alice"]).await;
    assert_eq!(answers(&writing.world).await, [true, true, true]);
    writing.world.write(&[(Operation::Delete, "document:c#viewer@user:alice")]).await.unwrap();
    assert_eq!(answers(&another).await, [true, true, false]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_files_are_kept_and_a_damaged_one_is_passed_over_for_the_one_before() {
    let writing = Writing::start().await;
    writing.world.touch(&["document:a#viewer@user:alice"]).await;
    let first = writing.written().await;
    writing.world.touch(&["document:b#viewer@user:alice"]).await;
    let second = writing.written().await;
    writing.world.touch(&["document:c#viewer@user:alice"]).await;
    let third = writing.written().await;
    for _ in 0..100 {
        if !first.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(files(&writing.folder), [second, third.clone()]);

    let mut bytes = std::fs::read(&third).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&third, bytes).unwrap();
    assert_eq!(answers(&writing.another().await).await, [true, true, true]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_file_that_can_be_read_everything_is_read_from_the_database() {
    let writing = Writing::start().await;
    writing.world.touch(&["document:a#viewer@user:alice"]).await;
    let file = writing.written().await;
    for garbage in [Vec::new(), b"no file of ours".to_vec(), std::fs::read(&file).unwrap()[..100].to_vec()] {
        for file in files(&writing.folder) {
            std::fs::write(&file, &garbage).unwrap();
        }
        assert_eq!(answers(&writing.another().await).await, [true, false, false]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_a_history_that_was_lost_is_found_out() {
    let writing = Writing::start().await;
    writing.world.touch(&["document:a#viewer@user:alice"]).await;
    writing.written().await;
    let token = writing.world.touch(&["document:b#viewer@user:alice"]).await;
    let file = writing.written().await;
    let (key, folder) = (writing.key.clone(), writing.folder.clone());
    let mut world = writing.world;
    let epoch = |world: &World| {
        let pool = world.harness.pool().clone();
        async move {
            sqlx::query_scalar::<_, String>("SELECT epoch::text FROM revision_head").fetch_one(&pool).await.unwrap()
        }
    };
    let before = epoch(&world).await;
    // The last commit is lost, and another came in its place, while nobody was there to see it.
    world.harness.stop().await;
    let mut connection = world.harness.database().connect_as_superuser().await.unwrap();
    let lost = "UPDATE relationship SET resource_id = 'c' WHERE resource_id = 'b'";
    sqlx::query(lost).execute(&mut connection).await.unwrap();
    for table in ["revision_head", "revision_mark"] {
        let other = format!("UPDATE {table} SET digest = decode(repeat('17', 32), 'hex') WHERE revision = 3");
        sqlx::query(sqlx::AssertSqlSafe(other)).execute(&mut connection).await.unwrap();
    }
    assert!(file.exists());
    let another = beside(&world, key, configure(&folder)).await;
    assert_eq!(answers(&another).await, [true, false, true]);
    assert_ne!(epoch(&another).await, before);
    let asked =
        another.ask(another.caller(), ("document:b", "view", "user:alice"), crate::world::at_least(&token)).await;
    assert_eq!(crate::world::refused(asked).0, chassis::Reason::ConsistencyTokenLost);
}
