//! The file that routes are written in, for people: YAML, read into `bailiwick.gate.v1.Route`.
//!
//! ```
//! let text = "
//! routes:
//!   - name: documents-read
//!     host: documents.example.com
//!     http: GET /v1/documents/{document:id}
//!     permission: document:{document}#view
//!     audience: documents
//!   - name: documents-list
//!     host: documents.example.com
//!     grpc: example.documents.v1.DocumentService/ListDocuments
//!     caller: required          # none, optional or required; required if absent
//!     scope: documents.read     # nothing in particular if absent
//!     audience: documents
//!   - name: documents-move
//!     host: documents.example.com
//!     http: PUT /v1/folders/{folder:id}/documents/{document:base64url}
//!     permissions:              # or `any:`
//!       all:
//!         - folder:{folder}#edit
//!         - document:{document}#edit
//!     credentials: [ api_key ]  # api_key, access_token, client_certificate; every kind if absent
//!     mode: shadow              # enforce or shadow; enforce if absent
//!     on_error: allow           # deny or allow; deny if absent
//!     bind: request             # route or request; route if absent
//!     revocation_grace_seconds: 10
//!     audience: documents
//! ";
//! let routes = cli::routes_file::parse(text)?;
//! assert_eq!(routes[0].route.name, "documents-read");
//! assert_eq!(routes[0].line, Some(3));
//! # Ok::<(), cli::routes_file::RoutesFileError>(())
//! ```
//!
//! An unknown key is refused with its line. What the routes mean together (hosts, captures, ties) only gate can tell.

mod choices;
mod form;

use contract::gate::v1::route::Match;
use contract::gate::v1::{CallerRequirement, PermissionsMode, Route};

use form::File;
pub(crate) use form::RouteForm;

/// The most routes of a tenant.
pub const ROUTES_MAX: usize = 10_000;

/// A route, and the line that it begins on.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// From 1; nothing if the route is written so that it cannot be told.
    pub line: Option<usize>,
    /// The route.
    pub route: Route,
}

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RoutesFileError {
    /// It is not YAML, or not of the form above. The text names line and column.
    #[error("{0}")]
    Malformed(#[from] serde_norway::Error),
    /// It holds more than [`ROUTES_MAX`].
    #[error("it has {0} routes, and a tenant can have {ROUTES_MAX}")]
    TooMany(usize),
    /// Two routes have one name.
    #[error("line {line}: there is a route `{name}` already")]
    Repeated {
        /// Where the later one begins; 0 if it cannot be told.
        line: usize,
        /// The name.
        name: String,
    },
}

/// Reads a file of routes.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn parse(text: &str) -> Result<Vec<Placed>, RoutesFileError> {
    let File { routes } = serde_norway::from_str(text)?;
    if routes.len() > ROUTES_MAX {
        return Err(RoutesFileError::TooMany(routes.len()));
    }
    let mut lines = NameLines::of(text);
    let mut names = std::collections::HashSet::new();
    let mut placed = Vec::with_capacity(routes.len());
    for form in routes {
        let line = lines.next_of(&form.name);
        if !names.insert(form.name.clone()) {
            return Err(RoutesFileError::Repeated { line: line.unwrap_or(0), name: form.name });
        }
        placed.push(Placed { line, route: form.into_route() });
    }
    Ok(placed)
}

/// What a route matches, in one line: `GET /v1/documents/{document:id}` or `example.Service/Method`.
pub fn write_match(route: &Route) -> String {
    match &route.r#match {
        Some(Match::Http(http)) => format!("{} {}", http.method, http.path_template),
        Some(Match::Grpc(grpc)) => format!("{}/{}", grpc.service, grpc.method),
        None => String::new(),
    }
}

/// Who must be calling, as the file has it.
pub fn write_caller(caller: CallerRequirement) -> &'static str {
    match caller {
        CallerRequirement::None => "none",
        CallerRequirement::Optional => "optional",
        CallerRequirement::Required => "required",
        CallerRequirement::Unspecified => "unknown",
    }
}

/// What the caller must be allowed, as the file has it; nothing if that is nothing.
pub fn write_permission(route: &Route) -> String {
    let sign = match route.permissions_mode() {
        PermissionsMode::Any => " | ",
        PermissionsMode::All | PermissionsMode::Unspecified => " & ",
    };
    let needed = route.permissions.iter().map(|needed| format!("{}#{}", needed.resource, needed.permission));
    needed.collect::<Vec<_>>().join(sign)
}

/// The lines with a `name:` on them: the YAML reader does not tell where a value stood.
struct NameLines<'a> {
    lines: std::vec::IntoIter<(usize, &'a str)>,
}

