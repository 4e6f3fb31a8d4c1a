//! The revision protocol under every interleaving of two writers, two replicas, a client, a crash and a loss of commits.
//!
//! [`World`] is the model, for [stateright](https://www.stateright.rs): the statements of a turn to write, and each read of a
//! replica, are steps of their own, and all orders of them are tried. What a write comes to, the digest chain, what a replica
//! does about a head, and whether a revision is covered or worth waiting for are the service's own functions
//! (`domain::{ledger, history, following, freshness, revision}`); the reads and what lies between them are modelled.
//!
//! What holds, by [`properties`], with no excuse for anybody, under crashes, restarts from files, restores with a new epoch and
//! failovers that lose commits and tell nobody, two in a row among them:
//! - An answer at a token has everything that the token stands for. A token names its history, so that of a lost write is not
//!   taken for the write that got its number, by whoever has applied either, before anybody has looked.
//! - A fully consistent answer has every write acknowledged before the call, and none that was lost before it.
//! - What a replica applied is one history, whole; and the database's, if it looked since commits were lost. It takes no
//!   commit for that: the next poll is enough.
//! - Who found out that commits may be lost answers nothing until it has loaded again; who begins with a file answers nothing
//!   before that has led to the database's head.
//! - No token is refused unless commits were lost; revisions are in the order of commits; nobody creates what is there.
//!
//! What does not hold:
//! - Who asks at the lowest latency is answered from lost writes until the replica looks: for one poll, or for as long as it cannot
//!   read the head ([`world::Action::Failover`]; no rule of the protocol can help, as nobody has told the replica).
//! - A token below the floor is taken by its number: nothing is stored by which to tell. Its write would have been lost, by nobody's
//!   knowledge, more than `history_seconds` ago.
//!
//! Not modelled: the floor (nothing is collected), `at_exact_snapshot`, several relationships or revisions in one commit, schemas,
//! a database that is written to by two primaries at once.

mod database;
mod properties;
mod replica;
mod rules;
mod world;
mod writer;

use std::time::Instant;

use stateright::{Checker as _, HasDiscoveries, Model as _};

use crate::domain::update::Operation;
use database::Viewer;
use properties::{
    ANSWERS_AT_TOKENS, ANSWERS_FROM_NOTHING_LOST, HAS_NO_GAP, IS_FULLY_CONSISTENT, IS_ONE_ORDER, IS_THE_DATABASES,
    REFUSES_FOR_A_REASON,
};
use rules::Rules;
use world::World;
use writer::Wish;

const CREATE: Wish = (Operation::Create, Viewer::Alice);
const TOUCH: Wish = (Operation::Touch, Viewer::Alice);
const DELETE: Wish = (Operation::Delete, Viewer::Alice);
const TOUCH_BOB: Wish = (Operation::Touch, Viewer::Bob);

/// The service as it is, with replicas that are far behind, or have little room.
const STRIDES: Rules = Rules { strides: true, ..Rules::NONE };
const FORGETFUL: Rules = Rules { forgets_lineages: true, ..Rules::NONE };

/// Two replicas, and nothing but writes.
fn world(first: &[Wish], second: &[Wish]) -> World {
    World {
        writes: [first.to_vec(), second.to_vec()],
        replicas: 2,
        calls: 0,
        crashes: 0,
        failovers: 0,
        restores: 0,
        restarts: 0,
        rules: Rules::NONE,
    }
}

/// Two writes that come to other histories in either order, and when the first is lost.
fn few_writes() -> World {
    world(&[CREATE], &[TOUCH_BOB])
}

/// Three, so that there is one more when two are lost; for one replica.
fn more_writes() -> World {
    World { replicas: 1, ..world(&[CREATE, DELETE], &[TOUCH_BOB]) }
}

fn one_failover() -> World {
    World { failovers: 1, ..few_writes() }
}

fn one_restore() -> World {
    World { restores: 1, ..few_writes() }
}

/// Asserts that a world has every property, in every state that it can get to; answers how many those are.
fn assert_holds(world: World) -> usize {
    let begun = Instant::now();
    let checked = world.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    checked.assert_properties();
    println!("{} states in {:?}", checked.unique_state_count(), begun.elapsed());
    checked.unique_state_count()
}

