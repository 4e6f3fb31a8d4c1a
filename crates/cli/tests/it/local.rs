//! What needs no gateway.

use serde_json::{Value, json};

use crate::run::Machine;

#[tokio::test]
async fn a_good_schema_is_said_to_be_one() {
    let machine = Machine::new();
    let file = machine.file("schema.zed", "definition user {}\n");
    let json = machine.json(&format!("schema validate {file}")).await;
    assert_eq!(json, json!({ "valid": true, "definitions": 1 }));
    let outcome = machine.run_with_input("schema validate -", "definition user {}").await;
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "standard input is a schema with 1 definitions\n"));
}

#[tokio::test]
async fn what_is_wrong_with_a_schema_is_said_with_line_and_column() {
    let machine = Machine::new();
    machine.file("schema.zed", "definition user {}\ndefinition document {\n  relation viewer: person\n}\n");
    let outcome = machine.run("schema validate schema.zed").await;
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    assert!(outcome.stderr.starts_with("schema.zed:3:20: "), "{outcome:?}");
    assert!(outcome.stderr.contains("\n  hint: ") && outcome.stderr.contains("\nerror: schema.zed has 1 error\n"));
    let outcome = machine.run("schema validate schema.zed --output json").await;
    let document: Value = serde_json::from_str(&outcome.stderr).unwrap();
    let place = &document["error"]["places"][0];
    assert_eq!((&place["line"], &place["column"]), (&json!(3), &json!(20)), "{document}");
}

#[tokio::test]
async fn a_file_that_is_too_large_or_no_text_is_refused() {
    let machine = Machine::new();
    machine.file("large", &" ".repeat(8 * 1024 * 1024 + 1));
    let outcome = machine.run("schema validate large").await;
    assert!(outcome.code == 2 && outcome.stderr.contains("more than 8388608 bytes"), "{outcome:?}");
    std::fs::write(machine.config().join("binary"), [0xff, 0xfe]).unwrap();
    let outcome = machine.run("schema validate binary").await;
    assert!(outcome.code == 2 && outcome.stderr.contains("is not UTF-8"), "{outcome:?}");
    assert_eq!(machine.run("schema validate none").await.code, 2);
}

#[tokio::test]
async fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let outcome = Machine::new().run(&format!("completions {shell}")).await;
        assert!(outcome.code == 0 && outcome.stdout.contains("service-account"), "{shell}");
    }
}

#[tokio::test]
async fn the_help_says_what_the_exit_codes_mean() {
    let outcome = Machine::new().run("--help").await;
    assert_eq!(outcome.code, 0);
    for part in ["denied", "wrong use", "unavailable", "BAILIWICK_API_KEY"] {
        assert!(outcome.stdout.contains(part), "{part}");
    }
}

#[tokio::test]
async fn the_reference_is_what_the_command_says() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/cli.md");
    let written = std::fs::read_to_string(file).unwrap();
    assert!(
        written == cli::reference(),
        "docs/reference/cli.md is not the reference: run `cargo run -p cli --example reference > docs/reference/cli.md`"
    );
}