impl<'a> NameLines<'a> {
    fn of(text: &'a str) -> Self {
        let named = text.lines().enumerate().filter_map(|(index, line)| {
            let value = line.trim_start().trim_start_matches("- ").trim_start().strip_prefix("name:")?;
            let value = value.split(" #").next().unwrap_or(value);
            Some((index + 1, value.trim().trim_matches(['"', '\''])))
        });
        Self { lines: named.collect::<Vec<_>>().into_iter() }
    }

    /// The next line that names this route. A route that is written in another way has none.
    fn next_of(&mut self, name: &str) -> Option<usize> {
        let ahead = self.lines.as_slice().iter().position(|(_, value)| *value == name)?;
        self.lines.nth(ahead).map(|(line, _)| line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "routes:
  - name: read
    host: documents.example.com
    http: GET /v1/documents/{document:id}
    permission: document:{document}#view
    audience: documents
  - name: \"list\"
    host: documents.example.com
    grpc: {service: example.v1.Documents, method: List}
    caller: optional
    credentials: [api_key, access_token]
    mode: shadow
    on_error: allow
    bind: request
    revocation_grace_seconds: 10
    audience: documents
";

    fn refusal(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_file_of_routes_becomes_messages_with_their_lines() {
        let routes = parse(GOOD).unwrap();
        assert_eq!(routes.iter().map(|placed| placed.line).collect::<Vec<_>>(), [Some(2), Some(7)]);
        let shown: Vec<_> = routes.iter().map(|placed| write_match(&placed.route)).collect();
        assert_eq!(shown, ["GET /v1/documents/{document:id}", "example.v1.Documents/List"]);
        assert_eq!(write_permission(&routes[0].route), "document:{document}#view");
        assert_eq!(routes[0].route.caller(), CallerRequirement::Required);
        assert_eq!(routes[1].route.caller(), CallerRequirement::Optional);
    }

    #[test]
    fn what_is_written_reads_back() {
        let routes = parse(GOOD).unwrap();
        let forms: Vec<_> = routes.iter().map(|placed| RouteForm::of(&placed.route)).collect();
        let text = serde_json::to_string(&serde_json::json!({ "routes": forms })).unwrap();
        let again: Vec<_> = parse(&text).unwrap().into_iter().map(|placed| placed.route).collect();
        assert_eq!(again, routes.into_iter().map(|placed| placed.route).collect::<Vec<_>>());
    }

    #[test]
    fn several_permissions_are_all_or_any() {
        let write = |permissions: &str| GOOD.replace("permission: document:{document}#view", permissions);
        let shown = |permissions: &str| write_permission(&parse(&write(permissions)).unwrap()[0].route);
        assert_eq!(
            shown("permissions: {all: ['document:x#view', 'document:y#edit']}"),
            "document:x#view & document:y#edit"
        );
        assert_eq!(
            shown("permissions: {any: ['document:x#view', 'document:y#edit']}"),
            "document:x#view | document:y#edit"
        );
        for wrong in
            ["permissions: {}", "permissions: {all: ['d:x#view'], any: ['d:x#view']}", "permissions: {some: []}"]
        {
            assert!(refusal(&write(wrong)).contains("line"), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let refusal = refusal(&GOOD.replace("permission:", "permision:"));
        assert!(refusal.contains("`permision`") && refusal.contains("line 5"), "{refusal}");
    }

    #[test]
    fn a_value_that_is_not_of_its_form_is_refused_with_its_line() {
        let bad = [
            ("GET /v1", "FETCH /v1", "line 4"),
            ("GET /v1", "GET v1", "line 4"),
            ("{document}#view", "{document}", "line 5"),
            ("caller: optional", "caller: maybe", "line 10"),
            ("method: List}", "method: List, x: y}", "line 9"),
            ("http: GET /v1/documents/{document:id}\n", "scope: a\n", "line 2"),
        ];
        for (from, to, line) in bad {
            let refusal = refusal(&GOOD.replace(from, to));
            assert!(refusal.contains(line), "{from} → {to}: {refusal}");
        }
    }

    #[test]
    fn two_routes_of_one_name_are_refused() {
        assert_eq!(refusal(&GOOD.replace("\"list\"", "read")), "line 7: there is a route `read` already");
    }

    #[test]
    fn a_file_has_no_more_routes_than_a_tenant() {
        let route = "{name: a, host: h, http: GET /, audience: d}";
        let text = format!("routes: [{}]", vec![route; ROUTES_MAX + 1].join(","));
        assert_eq!(refusal(&text), "it has 10001 routes, and a tenant can have 10000");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(routes:|name:|http:|[-{}\\[\\]&*:, \n\"'a])*") {
            let _ = parse(&text);
        }
    }
}
