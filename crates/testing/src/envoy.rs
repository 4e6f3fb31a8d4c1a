//! The gateway's configuration: `deploy/envoy/` holds the text, this file the names and ports that are filled in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use contract::rpc::{Entry, RPCS};

use crate::certificates::{CertificateFiles, TRUST_DOMAIN};
use crate::cluster::{Part, SERVICES};
use crate::error::{Error, Result};
use crate::place;
use crate::ports::Ports;

const BOOTSTRAP: &str = include_str!("../../../deploy/envoy/bootstrap.yaml");
const SERVICE_CLUSTER: &str = include_str!("../../../deploy/envoy/service-cluster.yaml");
const SERVICE_ENDPOINT: &str = include_str!("../../../deploy/envoy/service-endpoint.yaml");

/// What only the plane may say about a caller: taken off every request before anything looks at it.
pub const STRIPPED_HEADERS: &[&str] = &[
    contract::header::ASSERTION,
    contract::header::DECISION_ID,
    contract::header::REASON,
    "bailiwick-subject",
    "bailiwick-tenant-verified",
    "x-forwarded-client-cert",
];

/// The beginnings of the paths of foreign contracts, and who answers them.
const FOREIGN: &[(&str, &str)] = &[("/authzed.api.v1.", "permissions")];

/// Only what has never reached a replica is sent to another one: whether more may be repeated, the RPC knows and Envoy does not.
const RETRIES: &str = "{ retry_on: \"connect-failure,refused-stream\", num_retries: 2, \
     retry_back_off: { base_interval: 0.005s, max_interval: 0.02s }, \
     retry_host_predicate: [{ name: envoy.retry_host_predicates.previous_hosts, \
     typed_config: { \"@type\": type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate } }], \
     host_selection_retry_max_attempts: 3 }";

/// The filled-in values are nested this deep in the text.
const INDENTATION: &str = "                        ";

/// What a gateway needs to know.
#[derive(Debug)]
pub struct Gateway<'a> {
    /// Where everything listens.
    pub ports: &'a Ports,
    /// Its certificate, as a server and as the peer `gateway`.
    pub certificate: &'a CertificateFiles,
    /// Who vouches for the services.
    pub authority: &'a Path,
    /// Where to write who called what.
    pub access_log: &'a Path,
    /// What one address may ask for.
    pub by_address: ByAddress,
}

/// What the gateway lets one client address ask for: a bucket of tokens, a token a request.
#[derive(Clone, Copy, Debug)]
pub struct ByAddress {
    /// Requests at once.
    pub burst_requests_max: u32,
    /// Requests a second in the long run.
    pub refill_requests_per_second: u32,
}

impl ByAddress {
    /// On one machine all callers have one address, and benches are among them.
    pub const LOCAL: Self = Self { burst_requests_max: 200_000, refill_requests_per_second: 100_000 };
}

/// Whose pages may call Bailiwick from a browser.
pub const CORS_ORIGINS: &[&str] = &["https://console.localhost"];

/// The descriptors of the RPCs lie beside the configuration, by this name.
const DESCRIPTORS_FILE: &str = "descriptors.bin";

impl Gateway<'_> {
    /// Writes the configuration, and beside it the descriptors that JSON is read by.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let descriptors = path.with_file_name(DESCRIPTORS_FILE);
        place::write_private(&descriptors, contract::DESCRIPTORS)?;
        place::write_private(path, self.render(&descriptors)?.as_bytes())
    }

    fn render(&self, descriptors: &Path) -> Result<String> {
        let clusters: Vec<String> = SERVICES.iter().map(|service| self.service_cluster(*service)).collect();
        let text = fill(
            BOOTSTRAP,
            &[
                ("STRIPPED_HEADERS", &stripped_headers()),
                ("SERVICE_ROUTES", &service_routes()),
                ("SERVICE_CLUSTERS", clusters.join("").trim_end()),
                ("LISTEN_ADDRESS", "127.0.0.1"),
                ("GATEWAY_PORT", &self.ports.gateway.to_string()),
                ("ADMIN_PORT", &self.ports.gateway_admin.to_string()),
                ("DOCUMENTS_PORT", &self.ports.documents.to_string()),
                ("TRUST_DOMAIN", TRUST_DOMAIN),
                ("CERTIFICATE_FILE", &text(&self.certificate.certificate)?),
                ("KEY_FILE", &text(&self.certificate.key)?),
                ("CA_FILE", &text(self.authority)?),
                ("DESCRIPTORS_FILE", &text(descriptors)?),
                ("TRANSCODED_SERVICES", &transcoded_services()),
                ("CORS_ORIGINS", &cors_origins()),
                ("ADDRESS_BURST_MAX", &self.by_address.burst_requests_max.to_string()),
                ("ADDRESS_REFILL", &self.by_address.refill_requests_per_second.to_string()),
                ("ACCESS_LOG_FILE", &text(self.access_log)?),
            ],
        );
        match text.split('@').find(|word| is_name(word)) {
            Some(left) => Err(Error::new(format!("deploy/envoy has a @{left}@ that nothing fills in"))),
            None => Ok(text),
        }
    }

    fn service_cluster(&self, service: Part) -> String {
        let ports = self.ports.contracts(service);
        let endpoints: String =
            ports.iter().map(|port| fill(SERVICE_ENDPOINT, &[("SERVICE_PORT", &port.to_string())])).collect();
        fill(SERVICE_CLUSTER, &[("SERVICE_ENDPOINTS", endpoints.trim_end()), ("SERVICE", service.name())])
    }
}

