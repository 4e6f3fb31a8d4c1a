//! Graphs made to hurt: the engine answers or says which limit was reached, and never overflows a stack.

use std::sync::Arc;

use graph::{
    Answer, Budget, Change, CheckError, CheckRequest, Engine, EngineError, EngineOptions, Limit, Relationship,
};

use crate::{relationship, schema};

fn engine(stored: impl Iterator<Item = String>) -> Engine {
    let schema = schema(
        "definition user {}
         definition group { relation member: user | group#member\n }
         definition folder {
            relation parent: folder
            relation viewer: user | user:* | group#member | folder#view
            permission view = viewer + parent->view
            permission everywhere = viewer & parent.all(everywhere)
            permission alone = viewer - parent->alone
         }",
    );
    let stored = stored.map(|text| relationship(&text));
    Engine::load(EngineOptions::default(), 1, Arc::new(schema), stored).expect("no cap is near")
}

fn ask(engine: &Engine, question: &str) -> Result<Answer, CheckError> {
    let question: Relationship = relationship(question);
    let request =
        CheckRequest { resource: question.resource(), permission: question.relation(), subject: question.subject() };
    engine.snapshot().check(&request, &Budget::default())
}

#[test]
fn a_chain_of_ten_thousand_folders_is_walked_to_its_end() {
    let parents = (0..10_000).map(|depth| format!("folder:f{depth}#parent@folder:f{}", depth + 1));
    let viewers = (0..=10_000).map(|depth| format!("folder:f{depth}#viewer@user:ann"));
    let engine = engine(parents.chain(viewers).chain(["folder:f10000#viewer@user:eve".to_owned()]));
    assert_eq!(ask(&engine, "folder:f0#view@user:eve"), Ok(Answer::Has));
    assert_eq!(ask(&engine, "folder:f0#view@user:ben"), Ok(Answer::No));
    assert_eq!(ask(&engine, "folder:f0#everywhere@user:ann"), Ok(Answer::No));
    assert_eq!(ask(&engine, "folder:f0#alone@user:ann"), Ok(Answer::Has));
    assert_eq!(ask(&engine, "folder:f1#alone@user:ann"), Ok(Answer::No));
}

#[test]
fn groups_in_groups_ten_thousand_deep_and_in_a_ring_are_answered() {
    let count = 10_000;
    let chain = (0..count).map(|n| format!("group:c{n}#member@group:c{}#member", n + 1));
    let ring = (0..count).map(|n| format!("group:r{n}#member@group:r{}#member", (n * 7_919 + 1) % count));
    let users = [format!("group:c{count}#member@user:ann"), "group:r77#member@user:ann".to_owned()];
    let engine = engine(chain.chain(ring).chain(users));
    assert_eq!(ask(&engine, "group:c0#member@user:ann"), Ok(Answer::Has));
    assert_eq!(ask(&engine, "group:c0#member@user:ben"), Ok(Answer::No));
    assert_eq!(ask(&engine, "group:c1#member@group:c0#member"), Ok(Answer::No));
    assert_eq!(ask(&engine, "group:c0#member@group:c9999#member"), Ok(Answer::Has));
    assert_eq!(ask(&engine, "group:r77#member@user:ann"), Ok(Answer::Has));
    assert_eq!(ask(&engine, "group:r5#member@user:ben"), Ok(Answer::No));
}

#[test]
fn a_group_of_very_many_members_and_a_user_of_very_many_groups_are_found() {
    let members = (0..200_000).map(|n| format!("group:all#member@user:u{n}"));
    let groups = (0..20_000).map(|n| format!("group:g{n}#member@user:busy"));
    let viewers = (0..20_000).map(|n| format!("folder:wide#viewer@group:g{n}#member"));
    let others = ["folder:f#viewer@group:all#member", "folder:f#viewer@group:g19999#member"].map(str::to_owned);
    let engine = engine(members.chain(groups).chain(viewers).chain(others));
    assert_eq!(ask(&engine, "folder:f#view@user:u199999"), Ok(Answer::Has));
    assert_eq!(ask(&engine, "folder:f#view@user:busy"), Ok(Answer::Has));
    assert_eq!(ask(&engine, "folder:wide#view@user:busy"), Ok(Answer::Has));
    assert_eq!(ask(&engine, "folder:wide#view@user:u5"), Ok(Answer::No));
    engine.apply(2, (0..1_000).map(|n| Change::Touch(relationship(&format!("group:all#member@user:n{n}"))))).unwrap();
    engine.apply(3, [Change::Delete(relationship("group:all#member@user:u3"))]).unwrap();
    assert_eq!(ask(&engine, "folder:f#view@user:n999"), Ok(Answer::Has));
    assert_eq!(ask(&engine, "folder:f#view@user:u3"), Ok(Answer::No));
}

#[test]
fn more_than_the_budget_allows_names_the_limit() {
    let parents = (0..150_000).map(|depth| format!("folder:f{depth}#parent@folder:f{}", depth + 1));
    let engine = engine(parents);
    let exhausted = CheckError::BudgetExhausted { limit: Limit::Nodes, max: 100_000 };
    assert_eq!(ask(&engine, "folder:f0#view@user:ann"), Err(exhausted));
}

#[test]
fn a_cap_refuses_the_whole_revision_and_names_itself() {
    let schema = Arc::new(schema("definition user {}\ndefinition group { relation member: user\n }"));
    let options = EngineOptions { ids_max: 4, relationships_max: 2, ..EngineOptions::default() };
    let stored = ["group:a#member@user:ann"].map(relationship);
    let engine = Engine::load(options, 1, schema, stored).unwrap();
    let touch = |text: &str| Change::Touch(relationship(text));
    let many = [touch("group:a#member@user:ben"), touch("group:b#member@user:ann")];
    assert_eq!(engine.apply(2, many), Err(EngineError::TooManyRelationships { max: 2 }));
    let strangers = [touch("group:b#member@user:ben"), touch("group:c#member@user:eve")];
    assert_eq!(engine.apply(2, strangers), Err(EngineError::TooManyIds { max: 4 }));
    let ids = [Change::Delete(relationship("group:a#member@user:ann")), touch("group:b#member@user:ben")];
    assert_eq!(engine.apply(2, ids), Ok(()));
    assert_eq!(engine.apply(3, [touch("group:c#member@user:eve")]), Err(EngineError::TooManyIds { max: 4 }));
    assert!(matches!(engine.apply(2, []), Err(EngineError::Revision(_))));
    engine.merge();
    assert_eq!((engine.snapshot().ids(), engine.snapshot().relationships(), engine.snapshot().revision()), (2, 1, 2));
    assert_eq!(engine.apply(3, [touch("group:c#member@user:eve")]), Ok(()));
}

#[test]
fn a_pinned_snapshot_stays_as_it_was_through_writes_and_a_merge_beside_them() {
    let engine = engine(["group:a#member@user:ann".to_owned()].into_iter());
    let pinned = engine.snapshot();
    std::thread::scope(|scope| {
        scope.spawn(|| (0..20).for_each(|_| engine.merge()));
        for revision in 2..2_000 {
            let text = format!("group:a#member@user:u{revision}");
            engine.apply(revision, [Change::Touch(relationship(&text))]).unwrap();
            assert_eq!(engine.snapshot().relationships() as u64, revision);
        }
    });
    engine.merge();
    assert_eq!((pinned.revision(), pinned.relationships(), pinned.ids()), (1, 1, 2));
    assert_eq!(engine.snapshot().relationships(), 1_999);
    assert_eq!(engine.snapshot().delta_relationships(), 0);
    assert_eq!(ask(&engine, "group:a#member@user:u1999"), Ok(Answer::Has));
}
