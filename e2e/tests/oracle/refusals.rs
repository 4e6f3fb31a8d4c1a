//! Requests at the edges of the contract: both answer, or both refuse with the same code.

use contract::authzed::api::v1::precondition::Operation as Expected;
use contract::authzed::api::v1::relationship_update::Operation;
use contract::authzed::api::v1::subject_filter::RelationFilter;
use contract::authzed::api::v1::{
    CheckPermissionRequest, ExpandPermissionTreeRequest, ObjectReference, Precondition, ReadRelationshipsRequest,
    Relationship, RelationshipFilter, RelationshipUpdate, SubjectFilter, SubjectReference, WriteRelationshipsRequest,
};
use tonic::Code;

use crate::answers::Refusal;
use crate::differences::Difference;
use crate::message::fully_consistent;
use crate::pair::Pair;

const SCHEMA: &str = "
definition user {}
definition group {
    relation member: user | group#member
}
definition document {
    relation viewer: user | user:* | group#member
    relation banned: user
    permission view = viewer - banned
}
";

/// Parts of names that are not as they should be, beside some that are.
const OBJECTS: &[&str] = &[
    "document:a",
    "document:",
    ":a",
    ":",
    "document:*",
    "document:a b",
    "document:é",
    "document:a/b|c_d-e=f+g",
    "Document:a",
    "do:a",
    "nothing:a",
    "document:a.b",
    "document:@",
];
const MEMBERS: &[&str] = &["view", "viewer", "", "vi", "View", "missing", "view_", "_view", "view-er", "..."];
const SUBJECTS: &[&str] = &[
    "user:a",
    "user:*",
    "user:",
    ":a",
    "nothing:a",
    "group:g#member",
    "group:g#missing",
    "group:g#",
    "group:*#member",
    "group:g#...",
    "user:a#...",
    "user:a#view",
    "document:a#view",
    "group:g#Me",
    "user:a b",
];

/// Compares the codes of everything, and collects what differs.
#[derive(Debug)]
struct Codes {
    pair: Pair,
    compared: usize,
    failures: Vec<String>,
}

impl Codes {
    fn compare<Answer>(&mut self, asked: String, ours: Result<Answer, Refusal>, theirs: Result<Answer, Refusal>) {
        self.compared += 1;
        let code = |answer: &Result<Answer, Refusal>| answer.as_ref().err().map_or(Code::Ok, |refusal| refusal.code);
        let (our_code, their_code) = (code(&ours), code(&theirs));
        if our_code != their_code && Difference::between_codes(our_code, their_code, &asked).is_none() {
            let [ours, theirs] = [ours.err(), theirs.err()].map(|refusal| refusal.map(|refusal| refusal.message));
            self.failures
                .push(format!("{asked}\n    ours:    {our_code:?} {ours:?}\n    SpiceDB: {their_code:?} {theirs:?}"));
        }
    }

    async fn check(&mut self, resource: Option<&str>, permission: &str, subject: Option<&str>) {
        let request = CheckPermissionRequest {
            consistency: fully_consistent(),
            resource: resource.map(object),
            permission: permission.to_owned(),
            subject: subject.map(self::subject),
            ..CheckPermissionRequest::default()
        };
        let theirs = self.pair.spicedb.check(&request).map(|_| ());
        let ours = self.pair.ours().check_permission(request).await.map(|_| ()).map_err(Refusal::from);
        self.compare(format!("check {resource:?} {permission:?} {subject:?}"), ours, theirs);
    }

    async fn expand(&mut self, resource: Option<&str>, permission: &str) {
        let request = ExpandPermissionTreeRequest {
            consistency: fully_consistent(),
            resource: resource.map(object),
            permission: permission.to_owned(),
        };
        let theirs = self.pair.spicedb.expand(&request).map(|_| ());
        let ours = self.pair.ours().expand_permission_tree(request).await.map(|_| ()).map_err(Refusal::from);
        self.compare(format!("expand {resource:?} {permission:?}"), ours, theirs);
    }

    async fn write(&mut self, asked: &str, request: WriteRelationshipsRequest) {
        let theirs = self.pair.spicedb.write(&request).map(|_| ());
        let ours = self.pair.ours().write_relationships(request).await.map(|_| ()).map_err(Refusal::from);
        self.compare(format!("write {asked}"), ours, theirs);
    }

    async fn read(&mut self, filter: Option<RelationshipFilter>, limit: u32) {
        let asked = format!("read {filter:?} {limit}");
        let request = ReadRelationshipsRequest {
            consistency: fully_consistent(),
            relationship_filter: filter,
            optional_limit: limit,
            optional_cursor: None,
        };
        let theirs = self.pair.spicedb.read(&request).map(|_| ());
        let ours = self.pair.read_ours(request).await.map(|_| ());
        self.compare(asked, ours, theirs);
    }
}

