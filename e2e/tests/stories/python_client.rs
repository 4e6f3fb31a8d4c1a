//! SpiceDB's own Python client, unmodified, with an API key of ours through Envoy.

use std::process::Command;

use e2e::shared;
use testing::parts;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/authzed_client.py");

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_of_spicedb_works_unchanged() {
    let world = shared().await;
    let client = parts::python_client(&mut |line| eprintln!("{line}")).unwrap();
    let mut python = Command::new("python3");
    python
        .arg(SCRIPT)
        .arg(world.port().to_string())
        .arg(world.files().authority())
        .arg(world.keys.file("admin"))
        .arg("python-client")
        .env("PYTHONPATH", client)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let output = tokio::task::spawn_blocking(move || python.output()).await.unwrap().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", said(&output.stdout), said(&output.stderr));
}