/// Asserts that a world can get to a state without a property, and shows a way there.
fn assert_fails(world: World, property: &'static str) {
    let checked = world.checker().finish_when(HasDiscoveries::AnyOf([property].into())).spawn_bfs().join();
    println!("not so: {property}: {:?}", checked.assert_any_discovery(property).into_actions());
}

#[test]
fn two_writers_and_two_replicas_agree() {
    assert!(assert_holds(world(&[CREATE, DELETE], &[TOUCH])) > 1_000);
}

#[test]
fn a_fully_consistent_call_sees_what_either_writer_did_before() {
    assert_holds(World { calls: 1, ..more_writes() });
}

#[test]
fn two_writers_do_not_both_create() {
    assert_holds(World { calls: 1, ..world(&[CREATE], &[CREATE]) });
}

#[test]
fn a_writer_may_die_at_any_moment() {
    assert_holds(World { crashes: 1, ..more_writes() });
    assert_holds(World { crashes: 1, ..few_writes() });
}

#[test]
fn a_failover_that_loses_commits_is_found_out() {
    assert_holds(one_failover());
    assert_holds(World { calls: 1, replicas: 1, ..one_failover() });
}

#[test]
fn a_failover_is_found_out_by_who_is_far_behind() {
    assert_holds(World { failovers: 1, rules: STRIDES, ..more_writes() });
}

#[test]
fn a_failover_is_found_out_by_who_has_to_ask_what_its_history_was() {
    assert_holds(World { failovers: 1, rules: FORGETFUL, ..more_writes() });
    assert_holds(World { rules: FORGETFUL, ..one_failover() });
}

#[test]
fn a_second_failover_that_loses_the_renewal_makes_no_lost_token_good_again() {
    assert_holds(World { failovers: 2, replicas: 1, ..few_writes() });
    assert_holds(World { failovers: 2, replicas: 1, rules: FORGETFUL, ..few_writes() });
}

#[test]
fn a_file_of_a_history_that_was_lost_is_not_answered_from() {
    assert_holds(World { restarts: 1, replicas: 1, ..one_failover() });
    assert_holds(World { restarts: 1, failovers: 1, ..more_writes() });
}

#[test]
fn a_restore_with_a_new_epoch_leaves_no_window() {
    assert_holds(one_restore());
    assert_holds(World { calls: 1, replicas: 1, ..one_restore() });
}

#[test]
fn a_restore_leaves_no_window_to_who_is_far_behind() {
    assert_holds(World { restores: 1, rules: STRIDES, ..more_writes() });
}

#[test]
fn even_without_epochs_no_token_is_taken_for_another() {
    let rules = Rules { renews_no_epoch: true, ..Rules::NONE };
    assert_holds(World { rules, ..one_failover() });
    let rules = Rules { compares_no_epoch: true, ..Rules::NONE };
    assert_holds(World { replicas: 1, rules, ..one_restore() });
    let rules = Rules { restores_silently: true, ..Rules::NONE };
    assert_holds(World { replicas: 1, rules, ..one_restore() });
    let rules = Rules { strides_over_time: true, ..STRIDES };
    assert_holds(World { restores: 1, rules, ..more_writes() });
}

#[test]
fn without_epochs_and_lineages_a_lost_writes_token_is_taken_after_a_restore() {
    let blind = Rules { compares_no_history: true, ..Rules::NONE };
    assert_fails(World { rules: Rules { compares_no_epoch: true, ..blind }, ..one_restore() }, ANSWERS_AT_TOKENS);
    assert_fails(World { rules: Rules { restores_silently: true, ..blind }, ..one_restore() }, ANSWERS_AT_TOKENS);
    let strides = Rules { strides: true, strides_over_time: true, ..blind };
    assert_fails(World { restores: 1, rules: strides, ..more_writes() }, ANSWERS_AT_TOKENS);
}

#[test]
fn without_the_lineage_a_lost_write_is_taken_for_the_one_that_got_its_number() {
    let rules = Rules { compares_no_history: true, ..Rules::NONE };
    let blind = World { calls: 1, replicas: 1, rules, ..one_failover() };
    assert_fails(blind.clone(), ANSWERS_AT_TOKENS);
    assert_fails(blind, IS_FULLY_CONSISTENT);
}

