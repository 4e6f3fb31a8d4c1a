//! Whatever bytes come in, the parsers answer, and an error points into the text.

use graph::{ObjectRef, Relationship, Schema, SubjectRef, limits};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::worlds::{cases, possible_relationships, raw_schema_texts, schema_texts};

fn answers_with_a_place_inside(text: &str) {
    let Err(errors) = Schema::parse(text) else { return };
    assert!((1..=limits::ERRORS_MAX).contains(&errors.iter().count()));
    let lines: Vec<&str> = text.split('\n').collect();
    for error in errors.iter() {
        assert!((1..=lines.len()).contains(&error.line), "{error} in {text:?}");
        assert!((1..=lines[error.line - 1].chars().count() + 1).contains(&error.column), "{error} in {text:?}");
        assert!(!error.message.is_empty() && !error.hint.is_empty());
    }
}

/// What is read is written as the same, and an error points into the text.
fn reads_as_a_relationship_or_says_where_not(text: &str) {
    let inside = |error: graph::RelationshipError| {
        assert!((1..=text.len() + 1).contains(&error.position), "{error} in {text:?}");
    };
    match text.parse::<Relationship>() {
        Ok(read) => assert_eq!(read.to_string().parse(), Ok(read), "{text:?}"),
        Err(error) => inside(error),
    }
    match text.parse::<SubjectRef>() {
        Ok(read) => assert_eq!(read.to_string().parse(), Ok(read), "{text:?}"),
        Err(error) => inside(error),
    }
    match text.parse::<ObjectRef>() {
        Ok(read) => assert_eq!(read.to_string(), text),
        Err(error) => inside(error),
    }
}

/// The text with some bytes put in the place of others.
fn replaced(text: &str, from: Index, taken: usize, bytes: &[u8]) -> String {
    let from = from.index(text.len() + 1);
    let rest = text.as_bytes().get(from + taken..).unwrap_or_default();
    String::from_utf8_lossy(&[&text.as_bytes()[..from], bytes, rest].concat()).into_owned()
}

/// Pieces of the language, more likely to get far into the parser than bytes are.
const PIECES: &[&str] = &[
    "definition",
    "relation",
    "permission",
    "use",
    "self",
    "nil",
    "caveat",
    "with",
    "import",
    "user",
    "view",
    "any",
    "all",
    "{",
    "}",
    "(",
    ")",
    ":",
    ";",
    "|",
    "#",
    "*",
    "=",
    "+",
    "&",
    "-",
    "->",
    ".",
    "...",
    "\n",
    " ",
    "//x",
    "/*",
    "*/",
    "/** y */",
    "é",
    "\r\n",
];

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn arbitrary_bytes_never_panic_the_schema_parser(bytes in vec(any::<u8>(), 0..400)) {
        answers_with_a_place_inside(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn pieces_of_the_language_in_any_order_never_panic_it(pieces in vec(proptest::sample::select(PIECES), 0..80)) {
        answers_with_a_place_inside(&pieces.join(" "));
        answers_with_a_place_inside(&pieces.concat());
    }

    #[test]
    fn arbitrary_bytes_never_panic_the_relationship_parser(bytes in vec(any::<u8>(), 0..1_200), text in ".{0,60}") {
        reads_as_a_relationship_or_says_where_not(&String::from_utf8_lossy(&bytes));
        reads_as_a_relationship_or_says_where_not(&text);
    }

    #[test]
    fn pieces_of_relationships_in_any_order_never_panic_it(text in "[a-c:#@*é.]{0,12}") {
        reads_as_a_relationship_or_says_where_not(&text);
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn a_schema_with_one_character_lost_or_doubled_never_panics_the_parser(text in raw_schema_texts(), at in any::<Index>()) {
        let at = at.index(text.len());
        answers_with_a_place_inside(&format!("{}{}", &text[..at], &text[at + 1..]));
        answers_with_a_place_inside(&format!("{}{}", &text[..=at], &text[at..]));
    }
    #[test]
    fn the_beginning_of_one_schema_and_the_end_of_another_never_panic_it(
        text in schema_texts(), other in schema_texts(), from in any::<Index>(), to in any::<Index>(),
    ) {
        answers_with_a_place_inside(&format!("{}{}", &text[..from.index(text.len())], &other[to.index(other.len())..]));
    }

    #[test]
    fn a_schema_with_other_bytes_in_a_place_never_panics_it(
        text in schema_texts(), from in any::<Index>(), taken in 0..40_usize, bytes in vec(any::<u8>(), 0..6),
    ) {
        answers_with_a_place_inside(&replaced(&text, from, taken, &bytes));
    }

    #[test]
    fn a_relationship_with_other_bytes_in_a_place_never_panics_the_parser(
        text in schema_texts(), pick in any::<Index>(), from in any::<Index>(), taken in 0..4_usize,
        bytes in vec(prop_oneof![Just(b'#'), Just(b'@'), Just(b':'), Just(b'*'), Just(b'.'), any::<u8>()], 0..4),
    ) {
        let possible = possible_relationships(&Schema::parse(&text).expect("a text of the language"));
        let text = pick.get(&possible).to_string();
        reads_as_a_relationship_or_says_where_not(&text);
        reads_as_a_relationship_or_says_where_not(&replaced(&text, from, taken, &bytes));
    }
}

#[test]
fn a_long_text_of_one_piece_repeated_is_refused_without_using_the_stack() {
    let answer = |piece: &str, bytes: usize| {
        let mut text = format!("definition user {{\npermission view = {}", piece.repeat(bytes / piece.len()));
        text.truncate(bytes);
        answers_with_a_place_inside(&text);
    };
    answer("(", limits::TEXT_BYTES_MAX);
    for piece in ["{", "a", "+", "/*", "}\n", "definition a {", "a->", "relation ", "(aaa - "] {
        answer(piece, limits::TEXT_BYTES_MAX / 16);
    }
}

#[test]
fn a_text_over_the_limit_is_refused_by_its_size() {
    let errors = Schema::parse(&" ".repeat(limits::TEXT_BYTES_MAX + 1)).unwrap_err();
    assert!(errors.first().message.contains("the limit is 4194304"), "{errors}");
    assert!(Schema::parse(&" ".repeat(limits::TEXT_BYTES_MAX)).is_ok());
}
