//! The bill of materials of a program of ours: every crate that is built into it, as CycloneDX 1.6.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::{shell, tree};

/// What cargo says about the workspace.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
    #[serde(skip)]
    checksums: BTreeMap<(String, String), String>,
}

#[derive(Debug, Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Debug, Deserialize)]
struct Kind {
    /// Nothing for what is linked in; else `dev` or `build`.
    kind: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Debug, Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

impl Metadata {
    /// Asks cargo, for the machine that this is.
    pub(super) fn read() -> Result<Self> {
        let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let mut cargo = Command::new(shell::cargo());
        cargo.current_dir(tree::root()).args([
            "metadata",
            "--format-version=1",
            "--locked",
            "--filter-platform",
            &target,
        ]);
        let output = cargo.output()?;
        if !output.status.success() {
            return Err(Error::new(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr))));
        }
        let mut metadata: Self = serde_json::from_slice(&output.stdout)?;
        let lock: Lock = toml::from_str(&std::fs::read_to_string(tree::root().join("Cargo.lock"))?)?;
        let checksums =
            lock.package.into_iter().filter_map(|locked| Some(((locked.name, locked.version), locked.checksum?)));
        metadata.checksums = checksums.collect();
        Ok(metadata)
    }

    /// The version of a crate of ours.
    pub(super) fn version(&self, package: &str) -> Result<&str> {
        Ok(&self.ours(package)?.version)
    }

    /// The bill of a program, with the libraries that lie beside it.
    pub(super) fn bill(&self, package: &str, libraries: &[PathBuf]) -> Result<String> {
        let root = self.ours(package)?;
        let nodes: BTreeMap<&str, &Node> = self.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let mut reached = BTreeSet::from([root.id.as_str()]);
        let mut next = vec![root.id.as_str()];
        while let Some(id) = next.pop() {
            next.extend(linked(nodes[id]).filter(|dependency| reached.insert(*dependency)));
        }
        let packages: BTreeMap<&str, &Package> =
            self.packages.iter().map(|package| (package.id.as_str(), package)).collect();
        let reference = |id: &str| purl(packages[id]);
        let mut components: Vec<Value> =
            reached.iter().filter(|id| **id != root.id).map(|id| self.component(packages[id], "library")).collect();
        for library in libraries {
            components.push(file(library)?);
        }
        let dependencies: Vec<Value> = reached
            .iter()
            .map(|id| json!({ "ref": reference(id), "dependsOn": linked(nodes[id]).map(reference).collect::<BTreeSet<_>>() }))
            .collect();
        let bill = json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "metadata": { "component": self.component(root, "application") },
            "components": components,
            "dependencies": dependencies,
        });
        Ok(serde_json::to_string_pretty(&bill)?)
    }

    fn ours(&self, name: &str) -> Result<&Package> {
        let found = self.packages.iter().find(|package| package.name == name && package.source.is_none());
        found.ok_or_else(|| Error::new(format!("the workspace has no crate {name}")))
    }

    fn component(&self, package: &Package, kind: &str) -> Value {
        let mut component = json!({
            "type": kind,
            "bom-ref": purl(package),
            "name": package.name,
            "version": package.version,
            "purl": purl(package),
        });
        if let Some(license) = &package.license {
            // Old manifests write a choice with a slash, which SPDX does not know.
            component["licenses"] = json!([{ "expression": license.replace('/', " OR ") }]);
        }
        if let Some(checksum) = self.checksums.get(&(package.name.clone(), package.version.clone())) {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        }
        component
    }
}

/// What is linked into a crate, for it is not of tests or of its build alone.
fn linked(node: &Node) -> impl Iterator<Item = &str> {
    let is_linked = |dependency: &&Dependency| dependency.dep_kinds.iter().any(|kind| kind.kind.is_none());
    node.deps.iter().filter(is_linked).map(|dependency| dependency.pkg.as_str())
}

/// The package's URL, by which vulnerability databases know it.
fn purl(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version)
}

fn file(path: &PathBuf) -> Result<Value> {
    let content = Sha256::digest(std::fs::read(path)?);
    Ok(json!({
        "type": "file",
        "name": path.to_string_lossy(),
        "hashes": [{ "alg": "SHA-256", "content": testing::surroundings::hexadecimal(&content) }],
    }))
}
