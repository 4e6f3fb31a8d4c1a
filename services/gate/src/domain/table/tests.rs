//! Which route takes a request, and that none takes another's.

use proptest::prelude::*;

use super::super::policy::{MatchDraft, RouteDraft, read};
use super::super::request::RawRequest;
use super::super::route::CallerRequirement;
use super::*;

const OWN: &str = "bailiwick.example";

fn http(name: &str, method: &str, path_template: &str) -> RouteDraft {
    let matching = MatchDraft::Http { method: method.to_owned(), path_template: path_template.to_owned() };
    draft(name, matching)
}

fn draft(name: &str, matching: MatchDraft) -> RouteDraft {
    RouteDraft {
        name: name.to_owned(),
        host: "docs.example".to_owned(),
        matching: Some(matching),
        caller: Some(CallerRequirement::None),
        audience: "documents".to_owned(),
        ..RouteDraft::default()
    }
}

fn table(drafts: &[RouteDraft]) -> Table {
    let mut table = Table::new(HashSet::from([OWN.to_owned()]), OwnRoutes::compile().unwrap());
    let hosts = HashSet::from(["docs.example".to_owned()]);
    let routes = read(drafts, &hosts).expect("the routes are good");
    table.replace(&"acme".parse().unwrap(), 1, &hosts, routes);
    table
}

fn request(host: &str, method: &str, target: &str, content_type: &str) -> Request {
    let headers = vec![("content-type".to_owned(), content_type.as_bytes().to_vec())];
    let [method, host, target] = [method, host, target].map(str::to_owned);
    let raw = RawRequest { method, host, target, headers, ..RawRequest::default() };
    Request::read(raw).expect("the request has one reading")
}

fn found(table: &Table, method: &str, target: &str) -> Result<(String, Vec<String>), Reason> {
    let found = table.find(&request("docs.example", method, target, "application/json"));
    found.map(|found| (found.route.name.clone(), found.captures)).map_err(|denial| denial.reason)
}

fn takes(table: &Table, method: &str, target: &str, name: &str, captures: &[&str]) {
    let captures = captures.iter().map(|capture| (*capture).to_owned()).collect();
    assert_eq!(found(table, method, target), Ok((name.to_owned(), captures)), "{method} {target}");
}

#[test]
fn a_literal_goes_before_a_capture_by_segment_from_the_left() {
    let table = table(&[
        http("any", "GET", "/v1/{a:id}/{b:id}"),
        http("documents", "GET", "/v1/documents/{document:id}"),
        http("latest", "GET", "/v1/{kind:id}/latest"),
        http("newest", "GET", "/v1/documents/newest"),
        http("root", "GET", "/"),
    ]);
    takes(&table, "GET", "/v1/documents/newest", "newest", &[]);
    takes(&table, "GET", "/v1/documents/latest", "documents", &["latest"]);
    takes(&table, "GET", "/v1/folders/latest", "latest", &["folders"]);
    takes(&table, "GET", "/v1/folders/f1?x=y", "any", &["folders", "f1"]);
    takes(&table, "GET", "/", "root", &[]);
}

#[test]
fn a_literal_that_leads_nowhere_gives_way_to_a_capture() {
    let table =
        table(&[http("a", "GET", "/v1/documents/{d:id}/pages"), http("b", "GET", "/v1/{kind:id}/{d:id}/history")]);
    takes(&table, "GET", "/v1/documents/d1/history", "b", &["documents", "d1"]);
    takes(&table, "GET", "/v1/documents/d1/pages", "a", &["d1"]);
    assert_eq!(found(&table, "GET", "/v1/documents/d1/other"), Err(Reason::RouteUnknown));
}

#[test]
fn what_no_route_names_is_unknown() {
    let table = table(&[http("read", "GET", "/v1/documents/{document:id}")]);
    for (method, target) in [
        ("POST", "/v1/documents/d1"),
        ("HEAD", "/v1/documents/d1"),
        ("GET", "/v1/documents"),
        ("GET", "/v1/documents/"),
        ("GET", "/v1/documents/d1/"),
        ("GET", "/v1/documents/d1/x"),
        ("GET", "/V1/documents/d1"),
        ("GET", "/"),
    ] {
        assert_eq!(found(&table, method, target), Err(Reason::RouteUnknown), "{method} {target}");
    }
    let deep = "/a".repeat(SEGMENTS_MAX + 1);
    assert_eq!(found(&table, "GET", &deep), Err(Reason::RouteUnknown));
}

#[test]
fn a_capture_that_is_no_object_id_is_ambiguous() {
    let table = table(&[http("read", "GET", "/v1/documents/{document:id}")]);
    takes(&table, "GET", "/v1/documents/a_b-c=d+e", "read", &["a_b-c=d+e"]);
    takes(&table, "GET", "/v1/documents/a%7Cb", "read", &["a|b"]);
    for target in
        ["/v1/documents/a.b", "/v1/documents/a:b", "/v1/documents/*", "/v1/documents/a%20b", "/v1/documents/caf%C3%A9"]
    {
        assert_eq!(found(&table, "GET", target), Err(Reason::RequestAmbiguous), "{target}");
    }
    let long = format!("/v1/documents/{}", "a".repeat(1_025));
    assert_eq!(found(&table, "GET", &long), Err(Reason::RequestAmbiguous));
}

