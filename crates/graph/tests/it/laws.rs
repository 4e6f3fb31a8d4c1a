//! What must hold of every schema and every set of relationships.

use graph::{Answer, Budget, CheckError, CheckRequest, ObjectRef, Relationship, RelationshipSet, SubjectRef, check};
use proptest::prelude::*;
use proptest::sample::Index;
use worlds::{Random, folder_expression};

use crate::worlds::{Operators, World, cases, nodes, possible_relationships, subjects, worlds, worlds_with};

/// An answer, or that there is none because of a cycle.
fn outcome(world: &World, resource: &ObjectRef, permission: &str, subject: &SubjectRef) -> Option<Answer> {
    let request = CheckRequest { resource, permission, subject };
    match check(&world.schema, &world.relationships, &request, &Budget::default()) {
        Ok(answer) => Some(answer),
        Err(CheckError::CycleThroughNegation { .. }) => None,
        Err(error) => panic!("{resource}#{permission}@{subject}: {error}"),
    }
}

/// Two expressions for everything that must be equal, as permissions `left_NN` and `right_NN`.
fn equal_pairs(one: &str, two: &str, three: &str) -> Vec<(String, String)> {
    let pairs = [
        (format!("({one}) + ({two})"), format!("({two}) + ({one})")),
        (format!("(({one}) + ({two})) + ({three})"), format!("({one}) + (({two}) + ({three}))")),
        (format!("({one}) & ({two})"), format!("({two}) & ({one})")),
        (format!("(({one}) & ({two})) & ({three})"), format!("({one}) & (({two}) & ({three}))")),
        (format!("({one}) & ({one})"), one.to_owned()),
        (format!("({one}) + nil"), one.to_owned()),
        (format!("({one}) - nil"), one.to_owned()),
        (format!("({one}) & (({two}) + ({three}))"), format!("(({one}) & ({two})) + (({one}) & ({three}))")),
        (format!("({one}) - ({two}) - ({three})"), format!("({one}) - (({two}) + ({three}))")),
        (format!("({one}) - (({two}) & ({three}))"), format!("(({one}) - ({two})) + (({one}) - ({three}))")),
        // Precedence: union binds tightest and exclusion loosest.
        (format!("({one}) - ({two}) & ({three}) + ({one})"), format!("({one}) - (({two}) & (({three}) + ({one})))")),
    ];
    pairs.to_vec()
}

fn statements(random: &mut Random) -> String {
    let [one, two, three] = std::array::from_fn(|_| folder_expression(random, Operators::Every));
    let pairs = equal_pairs(&one, &two, &three);
    let lines = pairs.iter().enumerate().map(|(number, (left, right))| {
        format!("permission left_{number:02} = {left}\npermission right_{number:02} = {right}\n")
    });
    lines.collect()
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn the_laws_of_sets_hold(
        world in worlds_with(statements, Operators::Every),
        picks in prop::array::uniform3(any::<Index>()),
    ) {
        let subjects = subjects(&world.schema);
        for subject in picks.iter().map(|pick| pick.get(&subjects)) {
            // As a subject of its own making, one side of a pair would be a member of itself and the other not.
            if subject.relation().is_some_and(|relation| relation.starts_with("left") || relation.starts_with("right")) {
                continue;
            }
            for (resource, left) in nodes(&world.schema).iter().filter(|(_, member)| member.starts_with("left")) {
                let right = left.replace("left", "right");
                prop_assert_eq!(
                    outcome(&world, resource, left, subject),
                    outcome(&world, resource, &right, subject),
                    "{}#{}@{} in {}", resource, left, subject, world.schema.to_text()
                );
            }
        }
    }

    #[test]
    fn without_exclusion_one_more_relationship_never_takes_a_grant_away(
        world in worlds(Operators::Growing),
        added in any::<Index>(),
        picks in prop::array::uniform4(any::<Index>()),
    ) {
        let mut more = world.clone();
        more.relationships.insert(added.get(&possible_relationships(&world.schema)).clone());
        let subjects = subjects(&world.schema);
        for subject in picks.iter().map(|pick| pick.get(&subjects)) {
            for (resource, permission) in nodes(&world.schema) {
                if outcome(&world, &resource, &permission, subject) == Some(Answer::Has) {
                    prop_assert_eq!(outcome(&more, &resource, &permission, subject), Some(Answer::Has));
                }
            }
        }
    }

    #[test]
    fn new_names_for_the_objects_change_no_answer(
        world in worlds(Operators::Every),
        picks in prop::array::uniform4(any::<Index>()),
    ) {
        let relationships: RelationshipSet = world.relationships.iter().map(|one| renamed_relationship(&one)).collect();
        let other = World { schema: world.schema.clone(), relationships };
        let subjects = subjects(&world.schema);
        for subject in picks.iter().map(|pick| pick.get(&subjects)) {
            for (resource, permission) in nodes(&world.schema) {
                prop_assert_eq!(
                    outcome(&world, &resource, &permission, subject),
                    outcome(&other, &renamed(&resource), &permission, &renamed_subject(subject))
                );
            }
        }
    }

    #[test]
    fn every_relationship_that_the_schema_lists_is_admitted(world in worlds(Operators::Every)) {
        for one in possible_relationships(&world.schema) {
            prop_assert_eq!(world.schema.admits(&one), Ok(()));
        }
    }
}

/// The order of the names is turned round too.
fn renamed(object: &ObjectRef) -> ObjectRef {
    let id = match object.object_id() {
        "a" => "zeta",
        "b" => "yak/1",
        "c" => "1|2",
        other => other,
    };
    ObjectRef::new(object.object_type(), id).expect("well-formed")
}

fn renamed_subject(subject: &SubjectRef) -> SubjectRef {
    SubjectRef::new(renamed(subject.object()), subject.relation()).expect("well-formed")
}

fn renamed_relationship(one: &Relationship) -> Relationship {
    Relationship::new(renamed(one.resource()), one.relation(), renamed_subject(one.subject())).expect("well-formed")
}
