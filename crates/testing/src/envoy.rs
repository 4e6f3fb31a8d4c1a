//! The gateway's configuration: `deploy/envoy/` holds the text, this file the names and ports that are filled in.

mod chart;
mod settings;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Command;

use contract::rpc::{Entry, RPCS, Rpc};
use contract::web::WEB_PATHS;

use crate::certificates::{CertificateFiles, DOCUMENTS_HOST, TRUST_DOMAIN};
use crate::cluster::{Part, SERVICES};
use crate::error::{Error, Result};
use crate::place;
use crate::ports::Ports;

pub use chart::chart_template;
pub use settings::{Limits, Settings, Tracing, Upstream};

const BOOTSTRAP: &str = include_str!("../../../deploy/envoy/bootstrap.yaml");
const SERVICE_CLUSTER: &str = include_str!("../../../deploy/envoy/service-cluster.yaml");
const UPSTREAM_HOST: &str = include_str!("../../../deploy/envoy/upstream-host.yaml");
const UPSTREAM_CLUSTER: &str = include_str!("../../../deploy/envoy/upstream-cluster.yaml");
const TRACING: &str = include_str!("../../../deploy/envoy/tracing.yaml");
const SPANS_CLUSTER: &str = include_str!("../../../deploy/envoy/spans-cluster.yaml");
const STATUS_LISTENER: &str = include_str!("../../../deploy/envoy/status-listener.yaml");
const ADMINISTRATION_CLUSTER: &str = include_str!("../../../deploy/envoy/administration-cluster.yaml");
const ENDPOINT: &str = include_str!("../../../deploy/envoy/endpoint.yaml");
const CERTIFICATE: &str = include_str!("../../../deploy/envoy/certificate.yaml");
const AUTHORITIES: &str = include_str!("../../../deploy/envoy/authorities.yaml");

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

/// What has never reached a replica may be sent to another one, whatever it is.
const NEVER_ARRIVED: &str = "connect-failure,refused-stream";

/// What only reads may also be repeated when a replica broke off, or said that it cannot now.
const MAY_BE_REPEATED: &str = "connect-failure,refused-stream,reset,unavailable";

/// What a caller says about the trace that its request is part of (W3C Trace Context).
const TRACE_HEADERS: &[&str] = &["traceparent", "tracestate"];

/// Spans go out soon: whoever traces a call looks at it now.
const SPANS_RUNTIME: &str = "\
layered_runtime:
  layers:
    - name: spans
      static_layer:
        tracing.opentelemetry.flush_interval_ms: 1000
        tracing.opentelemetry.min_flush_spans: 64
";

/// The filled-in values are nested this deep in the text.
const INDENTATION: &str = "                        ";

/// Whose pages may call Bailiwick from a browser on a laptop.
pub const CORS_ORIGINS: &[&str] = &["https://console.localhost"];

/// The descriptors of the RPCs lie beside the configuration, by this name.
pub const DESCRIPTORS_FILE: &str = "descriptors.bin";

/// So does what says where its certificate and key, and who vouches for others, are read from.
pub const SECRET_FILES: [&str; 2] = ["certificate.yaml", "authorities.yaml"];

impl Settings {
    /// A gateway on this machine, before the example upstream, with its configuration in `folder`.
    ///
    /// # Errors
    /// If a path cannot be made absolute.
    pub fn local(folder: &Path, ports: &Ports, certificate: &CertificateFiles, authority: &Path) -> Result<Self> {
        let absolute = |path: &Path| {
            std::path::absolute(path).map_err(|error| Error::new(format!("{} has no place: {error}", path.display())))
        };
        let here = |port: &u16| format!("127.0.0.1:{port}");
        let addresses = |service: Part| ports.contracts(service).iter().map(here).collect();
        Ok(Self {
            listen: ([127, 0, 0, 1], ports.gateway).into(),
            admin_listen: ([127, 0, 0, 1], ports.gateway_admin).into(),
            status_listen: None,
            trust_domain: TRUST_DOMAIN.to_owned(),
            certificate_file: absolute(&certificate.certificate)?,
            key_file: absolute(&certificate.key)?,
            ca_file: absolute(authority)?,
            descriptors_file: absolute(&folder.join(DESCRIPTORS_FILE))?,
            access_log_file: absolute(&folder.join("access.log"))?,
            services: SERVICES.map(|service| (service.name().to_owned(), addresses(service))).into(),
            upstreams: vec![Upstream {
                name: "documents".to_owned(),
                hosts: vec![DOCUMENTS_HOST.to_owned()],
                addresses: vec![here(&ports.documents)],
                health_path: "/healthz".to_owned(),
            }],
            cors_origins: CORS_ORIGINS.iter().map(|origin| (*origin).to_owned()).collect(),
            limits: Limits::local(),
            tracing: None,
        })
    }

