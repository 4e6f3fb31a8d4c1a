//! Which routes can be put in force, and what is said about the others.

use super::*;

const NONE: [&str; 0] = [];

fn owned() -> HashSet<String> {
    HashSet::from(["docs.example".to_owned()])
}

fn good(name: &str, path_template: &str) -> RouteDraft {
    RouteDraft {
        name: name.to_owned(),
        host: "docs.example".to_owned(),
        matching: Some(MatchDraft::Http { method: "GET".to_owned(), path_template: path_template.to_owned() }),
        caller: Some(CallerRequirement::Required),
        scope: "docs.read".to_owned(),
        permissions: vec![("document:{document}".to_owned(), "view".to_owned())],
        audience: "documents".to_owned(),
        ..RouteDraft::default()
    }
}

fn faults(drafts: &[RouteDraft]) -> Vec<String> {
    let faults = read(drafts, &owned()).err().unwrap_or_default();
    faults.iter().map(|fault| format!("{} {}", fault.index, fault.field)).collect()
}

#[test]
fn a_good_route_is_read() {
    let routes = read(&[good("read", "/v1/documents/{document:id}")], &owned()).unwrap();
    assert_eq!(routes[0].route.need.name(), "document#view");
    assert_eq!(read(&[], &owned()).map(|routes| routes.len()), Ok(0));
}

#[test]
fn every_error_is_said_with_its_route_and_field() {
    let template = "/v1/documents/{document:id}";
    let bad = [
        RouteDraft::default(),
        RouteDraft { host: "Docs.example".to_owned(), ..good("b", "/b/{document:id}") },
        good("c", "/c"),
        good("d", template),
    ];
    assert_eq!(
        faults(&bad),
        ["0 name", "0 host", "0 match", "0 caller", "0 audience", "1 host", "2 permissions[0].resource",]
    );
    let text = read(&bad, &owned()).unwrap_err()[6].to_string();
    assert!(text.starts_with("routes[2] \"c\": permissions[0].resource: names the capture \"document\""), "{text}");
}

#[test]
fn each_field_is_held_to_its_form() {
    let template = "/v1/documents/{document:id}";
    let grpc =
        |service: &str, method: &str| MatchDraft::Grpc { service: service.to_owned(), method: method.to_owned() };
    let http = |method: &str| MatchDraft::Http { method: method.to_owned(), path_template: template.to_owned() };
    let matching =
        |matching: MatchDraft, permissions| RouteDraft { matching: Some(matching), permissions, ..good("a", template) };
    let permission = |resource: &str, permission: &str| vec![(resource.to_owned(), permission.to_owned())];
    for (draft, field) in [
        (good("A", template), "name"),
        (good("1a", template), "name"),
        (good(&"a".repeat(64), template), "name"),
        (good("/bailiwick.gate.v1.RouteService/ApplyRoutes", template), "name"),
        (RouteDraft { scope: "a b".to_owned(), ..good("a", template) }, "scope"),
        (RouteDraft { scope: "a".repeat(129), ..good("a", template) }, "scope"),
        (RouteDraft { audience: "Documents".to_owned(), ..good("a", template) }, "audience"),
        (RouteDraft { audience: "a".repeat(129), ..good("a", template) }, "audience"),
        (RouteDraft { audience: "permissions".to_owned(), ..good("a", template) }, "audience"),
        (RouteDraft { audience: "gate".to_owned(), ..good("a", template) }, "audience"),
        (RouteDraft { caller: Some(CallerRequirement::Optional), ..good("a", template) }, "caller"),
        (
            RouteDraft { caller: Some(CallerRequirement::None), permissions: Vec::new(), ..good("a", template) },
            "caller",
        ),
        (
            RouteDraft { permissions: permission("document:{document}", "View"), ..good("a", template) },
            "permissions[0].permission",
        ),
        (RouteDraft { permissions: permission("document", "view"), ..good("a", template) }, "permissions[0].resource"),
        (
            RouteDraft {
                permissions: vec![("document:{document}".to_owned(), "view".to_owned()); 9],
                ..good("a", template)
            },
            "permissions",
        ),
        (RouteDraft { credentials: vec![Some("api_key"), None], ..good("a", template) }, "credentials"),
        (RouteDraft { revocation_grace_seconds: Some(4), ..good("a", template) }, "revocation_grace_seconds"),
        (RouteDraft { revocation_grace_seconds: Some(3_601), ..good("a", template) }, "revocation_grace_seconds"),
        (matching(http("get"), Vec::new()), "http.method"),
        (matching(http("CONNECT"), Vec::new()), "http.method"),
        (matching(grpc("a..B", "C"), Vec::new()), "grpc.service"),
        (matching(grpc("", "C"), Vec::new()), "grpc.service"),
        (matching(grpc(&"a".repeat(257), "C"), Vec::new()), "grpc.service"),
        (matching(grpc("a.B", "C/D"), Vec::new()), "grpc.method"),
        (matching(grpc("a.B", "C"), permission("document:{document}", "view")), "permissions[0].resource"),
    ] {
        assert_eq!(faults(std::slice::from_ref(&draft)), [format!("0 {field}")], "{draft:?}");
    }
    let longest = RouteDraft { scope: "a".repeat(128), audience: "a".repeat(128), ..good(&"a".repeat(63), template) };
    assert_eq!(faults(&[longest]), NONE);
}

#[test]
fn two_routes_that_could_tie_are_refused() {
    let first = good("a", "/v1/documents/{document:id}");
    let other_name_of_the_capture = RouteDraft { permissions: Vec::new(), ..good("b", "/v1/documents/{file:id}") };
    assert_eq!(faults(&[first.clone(), other_name_of_the_capture]), ["1 match"]);
    assert_eq!(faults(&[first.clone(), good("a", "/v1/files/{document:id}")]), ["1 name"]);
    let of_another_kind = good("b", "/v1/documents/{document:base64url}");
    let text = read(&[first.clone(), of_another_kind], &owned()).unwrap_err()[0].to_string();
    assert!(text.starts_with("routes[1] \"b\": match: ") && text.ends_with("routes[0] \"a\""), "{text}");
    assert_eq!(faults(&[first, good("b", "/v1/{document:id}/latest")]), NONE);
}

#[test]
fn a_host_that_is_anothers_is_said_to_be_not_owned() {
    let faults =
        read(&[RouteDraft { host: "globex.example".to_owned(), ..good("a", "/{document:id}") }], &owned()).unwrap_err();
    assert!(faults.len() == 1 && faults[0].host_not_owned);
}