async fn start() -> Codes {
    let mut pair = Pair::start().await;
    let refusals = pair.write_schema(SCHEMA).await;
    assert!(matches!(refusals, (None, None)), "{refusals:?}");
    Codes { pair, compared: 0, failures: Vec::new() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_are_refused_with_spicedbs_codes() {
    let mut codes = start().await;
    for resource in OBJECTS {
        codes.check(Some(resource), "view", Some("user:a")).await;
        codes.expand(Some(resource), "view").await;
    }
    for member in MEMBERS {
        codes.check(Some("document:a"), member, Some("user:a")).await;
        codes.expand(Some("document:a"), member).await;
    }
    for subject in SUBJECTS {
        codes.check(Some("document:a"), "view", Some(subject)).await;
    }
    codes.check(None, "view", Some("user:a")).await;
    codes.check(Some("document:a"), "view", None).await;
    codes.expand(None, "view").await;
    finish(&codes, 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_are_refused_with_spicedbs_codes() {
    let mut codes = start().await;
    let one = |resource: &str, relation: &str, subject: &str| update(Operation::Touch, resource, relation, subject);
    for resource in OBJECTS {
        codes.write(resource, write(vec![one(resource, "viewer", "user:a")])).await;
    }
    for member in MEMBERS {
        codes.write(&format!("{member:?}"), write(vec![one("document:a", member, "user:a")])).await;
    }
    for subject in SUBJECTS {
        codes.write(&format!("{subject:?}"), write(vec![one("document:a", "viewer", subject)])).await;
        codes.write(&format!("banned {subject:?}"), write(vec![one("document:a", "banned", subject)])).await;
    }
    codes.write("nothing", write(Vec::new())).await;
    let many = |count: usize| (0..count).map(|at| one(&format!("document:d{at}"), "viewer", "user:a")).collect();
    codes.write("1,000", write(many(1_000))).await;
    codes.write("1,001", write(many(1_001))).await;
    codes
        .write("twice", write(vec![one("document:t", "viewer", "user:a"), one("document:t", "viewer", "user:a")]))
        .await;
    let create = update(Operation::Create, "document:c", "viewer", "user:a");
    codes.write("create", write(vec![create.clone()])).await;
    codes.write("create again", write(vec![create.clone()])).await;
    codes.write("delete", write(vec![update(Operation::Delete, "document:none", "viewer", "user:a")])).await;
    codes.write("no operation", write(vec![update(Operation::Unspecified, "document:c", "viewer", "user:a")])).await;
    codes.write("no relationship", write(vec![RelationshipUpdate { relationship: None, ..create.clone() }])).await;
    let filter =
        |resource_type: &str| RelationshipFilter { resource_type: resource_type.to_owned(), ..Default::default() };
    for (asked, operation, filter) in [
        ("must match", Expected::MustMatch, Some(filter("document"))),
        ("must not match", Expected::MustNotMatch, Some(filter("document"))),
        ("must match nothing known", Expected::MustMatch, Some(filter("nothing"))),
        ("unspecified", Expected::Unspecified, Some(filter("document"))),
        ("no filter", Expected::MustMatch, None),
        ("empty filter", Expected::MustMatch, Some(RelationshipFilter::default())),
    ] {
        let precondition = Precondition { operation: operation.into(), filter };
        let request = WriteRelationshipsRequest {
            optional_preconditions: vec![precondition],
            ..write(vec![one("document:p", "viewer", "user:a")])
        };
        codes.write(asked, request).await;
    }
    finish(&codes, 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_refused_with_spicedbs_codes() {
    let mut codes = start().await;
    let of = |resource: &str, relation: &str| {
        let ObjectReference { object_type, object_id } = object(resource);
        RelationshipFilter {
            resource_type: object_type,
            optional_resource_id: object_id,
            optional_relation: relation.to_owned(),
            ..RelationshipFilter::default()
        }
    };
    for resource in OBJECTS {
        codes.read(Some(of(resource, "")), 0).await;
    }
    for member in MEMBERS {
        codes.read(Some(of("document:a", member)), 0).await;
    }
    for subject in SUBJECTS {
        let SubjectReference { object, optional_relation } = self::subject(subject);
        let ObjectReference { object_type, object_id } = object.unwrap();
        let relation = Some(RelationFilter { relation: optional_relation });
        let filter =
            SubjectFilter { subject_type: object_type, optional_subject_id: object_id, optional_relation: relation };
        codes.read(Some(RelationshipFilter { optional_subject_filter: Some(filter), ..of("document:", "") }), 0).await;
    }
    codes.read(None, 0).await;
    codes.read(Some(of("document:", "")), 1_000).await;
    codes.read(Some(of("document:", "")), 1_001).await;
    finish(&codes, 40);
}

fn finish(codes: &Codes, at_least: usize) {
    assert!(codes.compared >= at_least, "only {} were compared", codes.compared);
    assert!(codes.failures.is_empty(), "{} differ:\n{}", codes.failures.len(), codes.failures.join("\n"));
}

fn write(updates: Vec<RelationshipUpdate>) -> WriteRelationshipsRequest {
    crate::message::write(updates)
}

fn update(operation: Operation, resource: &str, relation: &str, who: &str) -> RelationshipUpdate {
    let relationship = Relationship {
        resource: Some(object(resource)),
        relation: relation.to_owned(),
        subject: Some(subject(who)),
        ..Relationship::default()
    };
    RelationshipUpdate { operation: operation.into(), relationship: Some(relationship) }
}

/// `type:id`, whatever stands there.
fn object(text: &str) -> ObjectReference {
    let (object_type, object_id) = text.split_once(':').unwrap();
    ObjectReference { object_type: object_type.to_owned(), object_id: object_id.to_owned() }
}

/// `type:id` or `type:id#relation`, whatever stands there.
fn subject(text: &str) -> SubjectReference {
    let (name, relation) = text.split_once('#').unwrap_or((text, ""));
    SubjectReference { object: Some(object(name)), optional_relation: relation.to_owned() }
}
