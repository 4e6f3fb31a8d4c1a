//! A tenant's routes as they are applied: read all together, with the place of every error.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::host;
use super::own_routes::is_own_audience;
use super::route::{Bind, CallerRequirement, Combine, Match, Mode, Need, ObjectNeed, OnError, Route};
use super::template::{PathTemplate, ResourceTemplate, Segment, is_member_name};

/// A route as its author wrote it.
#[derive(Clone, Debug, Default)]
pub(crate) struct RouteDraft {
    pub(crate) name: String,
    pub(crate) host: String,
    pub(crate) matching: Option<MatchDraft>,
    pub(crate) caller: Option<CallerRequirement>,
    pub(crate) scope: String,
    /// Resource and permission of each.
    pub(crate) permissions: Vec<(String, String)>,
    pub(crate) combine: Combine,
    pub(crate) audience: String,
    /// The names of the kinds; none for one that is unknown.
    pub(crate) credentials: Vec<Option<&'static str>>,
    pub(crate) mode: Mode,
    pub(crate) on_error: OnError,
    pub(crate) bind: Bind,
    pub(crate) revocation_grace_seconds: Option<u32>,
}

/// Which requests it takes, as its author wrote it.
#[derive(Clone, Debug)]
pub(crate) enum MatchDraft {
    Http { method: String, path_template: String },
    Grpc { service: String, method: String },
}

/// A route that can be put in force.
#[derive(Clone, Debug)]
pub(crate) struct PolicyRoute {
    pub(crate) host: String,
    pub(crate) matching: Match,
    pub(crate) route: Arc<Route>,
}

/// What is wrong with one field of one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The route's place among those that were applied.
    pub(crate) index: usize,
    pub(crate) name: String,
    pub(crate) field: String,
    pub(crate) problem: String,
    /// Whether the only thing wrong is that the host is not the tenant's.
    pub(crate) host_not_owned: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "routes[{}] {:?}: {}: {}", self.index, self.name, self.field, self.problem)
    }
}

const NAME_CHARACTERS_MAX: usize = 63;
const SCOPE_CHARACTERS_MAX: usize = 128;
const AUDIENCE_CHARACTERS_MAX: usize = 128;
const GRPC_SERVICE_CHARACTERS_MAX: usize = 256;
const PERMISSIONS_MAX: usize = 8;
const GRACE_SECONDS: std::ops::RangeInclusive<u32> = 5..=3_600;
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Reads the routes of a tenant that owns these hosts.
///
/// # Errors
/// Everything that is wrong, in the order of the routes.
pub(crate) fn read(drafts: &[RouteDraft], owned: &HashSet<String>) -> Result<Vec<PolicyRoute>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut routes = Vec::with_capacity(drafts.len());
    let mut names: HashMap<&str, usize> = HashMap::new();
    let mut shapes: HashMap<String, usize> = HashMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        let mut reading = Reading { index, draft, faults: &mut faults };
        if let Some(first) = names.insert(&draft.name, index) {
            reading.fault("name", format!("is also the name of routes[{first}]"));
        }
        let Some(route) = reading.route(owned) else { continue };
        if let Some(first) = shapes.insert(shape(&route), index) {
            reading.fault("match", format!("takes the same requests as routes[{first}] {:?}", drafts[first].name));
        }
        routes.push(route);
    }
    if faults.is_empty() { Ok(routes) } else { Err(faults) }
}

/// What two routes that could tie have in common.
fn shape(PolicyRoute { host, matching, .. }: &PolicyRoute) -> String {
    match matching {
        Match::Grpc { path } => format!("{host} grpc {path}"),
        Match::Http { method, template } => {
            let segments = template.segments.iter().map(|segment| match segment {
                Segment::Literal(text) => format!("/{text}"),
                Segment::Capture { .. } => "/{}".to_owned(),
            });
            format!("{host} {method} {}", segments.collect::<String>())
        }
    }
}

struct Reading<'a> {
    index: usize,
    draft: &'a RouteDraft,
    faults: &'a mut Vec<Fault>,
}

