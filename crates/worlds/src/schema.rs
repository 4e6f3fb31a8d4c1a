//! Random schemas: four types, with relations of every kind of subject and permissions of every operator.
//!
//! Each type has the relations `direct` and `nested`, a third with a name of its own, and the permissions `one`, `two` and
//! (some types) `three`, each computed from the relations, from the permissions before it, and through arrows from any
//! permission of any object, so that recursion over data abounds.

use crate::random::Random;
use crate::world::Operators;

/// A type, with what is particular to it.
#[derive(Debug)]
struct Kind {
    name: &'static str,
    /// Its third relation, which leads to objects only.
    third: &'static str,
    permissions: &'static [&'static str],
}

const KINDS: [Kind; 4] = [
    Kind { name: "user", third: "manager", permissions: &["one", "two"] },
    Kind { name: "group", third: "owner", permissions: &["one", "two", "three"] },
    Kind { name: "folder", third: "parent", permissions: &["one", "two", "three"] },
    Kind { name: "document", third: "parent", permissions: &["one", "two", "three"] },
];

/// How deep operators are nested.
const DEPTH: usize = 2;

/// A random schema's text, which may not be right: a relation may refer to one that is not there, and an arrow may begin at a
/// wildcard. `more` is added to the type `folder`.
pub fn schema_text(random: &mut Random, operators: Operators, more: &str) -> String {
    let mut text = "use self\n".to_owned();
    let symbols = symbols(random, operators);
    for kind in &KINDS {
        text += &format!("definition {} {{\n", kind.name);
        text += &format!("\trelation direct: {}\n", subject_types(random, true));
        text += &format!("\trelation nested: {}\n", subject_types(random, false));
        text += &format!("\trelation {}: {}\n", kind.third, objects(random));
        for (position, name) in kind.permissions.iter().enumerate() {
            text += &format!("\tpermission {name} = {}\n", expression(random, kind, position, symbols, DEPTH));
        }
        text += if kind.name == "folder" { more } else { "" };
        text += "}\n";
    }
    text
}

/// A random expression that the type `folder` can hold beside its three permissions.
pub fn folder_expression(random: &mut Random, operators: Operators) -> String {
    let symbols = symbols(random, operators);
    expression(random, &KINDS[2], 3, symbols, DEPTH)
}

/// In half of the worlds with every operator nothing is excluded, so that recursion through the others is walked more.
fn symbols(random: &mut Random, operators: Operators) -> Symbols {
    match operators {
        Operators::Every if random.one_in(2) => Symbols { between: &["+", "&", "-"], all: true },
        Operators::Every => Symbols { between: &["+", "+", "&"], all: true },
        Operators::Growing => Symbols { between: &["+", "&"], all: false },
    }
}

/// What may stand between operands, and whether `.all` may be used.
#[derive(Clone, Copy, Debug)]
struct Symbols {
    between: &'static [&'static str],
    all: bool,
}

fn subject_types(random: &mut Random, with_wildcards: bool) -> String {
    let mut types = Vec::new();
    for _ in 0..=random.below(4) {
        let kind = random.pick(&KINDS);
        let object_type = kind.name;
        types.push(match random.below(6) {
            0..=2 => object_type.to_owned(),
            3 if with_wildcards => format!("{object_type}:*"),
            3 | 4 => format!("{object_type}#nested"),
            _ => format!("{object_type}#{}", random.pick(kind.permissions)),
        });
    }
    joined(types)
}

fn objects(random: &mut Random) -> String {
    let names = (0..=random.below(2)).map(|_| random.pick(&KINDS).name.to_owned()).collect();
    joined(names)
}

fn joined(mut types: Vec<String>) -> String {
    types.sort_unstable();
    types.dedup();
    types.join(" | ")
}

fn expression(random: &mut Random, kind: &Kind, position: usize, symbols: Symbols, depth: usize) -> String {
    if depth == 0 || random.one_in(3) {
        return leaf(random, kind, position, symbols);
    }
    let symbol = *random.pick(symbols.between);
    let operands: Vec<String> =
        (0..2 + random.below(2)).map(|_| expression(random, kind, position, symbols, depth - 1)).collect();
    let joined = operands.join(&format!(" {symbol} "));
    // Without parentheses, precedence decides.
    if random.one_in(4) { joined } else { format!("({joined})") }
}

fn leaf(random: &mut Random, kind: &Kind, position: usize, symbols: Symbols) -> String {
    let relations = ["direct", "nested", kind.third];
    let members: Vec<&str> = relations.iter().chain(kind.permissions.iter().take(position)).copied().collect();
    let target = *random.pick(&["direct", "nested", "parent", "one", "two", "three", "one", "two"]);
    let left = *random.pick(&["nested", kind.third]);
    match random.below(14) {
        0 => "nil".to_owned(),
        1 => "self".to_owned(),
        2..=5 => format!("{left}->{target}"),
        6 => format!("{left}.any({target})"),
        7 | 8 if symbols.all => format!("{left}.all({target})"),
        _ => (*random.pick(&members)).to_owned(),
    }
}
