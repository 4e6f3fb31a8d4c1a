//! The form of a file: what was once written stays readable, every limit is met, and what is not of the form is refused.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use graph::{
    Answer, Budget, Change, CheckRequest, Engine, EngineError, EngineOptions, FileError, FileReader, FileWriter,
    StoredTenant, file_limits, limits,
};

use crate::file_frame::{blocks_of, file_of, prelude, read, refusal, written};
use crate::{relationship, schema};

fn holds(engine: &Engine, question: &str) -> bool {
    let question = relationship(question);
    let request =
        CheckRequest { resource: question.resource(), permission: question.relation(), subject: question.subject() };
    engine.snapshot().check(&request, &Budget::default()) == Ok(Answer::Has)
}

/// The tenant of the golden file: every kind of subject, and a relation that the schema has lost.
fn acme() -> Engine {
    let text = "/** Who works here. */
        definition user {}
        definition group { relation member: user | group#member\n }
        definition document {
            relation owner: user
            relation viewer: user | user:* | group#member
            relation banned: user
            permission view = (owner + viewer) - banned
        }";
    let earlier = "definition bot {}\ndefinition document { relation keeper: bot\n }";
    let stored = [
        "document:plan#keeper@bot:b1",
        "document:plan#owner@user:ann",
        "document:plan#viewer@group:all#member",
        "document:news#viewer@user:*",
        "document:news#banned@user:eve",
        "group:all#member@group:eng#member",
        "group:eng#member@user:ben",
        "group:eng#member@user:A/z_9|-=+",
    ];
    let engine = Engine::load(EngineOptions::default(), 41, Arc::new(schema(earlier)), []).expect("no cap is near");
    engine.set_schema(42, Arc::new(schema(text))).expect("it is the next revision");
    engine.apply(43, stored.map(|text| Change::Touch(relationship(text)))).expect("no cap is near");
    engine
}

fn golden() -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/form_1.graph")).expect("it is in the tree")
}

fn tenants(bytes: &[u8]) -> Vec<StoredTenant> {
    let mut file = FileReader::begin(bytes).expect("it is whole");
    assert_eq!(file.note(), b"golden");
    std::iter::from_fn(|| file.next_tenant(EngineOptions::default()).expect("it is whole")).collect()
}

#[test]
fn a_file_of_form_1_from_the_first_release_is_still_read() {
    let tenants = tenants(&golden());
    let ids: Vec<&str> = tenants.iter().map(|tenant| tenant.id.as_str()).collect();
    assert_eq!(ids, ["acme", "zeta"]);
    let acme = &tenants[0].engine;
    assert_eq!((acme.snapshot().revision(), acme.snapshot().relationships()), (43, 8));
    assert_eq!(tenants[0].note, [0, 1, 2, 255]);
    assert!(acme.snapshot().schema().to_text().starts_with("/** Who works here. */\n"));
    for granted in ["plan#view@user:ann", "plan#view@user:ben", "plan#view@user:A/z_9|-=+", "news#view@user:zoe"] {
        assert!(holds(acme, &format!("document:{granted}")), "{granted}");
    }
    for denied in ["plan#view@user:eve", "news#view@user:eve", "news#owner@user:ann"] {
        assert!(!holds(acme, &format!("document:{denied}")), "{denied}");
    }
    assert_eq!((tenants[1].engine.snapshot().revision(), tenants[1].engine.snapshot().relationships()), (u64::MAX, 0));
}

/// Once there is a second form this test goes, and the one above stays.
#[test]
fn what_is_written_today_is_the_golden_file() {
    let zeta = Engine::load(EngineOptions::default(), u64::MAX, Arc::new(schema("")), []).unwrap();
    let mut file = FileWriter::begin(Vec::new(), b"golden", 2).unwrap();
    file.tenant("acme", &[0, 1, 2, 255], &acme().snapshot()).unwrap();
    file.tenant("zeta", b"", &zeta.snapshot()).unwrap();
    let bytes = file.finish().unwrap();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("form_1.graph");
    fs::write(&path, &bytes).unwrap();
    assert!(bytes == golden(), "files are written otherwise than before; {} has the new bytes", path.display());
}

#[test]
fn a_file_of_another_form_is_refused_by_its_number_and_another_file_as_such() {
    let mut file = written(&acme());
    file[..16].copy_from_slice(&prelude(2));
    assert_eq!(refusal(&file), "the file has form 2; this release reads forms 1 to 1");
    file[8] = 1;
    assert!(refusal(&file).contains("the prelude at byte 0: the checksum"));
    file[0] = b'P';
    assert!(matches!(read(&file), Err(FileError::Foreign)));
    assert!(matches!(read(b"\x89BWG"), Err(FileError::Foreign)));
}

