//! An engine that was written to a file and read again is the same engine, whatever was done to it before.

use std::io::{Read, Write};
use std::sync::Arc;

use graph::{Answer, Budget, Change, CheckRequest, Engine, EngineOptions, FileError, FileReader, FileWriter, Schema};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::file_frame::{read, written};
use crate::worlds::{Operators, World, cases, nodes, possible_relationships, subjects, worlds};
use crate::{relationship, schema};

/// The answers of everything about one subject in five.
fn answers(engine: &Engine, schema: &Schema) -> Vec<Result<Answer, graph::CheckError>> {
    let (snapshot, nodes) = (engine.snapshot(), nodes(schema));
    let budget = Budget::default();
    let of = |subject: graph::SubjectRef| {
        let request = |(resource, permission)| CheckRequest { resource, permission, subject: &subject };
        let requests: Vec<_> = nodes.iter().map(|(resource, permission)| request((resource, permission))).collect();
        snapshot.check_many(&requests, &budget)
    };
    subjects(schema).into_iter().step_by(5).flat_map(of).collect()
}

fn assert_same(left: &Engine, right: &Engine) {
    let (left_now, right_now) = (left.snapshot(), right.snapshot());
    assert_eq!(left_now.revision(), right_now.revision());
    assert_eq!(left_now.relationships(), right_now.relationships());
    assert_eq!(left_now.schema(), right_now.schema());
    assert_eq!(answers(left, left_now.schema()), answers(right, left_now.schema()));
}

fn changes(possible: &[graph::Relationship], picks: &[(Index, bool)]) -> Vec<Change> {
    let change = |(pick, touches): &(Index, bool)| {
        let relationship = pick.get(possible).clone();
        if *touches { Change::Touch(relationship) } else { Change::Delete(relationship) }
    };
    picks.iter().map(change).collect()
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn what_is_read_answers_as_what_was_written_and_goes_on_like_it(
        world in worlds(Operators::Every),
        other in worlds(Operators::Every),
        writes in vec((vec((any::<Index>(), any::<bool>()), 1..12), 0..4_u8), 0..4),
        later in vec((any::<Index>(), any::<bool>()), 1..8),
    ) {
        let World { schema, relationships } = world;
        let possible = possible_relationships(&schema);
        let engine = Engine::load(EngineOptions::default(), 7, Arc::new(schema), relationships.iter()).unwrap();
        for (picks, then) in writes {
            let revision = engine.snapshot().revision() + 3;
            engine.apply(revision, changes(&possible, &picks)).unwrap();
            match then {
                0 => engine.merge(),
                1 => engine.set_schema(revision + 1, Arc::new(other.schema.clone())).unwrap(),
                _ => {}
            }
        }
        let file = written(&engine);
        // Another process has another secret.
        let options = EngineOptions { hash_seed: 99, ..EngineOptions::default() };
        let again = Engine::read_from(options, &file[..]).unwrap();
        assert_same(&engine, &again);
        prop_assert_eq!(&written(&again), &file);

        let revision = engine.snapshot().revision() + 1;
        engine.apply(revision, changes(&possible, &later)).unwrap();
        again.apply(revision, changes(&possible, &later)).unwrap();
        assert_same(&engine, &again);
        again.merge();
        assert_same(&engine, &again);
    }

    #[test]
    fn equal_graphs_make_equal_files_whatever_way_they_came_about(
        world in worlds(Operators::Every),
        picks in vec((any::<Index>(), any::<bool>()), 0..30),
    ) {
        let World { schema, mut relationships } = world;
        let (possible, schema) = (possible_relationships(&schema), Arc::new(schema));
        let engine = Engine::load(EngineOptions::default(), 1, Arc::clone(&schema), relationships.iter()).unwrap();
        engine.apply(2, changes(&possible, &picks)).unwrap();
        let with_a_delta = written(&engine);
        engine.merge();
        prop_assert_eq!(&written(&engine), &with_a_delta);
        for (pick, touches) in picks {
            let relationship = pick.get(&possible);
            if touches { relationships.insert(relationship.clone()); } else { relationships.remove(relationship); }
        }
        let mut all: Vec<_> = relationships.iter().collect();
        all.reverse();
        let loaded = Engine::load(EngineOptions::default(), 2, schema, all).unwrap();
        prop_assert_eq!(&written(&loaded), &with_a_delta);
    }
}

fn small() -> Engine {
    let schema = schema("definition user {}\ndefinition document { relation viewer: user | user:*\n }");
    let stored = ["document:a#viewer@user:ann", "document:b#viewer@user:*", "document:c#viewer@user:ben"];
    Engine::load(EngineOptions::default(), 5, Arc::new(schema), stored.map(relationship)).expect("no cap is near")
}

fn asks(engine: &Engine, question: &str) -> Result<Answer, graph::CheckError> {
    let question = relationship(question);
    let request =
        CheckRequest { resource: question.resource(), permission: question.relation(), subject: question.subject() };
    engine.snapshot().check(&request, &Budget::default())
}

#[test]
fn an_engine_of_nothing_can_be_written_and_read() {
    let engine = Engine::load(EngineOptions::default(), 0, Arc::new(schema("")), []).unwrap();
    assert_same(&read(&written(&engine)).unwrap(), &engine);
}

