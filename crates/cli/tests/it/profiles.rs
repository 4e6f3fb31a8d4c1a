//! Profiles: what is stored, what is shown, and where a key goes.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::played::Gateway;
use crate::run::{KEY, Machine};

/// A machine with a profile for the gateway, and nothing in its environment.
async fn with_profile(gateway: &Gateway) -> Machine {
    let machine = Machine::new();
    let ca = gateway.ca_file.path().display();
    let line = format!("profile set local --url {} --ca {ca} --tenant acme --api-key-file -", gateway.url);
    let outcome = machine.run_with_input(&line, &format!("{KEY}\n")).await;
    assert_eq!(outcome.code, 0, "{outcome:?}");
    machine
}

#[tokio::test]
async fn a_profile_is_enough_to_call() {
    let gateway = Gateway::start().await;
    let outcome = with_profile(&gateway).await.run("key list").await;
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert_eq!(gateway.asked()[0], format!("Bearer {KEY} Some(\"acme\")"));
}

#[tokio::test]
async fn a_profile_shows_that_it_has_a_key_but_not_which() {
    let gateway = Gateway::start().await;
    let machine = with_profile(&gateway).await;
    let shown = machine.json("profile show").await;
    assert_eq!(shown["profile"]["has_api_key"], json!(true));
    assert_eq!(shown["profile"]["url"], json!(gateway.url));
    let key = machine.config().join("bailiwick/keys/local");
    assert_eq!(std::fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn the_key_of_a_profile_goes_to_its_own_gateway_only() {
    let (gateway, other) = (Gateway::start().await, Gateway::start().await);
    let machine = with_profile(&gateway).await;
    let ca = other.ca_file.path().display();
    let outcome = machine.run(&format!("key list --url {} --ca {ca}", other.url)).await;
    assert_eq!(outcome.code, 2, "{outcome:?}");
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn a_profile_named_by_a_flag_wins_over_the_environment() {
    let (gateway, other) = (Gateway::start().await, Gateway::start().await);
    let machine = with_profile(&gateway).await.with("BAILIWICK_URL", &other.url).with("BAILIWICK_API_KEY", "bw_other");
    assert_eq!(machine.run("key list --profile local").await.code, 0);
    assert_eq!((gateway.asked().len(), other.asked().len()), (2, 0));
}

#[tokio::test]
async fn a_key_that_others_can_read_is_not_used() {
    let gateway = Gateway::start().await;
    let machine = with_profile(&gateway).await;
    let key = machine.config().join("bailiwick/keys/local");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    let outcome = machine.run("key list").await;
    assert!(outcome.code == 2 && outcome.stderr.contains("chmod 600"), "{outcome:?}");
    assert!(gateway.asked().is_empty());
}

#[tokio::test]
async fn profiles_are_listed_chosen_and_removed() {
    let machine = Machine::new();
    machine.run("profile set one --url https://one.example.com").await;
    machine.run("profile set two --url https://two.example.com").await;
    assert_eq!(machine.run("profile use two").await.code, 0);
    let listed = machine.json("profile list").await;
    let current: Vec<_> = listed["profiles"].as_array().unwrap().iter().map(|profile| &profile["current"]).collect();
    assert_eq!(current, [&json!(false), &json!(true)]);
    assert_eq!(machine.run("profile remove two").await.code, 0);
    assert_eq!(machine.run("profile remove two").await.code, 2);
    assert_eq!(machine.run("profile show").await.code, 2);
    assert_eq!(machine.run("profile use none").await.code, 2);
}

#[tokio::test]
async fn a_key_file_that_holds_no_key_stores_nothing() {
    let machine = Machine::new();
    for input in ["", "\n", "two words", "\u{1f511}"] {
        let outcome = machine.run_with_input("profile set local --api-key-file -", input).await;
        assert_eq!(outcome.code, 2, "{input:?}: {outcome:?}");
    }
    assert!(!machine.config().join("bailiwick").exists());
}