#[test]
fn a_feature_that_is_not_known_is_refused_by_its_name() {
    let mut blocks = blocks_of(&written(&acme()));
    blocks[0].1 = [&b"\x01\x00\x06\x00expiry"[..], &blocks[0].1[2..]].concat();
    let refused = read(&file_of(&blocks)).unwrap_err();
    assert!(matches!(&refused, FileError::Feature { name } if name == "expiry"), "{refused}");
    blocks[0].1[0] = file_limits::FEATURES_MAX as u8 + 1;
    assert!(refusal(&file_of(&blocks)).contains("65 features; the limit is 64"));
    blocks[0].1[..4].copy_from_slice(b"\x01\x00\x41\x00");
    assert!(refusal(&file_of(&blocks)).contains("a feature of 65 bytes; the limit is 64"));
}

#[test]
fn notes_and_tenants_have_lengths_that_are_not_passed() {
    let snapshot = acme().snapshot();
    let (note, id) = (vec![7; file_limits::NOTE_BYTES_MAX], "t".repeat(file_limits::TENANT_BYTES_MAX));
    let mut file = FileWriter::begin(Vec::new(), &note, 1).unwrap();
    let too_long = |error: FileError| matches!(error, FileError::TooLong { found, max, .. } if found == max + 1);
    assert!(too_long(file.tenant(&format!("{id}t"), &note, &snapshot).unwrap_err()));
    assert!(too_long(file.tenant(&id, &[&note[..], &[7]].concat(), &snapshot).unwrap_err()));
    assert!(too_long(FileWriter::begin(Vec::new(), &[&note[..], &[7]].concat(), 1).unwrap_err()));
    file.tenant(&id, &note, &snapshot).unwrap();
    let bytes = file.finish().unwrap();
    let mut file = FileReader::begin(&bytes[..]).unwrap();
    assert_eq!(file.note(), note);
    assert_eq!(file.next_tenant(EngineOptions::default()).unwrap().unwrap().id, id);
}

#[test]
fn tenants_come_in_order_each_once_and_as_many_as_announced() {
    let snapshot = acme().snapshot();
    let mut file = FileWriter::begin(Vec::new(), b"", 2).unwrap();
    file.tenant("beta", b"", &snapshot).unwrap();
    for late in ["beta", "acme"] {
        let error = file.tenant(late, b"", &snapshot).unwrap_err();
        assert!(matches!(&error, FileError::TenantOrder { id } if id == late), "{error}");
    }
    file.tenant("zeta", b"", &snapshot).unwrap();
    let error = file.tenant("zz", b"", &snapshot).unwrap_err();
    assert!(matches!(error, FileError::TenantCount { announced: 2, written: 3 }));
    let bytes = file.finish().unwrap();
    let one_missing = FileWriter::begin(Vec::new(), b"", 1).unwrap().finish().unwrap_err();
    assert!(matches!(one_missing, FileError::TenantCount { announced: 1, written: 0 }));

    let mut blocks = blocks_of(&bytes);
    let heads: Vec<usize> = (0..blocks.len()).filter(|at| blocks[*at].0 == *b"TENT").collect();
    let head = blocks[heads[0]].1.clone();
    blocks[heads[1]].1 = head;
    let bytes = file_of(&blocks);
    let mut file = FileReader::begin(&bytes[..]).unwrap();
    file.next_tenant(EngineOptions::default()).unwrap();
    let error = file.next_tenant(EngineOptions::default()).unwrap_err();
    assert!(matches!(&error, FileError::TenantOrder { id } if id == "beta"), "{error}");
}

#[test]
fn a_tenant_over_a_cap_is_refused_before_any_of_it_is_read() {
    let file = written(&acme());
    let head = file.len() - blocks_of(&file)[2..].iter().map(|(_, contents)| 12 + contents.len()).sum::<usize>();
    let within = |ids_max, relationships_max, bytes: usize| {
        let options = EngineOptions { ids_max, relationships_max, ..EngineOptions::default() };
        Engine::read_from(options, &file[..bytes]).map(drop)
    };
    let ids = acme().snapshot().ids();
    within(ids, 8, file.len()).unwrap();
    let error = within(ids - 1, 8, head).unwrap_err();
    assert!(matches!(error, FileError::Engine(EngineError::TooManyIds { max }) if max == ids - 1), "{error}");
    let error = within(ids, 7, head).unwrap_err();
    assert!(matches!(error, FileError::Engine(EngineError::TooManyRelationships { max: 7 })), "{error}");
}

