//! The revision protocol under every interleaving of two writers, two replicas, a client, a crash and a loss of commits.
//!
//! [`World`] is the model, for [stateright](https://www.stateright.rs): the statements of a turn to write, and each read of a
//! replica, are steps of their own, and all orders of them are tried. What a write comes to, the digest chain, what a replica
//! does about a head, and whether a revision is covered or worth waiting for are the service's own functions
//! (`domain::{ledger, history, following, freshness, revision}`); the reads and what lies between them are modelled.
//!
//! What holds, by [`properties`]:
//! - Without a loss: an answer at a token has everything that the token stands for; what a replica applied is how the database's
//!   history begins; a fully consistent answer has every write acknowledged before the call; revisions are in the order of
//!   commits, and nobody creates what is there.
//! - After a restore with a new epoch, all the same, also before a replica looks.
//! - After a failover that lost commits and told nobody, by a replica that looked since: it has no lost write; and once any
//!   replica found out, no token of a lost write is taken any more by one that looked since then. "Looked" means that a poll
//!   has ended which read the head since the loss; it takes no commit for that. The next poll of every replica is enough.
//!
//! What does not hold, each with a test that finds the way there:
//! - Until a replica looks, it grants from lost writes, and takes the token (or the head) of a write after the failover that has
//!   the number of a lost one for something that it has: for one poll, or for as long as it cannot read the head.
//! - If no replica had applied a lost write, nobody can find out: its token is taken by those who have the write that got its
//!   number.
//! - If a second failover loses the renewal of the epoch too, the tokens of lost writes are good again.
//!
//! Tokens and fully consistent calls would be right in all three if a token, and the head of such a call, named their history (by
//! a part of the digest) and a replica compared it: `tokens_that_name_their_history_would_leave_no_window`. What is asked at the
//! lowest latency would still be granted from lost writes until the replica looks.
//!
//! Not modelled: the floor (nothing is collected), snapshot files, `at_exact_snapshot`, several relationships or revisions in one
//! commit, schemas, a database that is written to by two primaries at once. Loading is one step, as it is one moment; while it
//! goes on a replica answers from what it had, although it knows better.

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
    ANSWERS_AT_TOKENS, HAS_NO_GAP, IS_FULLY_CONSISTENT, IS_ONE_ORDER, IS_THE_DATABASES, REFUSES_FOR_A_REASON,
};
use rules::Rules;
use world::World;
use writer::Wish;

const CREATE: Wish = (Operation::Create, Viewer::Alice);
const TOUCH: Wish = (Operation::Touch, Viewer::Alice);
const DELETE: Wish = (Operation::Delete, Viewer::Alice);
const TOUCH_BOB: Wish = (Operation::Touch, Viewer::Bob);

/// The service as it is, but for an excuse: see [`Rules::is_strict`].
const STRICT: Rules = Rules { is_strict: true, ..Rules::NONE };

/// Two replicas, and nothing but writes.
fn world(first: &[Wish], second: &[Wish]) -> World {
    World {
        writes: [first.to_vec(), second.to_vec()],
        replicas: 2,
        calls: 0,
        crashes: 0,
        failovers: 0,
        restores: 0,
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
    let rules = Rules { strides: true, ..Rules::NONE };
    assert_holds(World { failovers: 1, rules, ..more_writes() });
}

#[test]
fn a_restore_with_a_new_epoch_leaves_no_window() {
    assert_holds(World { rules: STRICT, ..one_restore() });
    assert_holds(World { calls: 1, replicas: 1, rules: STRICT, ..one_restore() });
}

#[test]
fn a_restore_leaves_no_window_to_who_is_far_behind() {
    assert_holds(World { restores: 1, rules: Rules { strides: true, ..STRICT }, ..more_writes() });
}

#[test]
fn tokens_that_name_their_history_would_leave_no_window() {
    let rules = Rules { compares_histories: true, ..STRICT };
    assert_holds(World { rules, ..one_failover() });
    assert_holds(World { calls: 1, replicas: 1, rules, ..one_failover() });
    assert_holds(World { replicas: 1, failovers: 2, rules, ..few_writes() });
}

#[test]
fn before_it_looks_a_replica_takes_a_lost_write_for_the_one_that_got_its_number() {
    let strict = World { calls: 1, replicas: 1, rules: STRICT, ..one_failover() };
    assert_fails(strict.clone(), ANSWERS_AT_TOKENS);
    assert_fails(strict, IS_FULLY_CONSISTENT);
}

#[test]
fn nobody_finds_out_that_a_write_is_lost_which_no_replica_had_applied() {
    let rules = Rules { is_strict_to_unknown: true, ..Rules::NONE };
    assert_fails(World { replicas: 1, rules, ..one_failover() }, ANSWERS_AT_TOKENS);
}

#[test]
fn a_second_failover_that_loses_the_renewal_makes_lost_tokens_good_again() {
    assert_fails(World { failovers: 2, replicas: 1, ..few_writes() }, ANSWERS_AT_TOKENS);
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
    assert_fails(World { crashes: 1, rules, ..few_writes() }, ANSWERS_AT_TOKENS);
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
fn without_a_new_epoch_a_lost_writes_token_is_taken_by_those_who_know_that_it_is_lost() {
    let rules = Rules { renews_no_epoch: true, ..Rules::NONE };
    assert_fails(World { rules, ..one_failover() }, ANSWERS_AT_TOKENS);
}

#[test]
fn without_the_epoch_in_a_token_a_lost_writes_token_is_taken_after_a_restore() {
    let rules = Rules { compares_no_epoch: true, ..Rules::NONE };
    assert_fails(World { rules, ..one_restore() }, ANSWERS_AT_TOKENS);
}

#[test]
fn a_restore_without_a_new_epoch_makes_lost_tokens_good_again() {
    let rules = Rules { restores_silently: true, ..Rules::NONE };
    assert_fails(World { rules, ..one_restore() }, ANSWERS_AT_TOKENS);
}

#[test]
fn a_load_that_reads_the_head_and_the_rows_at_two_moments_has_other_rows_than_it_says() {
    let rules = Rules { loads_over_time: true, ..STRICT };
    assert_fails(World { rules, ..one_restore() }, ANSWERS_AT_TOKENS);
    assert_fails(World { rules, ..one_failover() }, HAS_NO_GAP);
}

#[test]
fn a_mark_that_is_read_at_another_moment_than_its_epoch_is_of_another_history() {
    let rules = Rules { strides: true, strides_over_time: true, ..STRICT };
    assert_fails(World { restores: 1, rules, ..more_writes() }, ANSWERS_AT_TOKENS);
}

/// `cargo test --release -p permissions --lib -- --ignored protocol`. The first of these worlds alone has 1.1 million states, which
/// take two minutes in a debug build.
#[test]
#[ignore = "a soak: more writes, two replicas, a crash, a loss and a call at once"]
fn soak_of_everything_at_once() {
    let more = World { replicas: 2, crashes: 1, ..more_writes() };
    assert_holds(World { failovers: 1, ..more.clone() });
    assert_holds(World { failovers: 1, rules: Rules { strides: true, ..Rules::NONE }, ..more.clone() });
    assert_holds(World { restores: 1, rules: STRICT, ..more.clone() });
    let rules = Rules { compares_histories: true, ..STRICT };
    assert_holds(World { replicas: 1, failovers: 2, rules, ..more.clone() });
    assert_holds(World { replicas: 1, calls: 1, failovers: 1, ..more });
}
