//! What is said when something is wrong: what, why, and what to do next; and never a secret.

use serde_json::{Value, json};

use crate::played::Gateway;
use crate::run::Machine;

#[tokio::test]
async fn a_denial_of_gate_shows_reason_and_decision() {
    let gateway = Gateway::start().await;
    let outcome = Machine::of(&gateway).run("check document:roadmap view user:mallory").await;
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    assert!(outcome.stderr.starts_with("error: the call is not allowed\n  reason: PERMISSION_MISSING\n  next: "));
    assert!(outcome.stderr.ends_with("  decision: d-17\n"), "{}", outcome.stderr);
}

#[tokio::test]
async fn a_refusal_of_a_service_shows_reason_and_request() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    let outcome = machine.run("user get nobody").await;
    let text = "error: there is no such user\n  reason: RESOURCE_NOT_FOUND\n  request: r-4\n";
    assert_eq!((outcome.code, outcome.stderr.as_str()), (2, text));
    let outcome = machine.run("user get nobody --output json").await;
    let document: Value = serde_json::from_str(&outcome.stderr).unwrap();
    let error = json!({
        "message": "there is no such user", "code": "NOT_FOUND", "reason": "RESOURCE_NOT_FOUND", "next": null,
        "request_id": "r-4", "decision_id": null, "places": [],
    });
    assert_eq!((document, outcome.stdout.as_str()), (json!({ "error": error }), ""));
}

#[tokio::test]
async fn a_bad_credential_is_wrong_use_and_is_not_shown() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway).with("BAILIWICK_API_KEY", "bw_wrongwrong");
    let outcome = machine.run("user list").await;
    assert!(outcome.code == 2 && outcome.stderr.contains("CREDENTIAL_INVALID"), "{outcome:?}");
    assert!(!outcome.stderr.contains("bw_wrongwrong"), "{outcome:?}");
    let machine = Machine::of(&gateway).with("BAILIWICK_API_KEY", "two words\n");
    let outcome = machine.run("user list").await;
    assert!(outcome.code == 2 && !outcome.stderr.contains("two words"), "{outcome:?}");
}

#[tokio::test]
async fn without_a_credential_nothing_is_sent() {
    let gateway = Gateway::start().await;
    let outcome = Machine::of(&gateway).with("BAILIWICK_API_KEY", "").run("user list").await;
    assert!(outcome.code == 2 && outcome.stderr.contains("next: Set BAILIWICK_API_KEY"), "{outcome:?}");
    assert!(gateway.asked().is_empty());
}

#[tokio::test]
async fn without_a_gateway_it_says_how_to_name_one() {
    let outcome = Machine::new().run("user list").await;
    assert!(outcome.code == 2 && outcome.stderr.contains("BAILIWICK_URL or --url"), "{outcome:?}");
}

#[tokio::test]
async fn a_gateway_that_is_not_there_is_unavailable() {
    let gateway = Gateway::start().await;
    let outcome = Machine::of(&gateway).run("user list --url https://localhost:1").await;
    assert_eq!(outcome.code, 3, "{outcome:?}");
    assert!(outcome.stderr.starts_with("error: cannot connect to https://localhost:1: "), "{outcome:?}");
}

#[tokio::test]
async fn a_gateway_of_another_authority_is_unavailable_and_gets_no_key() {
    let (gateway, other) = (Gateway::start().await, Gateway::start().await);
    let ca = other.ca_file.path().to_str().unwrap().to_owned();
    for machine in [Machine::of(&gateway).with("BAILIWICK_CA", &ca), Machine::of(&gateway).with("BAILIWICK_CA", "")] {
        let outcome = machine.run("user list").await;
        assert_eq!(outcome.code, if outcome.stderr.contains("system") { 2 } else { 3 }, "{outcome:?}");
        assert!(outcome.stderr.contains("certificate") && outcome.stderr.contains("--ca FILE"), "{outcome:?}");
    }
    assert!(gateway.asked().is_empty());
}

#[tokio::test]
async fn an_authority_that_is_no_certificate_is_wrong_use() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    for text in ["", "nothing"] {
        let file = machine.file("ca.pem", text);
        let outcome = machine.run(&format!("user list --ca {file}")).await;
        assert!(outcome.code == 2 && outcome.stderr.contains("ca.pem"), "{outcome:?}");
    }
    let outcome = machine.run("user list --ca none.pem").await;
    assert!(outcome.code == 2 && outcome.stderr.contains("none.pem cannot be read"), "{outcome:?}");
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_given_up_and_can_be_repeated() {
    let gateway = Gateway::start().await;
    let outcome = Machine::of(&gateway).run("user create slow --name Slow --timeout 300ms --idempotency-key k1").await;
    assert_eq!(outcome.code, 3, "{outcome:?}");
    assert!(outcome.stderr.contains("--idempotency-key k1"), "{outcome:?}");
}

