//! Whatever bytes come in, the parsers answer, and an error points into the text.

use graph::{Relationship, Schema, limits};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::worlds::{cases, schema_texts};

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
    fn arbitrary_text_never_panics_the_relationship_parser(text in ".{0,60}") {
        if let Err(error) = text.parse::<Relationship>() {
            prop_assert!((1..=text.len() + 1).contains(&error.position), "{} in {:?}", error, text);
        }
    }

    #[test]
    fn pieces_of_relationships_in_any_order_never_panic_it(text in "[a-c:#@*é.]{0,12}") {
        if let Err(error) = text.parse::<Relationship>() {
            prop_assert!((1..=text.len() + 1).contains(&error.position), "{} in {:?}", error, text);
        }
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn a_schema_with_one_character_lost_or_doubled_never_panics_the_parser(text in schema_texts(), at in any::<prop::sample::Index>()) {
        let at = at.index(text.len());
        answers_with_a_place_inside(&format!("{}{}", &text[..at], &text[at + 1..]));
        answers_with_a_place_inside(&format!("{}{}", &text[..=at], &text[at..]));
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
