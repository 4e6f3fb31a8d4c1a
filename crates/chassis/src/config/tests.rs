//! What a configuration file may and may not hold.

use serde::{Deserialize, Serialize};

use super::*;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    greeting: String,
}

impl ServiceConfig for Own {
    fn validate(&self) -> Result<(), String> {
        if self.greeting.is_empty() { Err("greeting must not be empty".to_owned()) } else { Ok(()) }
    }
}

const GOOD: &str = r#"
[server]
listen = "127.0.0.1:1"
admin_listen = "127.0.0.1:2"
[tls]
certificate_file = "c"
key_file = "k"
ca_file = "a"
trust_domain = "bailiwick.local"
[database]
url = "postgres://demo@localhost/demo"
[demo]
greeting = "hello"
"#;

fn load(text: &str, set: &[(&str, &str)]) -> Result<Config<Own>, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(&file, text).unwrap();
    let set = set.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Config::load("demo", &Arguments { config: Some(file), set, ..Arguments::default() })
        .map_err(|error| error.to_string())
}

#[test]
fn defaults_fill_what_the_file_leaves_out() {
    let config = load(GOOD, &[]).unwrap();
    assert_eq!(config.server.calls_max, 1_024);
    assert_eq!(config.telemetry.log_filter, "info");
    assert_eq!(config.service.greeting, "hello");
}

#[test]
fn a_flag_wins_over_the_file() {
    let config = load(GOOD, &[("server.calls_max", "7"), ("demo.greeting", "hi there")]).unwrap();
    assert_eq!((config.server.calls_max, config.service.greeting.as_str()), (7, "hi there"));
}

#[test]
fn an_unknown_key_or_section_is_refused_by_name() {
    let error = load(&format!("{GOOD}\nvolume = 11\n"), &[]).unwrap_err();
    assert!(error.contains("volume"), "{error}");
    let error = load(&format!("{GOOD}\n[sever]\nlisten = 1\n"), &[]).unwrap_err();
    assert!(error.contains("sever"), "{error}");
}

#[test]
fn a_fault_names_its_key_and_its_source() {
    let error = load(&GOOD.replace("\"hello\"", "7"), &[]).unwrap_err();
    assert!(error.contains("demo.greeting: ") && error.contains("config.toml"), "{error}");
    let error = load(GOOD, &[("demo.greeting", "7")]).unwrap_err();
    assert!(error.contains("demo.greeting: ") && error.contains("--set"), "{error}");
    let error = load(GOOD, &[("demo.volume", "7")]).unwrap_err();
    assert!(error.contains("demo.volume: unknown field"), "{error}");
}

#[test]
fn a_missing_key_is_named() {
    let error = load(&GOOD.replace("listen = \"127.0.0.1:1\"", ""), &[]).unwrap_err();
    assert!(error.contains("listen"), "{error}");
}

#[test]
fn a_password_in_the_url_is_refused_and_not_shown() {
    for url in ["postgres://demo:hunter2@localhost/demo", "postgres://demo@localhost/demo?password=hunter2"] {
        let error = load(GOOD, &[("database.url", url)]).unwrap_err();
        assert!(error.contains("password_file") && !error.contains("hunter2"), "{error}");
    }
}

#[test]
fn what_is_printed_reads_back() {
    let config = load(GOOD, &[]).unwrap();
    let again = load(&config.to_toml("demo"), &[]).unwrap();
    assert_eq!(config.to_toml("demo"), again.to_toml("demo"));
}

#[test]
fn the_services_own_rules_are_asked() {
    let error = load(GOOD, &[("demo.greeting", "\"\"")]).unwrap_err();
    assert!(error.contains("greeting must not be empty"), "{error}");
}

#[test]
fn spans_go_in_plain_text_to_this_machine_alone_and_with_no_credential_in_the_address() {
    for good in ["http://127.0.0.1:4317", "http://[::1]:4317", "http://localhost:4317", "https://collector:4317"] {
        let config = load(GOOD, &[("telemetry.otlp_endpoint", good)]).unwrap();
        assert_eq!(config.telemetry.otlp_endpoint.as_deref(), Some(good));
    }
    for bad in ["http://collector:4317", "http://10.0.0.1:4317", "collector:4317", "unix:///collector", ""] {
        let error = load(GOOD, &[("telemetry.otlp_endpoint", bad)]).unwrap_err();
        assert!(error.contains("telemetry.otlp_endpoint must be https://"), "{bad}: {error}");
    }
    let error = load(GOOD, &[("telemetry.otlp_endpoint", "https://me:hunter2@collector:4317")]).unwrap_err();
    assert!(error.contains("credential") && !error.contains("hunter2"), "{error}");
}

#[test]
fn a_share_that_is_none_and_a_queue_for_nothing_are_refused() {
    for (key, value) in [("sample_ratio", "1.5"), ("sample_ratio", "-0.1"), ("spans_waiting_max", "0")] {
        let error = load(GOOD, &[(&format!("telemetry.{key}"), value)]).unwrap_err();
        assert!(error.contains(key), "{error}");
    }
}
