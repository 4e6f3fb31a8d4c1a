//! The evaluator and the brute force give the same answer to every question about small random worlds.

use graph::{Budget, CheckError, CheckRequest, Relationship, check};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::brute_force::BruteForce;
use crate::worlds::{Operators, cases, nodes, subjects, worlds};

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn the_evaluator_agrees_with_brute_force(world in worlds(Operators::Every), picks in prop::array::uniform4(any::<Index>())) {
        let stored: Vec<Relationship> = world.relationships.iter().collect();
        let nodes = nodes(&world.schema);
        let subjects = subjects(&world.schema);
        for subject in picks.iter().map(|pick| pick.get(&subjects)) {
            let expected = BruteForce::new(&world.schema, &stored, subject, nodes.clone()).answers();
            for ((resource, permission), expected) in nodes.iter().zip(expected) {
                let request = CheckRequest { resource, permission, subject };
                let answer = check(&world.schema, &world.relationships, &request, &Budget::default());
                match expected {
                    Some(expected) => prop_assert_eq!(answer, Ok(expected), "{}#{}@{}", resource, permission, subject),
                    None => prop_assert!(
                        matches!(answer, Err(CheckError::CycleThroughNegation { .. })),
                        "{}#{}@{}: {:?}", resource, permission, subject, answer
                    ),
                }
            }
        }
    }
}
