//! An image as a file: an archive in OCI's image layout (image-spec 1.1), which `ctr`, `skopeo` and `docker load` read.

use std::io::{Read, Write};
use std::path::Path;

use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{Archive, Builder, Header};

use super::contents::Contents;
use crate::error::Result;

/// An image before it is written.
#[derive(Clone, Debug)]
pub(super) struct Image {
    /// `localhost/bailiwick/gate:0.1.0`.
    pub(super) reference: String,
    /// How it is run: `User`, `Entrypoint`, `Env`, `Labels` (image-spec, config.md).
    pub(super) config: Value,
    pub(super) contents: Contents,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) reference: String,
    /// The manifest's, by which a registry knows the image.
    pub(crate) digest: String,
    pub(crate) compressed_bytes: usize,
    pub(crate) uncompressed_bytes: usize,
}

impl Image {
    /// Writes the archive. The same image makes the same bytes, wherever and whenever.
    pub(super) fn write(&self, path: &Path, compression: Compression) -> Result<Written> {
        let layer = self.contents.layer()?;
        let uncompressed_bytes = layer.len();
        let of_layer = digest(&layer);
        let machine = if std::env::consts::ARCH == "aarch64" { "arm64" } else { "amd64" };
        let config = json!({
            "architecture": machine,
            "os": "linux",
            "config": self.config,
            "rootfs": { "type": "layers", "diff_ids": [of_layer] },
            "history": [{ "created_by": "cargo xtask images" }],
        });
        let config = serde_json::to_vec(&config)?;
        // The configuration names what is in the layer: with the same one the archive is the same.
        if let Some(written) = self.written_before(path, &digest(&config), uncompressed_bytes) {
            return Ok(written);
        }
        let layer = compressed(&layer, compression)?;
        let manifest = serde_json::to_vec(&json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
            "layers": [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", &layer)],
        }))?;
        let mut of_manifest = descriptor("application/vnd.oci.image.manifest.v1+json", &manifest);
        of_manifest["platform"] = json!({ "architecture": machine, "os": "linux" });
        of_manifest["annotations"] = json!({
            "io.containerd.image.name": self.reference,
            "org.opencontainers.image.ref.name": self.reference,
        });
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [of_manifest],
        });
        let beside = path.with_added_extension("new");
        let mut archive = Builder::new(std::fs::File::create(&beside)?);
        add(&mut archive, "oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        add(&mut archive, "index.json", &serde_json::to_vec(&index)?)?;
        for blob in [&config, &manifest, &layer] {
            add(&mut archive, &format!("blobs/{}", digest(blob).replace(':', "/")), blob)?;
        }
        archive.into_inner()?.flush()?;
        std::fs::rename(&beside, path)?;
        let compressed_bytes = layer.len();
        Ok(Written {
            reference: self.reference.clone(),
            digest: digest(&manifest),
            compressed_bytes,
            uncompressed_bytes,
        })
    }
}

impl Image {
    /// What is in the archive at the path, if it is of this very configuration.
    fn written_before(&self, path: &Path, of_config: &str, uncompressed_bytes: usize) -> Option<Written> {
        let index: Value = serde_json::from_slice(&entry(path, "index.json")?).ok()?;
        let of_manifest = index["manifests"][0]["digest"].as_str()?;
        let manifest = entry(path, &format!("blobs/{}", of_manifest.replace(':', "/")))?;
        let manifest: Value = serde_json::from_slice(&manifest).ok()?;
        let is_same = manifest["config"]["digest"] == of_config
            && index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"] == self.reference;
        let compressed_bytes = manifest["layers"][0]["size"].as_u64()?.try_into().ok()?;
        let (reference, digest) = (self.reference.clone(), of_manifest.to_owned());
        is_same.then_some(Written { reference, digest, compressed_bytes, uncompressed_bytes })
    }
}

/// A file of an archive.
fn entry(archive: &Path, name: &str) -> Option<Vec<u8>> {
    let mut archive = Archive::new(std::fs::File::open(archive).ok()?);
    let mut found = archive
        .entries_with_seek()
        .ok()?
        .flatten()
        .find(|entry| entry.path().is_ok_and(|path| path == Path::new(name)))?;
    let mut content = Vec::new();
    found.read_to_end(&mut content).ok()?;
    Some(content)
}

fn descriptor(media_type: &str, blob: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": digest(blob), "size": blob.len() })
}

fn digest(blob: &[u8]) -> String {
    format!("sha256:{}", testing::surroundings::hexadecimal(&Sha256::digest(blob)))
}

fn compressed(layer: &[u8], compression: Compression) -> Result<Vec<u8>> {
    let mut compressor = GzBuilder::new().mtime(0).write(Vec::new(), compression);
    compressor.write_all(layer)?;
    Ok(compressor.finish()?)
}

fn add(archive: &mut Builder<impl Write>, path: &str, content: &[u8]) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_mtime(0);
    header.set_mode(0o644);
    header.set_size(content.len().try_into()?);
    Ok(archive.append_data(&mut header, path, content)?)
}
