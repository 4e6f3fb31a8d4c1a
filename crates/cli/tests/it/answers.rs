//! What is answered: exit codes, documents for scripts, tables for people.

use serde_json::json;

use crate::played::Gateway;
use crate::run::Machine;

#[tokio::test]
async fn a_check_exits_with_its_answer() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    for (subject, code, stdout) in [("user:alice", 0, "allowed\n"), ("group:eng#member", 1, "denied\n")] {
        let outcome = machine.run(&format!("check document:roadmap view {subject}")).await;
        assert_eq!((outcome.code, outcome.stdout.as_str()), (code, stdout), "{outcome:?}");
    }
    let json = machine.json("check document:roadmap view user:alice --consistency full").await;
    assert_eq!(json, json!({ "allowed": true, "checked_at": "t1" }));
    assert!(gateway.asked().last().unwrap().contains("FullyConsistent(true)"));
    machine.run("check document:roadmap view user:alice --consistency t2").await;
    assert!(gateway.asked().last().unwrap().contains(r#"AtLeastAsFresh("t2")"#));
}

#[tokio::test]
async fn an_answer_that_is_neither_yes_nor_no_is_not_a_no() {
    let gateway = Gateway::start().await;
    let outcome = Machine::of(&gateway).run("check document:roadmap view user:nemo").await;
    assert_eq!(outcome.code, 3, "{outcome:?}");
}

#[tokio::test]
async fn a_test_of_a_route_exits_with_its_answer() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    let denied = machine.run("route test documents.localhost GET /v1/documents/roadmap").await;
    let text = "denied: CREDENTIAL_MISSING\nroute:    read\nrequired: document:roadmap#view\n";
    assert_eq!((denied.code, denied.stdout.as_str()), (1, text));
    let allowed = machine.run("route test documents.localhost GET /v1/documents/roadmap --as user:alice").await;
    assert_eq!(allowed.code, 0, "{allowed:?}");
}

#[tokio::test]
async fn a_list_is_followed_over_its_pages() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    let json = machine.json("user list").await;
    assert_eq!((json["users"].as_array().unwrap().len(), &json["more"]), (1_500, &json!(false)));
    let first =
        json!({ "id": "u0000", "display_name": "Somebody", "created_at": "1970-01-02T00:00:00Z", "erased_at": null });
    assert_eq!(json["users"][0], first);
}

#[tokio::test]
async fn a_list_that_goes_on_says_so() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    let outcome = machine.run("user list --limit 2").await;
    let table = "ID     NAME      CREATED               ERASED\n\
                 u0000  Somebody  1970-01-02T00:00:00Z\n\
                 u0001  Somebody  1970-01-02T00:00:00Z\n";
    assert_eq!(outcome.stdout, table);
    assert_eq!(outcome.stderr, "note: there are more than these 2: raise --limit\n");
    assert_eq!(machine.json("user list --limit 2").await["more"], json!(true));
}

#[tokio::test]
async fn relationships_are_written_from_arguments_file_and_stdin() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    let file = machine.file("facts", "// who\ndocument:a#viewer@user:alice\n\ndocument:b#viewer@user:* // all\n");
    let json = machine.json(&format!("relationship touch -f {file}")).await;
    assert_eq!(json, json!({ "written_at": "t2", "changes": 2 }));
    let created = machine.run("relationship create document:a#viewer@group:eng#member").await;
    assert_eq!((created.code, created.stdout.as_str()), (0, "created 1, at t2\n"), "{created:?}");
    let deleted = machine.run_with_input("relationship delete -f -", "document:a#viewer@user:alice").await;
    assert_eq!((deleted.code, deleted.stdout.as_str()), (0, "deleted 1, at t2\n"), "{deleted:?}");
}

