//! Schemas that either might refuse: written ones for every rule of the language, and random ones.

use worlds::{Operators, Random, schema_text};

use crate::differences::Difference;
use crate::pair::Pair;

/// How many random schemas are written.
const RANDOM: u64 = 150;

/// Schemas at the edges of the language.
const WRITTEN: &[&str] = &[
    "",
    "   \n\n",
    "// nothing but a comment",
    "definition user {}",
    "definition user {} definition user {}",
    "definition us {}",
    "definition User {}",
    "definition user-name {}",
    "definition _user {}",
    "definition user_ {}",
    "definition acme/user {}",
    "definition acme/team/user {}",
    "definition acme/ {}",
    "definition a/user {}",
    "definition user {",
    "definition user }",
    "definition {}",
    "definition user { relation member: user }",
    "definition user { relation member: user; }",
    "definition user {\nrelation member: user\n}",
    "definition user {\nrelation member: nobody\n}",
    "definition user {\nrelation member\n}",
    "definition user {\nrelation member:\n}",
    "definition user {\nrelation member: user | user\n}",
    "definition user {\nrelation member: user | user:*\n}",
    "definition user {\nrelation member: user | user:*\nrelation other: user#member\n}",
    "definition user {\nrelation member: user:*\npermission view = member->view\n}",
    "definition user {\nrelation member: user | user:*\npermission view = member.any(view)\n}",
    "definition user {\nrelation member: user#missing\n}",
    "definition user {\nrelation member: user#member\n}",
    "definition user {\nrelation member: user#view\npermission view = member\n}",
    "definition user {\nrelation member: user#...\n}",
    "definition user {\nrelation member: user\nrelation member: user\n}",
    "definition user {\nrelation member: user\npermission member = nil\n}",
    "definition user {\nrelation me: user\n}",
    "definition user {\npermission view = missing\n}",
    "definition user {\npermission view = view\n}",
    "definition user {\npermission view = edit\npermission edit = view\n}",
    "definition user {\npermission view = edit\npermission edit = nil\n}",
    "definition user {\npermission view = nil\n}",
    "definition user {\npermission view =\n}",
    "definition user {\npermission view = ()\n}",
    "definition user {\npermission view = (nil)\n}",
    "definition user {\npermission view = ((nil))\n}",
    "definition user {\npermission view = nil +\n}",
    "definition user {\npermission view = nil + nil & nil - nil\n}",
    "definition user {\npermission view = nil\n+ nil\n}",
    "definition user {\npermission view = nil +\nnil\n}",
    "definition user {\npermission view = self\n}",
    "use self\ndefinition user {\npermission view = self\n}",
    "use self\ndefinition user {\nrelation self: user\n}",
    "definition user {\nrelation self: user\npermission view = self\n}",
    "use self\nuse self\ndefinition user {}",
    "use nothing\ndefinition user {}",
    "definition user {}\nuse self",
    "definition user {\nrelation parent: user\npermission view = parent->view\n}",
    "definition user {\nrelation parent: user\npermission view = parent->missing\n}",
    "definition user {\nrelation parent: user\npermission view = missing->view\n}",
    "definition user {\nrelation parent: user\npermission edit = nil\npermission view = edit->view\n}",
    "definition user {\nrelation parent: user\npermission view = parent.any(view)\n}",
    "definition user {\nrelation parent: user\npermission view = parent.all(view)\n}",
    "definition user {\nrelation parent: user\npermission view = parent.some(view)\n}",
    "definition user {\nrelation parent: user\npermission view = parent->view->view\n}",
    "definition user {\nrelation parent: user\npermission view = parent->(view + parent)\n}",
    "definition user {\nrelation parent: user#parent\npermission view = parent->view\n}",
    "definition user {}\ndefinition group {\nrelation member: user | group\npermission view = member->member\n}",
    "definition user {}\ndefinition group {\nrelation member: user\npermission view = member->member\n}",
    "definition user {}\ndefinition group {\nrelation direct: user:*\npermission all_of = direct\nrelation other: group#all_of\n}",
    "use typechecking\ndefinition user {}\ndefinition group {\nrelation member: user\npermission view: user = member\n}",
    "definition user {}\ndefinition group {\nrelation member: user\npermission view: user = member\n}",
    "use typechecking\ndefinition user {}\ndefinition group {\nrelation member: user\npermission view: group = member\n}",
    "use typechecking\ndefinition user {}\ndefinition group {\nrelation member: user | group\npermission view: user | group = member\n}",
    "definition nil {}",
    "definition definition {}",
    "definition relation {}",
    "definition user {\nrelation permission: user\n}",
    "definition user {\nrelation nil: user\n}",
    "definition user {\nrelation any: user\npermission all = any\n}",
    "/* a */ definition /* b */ user /* c */ { // d\n}",
    "/* not closed",
    "definition user {} garbage",
    "definition user {};",
    "definition user {\nrelation parent: user;;permission view = parent;\n}",
    "import \"other.zed\"\ndefinition user {}",
    "partial part {\nrelation member: user\n}\ndefinition user {\n...part\n}",
];

/// A random schema in which two words have changed places.
fn slip(random: &mut Random) -> String {
    let text = schema_text(random, Operators::Every, "");
    let mut words: Vec<&str> = text.split_inclusive([' ', '\n']).collect();
    let (one, other) = (random.below(words.len() as u64) as usize, random.below(words.len() as u64) as usize);
    words.swap(one, other);
    words.concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_accept_and_refuse_the_same_schemas() {
    let mut pair = Pair::start().await;
    let mut failures = Vec::new();
    let mut refused = 0;
    let slips: Vec<String> = (0..RANDOM).map(|seed| slip(&mut Random::new(seed))).collect();
    for text in WRITTEN.iter().copied().chain(slips.iter().map(String::as_str)) {
        pair.begin();
        let (ours, theirs) = pair.write_schema(text).await;
        refused += usize::from(theirs.is_some());
        let [our_code, their_code] = [&ours, &theirs].map(|refusal| refusal.as_ref().map(|refusal| refusal.code));
        if our_code != their_code && Difference::between_schemas(ours.as_ref(), theirs.as_ref()).is_none() {
            failures.push(format!("{text}\n    ours:    {ours:?}\n    SpiceDB: {theirs:?}"));
        }
    }
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
    assert!((40..200).contains(&refused), "{refused} were refused");
}