/// The command that runs Envoy with the configuration.
pub fn command(program: &Path, configuration: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("-c").arg(configuration).args([
        "--disable-hot-restart",
        "--concurrency",
        "2",
        "--log-level",
        "warning",
    ]);
    command
}

fn stripped_headers() -> String {
    let mut lines: Vec<String> =
        STRIPPED_HEADERS.iter().map(|header| format!("{INDENTATION}- remove: {header}")).collect();
    // What Envoys tell each other steers retries, timeouts and addresses.
    lines.push(format!("{INDENTATION}- remove_on_match: {{ key_matcher: {{ prefix: \"x-envoy-\" }} }}"));
    lines.join("\n")
}

fn service_routes() -> String {
    let route = |prefix: &str, service: &str| {
        format!(
            "{INDENTATION}- match: {{ prefix: \"{prefix}\" }}\n{INDENTATION}  route: {{ cluster: {service}, timeout: 60s, \
             max_stream_duration: {{ max_stream_duration: 60s, grpc_timeout_header_max: 60s }}, retry_policy: {RETRIES} }}"
        )
    };
    let own = SERVICES.map(Part::name).map(|service| route(&format!("/bailiwick.{service}.v1."), service));
    let foreign = FOREIGN.iter().map(|(prefix, service)| route(prefix, service));
    own.into_iter().chain(foreign).collect::<Vec<_>>().join("\n")
}

/// The gRPC services that callers from outside may reach, in quotes.
fn transcoded_services() -> String {
    let from_outside =
        RPCS.iter().filter(|rpc| !rpc.service.is_empty() && matches!(rpc.entry, Entry::Edge | Entry::Mesh));
    let names: BTreeSet<&str> = from_outside.filter_map(|rpc| rpc.path.split('/').nth(1)).collect();
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

fn cors_origins() -> String {
    CORS_ORIGINS.iter().map(|origin| format!("{{ exact: \"{origin}\" }}")).collect::<Vec<_>>().join(", ")
}

fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("@{name}@"), value))
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// A path as it can stand between quotes.
fn text(path: &Path) -> Result<String> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
    match absolute.to_str() {
        Some(text) if !text.contains(['"', '\\', '\n', '@']) => Ok(text.to_owned()),
        _ => Err(Error::new(format!("Envoy's configuration cannot hold the path {}", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::Authority;
    use crate::parts;

    /// The configuration as Envoy reads it, without its comments.
    fn rendered(folder: &Path, replicas: u8) -> (PathBuf, String) {
        let authority = Authority::keep(folder).unwrap();
        let certificate = authority.keep_peer("gateway").unwrap();
        let ports = Ports::free(replicas).unwrap();
        let path = folder.join("envoy.yaml");
        let gateway = Gateway {
            ports: &ports,
            certificate: &certificate,
            authority: &authority.certificate_file(),
            access_log: &folder.join("access.log"),
            by_address: ByAddress::LOCAL,
        };
        gateway.write(&path).unwrap();
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
        let early =
            text.split_once("early_header_mutation_extensions:").unwrap().1.split_once("access_log:").unwrap().0;
        for header in STRIPPED_HEADERS {
            assert!(early.contains(&format!("- remove: {header}\n")), "{header}");
        }
    }
}
