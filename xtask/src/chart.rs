//! `cargo xtask chart render|check`: what the chart comes to in each environment, and what it refuses. Needs Helm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clap::Subcommand;
use serde_norway::{Mapping, Value};
use testing::parts;

use crate::codegen::chart::FOLDER;
use crate::error::{Error, Result};
use crate::shell::say;
use crate::tree;

/// Values, and below it what they came to.
const ENVIRONMENTS: &str = "deploy/environments";
const NAMES: &[&str] = &["development", "production", "staging"];

/// A chart is rendered for a version of Kubernetes; this is the test node's.
const KUBERNETES_VERSION: &str = "1.34.4";

/// Longer texts are left out: Envoy's configuration and the descriptors, which are generated of the contracts and have tests of their own.
const TEXT_BYTES_MAX: usize = 8 * 1_024;

/// What must be refused: an environment, a further value, and what the message must say.
const REFUSED: &[(&str, &str, &str)] = &[
    ("production", "postgres.source=bundled", "postgres.source: bundled is for trying out"),
    ("production", "tls.source=generated", "tls.source: generated is for trying out"),
    ("production", "secrets.source=generated", "secrets.source: generated is for trying out"),
    ("production", "documents.enabled=true", "documents.enabled: true is for trying out"),
    ("production", "gateway.url=", "gateway.url is missing"),
    ("production", "gateway.url=http://access.example.com", "/gateway/url"),
    ("production", "postgres.external.host=", "postgres.external.host is missing"),
    ("production", "tls.certManager.issuer.name=", "tls.certManager.issuer.name is missing"),
    ("production", "identity.replicas=1", "identity has one process"),
    ("production", "identity.replica=3", "replica"),
    ("production", "gate.config.gate.routes_maximum=3", "routes_maximum"),
    ("production", "gate.config.gate.routes_max=many", "routes_max"),
    ("production", "config.server.listen=0.0.0.0:1", "listen"),
    ("production", "gateway.limits.streams=3", "streams"),
];

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Chart {
    /// Write what the chart comes to in each environment.
    Render,
    /// Fail if that is not what was written, or if the chart takes what it must refuse.
    Check,
}

pub(crate) fn run(command: Chart) -> Result<()> {
    let helm = find()?;
    let mut stale = Vec::new();
    for name in NAMES {
        let path = tree::root().join(ENVIRONMENTS).join("rendered").join(format!("{name}.yaml"));
        // A release changes the version everywhere, and nothing else.
        let rendered =
            normalised(&succeeded(template(&helm, name, None)?)?)?.replace(env!("CARGO_PKG_VERSION"), "VERSION");
        match command {
            Chart::Render => {
                fs::create_dir_all(path.parent().expect("it lies in a folder"))?;
                fs::write(&path, rendered)?;
            }
            Chart::Check if fs::read_to_string(&path).unwrap_or_default() != rendered => stale.push(*name),
            Chart::Check => {}
        }
    }
    if !stale.is_empty() {
        let stale = stale.join(", ");
        return Err(Error::new(format!(
            "the chart comes to something else in {stale}: look at it with `cargo xtask chart render` and git diff, and commit it"
        )));
    }
    let mut wrong = Vec::new();
    for (environment, value, message) in REFUSED {
        let output = template(&helm, environment, Some(value))?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() || !said.contains(message) {
            wrong.push(format!("{value}: {}", said.trim_end().lines().last().unwrap_or("it is taken")));
        }
    }
    if !wrong.is_empty() {
        return Err(Error::new(format!("the chart does not refuse as it must:\n  {}", wrong.join("\n  "))));
    }
    say!("chart: {} environments, {} refusals", NAMES.len(), REFUSED.len());
    Ok(())
}

