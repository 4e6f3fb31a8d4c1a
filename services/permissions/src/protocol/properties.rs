//! What must hold in every state, and what must happen in some for the rest to mean anything.

use stateright::{Expectation, Property};

use super::database::{Commit, Viewer};
use super::replica::Replica;
use super::world::{Client, State, World};
use super::writer::Token;
use crate::domain::digest::Digest;
use crate::domain::freshness::{Outlook, Sight, outlook};

/// An answer at a token has what the token stands for.
pub(super) const ANSWERS_AT_TOKENS: &str = "an answer at a token is not older than it";
/// A replica's state is that of the revision that it names: there is no gap in it.
pub(super) const HAS_NO_GAP: &str = "what a replica applied is the whole of one history";
/// And of the database's own history, if the replica looked since commits were lost.
pub(super) const IS_THE_DATABASES: &str = "what a replica applied is how the database's history begins";
/// Nothing is granted from what is known to be lost.
pub(super) const ANSWERS_FROM_NOTHING_LOST: &str = "who knows that commits may be lost does not answer";
/// A fully consistent answer has what was acknowledged before the call, and nothing that was lost by then.
pub(super) const IS_FULLY_CONSISTENT: &str =
    "a fully consistent answer has every write acknowledged before, and none lost before";
/// The order of revisions is that of commits, and what is there is not created.
pub(super) const IS_ONE_ORDER: &str = "every commit follows from the one before it";
/// A token is refused only if something was lost.
pub(super) const REFUSES_FOR_A_REASON: &str = "no token is refused of which nothing was lost";
/// A replica that is left alone gets to the head.
pub(super) const GETS_THERE: &str = "a replica that is left alone gets to the head";

/// A poll has at most as many steps: a file, a read, a doubt, a renewal, and a load of three; and the same for a new epoch.
const STEPS_MAX: usize = 16;

/// What holds in a state, or does not.
type Condition = fn(&World, &State) -> bool;

/// What is to be found out about a world.
pub(super) fn of(world: &World) -> Vec<Property<World>> {
    let always = |name, condition: Condition| Property { expectation: Expectation::Always, name, condition };
    let sometimes = |name, condition: Condition| Property { expectation: Expectation::Sometimes, name, condition };
    let mut properties = vec![
        always(ANSWERS_AT_TOKENS, |world, state| {
            covering(world, state).all(|(replica, token)| replica.has(token.point.digest))
        }),
        always(HAS_NO_GAP, |_, state| state.replicas.iter().all(has_no_gap)),
        always(IS_THE_DATABASES, is_the_databases),
        always(ANSWERS_FROM_NOTHING_LOST, |_, state| {
            !state.replicas.iter().any(|replica| replica.knows_better() && replica.answers_at().is_some())
        }),
        always(IS_FULLY_CONSISTENT, is_fully_consistent),
        always(IS_ONE_ORDER, |_, state| is_one_order(state)),
        always(REFUSES_FOR_A_REASON, refuses_for_a_reason),
        always(GETS_THERE, gets_there),
        sometimes("a replica answers at an acknowledged write's token", |world, state| {
            covering(world, state).any(|(_, token)| token.acknowledges)
        }),
    ];
    if world.failovers + world.restores > 0 {
        properties.push(sometimes("an acknowledged write is lost", |_, state| {
            state.tokens.iter().any(|token| token.acknowledges && !state.database.has(token.point.digest))
        }));
        properties.push(sometimes("a replica answers from a lost write until it looks", |_, state| {
            state.replicas.iter().any(|replica| replica.answers_at().is_some() && !is_prefix(&replica.content, state))
        }));
    }
    if world.calls > 0 {
        properties.push(sometimes("a fully consistent call is answered", |world, state| match &state.client {
            Client::Waits(call, head) => !call.acknowledged.is_empty() && state.replicas[0].covers(head, world.rules),
            Client::Away | Client::Asked(_) => false,
        }));
    }
    properties
}

/// Who answers at which token.
fn covering<'a>(world: &World, state: &'a State) -> impl Iterator<Item = (&'a Replica, &'a Token)> {
    let pairs = state.replicas.iter().flat_map(|replica| state.tokens.iter().map(move |token| (replica, token)));
    pairs.filter(|(replica, token)| replica.covers(&token.point, world.rules))
}

fn has_no_gap(replica: &Replica) -> bool {
    let Some(at) = replica.at else { return true };
    let mut digest = Digest::EMPTY;
    let follows = replica.content.iter().zip(1..).all(|(commit, number)| {
        let before = std::mem::replace(&mut digest, commit.digest);
        commit.number == number && commit.before == before
    });
    follows && at.number == replica.content.len() as u64 && at.digest == digest
}

fn is_prefix(content: &[Commit], state: &State) -> bool {
    let mut commits = state.database.commits();
    content.iter().all(|applied| commits.next() == Some(applied))
}

fn is_the_databases(_: &World, state: &State) -> bool {
    let must_be = |replica: &&Replica| replica.answers_at().is_some() && (replica.has_looked || !state.has_lost());
    state.replicas.iter().filter(must_be).all(|replica| is_prefix(&replica.content, state))
}

fn is_fully_consistent(world: &World, state: &State) -> bool {
    match &state.client {
        Client::Waits(call, head) => {
            let replica = &state.replicas[0];
            let has = |token: &Token| replica.has(token.point.digest);
            !replica.covers(head, world.rules) || call.acknowledged.iter().all(has) && !call.lost.iter().any(has)
        }
        Client::Away | Client::Asked(_) => true,
    }
}

fn is_one_order(state: &State) -> bool {
    let mut there: Vec<Viewer> = Vec::new();
    state.database.commits().zip(1..).all(|(commit, number)| {
        let was_there = there.contains(&commit.viewer);
        there.retain(|viewer| *viewer != commit.viewer);
        there.extend(commit.there.then_some(commit.viewer));
        commit.number == number && commit.there != was_there
    })
}

fn refuses_for_a_reason(world: &World, state: &State) -> bool {
    let head = state.database.head().point.revision();
    let is_refused = |token: &Token| {
        let contradicts = |replica: &Replica| replica.sight(&token.point, world.rules) == Some(Sight::Contradicted);
        outlook(&token.point.revision(), &head) == Outlook::Lost || state.replicas.iter().any(contradicts)
    };
    state.has_lost() || !state.tokens.iter().any(is_refused)
}

fn gets_there(world: &World, state: &State) -> bool {
    state.replicas.iter().all(|replica| {
        let (mut replica, mut database) = (replica.clone(), state.database.clone());
        // Whoever writes ends its turn.
        database.locked_by = None;
        for _ in 0..STEPS_MAX {
            if !replica.is_polling() && replica.answers_at() == Some(database.head().point) {
                break;
            }
            replica.go_on(&mut database, uuid::Uuid::max(), world.rules);
        }
        replica.answers_at() == Some(database.head().point) && database.commits().eq(&replica.content)
    })
}