#[test]
fn who_is_ahead_of_the_head_has_what_was_lost() {
    let rules = Rules { answers_ahead_of_head: true, ..Rules::NONE };
    assert_fails(World { calls: 1, replicas: 1, rules, ..one_failover() }, IS_FULLY_CONSISTENT);
}

#[test]
fn without_the_lineage_a_second_failover_makes_lost_tokens_good_again() {
    let rules = Rules { compares_no_history: true, ..Rules::NONE };
    assert_fails(World { failovers: 2, replicas: 1, rules, ..few_writes() }, ANSWERS_AT_TOKENS);
}

#[test]
fn who_asks_a_database_of_another_history_learns_what_is_not_its_own() {
    let rules = Rules { inquires_blindly: true, ..FORGETFUL };
    assert_fails(World { failovers: 1, rules, ..more_writes() }, ANSWERS_AT_TOKENS);
}

#[test]
fn who_answers_while_it_loads_grants_what_it_knows_to_be_lost() {
    let rules = Rules { answers_while_loading: true, ..Rules::NONE };
    assert_fails(World { rules, ..one_failover() }, ANSWERS_FROM_NOTHING_LOST);
}

#[test]
fn who_answers_from_a_file_at_once_grants_what_is_lost() {
    let rules = Rules { answers_from_any_file: true, ..Rules::NONE };
    assert_fails(World { restarts: 1, rules, ..one_failover() }, IS_THE_DATABASES);
}

#[test]
fn if_writers_read_before_they_have_the_lock_both_create() {
    let rules = Rules { reads_before_lock: true, ..Rules::NONE };
    assert_fails(World { rules, ..world(&[CREATE], &[CREATE]) }, IS_ONE_ORDER);
}

#[test]
fn without_the_lock_revisions_are_given_out_twice() {
    let rules = Rules { takes_no_lock: true, ..Rules::NONE };
    assert_fails(World { rules, ..few_writes() }, IS_ONE_ORDER);
}

#[test]
fn a_write_that_is_acknowledged_before_it_is_committed_is_lost_in_a_crash() {
    let rules = Rules { answers_before_commit: true, ..Rules::NONE };
    assert_fails(World { crashes: 1, rules, ..few_writes() }, REFUSES_FOR_A_REASON);
}

#[test]
fn without_the_digest_a_lost_write_is_granted() {
    let rules = Rules { skips_digest: true, ..Rules::NONE };
    assert_fails(World { rules, ..one_failover() }, IS_THE_DATABASES);
    assert_fails(World { failovers: 1, rules, ..more_writes() }, HAS_NO_GAP);
}

#[test]
fn if_a_head_that_went_back_is_waited_for_a_lost_write_is_granted() {
    let rules = Rules { waits_for_head_behind: true, ..Rules::NONE };
    assert_fails(World { rules, ..one_failover() }, IS_THE_DATABASES);
}

#[test]
fn a_load_that_reads_the_head_and_the_rows_at_two_moments_has_other_rows_than_it_says() {
    let rules = Rules { loads_over_time: true, ..Rules::NONE };
    assert_fails(World { rules, ..one_failover() }, HAS_NO_GAP);
    assert_fails(World { rules, ..one_restore() }, HAS_NO_GAP);
}

/// `cargo test --release -p permissions --lib -- --ignored protocol --nocapture`.
#[test]
#[ignore = "a soak: more writes, two replicas, a crash, a loss, a restart and a call at once"]
fn soak_of_everything_at_once() {
    let more = World { replicas: 2, crashes: 1, ..more_writes() };
    assert_holds(World { failovers: 1, ..more.clone() });
    assert_holds(World { failovers: 1, rules: STRIDES, ..more.clone() });
    assert_holds(World { failovers: 1, rules: FORGETFUL, ..more.clone() });
    assert_holds(World { restores: 1, ..more.clone() });
    assert_holds(World { replicas: 1, failovers: 2, restarts: 1, ..more.clone() });
    assert_holds(World { replicas: 1, calls: 1, failovers: 1, restarts: 1, rules: FORGETFUL, ..more });
}
