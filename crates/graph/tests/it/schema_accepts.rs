//! What the schema language allows, and what is read from it.

use graph::{ArrowKind, Expression, Feature, Schema, SubjectKind, limits};

use crate::schema;

fn expression(text: &str) -> Expression {
    let schema = schema(&format!(
        "use self
         definition user {{ relation aaa: user; relation bbb: user; relation ccc: user; relation ddd: user
            permission view = {text}
         }}"
    ));
    let user = schema.definition("user").expect("defined above");
    user.permission("view").expect("defined above").expression().clone()
}

fn member(name: &str) -> Expression {
    Expression::Member(name.to_owned())
}

#[test]
fn union_binds_tightest_and_exclusion_loosest() {
    assert_eq!(
        expression("aaa - bbb & ccc + ddd"),
        Expression::Exclusion(vec![
            member("aaa"),
            Expression::Intersection(vec![member("bbb"), Expression::Union(vec![member("ccc"), member("ddd")])]),
        ])
    );
    assert_eq!(expression("aaa - bbb & ccc + ddd"), expression("aaa - (bbb & (ccc + ddd))"));
    assert_eq!(expression("aaa + bbb & ccc - ddd"), expression("((aaa + bbb) & ccc) - ddd"));
}

#[test]
fn exclusions_in_a_row_all_take_from_the_first() {
    assert_eq!(expression("aaa - bbb - ccc"), Expression::Exclusion(vec![member("aaa"), member("bbb"), member("ccc")]));
}

#[test]
fn an_arrow_is_read_in_all_three_forms() {
    let arrow = |kind| Expression::Arrow { relation: "aaa".to_owned(), kind, target: "bbb".to_owned() };
    assert_eq!(expression("aaa->bbb"), arrow(ArrowKind::Plain));
    assert_eq!(expression("aaa.any(bbb)"), arrow(ArrowKind::Any));
    assert_eq!(expression("aaa.all(bbb)"), arrow(ArrowKind::All));
    assert_eq!(expression("(((self)))"), Expression::Own);
    assert_eq!(expression("nil"), Expression::Nil);
}

#[test]
fn an_expression_may_go_on_in_the_next_line() {
    assert_eq!(expression("aaa +\n bbb"), expression("aaa\n + bbb // and so on\n /* more */"));
}

#[test]
fn self_is_an_ordinary_name_unless_it_is_switched_on() {
    let schema = schema("definition user { relation self: user\n permission view = self; }");
    assert_eq!(schema.definition("user").unwrap().permission("view").unwrap().expression(), &member("self"));
    assert_eq!(schema.features().count(), 0);
}

#[test]
fn any_all_use_and_the_like_are_ordinary_names_in_their_place() {
    schema(
        "definition user {
            relation any: user
            relation all: user
            relation use: user
            relation import: user
            permission view = any.any(all) + all.all(any) - use
         }",
    );
}

#[test]
fn everything_written_can_be_looked_up() {
    let schema = schema(
        "use typechecking
         /** a person */
         definition iam/user {}
         definition document {
            // who reads
            relation viewer: iam/user | iam/user:* | document#editor | document#...
            relation editor: iam/user
            permission view: iam/user | document = viewer
         }",
    );
    assert_eq!(schema.features().collect::<Vec<_>>(), [Feature::Typechecking]);
    assert_eq!(schema.definition("iam/user").unwrap().comments(), ["/** a person */"]);
    let document = schema.definition("document").unwrap();
    assert_eq!(document.members().iter().map(|one| one.name()).collect::<Vec<_>>(), ["viewer", "editor", "view"]);
    let viewer = document.relation("viewer").unwrap();
    assert_eq!(viewer.comments(), ["// who reads"]);
    let kinds: Vec<&SubjectKind> = viewer.subject_types().iter().map(|one| &one.kind).collect();
    let editors = SubjectKind::Userset("editor".to_owned());
    assert_eq!(kinds, [&SubjectKind::Object, &SubjectKind::Wildcard, &editors, &SubjectKind::Object]);
    assert!(document.is_permission("view") && !document.is_permission("viewer") && !document.is_permission("none"));
    assert!(document.relation("view").is_none() && document.permission("viewer").is_none());
    assert_eq!(document.permission("view").unwrap().annotation().unwrap(), ["iam/user", "document"]);
    assert_eq!((document.relations().count(), document.permissions().count()), (2, 1));
    assert!(schema.member("document", "view").is_some() && schema.member("user", "view").is_none());
}

#[test]
fn a_definition_may_refer_to_what_comes_after_it() {
    schema("definition document { relation viewer: group#member; } definition group { relation member: group; }");
}

#[test]
fn an_annotation_may_declare_more_than_is_reached_and_follows_recursion() {
    schema(
        "use typechecking
         use self
         definition user {}
         definition robot {}
         definition group { relation member: user | group#member
            permission view: user | group | robot = self + member
         }
         definition folder { relation parent: folder
            relation viewer: group#member
            permission view: user = viewer + parent->view
         }",
    );
}

#[test]
fn the_empty_text_is_the_empty_schema() {
    assert_eq!(schema("").definitions(), []);
    assert_eq!(schema(" \r\n ;; \t").to_text(), "");
}

#[test]
fn every_limit_is_reached_without_an_error() {
    let deep = limits::EXPRESSION_DEPTH_MAX;
    let members: String =
        (0..limits::MEMBERS_PER_DEFINITION_MAX - 2).map(|n| format!("relation r{n:04}: user\n")).collect();
    let types: Vec<String> = (0..limits::TYPES_PER_RELATION_MAX).map(|n| format!("t{n:04}")).collect();
    let others: String = (0..limits::DEFINITIONS_MAX - 1).map(|n| format!("definition t{n:04} {{}}\n")).collect();
    let text = format!(
        "definition user {{ relation every: {}\npermission deep = {}every{}\n{members}}}\n{others}",
        types.join(" | "),
        "(".repeat(deep),
        ")".repeat(deep),
    );
    assert_eq!(schema(&text).definitions().len(), limits::DEFINITIONS_MAX);
}

#[test]
fn a_schema_is_read_whatever_its_line_ends() {
    let unix = "// top\ndefinition user {\n\trelation peer: user\n}\n";
    schema("definition user { relation peer: user /* a newline,\nif within a comment */ }");
    assert_eq!(schema(unix), Schema::parse(&unix.replace('\n', "\r\n")).unwrap());
}
