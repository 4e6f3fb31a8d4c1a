//! The gateway's configuration, as Envoy takes it.

use std::path::PathBuf;

use super::*;
use crate::certificates::Authority;
use crate::parts;

/// The configuration as Envoy reads it, without its comments.
fn rendered(folder: &Path, replicas: u8) -> (PathBuf, String) {
    let authority = Authority::keep(folder).unwrap();
    let certificate = authority.keep_peer("gateway").unwrap();
    let ports = Ports::free(replicas).unwrap();
    let path = folder.join("envoy.yaml");
    Settings::local(folder, &ports, &certificate, &authority.certificate_file()).unwrap().write(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text)
}

#[test]
fn envoy_takes_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let program = parts::envoy(&mut |line| eprintln!("{line}")).unwrap();
    for replicas in [1, 2] {
        let (path, text) = rendered(folder.path(), replicas);
        assert_eq!(text.matches("- endpoint:").count(), SERVICES.len() * usize::from(replicas) + 1);
        let output = command(&program, &path).args(["--mode", "validate"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_filters_stand_in_their_order_and_gate_fails_closed() {
    let folder = tempfile::tempdir().unwrap();
    let (_, text) = rendered(folder.path(), 1);
    let (_, after) = text.split_once("http_filters:").unwrap();
    let (filters, _) = after.split_once("route_config:").unwrap();
    let names: Vec<&str> = filters.lines().filter_map(|line| line.trim().strip_prefix("- name: ")).collect();
    let names: Vec<&str> = names.iter().filter_map(|name| name.strip_prefix("envoy.filters.http.")).collect();
    assert_eq!(names, ["cors", "grpc_web", "local_ratelimit", "grpc_json_transcoder", "ext_authz", "router"]);
    assert!(filters.contains("failure_mode_allow: false") && filters.contains("timeout: 1s"));
}

#[test]
fn identity_headers_are_stripped_before_any_filter() {
    let folder = tempfile::tempdir().unwrap();
    let (_, text) = rendered(folder.path(), 1);
    let early = text.split_once("early_header_mutation_extensions:").unwrap().1.split_once("access_log:").unwrap().0;
    for header in STRIPPED_HEADERS {
        assert!(early.contains(&format!("- remove: {header}\n")), "{header}");
    }
}

/// The settings of a cluster, with files that are there.
fn of_a_cluster(folder: &Path) -> Settings {
    let authority = Authority::keep(folder).unwrap();
    let certificate = authority.keep_peer("gateway").unwrap();
    let mut settings = Settings::parse(include_str!("../../../../deploy/envoy/gateway.toml")).unwrap();
    settings.certificate_file = certificate.certificate;
    settings.key_file = certificate.key;
    settings.ca_file = authority.certificate_file();
    settings.descriptors_file = folder.join(DESCRIPTORS_FILE);
    settings
}

#[test]
fn envoy_takes_the_configuration_of_a_cluster_with_names_and_no_origins() {
    let folder = tempfile::tempdir().unwrap();
    let program = parts::envoy(&mut |line| eprintln!("{line}")).unwrap();
    let mut settings = of_a_cluster(folder.path());
    let path = folder.path().join("envoy.yaml");
    for origins in [settings.cors_origins.clone(), Vec::new()] {
        settings.cors_origins = origins;
        settings.write(&path).unwrap();
        let output = command(&program, &path).args(["--mode", "validate"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(settings.render().unwrap().matches("type: STRICT_DNS").count(), SERVICES.len() + 1);
}

#[test]
fn only_what_reads_is_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let text = of_a_cluster(folder.path()).render().unwrap();
    for rpc in RPCS.iter().filter(|rpc| is_from_outside(rpc)) {
        let lines: Vec<&str> = text.lines().collect();
        let own = lines.iter().position(|line| line.contains(&format!("{{ path: \"{}\" }}", rpc.path)));
        assert_eq!(own.is_some(), may_be_repeated(rpc), "{}", rpc.path);
        assert!(own.is_none_or(|line| lines[line + 1].contains(&format!("retry_on: \"{MAY_BE_REPEATED}\""))));
    }
    assert!(RPCS.iter().all(|rpc| !rpc.path.contains("/Create") || !may_be_repeated(rpc)));
    let lines: Vec<&str> = text.lines().collect();
    let mut by_prefix = lines.windows(2).filter(|pair| pair[0].contains("- match: { prefix: \"/bailiwick.")).peekable();
    assert!(by_prefix.peek().is_some());
    assert!(by_prefix.all(|pair| !pair[1].contains("reset")));
}

#[test]
fn every_cluster_has_its_bounds_and_every_route_its_timeout() {
    let folder = tempfile::tempdir().unwrap();
    let text = of_a_cluster(folder.path()).render().unwrap();
    let clusters = text.split_once("\n  clusters:").unwrap().1.split_once("\nlayered_runtime:").unwrap().0;
    for cluster in clusters.split("\n    - name: ").skip(1) {
        let name = cluster.lines().next().unwrap();
        // For the collector of spans nobody waits, and what it does not take is dropped; the administration is Envoy itself.
        let watched: &[&str] =
            if ["spans", "administration"].contains(&name) { &[] } else { &["outlier_detection:", "health_checks:"] };
        for part in ["connect_timeout:", "circuit_breakers:"].iter().chain(watched) {
            assert!(cluster.contains(part), "{name} has no {part}");
        }
    }
    assert!(text.contains("max_connection_duration: 300s"), "a client stays on one gateway for ever");
    let routes = text.split_once("route_config:").unwrap().1.split_once("\n  clusters:").unwrap().0;
    let (routed, timed) = (routes.matches("cluster: ").count(), routes.matches(" timeout: ").count());
    assert_eq!((routed, routes.matches("max_stream_duration: {").count()), (timed, timed));
}

#[test]
fn an_address_or_a_file_that_cannot_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let good = of_a_cluster(folder.path());
    for address in ["gate", "gate:", "gate:port", ":8443", "gate }:8443", "ga\nte:8443"] {
        let mut wrong = good.clone();
        wrong.services.insert("gate".to_owned(), vec![address.to_owned()]);
        assert!(wrong.render().unwrap_err().to_string().contains("is not host:port"), "{address}");
    }
    for file in ["relative.pem", "/a\"b.pem"] {
        let wrong = Settings { key_file: file.into(), ..good.clone() };
        assert!(wrong.render().unwrap_err().to_string().contains("cannot hold the path"), "{file}");
    }
}