#[test]
fn routes_that_share_a_way_capture_on_it_what_each_wants() {
    let table = table(&[http("a", "GET", "/v1/{a:id}/pages"), http("b", "GET", "/v1/{b:base64url}/notes")]);
    takes(&table, "GET", "/v1/a-b/pages", "a", &["a-b"]);
    takes(&table, "GET", "/v1/a.b/notes", "b", &["YS5i"]);
    assert_eq!(found(&table, "GET", "/v1/a.b/pages"), Err(Reason::RequestAmbiguous));
}

#[test]
fn ten_thousand_routes_of_a_host_are_no_deeper_than_ten() {
    let depth = |count: usize| {
        let routes: Vec<_> = (0..count).map(|n| http(&format!("r{n}"), "GET", &format!("/v1/r{n}/{{a:id}}"))).collect();
        let table = table(&routes);
        takes(&table, "GET", &format!("/v1/r{}/x", count - 1), &format!("r{}", count - 1), &["x"]);
        // One look-up a segment, in a map of all that may stand there.
        let root = &table.hosts["docs.example"].http["GET"];
        let v1 = &root.literals["v1"];
        (root.literals.len(), v1.literals.len(), v1.literals.values().all(|node| node.literals.is_empty()))
    };
    assert_eq!(depth(10), (1, 10, true));
    assert_eq!(depth(10_000), (1, 10_000, true));
}

#[test]
fn grpc_and_http_routes_of_one_path_are_two_routes() {
    let grpc = MatchDraft::Grpc { service: "a.B".to_owned(), method: "C".to_owned() };
    let table = table(&[draft("grpc", grpc), http("http", "POST", "/a.B/C")]);
    for (content_type, name) in [("application/grpc+proto", "grpc"), ("application/json", "http")] {
        let found = table.find(&request("docs.example", "POST", "/a.B/C", content_type)).unwrap();
        assert_eq!(found.route.name, name);
    }
    for target in ["/a.B/c", "/a.B/C/", "/a%2EB/C"] {
        assert!(table.find(&request("docs.example", "POST", target, "application/grpc")).is_err(), "{target}");
    }
}

#[test]
fn every_spelling_of_a_host_has_the_same_routes() {
    let table = table(&[http("root", "GET", "/")]);
    for host in ["docs.example", "DOCS.example", "docs.example:8443"] {
        assert!(table.find(&request(host, "GET", "/", "")).is_ok(), "{host}");
    }
    assert!(table.find(&request("other.example", "GET", "/", "")).is_err());
}

#[test]
fn an_own_host_takes_rpcs_over_grpc_and_nothing_else() {
    let table = table(&[]);
    let list = "/bailiwick.gate.v1.RouteService/ListRoutes";
    let found = table.find(&request(OWN, "POST", list, "application/grpc")).unwrap();
    assert_eq!((found.route.name.as_str(), found.tenant), (list, None));
    for (method, target, content_type) in [
        ("POST", list, "application/json"),
        ("POST", "/bailiwick.identity.v1.PeerService/Follow", "application/grpc"),
        ("POST", "/envoy.service.auth.v3.Authorization/Check", "application/grpc"),
        ("POST", "/grpc.health.v1.Health/Check", "application/grpc"),
        ("GET", "/", ""),
    ] {
        assert!(table.find(&request(OWN, method, target, content_type)).is_err(), "{target}");
    }
}

#[test]
fn what_one_tenant_applies_leaves_anothers_alone() {
    let mut table = table(&[http("root", "GET", "/")]);
    let globex: TenantId = "globex".parse().unwrap();
    let hosts = HashSet::from(["globex.example".to_owned()]);
    let route = RouteDraft { host: "globex.example".to_owned(), ..http("root", "GET", "/") };
    table.replace(&globex, 1, &hosts, read(&[route], &hosts).unwrap());
    table.replace(&globex, 1, &hosts, Vec::new());
    assert!(table.find(&request("docs.example", "GET", "/", "")).is_ok());
    assert!(table.find(&request("globex.example", "GET", "/", "")).is_err());
    assert_eq!(table.tenant_of("globex.example"), Some(&globex));
}

proptest! {
    #[test]
    fn nothing_is_ever_found_at_an_unknown_host(host in "[a-z]{1,8}(\\.[a-z]{1,8}){0,2}", target in "/[a-z/]{0,12}") {
        prop_assume!(host != "docs.example" && host != OWN);
        let table = table(&[http("root", "GET", "/"), http("any", "GET", "/{a:id}"), http("anys", "GET", "/{a:id}/{b:id}")]);
        let raw = RawRequest { method: "GET".to_owned(), host, target, ..RawRequest::default() };
        if let Ok(request) = Request::read(raw) {
            prop_assert!(table.find(&request).is_err());
        }
    }
}
