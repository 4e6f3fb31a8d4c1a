//! Whatever bytes a file has, reading it gives an error or an engine that works, and takes no more than the bytes are worth.

use std::io::Read;
use std::sync::Arc;

use graph::{Budget, Change, CheckRequest, Engine, EngineOptions, FileError, FileReader, file_limits};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::file_frame::{Block, blocks_of, file_of, prelude, read, refusal, written};
use crate::worlds::{Operators, World, cases, nodes, subjects, worlds};
use crate::{relationship, schema};

/// Reads the file, and does with what it may have read all that can be done with an engine.
fn read_and_use(file: &[u8]) {
    let options = EngineOptions { ids_max: 1_000_000, relationships_max: 1_000_000, ..EngineOptions::default() };
    let Ok(mut file) = FileReader::begin(file) else { return };
    while let Ok(Some(tenant)) = file.next_tenant(options) {
        use_all(&tenant.engine);
    }
}

fn use_all(engine: &Engine) {
    ask(engine);
    let now = engine.snapshot();
    if let Some(next) = now.revision().checked_add(1) {
        let touched = Change::Touch(relationship("folder:a#viewer@user:new"));
        engine.apply(next, [touched]).expect("one more is below the cap");
    }
    let with_a_delta = written(engine);
    engine.merge();
    assert!(written(engine) == with_a_delta, "merging changes nothing");
    ask(engine);
    let again = read(&with_a_delta).expect("what was read can be written and read");
    assert_eq!(again.snapshot().relationships(), engine.snapshot().relationships());
}

fn ask(engine: &Engine) {
    let snapshot = engine.snapshot();
    let budget = Budget { nodes_max: 1_000, edges_max: 1_000 };
    let schema = snapshot.schema();
    for subject in subjects(schema).iter().take(8) {
        for (resource, permission) in nodes(schema).iter().take(60) {
            // Any answer and any error will do.
            _ = snapshot.check(&CheckRequest { resource, permission, subject }, &budget);
        }
    }
}

fn file_of_world(world: &World) -> Vec<u8> {
    let World { schema, relationships } = world;
    let engine = Engine::load(EngineOptions::default(), 3, Arc::new(schema.clone()), relationships.iter());
    written(&engine.expect("no cap is near"))
}

/// One thing that went wrong with the blocks before their checksums were made.
#[derive(Clone, Debug)]
enum Fault {
    Flip { block: Index, at: Index, bit: u8 },
    Number { block: Index, at: Index, number: u32 },
    Cut { block: Index, at: Index },
    Insert { block: Index, at: Index, bytes: Vec<u8> },
    Drop(Index),
    Double(Index),
    Swap(Index, Index),
    Replace { block: Index, from: Index },
}

fn faults() -> impl Strategy<Value = Fault> {
    let index = any::<Index>;
    let small = prop_oneof![0..8_u32, any::<u32>(), Just(u32::MAX), Just(u32::MAX - 1), Just(1 << 31)];
    prop_oneof![
        (index(), index(), 0..8_u8).prop_map(|(block, at, bit)| Fault::Flip { block, at, bit }),
        (index(), index(), small).prop_map(|(block, at, number)| Fault::Number { block, at, number }),
        (index(), index()).prop_map(|(block, at)| Fault::Cut { block, at }),
        (index(), index(), vec(any::<u8>(), 1..9)).prop_map(|(block, at, bytes)| Fault::Insert { block, at, bytes }),
        index().prop_map(Fault::Drop),
        index().prop_map(Fault::Double),
        (index(), index()).prop_map(|(left, right)| Fault::Swap(left, right)),
        (index(), index()).prop_map(|(block, from)| Fault::Replace { block, from }),
    ]
}

/// Makes the fault; blocks of the other file may come in.
fn spoil(blocks: &mut Vec<Block>, other: &[Block], fault: &Fault) {
    if blocks.is_empty() {
        return;
    }
    let count = blocks.len();
    match fault {
        Fault::Flip { block, at, bit } => {
            let contents = &mut blocks[block.index(count)].1;
            if let Some(byte) = (!contents.is_empty()).then(|| at.index(contents.len())) {
                contents[byte] ^= 1 << bit;
            }
        }
        Fault::Number { block, at, number } => {
            let contents = &mut blocks[block.index(count)].1;
            if contents.len() >= 4 {
                let at = at.index(contents.len() - 3);
                contents[at..at + 4].copy_from_slice(&number.to_le_bytes());
            }
        }
        Fault::Cut { block, at } => {
            let contents = &mut blocks[block.index(count)].1;
            contents.truncate(at.index(contents.len() + 1));
        }
        Fault::Insert { block, at, bytes } => {
            let contents = &mut blocks[block.index(count)].1;
            let at = at.index(contents.len() + 1);
            contents.splice(at..at, bytes.iter().copied());
        }
        Fault::Drop(block) => drop(blocks.remove(block.index(count))),
        Fault::Double(block) => blocks.insert(block.index(count), blocks[block.index(count)].clone()),
        Fault::Swap(left, right) => blocks.swap(left.index(count), right.index(count)),
        Fault::Replace { block, from } => blocks[block.index(count)] = from.get(other).clone(),
    }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn arbitrary_bytes_never_panic_the_reader(bytes in vec(any::<u8>(), 0..300), begun in 0..3_u8) {
        let begin: Vec<u8> = match begun {
            0 => Vec::new(),
            1 => prelude(1),
            _ => file_of(&[(*b"HEAD", vec![0, 0, 0, 0, 0, 0, 1, 0, 0, 0])]),
        };
        read_and_use(&[begin, bytes].concat());
    }

    #[test]
    fn arbitrary_contents_of_a_block_never_panic_it(
        bytes in vec(prop_oneof![Just(0_u8), 1..4_u8, b'a'..b'd', any::<u8>()], 0..60),
        block in any::<Index>(),
    ) {
        let mut blocks = blocks_of(&written(&tiny()));
        let count = blocks.len();
        blocks[block.index(count)].1 = bytes;
        read_and_use(&file_of(&blocks));
    }
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn a_file_with_faults_under_good_checksums_is_refused_or_gives_an_engine_that_works(
        world in worlds(Operators::Every),
        other in worlds(Operators::Every),
        faults in vec(faults(), 1..4),
    ) {
        let (mut blocks, other) = (blocks_of(&file_of_world(&world)), blocks_of(&file_of_world(&other)));
        for fault in &faults {
            spoil(&mut blocks, &other, fault);
        }
        read_and_use(&file_of(&blocks));
    }
}

