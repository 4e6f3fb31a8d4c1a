//! Questions too large, too wrong or too twisted for a scenario file.

use graph::{Answer, Budget, CheckError, CheckSide, Limit, Relationship, RelationshipSet, Schema};

use crate::{ask, ask_within, relationship, relationships, schema};

fn folders() -> Schema {
    schema(
        "definition user {}
         definition group { relation member: user | group#member\n }
         definition folder {
            relation parent: folder
            relation viewer: user | user:* | group#member
            permission view = viewer + parent->view
            permission alone = viewer - parent->alone
         }",
    )
}

#[test]
fn a_userset_is_a_member_of_itself() {
    let nothing = RelationshipSet::new();
    assert_eq!(ask(&folders(), &nothing, "group:g#member@group:g#member"), Ok(Answer::Has));
    assert_eq!(ask(&folders(), &nothing, "folder:f#view@folder:f#view"), Ok(Answer::Has));
    assert_eq!(ask(&folders(), &nothing, "group:g#member@group:h#member"), Ok(Answer::No));
    assert_eq!(ask(&folders(), &nothing, "group:g#member@group:g"), Ok(Answer::No));
}

#[test]
fn an_unknown_object_is_a_no_and_an_unknown_name_an_error() {
    let (schema, nothing) = (folders(), RelationshipSet::new());
    assert_eq!(ask(&schema, &nothing, "folder:none#view@user:nobody"), Ok(Answer::No));
    let side = |question: &str| match ask(&schema, &nothing, question) {
        Err(CheckError::UnknownType { side, .. }) => ("type", side),
        Err(CheckError::UnknownMember { side, .. }) => ("member", side),
        other => panic!("{question}: {other:?}"),
    };
    assert_eq!(side("foldr:f#view@user:ann"), ("type", CheckSide::Resource));
    assert_eq!(side("folder:f#veiw@user:ann"), ("member", CheckSide::Resource));
    assert_eq!(side("folder:f#view@usr:ann"), ("type", CheckSide::Subject));
    assert_eq!(side("folder:f#view@group:g#membr"), ("member", CheckSide::Subject));
    let message = ask(&schema, &nothing, "folder:f#veiw@user:ann").unwrap_err().to_string();
    assert_eq!(message, "the resource's type `folder` has no relation or permission `veiw`; did you mean `view`?");
}

#[test]
fn a_wildcard_can_be_asked_neither_about_nor_for() {
    let (schema, stored) = (folders(), relationships(&["folder:f#viewer@user:*"]));
    assert_eq!(ask(&schema, &stored, "folder:f#view@user:*"), Err(CheckError::InvalidSubject));
    let subject = "user:ann".parse().unwrap();
    let request = graph::CheckRequest { resource: &"folder:*".parse().unwrap(), permission: "view", subject: &subject };
    assert_eq!(graph::check(&schema, &stored, &request, &Budget::default()), Err(CheckError::InvalidResource));
}

#[test]
fn what_a_schema_would_not_admit_is_walked_past() {
    let stored = relationships(&[
        "folder:a#parent@folder:*",
        "folder:a#parent@user:ann",
        "folder:a#viewer@group:g#gone",
        "folder:a#viewer@ghost:g#member",
    ]);
    assert_eq!(ask(&folders(), &stored, "folder:a#view@user:ann"), Ok(Answer::No));
    assert_eq!(ask(&folders(), &stored, "folder:a#view@folder:b#view"), Ok(Answer::No));
}

#[test]
fn a_chain_of_ten_thousand_folders_is_walked_to_its_end() {
    let mut stored: RelationshipSet =
        (0..10_000).map(|depth| relationship(&format!("folder:f{depth}#parent@folder:f{}", depth + 1))).collect();
    stored.insert(relationship("folder:f10000#viewer@user:ann"));
    assert_eq!(ask(&folders(), &stored, "folder:f0#view@user:ann"), Ok(Answer::Has));
    assert_eq!(ask(&folders(), &stored, "folder:f0#view@user:ben"), Ok(Answer::No));
}

#[test]
fn ten_thousand_exclusions_on_top_of_each_other_alternate() {
    let mut stored: RelationshipSet =
        (0..10_000).map(|depth| relationship(&format!("folder:f{depth}#parent@folder:f{}", depth + 1))).collect();
    stored.extend((0..=10_000).map(|depth| relationship(&format!("folder:f{depth}#viewer@user:ann"))));
    assert_eq!(ask(&folders(), &stored, "folder:f10000#alone@user:ann"), Ok(Answer::Has));
    assert_eq!(ask(&folders(), &stored, "folder:f1#alone@user:ann"), Ok(Answer::No));
    assert_eq!(ask(&folders(), &stored, "folder:f0#alone@user:ann"), Ok(Answer::Has));
}

#[test]
fn a_ring_of_ten_thousand_groups_is_settled_in_one_pass() {
    let count = 10_000;
    let mut stored: RelationshipSet = (0..count)
        .map(|n| relationship(&format!("group:g{n}#member@group:g{}#member", (n * 7_919 + 1) % count)))
        .collect();
    assert_eq!(ask(&folders(), &stored, "group:g0#member@user:ann"), Ok(Answer::No));
    stored.extend((0..count).map(|n| relationship(&format!("group:g{n}#member@group:g{}#member", (n + 1) % count))));
    stored.insert(relationship("group:g4999#member@user:ann"));
    assert_eq!(ask(&folders(), &stored, "group:g5000#member@user:ann"), Ok(Answer::Has));
    assert_eq!(ask(&folders(), &stored, "group:g5000#member@user:ben"), Ok(Answer::No));
}

#[test]
fn a_group_of_twenty_thousand_groups_is_searched_to_the_last() {
    let mut stored: RelationshipSet =
        (0..20_000).map(|n| relationship(&format!("group:all#member@group:g{n}#member"))).collect();
    stored.insert(relationship("group:g19999#member@user:ann"));
    assert_eq!(ask(&folders(), &stored, "group:all#member@user:ann"), Ok(Answer::Has));
    assert_eq!(ask(&folders(), &stored, "group:all#member@user:ben"), Ok(Answer::No));
}

#[test]
fn an_expression_of_ten_thousand_terms_is_evaluated() {
    let terms = vec!["viewer"; 10_000].join(" + ");
    let exclusions = vec!["viewer"; 10_000].join(" - ");
    let schema = schema(&format!(
        "definition user {{}}
         definition folder {{
            relation viewer: user
            permission wide = {terms}
            permission narrow = {exclusions}
         }}"
    ));
    let stored = relationships(&["folder:f#viewer@user:ann"]);
    assert_eq!(ask(&schema, &stored, "folder:f#wide@user:ann"), Ok(Answer::Has));
    assert_eq!(ask(&schema, &stored, "folder:f#narrow@user:ann"), Ok(Answer::No));
}

#[test]
fn a_budget_that_runs_out_names_its_limit_and_one_that_just_suffices_does_not() {
    let stored: RelationshipSet =
        (0..9).map(|n| relationship(&format!("group:g{n}#member@group:g{}#member", n + 1))).collect();
    let ask = |nodes_max, edges_max| {
        ask_within(&folders(), &stored, "group:g0#member@user:ann", &Budget { nodes_max, edges_max })
    };
    assert_eq!(ask(10, 18), Ok(Answer::No));
    assert_eq!(ask(9, 18), Err(CheckError::BudgetExhausted { limit: Limit::Nodes, max: 9 }));
    assert_eq!(ask(10, 17), Err(CheckError::BudgetExhausted { limit: Limit::Edges, max: 17 }));
    let message = ask(9, 18).unwrap_err().to_string();
    assert!(message.contains("more than 9 pairs") && message.contains("`nodes_max`"), "{message}");
}

fn cycle(schema: &Schema, stored: &RelationshipSet, question: &str) -> Vec<String> {
    match ask(schema, stored, question) {
        Err(CheckError::CycleThroughNegation { cycle }) => cycle,
        other => panic!("{question}: {other:?}"),
    }
}

#[test]
fn a_cycle_through_a_negation_names_its_pairs_in_order() {
    let stored = relationships(&["folder:a#parent@folder:b", "folder:b#parent@folder:a", "folder:c#parent@folder:a"]);
    let found = cycle(&folders(), &stored, "folder:c#alone@user:ann");
    assert_eq!(found, ["folder:a#alone", "folder:b#alone", "folder:a#alone"]);
    let own = relationships(&["folder:a#parent@folder:a"]);
    assert_eq!(cycle(&folders(), &own, "folder:a#alone@user:ann"), ["folder:a#alone", "folder:a#alone"]);
}

#[test]
fn of_a_long_cycle_the_middle_is_left_out() {
    let stored: RelationshipSet =
        (0..1_000).map(|n| relationship(&format!("folder:f{n}#parent@folder:f{}", (n + 1) % 1_000))).collect();
    let found = cycle(&folders(), &stored, "folder:f0#alone@user:ann");
    assert_eq!(found.len(), 17);
    assert_eq!(
        (found[0].as_str(), found[8].as_str(), found[16].as_str()),
        ("folder:f0#alone", "...", "folder:f0#alone")
    );
}

#[test]
fn a_cycle_through_a_negation_is_an_error_even_beside_a_grant() {
    let schema = schema(
        "definition user {}
         definition folder {
            relation parent: folder
            relation viewer: user
            permission odd = viewer - parent->odd
            permission view = viewer + odd
         }",
    );
    let stored = relationships(&["folder:a#parent@folder:a", "folder:a#viewer@user:ann"]);
    assert_eq!(cycle(&schema, &stored, "folder:a#view@user:ann").len(), 2);
}

#[test]
fn a_cycle_through_a_userset_on_the_right_of_an_exclusion_is_found() {
    let schema = schema(
        "definition user {}
         definition club {
            relation applicant: user
            relation barred: user | club#member
            permission member = applicant - barred
         }",
    );
    let barred: Relationship = relationship("club:a#barred@club:a#member");
    let stored: RelationshipSet = [barred, relationship("club:a#applicant@user:ann")].into_iter().collect();
    assert_eq!(cycle(&schema, &stored, "club:a#member@user:ann"), ["club:a#member", "club:a#barred", "club:a#member"]);
}