    /// Writes the configuration, and beside it the descriptors that JSON is read by and what names the files of certificates.
    ///
    /// # Errors
    /// If a setting cannot be, or a file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        place::write_private(&path.with_file_name(DESCRIPTORS_FILE), contract::DESCRIPTORS)?;
        for (name, text) in SECRET_FILES.into_iter().zip(self.secrets()?) {
            place::write_private(&path.with_file_name(name), text.as_bytes())?;
        }
        place::write_private(path, self.render()?.as_bytes())
    }

    /// What Envoy reads its certificate by, and those who vouch for others: the contents of [`SECRET_FILES`], which lie where the
    /// descriptors do.
    ///
    /// # Errors
    /// If a path cannot stand in it.
    pub fn secrets(&self) -> Result<[String; 2]> {
        let files = [("CERTIFICATE_FILE", text(&self.certificate_file)?), ("KEY_FILE", text(&self.key_file)?)];
        Ok([fill(CERTIFICATE, &files), fill(AUTHORITIES, &[("CA_FILE", text(&self.ca_file)?)])])
    }

    /// Envoy's configuration, in YAML.
    ///
    /// # Errors
    /// If a setting cannot be.
    pub fn render(&self) -> Result<String> {
        self.validate()?;
        // What cannot stand there is refused before anything is written.
        self.secrets()?;
        let clusters = SERVICES.iter().map(|service| self.service_cluster(*service)).collect::<Result<Vec<_>>>()?;
        let upstreams = self.upstreams.iter().map(upstream_cluster).collect::<Result<Vec<_>>>()?;
        let spans_cluster = match &self.tracing {
            Some(Tracing { collector, .. }) => cluster(SPANS_CLUSTER, std::slice::from_ref(collector), &[])?,
            None => String::new(),
        };
        let [certificate, authorities] = SECRET_FILES.map(|name| self.descriptors_file.with_file_name(name));
        let text = fill(
            BOOTSTRAP,
            &[
                ("STRIPPED_HEADERS", &stripped_headers(self.tracing.as_ref())),
                ("SERVICE_ROUTES", &service_routes()),
                ("SERVICE_CLUSTERS", clusters.concat().trim_end()),
                ("UPSTREAM_HOSTS", self.upstreams.iter().map(upstream_host).collect::<String>().trim_end()),
                ("UPSTREAM_CLUSTERS", upstreams.concat().trim_end()),
                ("TRACING", self.tracing.as_ref().map(tracing).unwrap_or_default().trim_end()),
                ("SPANS_CLUSTER", spans_cluster.trim_end()),
                ("STATUS_LISTENER", self.status_listen.map(status_listener).unwrap_or_default().trim_end()),
                ("ADMINISTRATION_CLUSTER", self.status_listen.map_or("", |_| ADMINISTRATION_CLUSTER.trim_end())),
                ("SPANS_RUNTIME", if self.tracing.is_some() { SPANS_RUNTIME } else { "" }),
                ("LISTEN_ADDRESS", &self.listen.ip().to_string()),
                ("GATEWAY_PORT", &self.listen.port().to_string()),
                ("ADMIN_ADDRESS", &self.admin_listen.ip().to_string()),
                ("ADMIN_PORT", &self.admin_listen.port().to_string()),
                ("TRUST_DOMAIN", &self.trust_domain),
                ("CERTIFICATE_SECRET_FILE", text(&certificate)?),
                ("AUTHORITIES_SECRET_FILE", text(&authorities)?),
                ("DESCRIPTORS_FILE", text(&self.descriptors_file)?),
                ("TRANSCODED_SERVICES", &transcoded_services()),
                ("CORS_ORIGINS", &self.cors_origins()),
                ("ACCESS_LOG_FILE", text(&self.access_log_file)?),
            ],
        );
        let text =
            self.limits.named().iter().fold(text, |text, (name, value)| fill(&text, &[(name, &value.to_string())]));
        whole(text)
    }

    fn service_cluster(&self, service: Part) -> Result<String> {
        let addresses = self.services.get(service.name()).map_or(&[] as &[String], Vec::as_slice);
        cluster(SERVICE_CLUSTER, addresses, &[("SERVICE", service.name())])
    }

    fn cors_origins(&self) -> String {
        self.cors_origins.iter().map(|origin| format!("{{ exact: \"{origin}\" }}")).collect::<Vec<_>>().join(", ")
    }
}

fn status_listener(listen: SocketAddr) -> String {
    fill(STATUS_LISTENER, &[("STATUS_ADDRESS", &listen.ip().to_string()), ("STATUS_PORT", &listen.port().to_string())])
}

/// The text, if everything in it is filled in.
fn whole(text: String) -> Result<String> {
    match text.split('@').find(|word| is_name(word)) {
        Some(left) => Err(Error::new(format!("deploy/envoy has a @{left}@ that nothing fills in"))),
        None => Ok(text),
    }
}

fn upstream_cluster(upstream: &Upstream) -> Result<String> {
    let values = [("UPSTREAM", upstream.name.as_str()), ("HEALTH_PATH", &upstream.health_path)];
    cluster(UPSTREAM_CLUSTER, &upstream.addresses, &values)
}