#[test]
fn more_tables_than_the_limit_that_no_schema_admits_are_neither_written_nor_read() {
    let strays = |count: usize| {
        let engine = Engine::load(EngineOptions::default(), 1, Arc::new(schema("")), []).unwrap();
        let stored = (0..count).map(|number| Change::Touch(relationship(&format!("document:a#r{number:03}@user:b"))));
        engine.apply(2, stored).unwrap();
        engine
    };
    let file = written(&strays(file_limits::STRAY_TABLES_MAX));
    assert_eq!(read(&file).unwrap().snapshot().relationships(), file_limits::STRAY_TABLES_MAX);
    let error = strays(file_limits::STRAY_TABLES_MAX + 1).snapshot().write_to(Vec::new()).unwrap_err();
    assert!(matches!(error, FileError::TooLong { found: 257, max: 256, .. }), "{error}");

    let mut blocks = blocks_of(&file);
    let (mut table, pair) = (blocks[blocks.len() - 3].clone(), blocks[blocks.len() - 2].clone());
    let name = table.1.windows(4).position(|window| window == b"r255").unwrap();
    table.1[name + 1] = b'9';
    blocks.splice(blocks.len() - 1..blocks.len() - 1, [table, pair]);
    let head = &mut blocks[1].1;
    let at = head.len() - 8 - 8 - 4;
    head[at..at + 4].copy_from_slice(&257_u32.to_le_bytes());
    let at = head.len() - 8;
    head[at..].copy_from_slice(&257_u64.to_le_bytes());
    assert!(refusal(&file_of(&blocks)).contains("STRAY_TABLES_MAX"), "{}", refusal(&file_of(&blocks)));
}

#[test]
fn more_rows_than_the_limit_allows_are_neither_written_nor_read() {
    // Each relation relates one pair of a thousand objects: two thousand rows for one relationship.
    let engine = |relations: usize| {
        let relation = |number: usize| format!("relation r{number:03}: document\n");
        let text: String = (0..relations).map(relation).collect();
        let schema = schema(&format!("definition document {{\n{text}}}"));
        let objects = (0..1_000).map(|id| format!("document:{id}#r000@document:{id}"));
        let single = (1..relations).map(|number| format!("document:0#r{number:03}@document:0"));
        let stored = objects.chain(single).map(|text| relationship(&text));
        Engine::load(EngineOptions::default(), 1, Arc::new(schema), stored).unwrap()
    };
    let allowed = (1..).find(|number| 2_000 * number > (1_999 + number) * file_limits::ROWS_PER_ENTRY_MAX).unwrap() - 1;
    let file = written(&engine(allowed));
    assert_eq!(read(&file).unwrap().snapshot().relationships(), 999 + allowed);
    let error = engine(allowed + 1).snapshot().write_to(Vec::new()).unwrap_err();
    assert!(matches!(error, FileError::TooLong { what: "the list of rows of all tables", .. }), "{error}");

    // The same file with fewer ids in use is over it.
    let mut blocks = blocks_of(&file);
    let pairs = blocks.iter().position(|(kind, _)| kind == b"PAIR").unwrap();
    blocks[pairs].1 = vec![0; 8];
    let count = blocks[pairs - 1].1.len() - 4;
    blocks[pairs - 1].1[count..].copy_from_slice(&1_u32.to_le_bytes());
    let total = blocks[1].1.len() - 8;
    blocks[1].1[total..].copy_from_slice(&(allowed as u64).to_le_bytes());
    assert!(refusal(&file_of(&blocks)).starts_with("the list of rows of all tables is "));
}

#[test]
fn a_schema_that_its_layout_takes_over_the_limit_of_texts_is_written_and_read() {
    let comment = "*\n".repeat(limits::TEXT_BYTES_MAX / 2 - 20);
    let schema = schema(&format!("/**\n{comment}*/\ndefinition user {{}}"));
    let engine = Engine::load(EngineOptions::default(), 1, Arc::new(schema), []).unwrap();
    let snapshot = engine.snapshot();
    assert!(snapshot.schema().to_text().len() > limits::TEXT_BYTES_MAX);
    let file = written(&engine);
    assert_eq!(read(&file).unwrap().snapshot().schema(), snapshot.schema());

    let mut blocks = blocks_of(&file);
    let at = blocks[1].1.len() - 28;
    blocks[1].1[at..at + 4].copy_from_slice(&(limits::PRINTED_BYTES_MAX as u32 + 1).to_le_bytes());
    assert!(refusal(&file_of(&blocks)).ends_with("a schema of 16777217 bytes; the limit is 16777216"));
}
