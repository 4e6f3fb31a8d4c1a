//! Scopes: what a credential may be used for.
//!
//! The plane's own scopes are those of its RPCs. All others are the users' business: their upstreams give them meaning, so whoever
//! may make keys may give them. But nobody gives a scope of the plane that their own credential lacks.

use std::collections::BTreeSet;

use chassis::{FieldInvalid, LimitExceeded};
use contract::rpc::RPCS;

use crate::error::Error;

/// How many scopes a credential may have.
pub(crate) const SCOPES_MAX: usize = 32;

/// How long a scope may be.
const CHARACTERS_MAX: usize = 64;

/// What the plane's scopes will begin with once its other services are there. Nobody may give those in advance.
const TO_COME: [&str; 3] = ["audit", "grants", "quota"];

/// Scopes: at most 32, each `[a-z][a-z0-9_.]{0,63}`, none of them twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scopes(Vec<String>);

impl Scopes {
    /// The scopes of a request.
    pub(crate) fn read(scopes: &[String]) -> Result<Self, Error> {
        if scopes.len() > SCOPES_MAX {
            let (max, given) = (SCOPES_MAX as u64, scopes.len() as u64);
            return Err(LimitExceeded { limit: "api_key_scopes_max", max, given }.into());
        }
        for (index, scope) in scopes.iter().enumerate() {
            let problem = if !is_scope(scope) {
                "must be 1 to 64 characters of a-z, 0-9, _ and ., and begin with a letter"
            } else if scopes[..index].contains(scope) {
                "stands there twice"
            } else {
                continue;
            };
            return Err(FieldInvalid::new(format!("scopes[{index}]"), problem).into());
        }
        Ok(Self(scopes.to_vec()))
    }

    /// All of the plane's scopes: those of whoever administers the installation.
    pub(crate) fn all() -> Self {
        Self(plane().into_iter().map(str::to_owned).collect())
    }

    /// The plane's scopes within one tenant: those of its administrator.
    pub(crate) fn of_tenant() -> Self {
        Self(plane().into_iter().filter(|scope| first_segment(scope) != "system").map(str::to_owned).collect())
    }

    /// The scopes as they were kept.
    pub(crate) fn from_store(scopes: Vec<String>) -> Self {
        Self(scopes)
    }

    /// The first of these that the giver may not give: a scope of the plane that they do not hold.
    pub(crate) fn first_not_givable<'a>(&'a self, held: &[String]) -> Option<&'a str> {
        self.0.iter().map(String::as_str).find(|scope| is_of_plane(scope) && !holds(held, scope))
    }

    /// The first of these that is not among those.
    pub(crate) fn first_not_among<'a>(&'a self, held: &[String]) -> Option<&'a str> {
        self.0.iter().map(String::as_str).find(|scope| !holds(held, scope))
    }

    /// Those of these that are among those.
    pub(crate) fn among(&self, held: &[String]) -> Self {
        Self(self.0.iter().filter(|scope| holds(held, scope)).cloned().collect())
    }

    /// The scopes one by one.
    pub(crate) fn as_slice(&self) -> &[String] {
        &self.0
    }
}

fn holds(held: &[String], scope: &str) -> bool {
    held.iter().any(|other| other == scope)
}

fn is_scope(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.".contains(&byte);
    (1..=CHARACTERS_MAX).contains(&text.len())
        && text.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && text.bytes().all(inner)
}

/// The scopes that RPCs of the plane ask for.
fn plane() -> BTreeSet<&'static str> {
    RPCS.iter().map(|rpc| rpc.scope).filter(|scope| !scope.is_empty()).collect()
}

/// Whether a scope is the plane's own. One that begins as those do is, even if no RPC asks for it yet: otherwise somebody could
/// hold a scope before it means anything.
fn is_of_plane(scope: &str) -> bool {
    let first = first_segment(scope);
    TO_COME.contains(&first) || RPCS.iter().any(|rpc| !rpc.scope.is_empty() && first_segment(rpc.scope) == first)
}

fn first_segment(scope: &str) -> &str {
    scope.split('.').next().unwrap_or(scope)
}

#[cfg(test)]
mod tests {
    use chassis::{Reason, ServiceError as _};

    use super::*;

    fn scopes(scopes: &[&str]) -> Vec<String> {
        scopes.iter().map(|scope| (*scope).to_owned()).collect()
    }

    #[test]
    fn every_scope_that_an_rpc_asks_for_is_the_systems_administrators() {
        let all = Scopes::all();
        for rpc in RPCS.iter().filter(|rpc| !rpc.scope.is_empty()) {
            assert!(all.as_slice().contains(&rpc.scope.to_owned()), "{}", rpc.path);
        }
        assert!(Scopes::read(all.as_slice()).is_ok(), "they are scopes, and not too many");
    }

    #[test]
    fn a_tenants_administrator_has_no_scope_of_the_system() {
        let of_tenant = Scopes::of_tenant();
        assert!(of_tenant.as_slice().iter().all(|scope| !scope.starts_with("system")));
        assert!(of_tenant.as_slice().contains(&"identity.write".to_owned()));
    }

    #[test]
    fn a_scope_of_the_plane_is_given_only_by_its_holders() {
        let held = scopes(&["identity.read"]);
        let first =
            |wanted: &[&str]| Scopes::read(&scopes(wanted)).unwrap().first_not_givable(&held).map(str::to_owned);
        assert_eq!(first(&["identity.read", "documents.read", "a"]), None);
        for bad in ["identity.write", "system.read", "system", "identity.not_yet", "audit.read", "gate.write"] {
            assert_eq!(first(&["documents.read", bad]).as_deref(), Some(bad));
        }
    }

    #[test]
    fn scopes_not_of_their_form_are_refused_at_their_place() {
        for bad in ["", "A", "1a", ".a", "_a", "a-b", "a b", "a:b", "é", &"a".repeat(65)] {
            let refused = Scopes::read(&scopes(&["good", bad])).unwrap_err();
            assert_eq!(refused.metadata(), [("field", "scopes[1]".to_owned())], "{bad:?}");
        }
        assert!(Scopes::read(&scopes(&["a", "b", "a"])).unwrap_err().to_string().contains("scopes[2]"));
    }

    #[test]
    fn one_scope_too_many_names_the_limit() {
        let many: Vec<String> = (0..=SCOPES_MAX).map(|number| format!("a{number}")).collect();
        assert_eq!(Scopes::read(&many).unwrap_err().reason(), Reason::LimitExceeded);
        assert!(Scopes::read(&many[1..]).is_ok());
    }
}
