//! Which route takes a request: by look-up, never by trying one route after the other.
//!
//! The order is total: segment by segment from the left, a literal goes before a capture. Two routes of one shape are refused
//! when they are applied, so nothing is ever decided by chance.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chassis::TenantId;

use super::denial::{Denial, Reason};
use super::own_routes::OwnRoutes;
use super::path::SEGMENTS_MAX;
use super::policy::PolicyRoute;
use super::request::Request;
use super::route::{Match, Route};
use super::template::{CaptureKind, Segment};

/// The route that takes a request.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) route: Arc<Route>,
    /// The object ids that the path's captures stand for, in their order.
    pub(crate) captures: Vec<String>,
    /// The version of the tenant's routes; 0 for Bailiwick's own.
    pub(crate) version: u64,
    /// The owner of the host; none for Bailiwick's own hosts.
    pub(crate) tenant: Option<TenantId>,
}

/// Every host, with the routes in force.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    own_hosts: Arc<HashSet<String>>,
    own_routes: Arc<OwnRoutes>,
    hosts: HashMap<String, Arc<HostRoutes>>,
}

/// The routes of one host.
#[derive(Debug)]
pub(crate) struct HostRoutes {
    tenant: TenantId,
    version: u64,
    http: HashMap<String, Node>,
    grpc: HashMap<String, Arc<Route>>,
}

/// One place in the paths of a host.
#[derive(Debug, Default)]
struct Node {
    literals: HashMap<String, Node>,
    capture: Option<Box<Node>>,
    leaf: Option<Leaf>,
}

/// The route of one place. Routes that share the way here may capture other things on it.
#[derive(Clone, Debug)]
struct Leaf {
    route: Arc<Route>,
    kinds: Arc<[CaptureKind]>,
}

impl Table {
    /// A table of Bailiwick's own hosts alone.
    pub(crate) fn new(own_hosts: HashSet<String>, own_routes: OwnRoutes) -> Self {
        Self { own_hosts: Arc::new(own_hosts), own_routes: Arc::new(own_routes), hosts: HashMap::new() }
    }

    /// Whether a host is Bailiwick's own.
    pub(crate) fn is_own_host(&self, host: &str) -> bool {
        self.own_hosts.contains(host)
    }

    /// The owner of a host.
    pub(crate) fn tenant_of(&self, host: &str) -> Option<&TenantId> {
        self.hosts.get(host).map(|routes| &routes.tenant)
    }

    /// The version of a tenant's routes that is in force here; 0 for a tenant without hosts.
    pub(crate) fn version_of(&self, tenant: &TenantId) -> u64 {
        self.hosts.values().find(|routes| routes.tenant == *tenant).map_or(0, |routes| routes.version)
    }

    /// Puts a tenant's hosts and routes in the place of those that it had.
    pub(crate) fn replace(
        &mut self,
        tenant: &TenantId,
        version: u64,
        hosts: &HashSet<String>,
        routes: Vec<PolicyRoute>,
    ) {
        self.hosts.retain(|_, routes| routes.tenant != *tenant);
        let mut by_host: HashMap<String, HostRoutes> =
            hosts.iter().map(|host| (host.clone(), HostRoutes::new(tenant.clone(), version))).collect();
        for route in routes {
            if let Some(host) = by_host.get_mut(&route.host) {
                host.insert(route);
            }
        }
        self.hosts.extend(by_host.into_iter().map(|(host, routes)| (host, Arc::new(routes))));
    }

    /// Puts what a tenant has in another table in the place of what it had.
    pub(crate) fn keep(&mut self, tenant: &TenantId, other: &Self) {
        self.hosts.retain(|_, routes| routes.tenant != *tenant);
        let kept = other.hosts.iter().filter(|(_, routes)| routes.tenant == *tenant);
        self.hosts.extend(kept.map(|(host, routes)| (host.clone(), Arc::clone(routes))));
    }

    /// The route that takes the request, with its captures read.
    pub(crate) fn find(&self, request: &Request) -> Result<Found, Denial> {
        if self.is_own_host(&request.host) {
            let path = request.path.raw();
            let route = if request.is_grpc {
                self.own_routes.find(path)
            } else {
                self.own_routes.find_web(&request.method, path)
            };
            return route.map(|route| Found { route, captures: Vec::new(), version: 0, tenant: None }).ok_or_else(
                || unknown("Bailiwick's own host takes nothing but calls of its RPCs and what OAuth 2 asks for"),
            );
        }
        let host = self.hosts.get(&request.host).ok_or_else(|| unknown("the host is nobody's"))?;
        let (leaf, captured) = host.find(request).ok_or_else(|| unknown("the host has no route for this"))?;
        let mut captures = Vec::with_capacity(captured.len());
        for (segment, kind) in captured.into_iter().zip(leaf.kinds.iter()) {
            let length = segment.chars().count();
            let id = kind.id_of(segment);
            captures.push(
                id.ok_or_else(|| Denial::ambiguous(format!("the path has {length} characters where an id must be")))?,
            );
        }
        Ok(Found { route: leaf.route, captures, version: host.version, tenant: Some(host.tenant.clone()) })
    }
}

fn unknown(detail: &str) -> Denial {
    Denial::new(Reason::RouteUnknown, detail)
}

impl HostRoutes {
    fn new(tenant: TenantId, version: u64) -> Self {
        Self { tenant, version, http: HashMap::new(), grpc: HashMap::new() }
    }

    fn insert(&mut self, PolicyRoute { matching, route, .. }: PolicyRoute) {
        match matching {
            Match::Grpc { path } => {
                self.grpc.insert(path, route);
            }
            Match::Http { method, template } => {
                let kinds = template.kinds().into();
                let mut node = self.http.entry(method).or_default();
                for segment in template.segments {
                    node = match segment {
                        Segment::Literal(text) => node.literals.entry(text).or_default(),
                        Segment::Capture { .. } => node.capture.get_or_insert_default(),
                    };
                }
                node.leaf = Some(Leaf { route, kinds });
            }
        }
    }

    fn find(&self, request: &Request) -> Option<(Leaf, Vec<String>)> {
        if request.is_grpc {
            let route = self.grpc.get(request.path.raw()).map(Arc::clone)?;
            return Some((Leaf { route, kinds: Arc::default() }, Vec::new()));
        }
        let segments = request.path.segments();
        if segments.len() > SEGMENTS_MAX {
            return None;
        }
        let mut captures = Vec::new();
        let leaf = self.http.get(&request.method)?.find(segments, &mut captures)?;
        Some((leaf, captures))
    }
}

impl Node {
    /// The most specific route below here. Steps back where a literal led nowhere, so it visits no place twice and goes no deeper
    /// than a template is long.
    fn find(&self, segments: &[String], captures: &mut Vec<String>) -> Option<Leaf> {
        let [first, rest @ ..] = segments else { return self.leaf.clone() };
        if let Some(leaf) = self.literals.get(first).and_then(|node| node.find(rest, captures)) {
            return Some(leaf);
        }
        // The slash at a path's end makes an empty segment, which is nobody's id.
        let node = self.capture.as_ref().filter(|_| !first.is_empty())?;
        captures.push(first.clone());
        let leaf = node.find(rest, captures);
        if leaf.is_none() {
            captures.pop();
        }
        leaf
    }
}

#[cfg(test)]
mod tests;
