//! A schema as text: one layout, no comment lost, and the same schema when read again.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::schema;
use crate::worlds::{cases, schema_texts};

const WRITTEN: &str = r"
// the file
use   self // features
/**
   * A person,
      * anywhere.
   */
definition user { // holds nothing
   // not yet
}
definition   document{ relation parent:document;/** reads */ relation viewer:user|user:*|document#viewers;relation viewers /* all */ : user
  permission view=viewer+viewers&self - parent.all(view) // trailing

  /* block
     of text */ permission edit = (nil)
  // last of all
} // after the brace
// the end";

const PRINTED: &str = "\
// the file
// features
use self

/**
 * A person,
 * anywhere.
 */
// holds nothing
definition user {
\t// not yet
}

definition document {
\trelation parent: document
\t/** reads */
\trelation viewer: user | user:* | document#viewers
\t/* all */
\trelation viewers: user
\t// trailing
\tpermission view = ((viewer + viewers) & self) - parent.all(view)
\t/* block
\tof text */
\tpermission edit = nil
\t// last of all
\t// after the brace
}

// the end
";

#[test]
fn a_schema_prints_in_one_layout_with_all_its_comments() {
    assert_eq!(schema(WRITTEN).to_text(), PRINTED);
    assert_eq!(schema(PRINTED).to_text(), PRINTED);
    assert_eq!(schema(PRINTED), schema(WRITTEN));
}

#[test]
fn the_layout_of_a_text_makes_no_schema_different_but_a_comment_does() {
    let plain = schema("definition user { relation peer: user\n }");
    assert_eq!(plain, schema("definition user\n{\n\trelation\tpeer:user;;\n}\n\n"));
    assert_ne!(plain, schema("definition user { relation peer: user // why\n }"));
}

#[test]
fn a_comment_belongs_to_the_statement_on_its_line_or_else_to_the_next() {
    let schema = schema(
        "definition user { relation one: user // first
            // second
            relation two: user; /* third */ relation three: user /* fourth
            */
            /* fifth */ }",
    );
    let comments = |name: &str| schema.member("user", name).unwrap().comments().to_vec();
    assert_eq!(comments("one"), ["// first"]);
    assert_eq!(comments("two"), ["// second"]);
    assert_eq!(comments("three"), ["/* third */", "/* fourth\n*/"]);
    assert!(schema.to_text().ends_with("\t/* fifth */\n}\n"));
}

/// Blanks, with a number for each comment so that all can be found again.
fn filler(choice: u8, number: usize) -> String {
    match choice % 8 {
        0 => format!(" /* c{number} */ "),
        1 => format!(" // c{number}\n"),
        2 => format!("\n/** c{number}\n  * more\n */\n"),
        3 => "\r\n\t ".to_owned(),
        _ => " ".to_owned(),
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn what_is_printed_reads_back_as_the_same_schema(text in schema_texts()) {
        let read = schema(&text);
        let printed = read.to_text();
        prop_assert_eq!(&schema(&printed), &read);
        prop_assert_eq!(schema(&printed).to_text(), printed);
    }

    #[test]
    fn comments_anywhere_change_nothing_and_none_is_lost(text in schema_texts(), choices in vec(any::<u8>(), 1..50)) {
        let mut commented = String::new();
        for (number, piece) in text.split(' ').enumerate() {
            commented += piece;
            commented += &filler(choices[number % choices.len()], number);
        }
        let read = schema(&commented);
        let printed = read.to_text();
        prop_assert_eq!(&schema(&printed), &read);
        prop_assert_eq!(printed.matches(" c").count(), commented.matches(" c").count());
        let bare = |text: &str| -> Vec<String> {
            let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['/', '*']) && !line.is_empty());
            lines.map(str::to_owned).collect()
        };
        prop_assert_eq!(bare(&printed), bare(&schema(&text).to_text()));
    }
}