impl Reading<'_> {
    fn fault(&mut self, field: impl Into<String>, problem: impl Into<String>) {
        let name = self.draft.name.chars().take(NAME_CHARACTERS_MAX).collect();
        let (field, problem) = (field.into(), problem.into());
        self.faults.push(Fault { index: self.index, name, field, problem, host_not_owned: false });
    }

    fn must(&mut self, holds: bool, field: &'static str, problem: &str) {
        if !holds {
            self.fault(field, problem);
        }
    }

    fn route(&mut self, owned: &HashSet<String>) -> Option<PolicyRoute> {
        let before = self.faults.len();
        let draft = self.draft;
        self.must(is_route_name(&draft.name), "name", "must be [a-z][a-z0-9-]{0,62}");
        self.host(owned);
        let matching = self.matching();
        let caller = self.caller();
        let need = self.need(matching.as_ref());
        let scope_form = draft.scope.is_empty() || is_dotted(&draft.scope, SCOPE_CHARACTERS_MAX, b"_.-");
        self.must(scope_form, "scope", "must be empty or [a-z][a-z0-9_.-]{0,127}");
        let audience = is_audience(&draft.audience);
        self.must(audience, "audience", "must be [a-z0-9][a-z0-9.-]{0,127}");
        let credentials = self.credentials();
        self.grace();
        self.must(!is_own_audience(&draft.audience), "audience", "is one of Bailiwick's own services");
        let (matching, caller, need, credentials) = (matching?, caller?, need?, credentials?);
        if self.faults.len() > before {
            return None;
        }
        let route = Route {
            name: draft.name.clone(),
            caller,
            scope: draft.scope.clone(),
            need,
            audience: draft.audience.clone(),
            credentials,
            mode: draft.mode,
            on_error: draft.on_error,
            bind: draft.bind,
            revocation_grace: draft.revocation_grace_seconds.map(|seconds| Duration::from_secs(seconds.into())),
        };
        Some(PolicyRoute { host: draft.host.clone(), matching, route: Arc::new(route) })
    }

    fn host(&mut self, owned: &HashSet<String>) {
        if !host::is_canonical(&self.draft.host) {
            self.fault("host", host::FORM);
        } else if !owned.contains(&self.draft.host) {
            self.fault("host", "is not a host of this tenant");
            if let Some(fault) = self.faults.last_mut() {
                fault.host_not_owned = true;
            }
        }
    }

    fn matching(&mut self) -> Option<Match> {
        match &self.draft.matching {
            None => {
                self.fault("match", "must be http or grpc");
                None
            }
            Some(MatchDraft::Http { method, path_template }) => {
                self.must(
                    METHODS.contains(&method.as_str()),
                    "http.method",
                    "must be one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
                );
                match PathTemplate::read(path_template) {
                    Ok(template) => Some(Match::Http { method: method.clone(), template }),
                    Err(problem) => {
                        self.fault("http.path_template", problem);
                        None
                    }
                }
            }
            Some(MatchDraft::Grpc { service, method }) => {
                let is_service = service.len() <= GRPC_SERVICE_CHARACTERS_MAX && service.split('.').all(is_identifier);
                self.must(
                    is_service,
                    "grpc.service",
                    "must be a full service name, for example example.documents.v1.DocumentService",
                );
                self.must(is_identifier(method), "grpc.method", "must be a method's name, for example ListDocuments");
                Some(Match::Grpc { path: format!("/{service}/{method}") })
            }
        }
    }

    fn caller(&mut self) -> Option<CallerRequirement> {
        let needs_somebody = !self.draft.scope.is_empty() || !self.draft.permissions.is_empty();
        match self.draft.caller {
            None => {
                self.fault("caller", "must be NONE, OPTIONAL or REQUIRED");
                None
            }
            Some(CallerRequirement::None | CallerRequirement::Optional) if needs_somebody => {
                self.fault("caller", "must be REQUIRED where there is a scope or a permission");
                None
            }
            Some(caller) => Some(caller),
        }
    }

    fn need(&mut self, matching: Option<&Match>) -> Option<Need> {
        let given = self.draft.permissions.len();
        self.must(
            given <= PERMISSIONS_MAX,
            "permissions",
            &format!("are {given}, and a route may have {PERMISSIONS_MAX}"),
        );
        let captures: Vec<&str> = match matching {
            Some(Match::Http { template, .. }) => template.captures().collect(),
            Some(Match::Grpc { .. }) | None => Vec::new(),
        };
        let mut needs = Vec::with_capacity(given);
        for (index, (resource, permission)) in self.draft.permissions.iter().enumerate() {
            if !is_member_name(permission) {
                let form = "must be a permission's name: 3 to 64 characters of a-z, 0-9 and _";
                self.fault(format!("permissions[{index}].permission"), form);
            }
            match ResourceTemplate::read(resource, &captures) {
                Ok(resource) => needs.push(ObjectNeed { resource, permission: permission.clone() }),
                Err(problem) => self.fault(format!("permissions[{index}].resource"), problem),
            }
        }
        match needs.len() {
            0 if given == 0 => Some(Need::Nothing),
            read if read == given => Some(Need::OnObjects { needs, combine: self.draft.combine }),
            _ => None,
        }
    }

    /// Which kinds of credential are taken, where somebody may show one.
    fn credentials(&mut self) -> Option<Vec<&'static str>> {
        let kinds: Option<Vec<_>> = self.draft.credentials.iter().copied().collect();
        self.must(kinds.is_some(), "credentials", "must be API_KEY, ACCESS_TOKEN or CLIENT_CERTIFICATE");
        let looked_at = self.draft.caller != Some(CallerRequirement::None) || self.draft.credentials.is_empty();
        self.must(looked_at, "credentials", "must be absent where no credential is looked at (caller NONE)");
        kinds
    }

    fn grace(&mut self) {
        let in_range = self.draft.revocation_grace_seconds.is_none_or(|seconds| GRACE_SECONDS.contains(&seconds));
        self.must(in_range, "revocation_grace_seconds", "must be 5 to 3600, or absent");
    }
}

fn is_route_name(name: &str) -> bool {
    is_dotted(name, NAME_CHARACTERS_MAX, b"-")
}

fn is_dotted(text: &str, characters_max: usize, also: &[u8]) -> bool {
    (1..=characters_max).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || also.contains(&byte))
}

fn is_audience(text: &str) -> bool {
    (1..=AUDIENCE_CHARACTERS_MAX).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte))
}

fn is_identifier(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests;
