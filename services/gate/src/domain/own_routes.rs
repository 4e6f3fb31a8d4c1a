//! The routes of what the plane's services answer, from the tables of RPCs and of paths in HTTP: Bailiwick's own API, and contracts of
//! others. No policy can override them, so none can lock its author out.

use std::collections::HashMap;
use std::sync::Arc;

use contract::rpc::{Entry, RPCS, Rpc};
use contract::web::{WEB_PATHS, WebPath};

use super::route::{Bind, CallerRequirement, Mode, Need, OnError, Route};

/// The routes by path.
#[derive(Clone, Debug)]
pub(crate) struct OwnRoutes {
    rpcs: HashMap<&'static str, Arc<Route>>,
    web: HashMap<&'static str, (&'static str, Arc<Route>)>,
}

impl OwnRoutes {
    /// Every RPC that callers from outside may reach, and every path in HTTP.
    ///
    /// # Errors
    /// If the table asks for a permission that gate cannot ask about.
    pub(crate) fn compile() -> Result<Self, String> {
        let from_outside = RPCS.iter().filter(|rpc| !rpc.service.is_empty()).filter(|rpc| match rpc.entry {
            Entry::Edge | Entry::Mesh => true,
            Entry::Peer | Entry::Open => false,
        });
        let rpcs = from_outside.map(|rpc| Ok((rpc.path, Arc::new(route(rpc)?)))).collect::<Result<_, String>>()?;
        let web = WEB_PATHS.iter().map(|path| (path.path, (path.method, Arc::new(web_route(path))))).collect();
        Ok(Self { rpcs, web })
    }

    /// The route of the RPC at `/package.Service/Method`.
    pub(crate) fn find(&self, path: &str) -> Option<Arc<Route>> {
        self.rpcs.get(path).cloned()
    }

    /// The route of a request that is no gRPC call.
    pub(crate) fn find_web(&self, method: &str, path: &str) -> Option<Arc<Route>> {
        let (taken, route) = self.web.get(path)?;
        (*taken == method).then(|| Arc::clone(route))
    }
}

fn route(rpc: &Rpc) -> Result<Route, String> {
    let need = match rpc.permission.split_once('#') {
        None if rpc.permission.is_empty() => Need::Nothing,
        Some(("tenant", permission)) => Need::OnOwnTenant { permission: permission.to_owned() },
        Some(("system", permission)) => Need::OnInstallation { permission: permission.to_owned() },
        None | Some(_) => {
            return Err(format!("{} needs {:?}, which is no permission of ours", rpc.path, rpc.permission));
        }
    };
    let caller = if rpc.anonymous { CallerRequirement::Optional } else { CallerRequirement::Required };
    Ok(Route {
        name: rpc.path.to_owned(),
        caller,
        scope: rpc.scope.to_owned(),
        need,
        audience: rpc.service.to_owned(),
        credentials: Vec::new(),
        mode: Mode::Enforce,
        on_error: OnError::Deny,
        bind: Bind::Route,
        revocation_grace: None,
    })
}

/// Nobody is asked for a credential of ours: these paths authenticate their clients themselves, and may show what is theirs.
fn web_route(path: &WebPath) -> Route {
    Route {
        name: path.path.to_owned(),
        caller: CallerRequirement::None,
        scope: String::new(),
        need: Need::Nothing,
        audience: path.service.to_owned(),
        credentials: Vec::new(),
        mode: Mode::Enforce,
        on_error: OnError::Deny,
        bind: Bind::Route,
        revocation_grace: None,
    }
}

/// Whether this is the audience of one of our own services: no route of a tenant may speak to it.
pub(crate) fn is_own_audience(audience: &str) -> bool {
    RPCS.iter().any(|rpc| !rpc.service.is_empty() && rpc.service == audience)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rpc_from_outside_has_a_route_and_none_between_services_has() {
        let own = OwnRoutes::compile().unwrap();
        for rpc in RPCS {
            let expected = !rpc.service.is_empty() && matches!(rpc.entry, Entry::Edge | Entry::Mesh);
            assert_eq!(own.find(rpc.path).is_some(), expected, "{}", rpc.path);
        }
        assert!(own.find("/bailiwick.identity.v1.PeerService/AuthenticateApiKey").is_none());
        assert!(own.find("/authzed.api.v1.PermissionsService/CheckPermission").is_some());
        assert!(own.find("/envoy.service.auth.v3.Authorization/Check").is_none());
    }

    #[test]
    fn a_path_in_http_lets_everybody_in_by_its_method_alone() {
        let own = OwnRoutes::compile().unwrap();
        for path in WEB_PATHS {
            let route = own.find_web(path.method, path.path).unwrap();
            assert_eq!((&route.caller, &route.need), (&CallerRequirement::None, &Need::Nothing));
            assert!(own.find(path.path).is_none() && own.find_web("PUT", path.path).is_none());
        }
        assert!(own.find_web("GET", "/oauth2/token").is_none());
        assert!(own.find_web("POST", "/oauth2/token/").is_none());
    }

    #[test]
    fn what_the_assertion_will_say_is_what_the_service_expects() {
        let own = OwnRoutes::compile().unwrap();
        for rpc in RPCS {
            let Some(route) = own.find(rpc.path) else { continue };
            assert_eq!((route.name.as_str(), route.need.name().as_str()), (rpc.path, rpc.permission));
            assert_eq!((route.audience.as_str(), route.scope.as_str()), (rpc.service, rpc.scope));
        }
    }
}