#[test]
fn ids_of_all_lengths_and_tables_of_many_blocks_survive() {
    let schema = schema("definition user {}\ndefinition document { relation viewer: user | user:*\n }");
    let long = |number: u32| format!("{}{number}", "x".repeat(number as usize * 37 % 1_015));
    let few = (0..3_000).map(|number| format!("document:{}#viewer@user:{}", long(number), long(number % 700)));
    let many = (0..80_000).map(|number| format!("document:d{}#viewer@user:u{}", number / 2, number % 50_021));
    let stored = few.chain(many).map(|text| relationship(&text));
    let engine = Engine::load(EngineOptions::default(), 1, Arc::new(schema), stored).unwrap();
    let file = written(&engine);
    let again = read(&file).unwrap();
    assert_eq!(again.snapshot().relationships(), 83_000);
    assert_eq!(asks(&again, "document:d39999#viewer@user:u29979"), Ok(Answer::No));
    assert_eq!(asks(&again, "document:d39999#viewer@user:u29978"), Ok(Answer::Has));
    assert_eq!(asks(&again, &format!("document:{}#viewer@user:{}", long(2_999), long(199))), Ok(Answer::Has));
    assert!(written(&again) == file);
}

#[test]
fn kinds_of_relationships_that_are_not_stored_take_no_memory() {
    let relations: String = (0..500).map(|number| format!("relation r{number:03}: document\n")).collect();
    let schema = schema(&format!("definition document {{\n{relations}}}"));
    let stored = (0..20_000).map(|number| relationship(&format!("document:{number}#r499@document:{}", number + 1)));
    let engine = Engine::load(EngineOptions::default(), 1, Arc::new(schema), stored).unwrap();
    let again = read(&written(&engine)).unwrap();
    assert_eq!(again.snapshot().relationships(), 20_000);
    assert!(again.snapshot().memory().edges_bytes < 1_000_000, "{:?}", again.snapshot().memory());
}

#[test]
fn what_the_schema_no_longer_admits_stays_stored() {
    let engine = small();
    let admitting = Arc::clone(engine.snapshot().schema());
    engine.set_schema(6, Arc::new(schema("definition user {}\ndefinition document {}"))).unwrap();
    let again = read(&written(&engine)).unwrap();
    assert_eq!(again.snapshot().relationships(), 3);
    again.set_schema(7, admitting).unwrap();
    assert_eq!(asks(&again, "document:a#viewer@user:ann"), Ok(Answer::Has));
    assert_eq!(asks(&again, "document:b#viewer@user:ben"), Ok(Answer::Has));
}

#[test]
fn a_file_holds_many_tenants_with_notes_and_gives_them_back_in_order() {
    let (engine, empty) = (small(), Engine::load(EngineOptions::default(), 9, Arc::new(schema("")), []).unwrap());
    let mut file = FileWriter::begin(Vec::new(), b"epoch and digest", 2).unwrap();
    file.tenant("acme", b"schema of revision 3", &engine.snapshot()).unwrap();
    file.tenant("zeta", b"", &empty.snapshot()).unwrap();
    let bytes = file.finish().unwrap();

    let mut file = FileReader::begin(&bytes[..]).unwrap();
    assert_eq!((file.note(), file.tenants()), (&b"epoch and digest"[..], 2));
    let acme = file.next_tenant(EngineOptions::default()).unwrap().unwrap();
    assert_eq!((acme.id.as_str(), acme.note.as_slice()), ("acme", &b"schema of revision 3"[..]));
    assert_same(&acme.engine, &engine);
    let zeta = file.next_tenant(EngineOptions::default()).unwrap().unwrap();
    assert_eq!((zeta.id.as_str(), zeta.engine.snapshot().revision()), ("zeta", 9));
    assert!(file.next_tenant(EngineOptions::default()).unwrap().is_none());
    assert!(matches!(read(&bytes), Err(FileError::TenantCount { announced: 1, written: 2 })));
}

#[test]
fn readers_and_writers_of_the_engine_go_on_while_it_is_written() {
    let engine = small();
    let snapshot = engine.snapshot();
    let mut file = FileWriter::begin(Vec::new(), b"", 1).unwrap();
    engine.apply(6, [Change::Delete(relationship("document:a#viewer@user:ann"))]).unwrap();
    engine.merge();
    file.tenant("", b"", &snapshot).unwrap();
    let again = read(&file.finish().unwrap()).unwrap();
    assert_eq!(again.snapshot().revision(), 5);
    assert_eq!(asks(&again, "document:a#viewer@user:ann"), Ok(Answer::Has));
}

/// Gives one byte at a time.
struct Drip<'b>(&'b [u8]);

impl Read for Drip<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let taken = into.len().min(1);
        self.0.read(&mut into[..taken])
    }
}

/// Has room for so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        if taken == 0 { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_input_that_drips_is_read_and_an_output_that_is_full_is_an_error() {
    let engine = small();
    let file = written(&engine);
    assert_same(&Engine::read_from(EngineOptions::default(), Drip(&file)).unwrap(), &engine);
    for room in 0..file.len() {
        let error = engine.snapshot().write_to(Full(room)).unwrap_err();
        assert!(matches!(&error, FileError::Io(error) if error.kind() == std::io::ErrorKind::StorageFull), "{error}");
    }
    engine.snapshot().write_to(Full(file.len())).unwrap();
}
