//! The pepper and the seal key are replaced while keys are in use: two at once, then the new one alone.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chassis::Reason;
use identity::{Config, Identity};

use crate::oauth::body;
use crate::world::{World, reason, section};

/// Identity with the tenant `acme`, and its section.
async fn start() -> (World, Config) {
    let mut kept = None;
    let service = testing::harness::start::<Identity>(|files| kept.insert(section(files)).clone()).await;
    let mut world = World { service, acme: Default::default() };
    world.acme = world.bootstrap("acme").await.unwrap();
    (world, kept.unwrap())
}

fn with_peppers(config: &Config, current: &Path, others: &[&PathBuf]) -> Config {
    let others = others.iter().map(|file| (*file).clone()).collect();
    Config { pepper_file: current.to_path_buf(), pepper_other_files: others, ..config.clone() }
}

fn with_seal_keys(config: &Config, current: &Path, others: &[&PathBuf]) -> Config {
    let others = others.iter().map(|file| (*file).clone()).collect();
    Config { seal_key_file: current.to_path_buf(), seal_key_other_files: others, ..config.clone() }
}

/// Waits until the metric says this.
async fn shows(world: &World, metric: &str, key: &str, rows: u64) {
    let (line, began) = (format!("bailiwick_{metric}{{key=\"{key}\"}} {rows}"), Instant::now());
    loop {
        let metrics = world.service.metrics().await;
        if metrics.lines().any(|shown| shown == line) {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(15), "{line} is not among\n{metrics}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn token_status(world: &World, secret: &str) -> u16 {
    world.token(secret, &[]).await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_secrets_work_while_the_pepper_is_replaced_and_those_that_were_used_work_after() {
    let (mut world, config) = start().await;
    let (old, new) = (config.pepper_file.clone(), world.service.files().secret_hex());
    let key = world.key("acme", &["a.read"]).await.secret;
    let secret = world.client_secret("acme", &[]).await.secret;
    let unused = world.acme.api_key_secret.clone();
    // The next pepper is known to all replicas before one makes hashes with it; then the two change places.
    for (current, others) in [(&old, [&new]), (&new, [&old])] {
        world.service.restart::<Identity>(with_peppers(&config, current, &others)).await;
        shows(&world, "secrets_outdated", "other", if current == &old { 0 } else { 3 }).await;
        for _ in 0..2 {
            world.authenticate(&key).await.unwrap();
            assert_eq!(token_status(&world, &secret).await, 200);
        }
    }
    shows(&world, "secrets_outdated", "other", 1).await;
    let made_between = world.key("acme", &[]).await.secret;
    world.service.restart::<Identity>(with_peppers(&config, &new, &[])).await;
    shows(&world, "secrets_outdated", "missing", 1).await;
    for key in [&key, &made_between] {
        world.authenticate(key).await.unwrap();
    }
    assert_eq!(token_status(&world, &secret).await, 200);
    // What was not used lies under a pepper that is gone.
    assert_eq!(reason(world.authenticate(&unused).await), Reason::CredentialInvalid);
    world.service.restart::<Identity>(with_peppers(&config, &new, &[&old])).await;
    world.authenticate(&unused).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_of_before_peppers_had_ids_works_and_gets_one() {
    let (mut world, config) = start().await;
    let old = world.acme.api_key_secret.clone();
    sqlx::query("UPDATE api_key SET pepper_id = NULL").execute(world.service.pool()).await.unwrap();
    shows(&world, "secrets_outdated", "unnamed", 1).await;
    let new = world.service.files().secret_hex();
    world.service.restart::<Identity>(with_peppers(&config, &new, &[&config.pepper_file])).await;
    world.authenticate(&old).await.unwrap();
    shows(&world, "secrets_outdated", "unnamed", 0).await;
    shows(&world, "secrets_outdated", "other", 0).await;
    world.authenticate(&old).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_keys_move_to_a_new_seal_key_by_themselves_and_sign_on() {
    let (mut world, config) = start().await;
    let secret = world.client_secret("acme", &[]).await.secret;
    let signed_by = |token: &serde_json::Value| {
        jsonwebtoken::decode_header(token["access_token"].as_str().unwrap()).unwrap().kid.unwrap()
    };
    let before = signed_by(&body(&world.token(&secret, &[]).await));
    let (old, new) = (config.seal_key_file.clone(), world.service.files().secret_hex());
    for (current, others) in [(&old, &[&new][..]), (&new, &[&old]), (&new, &[])] {
        world.service.restart::<Identity>(with_seal_keys(&config, current, others)).await;
        for key in ["other", "unnamed", "missing"] {
            shows(&world, "sealed_outdated", key, 0).await;
        }
        assert_eq!(signed_by(&body(&world.token(&secret, &[]).await)), before);
    }
}
