//! The sample's files, in the forms that `bailiwick` reads too. What is said here about a form is only what the sample uses.

use contract::gate::v1::route::Match;
use contract::gate::v1::{CallerRequirement, GrpcMatch, HttpMatch, PermissionRequirement, Route};
use contract::permissions::v1::{ObjectReference, Relationship, SubjectReference};
use serde::Deserialize;

use crate::error::{Error, Result};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoutesFile {
    routes: Vec<RouteForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteForm {
    name: String,
    host: String,
    http: Option<String>,
    grpc: Option<String>,
    #[serde(default)]
    caller: CallerForm,
    #[serde(default)]
    scope: String,
    permission: Option<String>,
    audience: String,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CallerForm {
    None,
    Optional,
    #[default]
    Required,
}

/// Reads a file of routes.
///
/// # Errors
/// If it is not of the form.
pub fn parse_routes(text: &str) -> Result<Vec<Route>> {
    let file: RoutesFile = serde_norway::from_str(text).map_err(|error| Error::new(format!("routes: {error}")))?;
    file.routes.into_iter().map(parse_route).collect()
}

fn parse_route(form: RouteForm) -> Result<Route> {
    let split = |text: Option<String>, separator: char| text.and_then(|text| split_in_two(&text, separator));
    let http = split(form.http, ' ').map(|(method, path_template)| Match::Http(HttpMatch { method, path_template }));
    let grpc = split(form.grpc, '/').map(|(service, method)| Match::Grpc(GrpcMatch { service, method }));
    let matched = http.or(grpc).ok_or_else(|| Error::new(format!("the route {} matches nothing", form.name)))?;
    let caller = match form.caller {
        CallerForm::None => CallerRequirement::None,
        CallerForm::Optional => CallerRequirement::Optional,
        CallerForm::Required => CallerRequirement::Required,
    };
    let permission = split(form.permission, '#');
    Ok(Route {
        name: form.name,
        host: form.host,
        r#match: Some(matched),
        caller: caller.into(),
        scope: form.scope,
        permission: permission.map(|(resource, permission)| PermissionRequirement { resource, permission }),
        audience: form.audience,
    })
}

/// Reads one relationship a line; lines that begin with `//` are for people.
///
/// # Errors
/// The first line that is none.
pub fn parse_relationships(text: &str) -> Result<Vec<Relationship>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.map(parse_relationship).collect()
}

/// Reads `type:id#relation@type:id` or `…@type:id#relation`.
///
/// # Errors
/// If it is something else.
pub fn parse_relationship(text: &str) -> Result<Relationship> {
    let parse = || {
        let (left, right) = text.split_once('@')?;
        let (resource, relation) = split_in_two(left, '#')?;
        let (subject, subject_relation) = right.split_once('#').unwrap_or((right, ""));
        let subject = SubjectReference { object: Some(object(subject)?), relation: subject_relation.to_owned() };
        Some(Relationship { resource: Some(object(&resource)?), relation, subject: Some(subject) })
    };
    parse().ok_or_else(|| Error::new(format!("{text:?} is not a relationship")))
}

fn object(text: &str) -> Option<ObjectReference> {
    split_in_two(text, ':').map(|(object_type, object_id)| ObjectReference { object_type, object_id })
}

fn split_in_two(text: &str, separator: char) -> Option<(String, String)> {
    text.split_once(separator).map(|(left, right)| (left.to_owned(), right.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::{RELATIONSHIPS, ROUTES};
    use super::*;

    #[test]
    fn the_samples_files_can_be_read() {
        assert_eq!(parse_relationships(RELATIONSHIPS).unwrap().len(), 22);
        assert_eq!(parse_routes(ROUTES).unwrap().len(), 6);
    }

    #[test]
    fn a_relationship_that_is_none_is_refused() {
        for bad in ["", "document:a", "document:a#viewer", "document#viewer@user:a", "document:a#viewer@user"] {
            assert!(parse_relationship(bad).is_err(), "{bad}");
        }
    }
}