/// The Helm that the test node was built with, or else the machine's.
fn find() -> Result<PathBuf> {
    let cache = parts::cache_folder()?.join("kubernetes-node");
    let built = fs::read_dir(cache).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_helm = |folder: &PathBuf| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("helm-") && folder.join("helm").exists()
    };
    if let Some(folder) =
        built.filter(is_helm).max_by_key(|folder| fs::metadata(folder).and_then(|it| it.modified()).ok())
    {
        return Ok(folder.join("helm"));
    }
    match Command::new("helm").arg("version").output() {
        Ok(output) if output.status.success() => Ok("helm".into()),
        Ok(_) | Err(_) => Err(Error::new(
            "there is no Helm: `cargo xtask kube up` builds one (it needs Go), or install Helm 3 on this machine",
        )),
    }
}

fn template(helm: &Path, environment: &str, value: Option<&str>) -> Result<Output> {
    let root = tree::root();
    let mut command = Command::new(helm);
    command.current_dir(&root).args(["template", "bailiwick", FOLDER, "--namespace", "bailiwick"]);
    command.args(["--kube-version", KUBERNETES_VERSION, "--values"]);
    command.arg(root.join(ENVIRONMENTS).join(format!("{environment}.yaml")));
    if let Some(value) = value {
        command.args(["--set", value]);
    }
    command.output().map_err(|error| Error::new(format!("cannot run {}: {error}", helm.display())))
}

fn succeeded(output: Output) -> Result<String> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Error::new(format!("helm template: {}", String::from_utf8_lossy(&output.stderr).trim_end())))
}

/// By kind and name, without what differs each time and without what follows from long texts.
fn normalised(rendered: &str) -> Result<String> {
    let mut documents = Vec::new();
    for document in serde_norway::Deserializer::from_str(rendered) {
        let mut value: Value = serde::Deserialize::deserialize(document)?;
        let Some(resource) = value.as_mapping_mut() else { continue };
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let kind = text(resource.get("kind"));
        let name = text(resource.get("metadata").and_then(|metadata| metadata.get("name")));
        for key in ["data", "binaryData"] {
            if let Some(data) = resource.get_mut(key).and_then(Value::as_mapping_mut) {
                shorten(data, kind == "Secret");
            }
        }
        leave_digests_out(&mut value);
        documents.push(((kind, name), serde_norway::to_string(&value)?));
    }
    documents.sort();
    let head = "# Generated by `cargo xtask chart render`: what the chart comes to. Do not edit.\n".to_owned();
    Ok(documents.into_iter().fold(head, |text, (_, document)| text + "---\n" + &document))
}

fn shorten(data: &mut Mapping, is_secret: bool) {
    for (_, value) in data.iter_mut() {
        let Some(text) = value.as_str() else { continue };
        if is_secret {
            *value = "made anew each time".into();
        } else if text.len() > TEXT_BYTES_MAX {
            *value = "generated".into();
        }
    }
}

/// The digests of configurations, by which pods are made anew.
fn leave_digests_out(value: &mut Value) {
    if let Some(entries) = value.as_mapping_mut() {
        for (key, value) in entries.iter_mut() {
            match key.as_str() {
                Some("checksum/configuration") => *value = "of the configuration".into(),
                Some(_) | None => leave_digests_out(value),
            }
        }
    } else if let Some(items) = value.as_sequence_mut() {
        items.iter_mut().for_each(leave_digests_out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rendered_is_sorted_without_secrets_and_long_texts() {
        let long = "x".repeat(TEXT_BYTES_MAX + 1);
        let text = normalised(&format!(
            "kind: Secret\nmetadata: {{ name: b }}\ndata: {{ key: c2VjcmV0 }}\n---\nkind: ConfigMap\nmetadata: {{ name: a }}\ndata: {{ short: y, long: {long} }}\n"
        ))
        .unwrap();
        assert!(text.find("ConfigMap").unwrap() < text.find("kind: Secret").unwrap());
        assert!(!text.contains("c2VjcmV0") && !text.contains("xxx") && text.contains("long: generated"), "{text}");
    }
}