#[tokio::test]
async fn a_change_says_what_it_expects() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    let line = "relationship create document:a#viewer@user:bob --must-exist document:a#owner@user:alice \
                --must-exist @user:bob --must-not-exist document:a#banned@user:bob";
    let outcome = machine.run(line).await;
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let asked = gateway.asked().pop().unwrap();
    let expectations: Vec<_> = asked.match_indices("expectation: ").map(|(at, _)| &asked[at + 13..at + 18]).collect();
    assert_eq!(expectations, ["MustE", "MustE", "MustN"], "{asked}");
    assert!(asked.contains(r#"relation: "banned", subject_type: "user", subject_id: "bob", subject_relation: None"#));
}

#[tokio::test]
async fn what_matches_is_deleted_as_far_as_was_asked() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    let line = "relationship delete-matching --resource-type document --relation viewer --subject-type user \
                --limit 500 --allow-partial --must-not-exist document:a#locked";
    let outcome = machine.run(line).await;
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "deleted 500, at t5\n"), "{outcome:?}");
    assert_eq!(outcome.stderr, "note: more match: repeat it for the rest\n");
    let json = machine.json(line).await;
    assert_eq!(json, json!({ "deleted_at": "t5", "deleted": 500, "partial": true }));
    let asked = gateway.asked().pop().unwrap();
    assert!(asked.contains("MustNotExist") && asked.contains(r#"relation: "viewer""#), "{asked}");
    let refused = machine.run("relationship delete-matching --subject-type user --subject-id alice").await;
    assert!(refused.code == 2 && refused.stderr.contains("reason: LIMIT_EXCEEDED"), "{refused:?}");
}

#[tokio::test]
async fn listed_relationships_can_be_written_again() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    let listed = machine.run("relationship list --resource-type document --consistency full").await;
    assert_eq!(listed.stdout, "document:a#viewer@group:eng#member\ndocument:b#viewer@group:eng#member\n");
    let written = machine.run_with_input("relationship touch -f -", &listed.stdout).await;
    assert_eq!(written.code, 0, "{written:?}");
    let json = machine.json("relationship list --subject-type group").await;
    assert_eq!((&json["read_at"], json["relationships"].as_array().unwrap().len()), (&json!("t3"), 2));
}

#[tokio::test]
async fn listed_routes_can_be_applied_again() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    let json = machine.json("route list").await;
    let route = json!({
        "name": "a", "host": "h", "http": "GET /", "caller": "required", "permission": "document:x#view", "audience": "d",
    });
    assert_eq!(json, json!({ "routes": [route], "version": 7, "more": false }));
    let file = machine.file("routes.yaml", &json!({ "routes": json["routes"] }).to_string());
    let applied = machine.run(&format!("route apply -f {file} --expected-version 7")).await;
    assert_eq!((applied.code, applied.stdout.as_str()), (0, "1 routes are in force, as version 7\n"), "{applied:?}");
}

#[tokio::test]
async fn a_diff_names_what_would_change_and_exits_with_it() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    let same = "{name: a, host: h, http: GET /, audience: d, permission: 'document:x#view'}";
    let file = machine.file("same.yaml", &format!("routes: [{same}]"));
    let outcome = machine.run(&format!("route diff -f {file} --recorded 0")).await;
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "CHANGE  WHAT  FROM  TO\n"), "{outcome:?}");
    let file = machine.file("other.yaml", "routes: [{name: b, host: h, http: GET /b, audience: d}]");
    let outcome = machine.run(&format!("route diff -f {file}")).await;
    let table = "CHANGE    WHAT            FROM     TO\n\
                 removed   a               GET /\n\
                 added     b               GET /b\n\
                 decision  GET h/recorded  allowed  denied: forbidden\n";
    assert_eq!((outcome.code, outcome.stdout.as_str()), (1, table));
}

#[tokio::test]
async fn a_call_is_tested_by_a_file_that_is_not_applied() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    let file = machine.file("r.yaml", "routes: [{name: b, host: h, http: GET /b, audience: d}]");
    let outcome = machine.run(&format!("route test h GET /b --file {file}")).await;
    let text = format!("today: allowed\nroute:    a\n\nby {file}: denied: forbidden\nroute:    a\n");
    assert_eq!((outcome.code, outcome.stdout), (1, text));
}