fn tiny() -> Engine {
    let schema = schema(
        "definition user {}
         definition folder { relation viewer: user | folder#viewer\n relation guest: user:*\n }",
    );
    let stored = ["folder:a#guest@user:*", "folder:a#viewer@folder:b#viewer", "folder:b#viewer@user:x"];
    Engine::load(EngineOptions::default(), 1, Arc::new(schema), stored.map(relationship)).expect("no cap is near")
}

#[test]
fn every_truncation_and_every_flipped_bit_is_refused() {
    let file = written(&tiny());
    for bytes in 0..file.len() {
        assert!(read(&file[..bytes]).is_err(), "{bytes} bytes");
    }
    for bit in 0..file.len() * 8 {
        let mut damaged = file.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(read(&damaged).is_err(), "bit {bit}");
    }
    assert!(refusal(&[&file[..], b"x"].concat()).contains("something comes after it"));
}

#[test]
fn a_block_lost_or_doubled_or_moved_or_from_another_file_is_refused_by_its_place() {
    let blocks = |file: &[u8]| -> Vec<Vec<u8>> {
        let mut rest = &file[16..];
        let lengths: Vec<usize> = blocks_of(file).iter().map(|(_, contents)| 12 + contents.len()).collect();
        lengths.into_iter().map(|length| rest.split_off(..length).expect("a whole file").to_vec()).collect()
    };
    let file = written(&tiny());
    let engine = tiny();
    engine.apply(2, [Change::Touch(relationship("folder:c#guest@user:*"))]).unwrap();
    let (own, other) = (blocks(&file), blocks(&written(&engine)));
    let refused = |blocks: &[Vec<u8>]| {
        let refusal = refusal(&[prelude(1), blocks.concat()].concat());
        assert!(refusal.starts_with("the file is damaged in ") && refusal.contains(" at byte "), "{refusal}");
    };
    for at in 0..own.len() {
        let mut lost = own.clone();
        let block = lost.remove(at);
        refused(&lost);
        for to in 0..own.len() {
            let mut moved = lost.clone();
            moved.insert(to, block.clone());
            if to != at {
                refused(&moved);
            }
            let mut doubled = own.clone();
            doubled.insert(to, block.clone());
            refused(&doubled);
        }
        if own[at] != other[at] {
            let mut mixed = own.clone();
            mixed[at].clone_from(&other[at]);
            refused(&mixed);
        }
    }
}

/// Counts what is asked of it.
struct Counted<R> {
    input: R,
    most: usize,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.most = self.most.max(into.len());
        self.input.read(into)
    }
}

#[test]
fn what_a_file_announces_is_not_made_room_for_before_it_comes() {
    let good = blocks_of(&written(&tiny()));
    // The last four bytes of a type's and a table's head are a count, and those of a tenant's head the highest of eight.
    for (kind, back) in
        [(b"TYPE", 4), (b"TABL", 4), (b"TENT", 4), (b"TENT", 8), (b"TENT", 16), (b"TENT", 20), (b"TENT", 28)]
    {
        let mut blocks = good.clone();
        let contents = &mut blocks.iter_mut().find(|(found, _)| found == kind).expect("there is one").1;
        let at = contents.len() - back;
        contents[at..at + 4].copy_from_slice(&0xefff_ffff_u32.to_le_bytes());
        assert!(read(&file_of(&blocks)).is_err());
    }
    let mut blocks = good.clone();
    blocks.truncate(4);
    let whole = file_of(&blocks);
    let mut endless = [&whole[..], b"IDS ", &u32::MAX.to_le_bytes(), &[0; 4]].concat();
    let most = |file: &[u8]| {
        let mut input = Counted { input: file.chain(std::io::repeat(0)), most: 0 };
        let error = Engine::read_from(EngineOptions::default(), &mut input).unwrap_err();
        (input.most, error)
    };
    let (asked, error) = most(&endless);
    assert!(
        asked <= endless.len() && error.to_string().contains("a block of 4294967295 bytes; the limit is 262144"),
        "{error}"
    );
    let at = endless.len() - 8;
    endless[at..at + 4].copy_from_slice(&(file_limits::BLOCK_BYTES_MAX as u32).to_le_bytes());
    let (asked, error) = most(&endless);
    assert!(asked <= file_limits::BLOCK_BYTES_MAX && matches!(error, FileError::Damaged { .. }), "{error}");
}