#[tokio::test]
async fn an_error_about_a_route_names_file_and_line() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    let routes = "routes:\n  - name: read\n    host: elsewhere\n    http: GET /\n    audience: d\n";
    machine.file("routes.yaml", routes);
    let first = "error: routes[0] (routes.yaml:2) \"read\": host: is not a host of the tenant\n";
    for command in ["route apply", "route diff", "route test h GET /"] {
        let outcome = machine.run(&format!("{command} --file routes.yaml")).await;
        assert!(outcome.code == 2 && outcome.stderr.starts_with(first), "{command}: {outcome:?}");
    }
    machine.file("routes.yaml", &routes.replace("audience", "audeince"));
    let outcome = machine.run("route apply -f routes.yaml").await;
    assert!(
        outcome.code == 2 && outcome.stderr.contains("`audeince`") && outcome.stderr.contains("line 5"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_bad_relationship_is_named_with_its_line_and_nothing_is_sent() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    machine.file("facts", "document:a#viewer@user:alice\ndocument:a#viewer\n");
    let outcome = machine.run("relationship create -f facts").await;
    assert!(outcome.code == 2 && outcome.stderr.starts_with("error: facts, line 2: "), "{outcome:?}");
    let outcome = machine.run("relationship touch document:a#viewer@user:a --must-exist document#").await;
    assert!(outcome.code == 2 && outcome.stderr.contains("TYPE:ID#RELATION@TYPE:ID#RELATION"), "{outcome:?}");
    machine.file("facts", "// nothing\n");
    assert_eq!(machine.run("relationship create -f facts").await.code, 2);
    assert!(gateway.asked().is_empty());
}

#[tokio::test]
async fn a_refused_relationship_is_named_with_its_line() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    machine.file("facts", "// who\ndocument:a#viewer@user:alice\n\ndocument:taken#viewer@user:alice\n");
    let outcome = machine.run("relationship create -f facts").await;
    let first = "error: updates[1] (facts:4).relationship: document:taken#viewer@user:alice exists already\n";
    assert!(outcome.code == 2 && outcome.stderr.starts_with(first), "{outcome:?}");
}

#[tokio::test]
async fn one_request_changes_no_more_than_the_limit() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    let facts = |count: usize| (0..count).map(|id| format!("document:{id}#viewer@user:a\n")).collect::<String>();
    machine.file("facts", &facts(1_001));
    let outcome = machine.run("relationship touch -f facts").await;
    assert!(outcome.code == 2 && outcome.stderr.contains("one request takes 1000"), "{outcome:?}");
    machine.file("facts", &facts(1_000));
    assert_eq!(machine.run("relationship touch -f facts").await.code, 0);
}

#[tokio::test]
async fn arguments_that_are_not_of_their_form_are_wrong_use() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    for line in [
        "",
        "nothing",
        "check document view user:alice",
        "check document:a view alice",
        "relationship create",
        "relationship create document:a#viewer@user:b -f facts",
        "relationship list",
        "relationship delete-matching",
        "relationship delete-matching --resource-id a",
        "relationship delete-matching --resource-type a --limit 0",
        "key create --owner alice --scope a",
        "key create --owner user:alice",
        "key create --owner user:alice --scope a --expires soon",
        "user list --limit 0",
        "user list --timeout 0s",
        "user list --url http://example.com",
        "user list --url https://admin:hunter2@localhost",
        "user list --tenant A",
        "role grant king user:alice",
    ] {
        let outcome = machine.run(line).await;
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{line}: {outcome:?}");
        assert!(!outcome.stderr.is_empty() && !outcome.stderr.contains("hunter2"), "{line}: {outcome:?}");
    }
    assert!(gateway.asked().is_empty());
}

#[tokio::test]
async fn what_is_no_bailiwick_or_does_not_answer_is_no_ping() {
    let gateway = Gateway::start().await;
    let outcome = Machine::of(&gateway).run("ping").await;
    assert!(outcome.code == 3 && outcome.stderr.contains("is no Bailiwick"), "{outcome:?}");
    let nowhere = Machine::new().with("BAILIWICK_URL", "https://localhost:1").run("ping --timeout 2s").await;
    assert_eq!(nowhere.code, 3, "{nowhere:?}");
}