fn upstream_host(upstream: &Upstream) -> String {
    fill(UPSTREAM_HOST, &[("UPSTREAM", &upstream.name), ("HOSTS", &upstream.hosts.join(", "))])
}

/// The cluster with these addresses. Names are looked up again and again; numbers stay what they are.
fn cluster(template: &str, addresses: &[String], values: &[(&str, &str)]) -> Result<String> {
    let (mut endpoints, mut are_numbers) = (String::new(), true);
    for address in addresses {
        let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
        let Some((host, port)) = parts.filter(|(host, _)| is_address(host)) else {
            return Err(Error::new(format!("{address:?} is not host:port")));
        };
        let host = host.trim_matches(['[', ']']);
        are_numbers &= host.parse::<IpAddr>().is_ok();
        endpoints.push_str(&fill(ENDPOINT, &[("ADDRESS", &format!("\"{host}\"")), ("PORT", &port.to_string())]));
    }
    let discovery = if are_numbers { "STATIC" } else { "STRICT_DNS" };
    let text = fill(template, &[("ENDPOINTS", endpoints.trim_end()), ("DISCOVERY", discovery)]);
    Ok(fill(&text, values))
}

fn is_address(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.[]:".contains(&byte))
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

fn tracing(tracing: &Tracing) -> String {
    fill(TRACING, &[("SAMPLED_OF_A_MILLION", &format!("{:.0}", tracing.sampled_percent * 10_000.0))])
}

fn stripped_headers(tracing: Option<&Tracing>) -> String {
    // Whoever may say that a call is sampled makes work for everybody.
    let is_believed = tracing.is_none_or(|tracing| tracing.callers_are_believed);
    let of_traces = if is_believed { &[] } else { TRACE_HEADERS };
    let mut lines: Vec<String> =
        STRIPPED_HEADERS.iter().chain(of_traces).map(|header| format!("{INDENTATION}- remove: {header}")).collect();
    // What Envoys tell each other steers retries, timeouts and addresses.
    lines.push(format!("{INDENTATION}- remove_on_match: {{ key_matcher: {{ prefix: \"x-envoy-\" }} }}"));
    lines.join("\n")
}

fn service_routes() -> String {
    // The first that matches is taken: those that may be repeated, one by one, and then everything of a service.
    let idempotent = RPCS
        .iter()
        .filter(|rpc| may_be_repeated(rpc))
        .map(|rpc| service_route("path", rpc.path, rpc.service, MAY_BE_REPEATED));
    let own = SERVICES
        .map(Part::name)
        .map(|service| service_route("prefix", &format!("/bailiwick.{service}.v1."), service, NEVER_ARRIVED));
    let web = WEB_PATHS.iter().map(|web| {
        let retry_on = if web.repeatable { MAY_BE_REPEATED } else { NEVER_ARRIVED };
        service_route("path", web.path, web.service, retry_on)
    });
    let foreign = FOREIGN.iter().map(|(prefix, service)| service_route("prefix", prefix, service, NEVER_ARRIVED));
    idempotent.chain(own).chain(web).chain(foreign).collect::<Vec<_>>().join("\n")
}

fn service_route(matching: &str, path: &str, service: &str, retry_on: &str) -> String {
    format!(
        "{INDENTATION}- match: {{ {matching}: \"{path}\" }}\n{INDENTATION}  route: {{ cluster: {service}, timeout: 60s, \
         max_stream_duration: {{ max_stream_duration: 60s, grpc_timeout_header_max: 60s }}, \
         retry_policy: {{ retry_on: \"{retry_on}\", num_retries: 2, \
         retry_back_off: {{ base_interval: 0.005s, max_interval: 0.02s }}, \
         retry_host_predicate: [{{ name: envoy.retry_host_predicates.previous_hosts, typed_config: {{ \
         \"@type\": type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate }} }}], \
         host_selection_retry_max_attempts: 3 }} }}"
    )
}

/// What only reads. A change that was made but not answered would be refused the second time, or made twice: its caller decides.
fn may_be_repeated(rpc: &Rpc) -> bool {
    is_from_outside(rpc) && rpc.idempotent && rpc.audit_action.is_empty()
}

/// Whether callers from outside may reach it.
fn is_from_outside(rpc: &Rpc) -> bool {
    !rpc.service.is_empty() && matches!(rpc.entry, Entry::Edge | Entry::Mesh)
}

/// The gRPC services that callers from outside may reach, in quotes.
fn transcoded_services() -> String {
    let from_outside = RPCS.iter().filter(|rpc| is_from_outside(rpc));
    let names: BTreeSet<&str> = from_outside.filter_map(|rpc| rpc.path.split('/').nth(1)).collect();
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("@{name}@"), value))
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// A path as it can stand between quotes.
fn text(path: &Path) -> Result<&str> {
    match path.to_str() {
        Some(text) if path.is_absolute() && !text.contains(['"', '\\', '\n', '@']) => Ok(text),
        _ => Err(Error::new(format!("Envoy's configuration cannot hold the path {}", path.display()))),
    }
}

#[cfg(test)]
mod tests;