#[tokio::test]
async fn a_shadow_report_counts_what_would_have_been_denied() {
    let gateway = Gateway::start().await;
    let outcome = Machine::of(&gateway).run("route shadow-report").await;
    let table = "ROUTE  CALLS  OUTCOME                     DECISIONS\n\
                 read   40     allowed\n\
                 read   3      would be denied: forbidden  d-1\n";
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, table));
}

#[tokio::test]
async fn a_decision_is_explained_by_its_id() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    let outcome = machine.run("explain d-1").await;
    let text = "denied: forbidden\n\
                call:     GET h/v1/documents/roadmap\n\
                at:       1970-01-02T00:00:00Z\n\
                caller:   user:bob\n\
                route:    read, of version 7\n\
                required: document:roadmap#view\n\
                detail:   the permission is missing\n\
                state:    t7\n";
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, text));
    assert_eq!(machine.json("explain d-1").await["decision"]["version"], 7);
    assert_eq!(machine.run("explain d-2").await.code, 2);
}

#[tokio::test]
async fn a_new_key_is_shown_once_on_stdout() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    let line = "key create --owner service_account:ci --scope permissions.check,permissions.read --expires 2030-01-01T00:00:00Z";
    let outcome = machine.run(line).await;
    assert!(outcome.stdout.contains("bw_new") && !outcome.stderr.contains("bw_new"), "{outcome:?}");
    assert_eq!(outcome.stderr, "note: keep the key now: it is not shown again\n");
    let json = machine.json(line).await;
    assert_eq!(json["secret"], "bw_new");
    assert_eq!(json["api_key"]["scopes"], json!(["permissions.check", "permissions.read"]));
    assert_eq!(json["api_key"]["expires_at"], "2030-01-01T00:00:00Z");
}

#[tokio::test]
async fn an_exchanged_token_stands_alone_on_stdout() {
    let gateway = Gateway::start().await;
    let outcome = Machine::of(&gateway).run("key exchange").await;
    assert_eq!(outcome.stdout, "eyJ.a.b\n");
    assert_eq!(outcome.stderr, "note: the token ends at 1970-01-01T00:05:00Z\n");
}

#[tokio::test]
async fn a_schema_of_any_allowed_length_is_read() {
    let gateway = Gateway::start().await;
    let outcome = Machine::of(&gateway).run("schema read").await;
    assert!(outcome.code == 0 && outcome.stdout.ends_with("\ndefinition user {}\n"), "{}", outcome.stderr);
}

#[tokio::test]
async fn the_key_is_sent_unless_the_token_is_asked_for() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway).with("BAILIWICK_TOKEN", "token").with("BAILIWICK_TENANT", "acme");
    machine.run("key list").await;
    assert_eq!(gateway.asked()[0], format!("Bearer {} Some(\"acme\")", crate::run::KEY));
    machine.run("key list --with-token --tenant other").await;
    assert_eq!(gateway.asked()[2], "Bearer token Some(\"other\")");
}

#[tokio::test]
async fn an_erased_user_is_an_id_and_the_time() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    let json = machine.json("user erase u0001").await;
    let time = "1970-01-02T00:00:00Z";
    let user = json!({ "id": "u0001", "display_name": "", "created_at": time, "erased_at": time });
    assert_eq!(json, json!({ "user": user }));
    assert!(gateway.asked().last().unwrap().contains("EraseUserRequest"));
}

#[tokio::test]
async fn a_tenant_is_deleted_only_by_whoever_names_it_twice() {
    let gateway = Gateway::start().await;
    let machine = Machine::of(&gateway);
    for arguments in ["tenant delete globex", "tenant delete globex --confirm acme"] {
        let outcome = machine.run(arguments).await;
        assert_eq!(outcome.code, 2, "{outcome:?}");
    }
    assert!(gateway.asked().is_empty(), "{:?}", gateway.asked());
}
