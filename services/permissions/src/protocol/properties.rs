//! What must hold in every state, and what must happen in some for the rest to mean anything.

use stateright::{Expectation, Property};

use super::database::{Commit, Viewer};
use super::replica::Replica;
use super::world::{Client, State, World};
use super::writer::Token;
use crate::domain::digest::Digest;
use crate::domain::freshness::{Outlook, outlook};

/// An answer at a token has what the token stands for.
pub(super) const ANSWERS_AT_TOKENS: &str = "an answer at a token is not older than it";
/// A replica's state is that of the revision that it names: there is no gap in it.
pub(super) const HAS_NO_GAP: &str = "what a replica applied is the whole of one history";
/// And of the database's own history, if the replica looked since commits were lost.
pub(super) const IS_THE_DATABASES: &str = "what a replica applied is how the database's history begins";
/// A fully consistent answer has what was acknowledged before the call.
pub(super) const IS_FULLY_CONSISTENT: &str = "a fully consistent answer has every write acknowledged before";
/// The order of revisions is that of commits, and what is there is not created.
pub(super) const IS_ONE_ORDER: &str = "every commit follows from the one before it";
/// A token is refused only if something was lost.
pub(super) const REFUSES_FOR_A_REASON: &str = "no token is refused of which nothing was lost";
/// A replica that is left alone gets to the head.
pub(super) const GETS_THERE: &str = "a replica that is left alone gets to the head";

/// A poll has at most as many steps: a read, a doubt, a renewal, and a load of three; and the same again for a new epoch.
const STEPS_MAX: usize = 16;

/// What holds in a state, or does not.
type Condition = fn(&World, &State) -> bool;

/// What is to be found out about a world.
pub(super) fn of(world: &World) -> Vec<Property<World>> {
    let always = |name, condition: Condition| Property { expectation: Expectation::Always, name, condition };
    let sometimes = |name, condition: Condition| Property { expectation: Expectation::Sometimes, name, condition };
    let mut properties = vec![
        always(ANSWERS_AT_TOKENS, answers_at_tokens),
        always(HAS_NO_GAP, |_, state| state.replicas.iter().all(has_no_gap)),
        always(IS_THE_DATABASES, is_the_databases),
        always(IS_FULLY_CONSISTENT, is_fully_consistent),
        always(IS_ONE_ORDER, |_, state| is_one_order(state)),
        always(REFUSES_FOR_A_REASON, |_, state| refuses_for_a_reason(state)),
        always(GETS_THERE, gets_there),
        sometimes("a replica answers at an acknowledged write's token", |world, state| {
            pairs(state).any(|(replica, token)| token.acknowledges && replica.covers(&token.point, world.rules))
        }),
    ];
    if world.failovers + world.restores > 0 {
        properties.push(sometimes("an acknowledged write is lost", |_, state| {
            state.tokens.iter().any(|token| token.acknowledges && !state.database.has(token.point.digest))
        }));
        properties.push(sometimes("a replica answers from a lost write until it looks", |_, state| {
            state.replicas.iter().any(|replica| !is_prefix(&replica.content, state))
        }));
        properties.push(sometimes("a lost write's token is of another epoch than the database", |_, state| {
            state.tokens.iter().any(|token| token.acknowledges && token.buried)
        }));
    }
    if world.calls > 0 {
        properties.push(sometimes("a fully consistent call is answered", |world, state| match &state.client {
            Client::Waits { acknowledged, head } => {
                !acknowledged.is_empty() && state.replicas[0].covers(head, world.rules)
            }
            Client::Away | Client::Asked { .. } => false,
        }));
    }
    properties
}

fn pairs(state: &State) -> impl Iterator<Item = (&Replica, &Token)> {
    state.replicas.iter().flat_map(|replica| state.tokens.iter().map(move |token| (replica, token)))
}

/// Whether a replica that answers cannot know better: commits were lost, and it has not looked since.
fn is_unaware(world: &World, state: &State, replica: &Replica) -> bool {
    !world.rules.is_strict && state.has_lost() && !replica.has_looked
}

fn answers_at_tokens(world: &World, state: &State) -> bool {
    pairs(state).filter(|(replica, token)| replica.covers(&token.point, world.rules)).all(|(replica, token)| {
        // That of a write which is lost, as nobody who had it has found out yet.
        let excused = !world.rules.is_strict && !world.rules.is_strict_to_unknown;
        let is_unnoticed = excused && !token.buried && !state.database.has(token.point.digest);
        replica.has(token.point.digest) || is_unaware(world, state, replica) || (state.has_lost() && is_unnoticed)
    })
}

fn has_no_gap(replica: &Replica) -> bool {
    let Some(at) = replica.at else { return true };
    let mut digest = Digest::EMPTY;
    let follows = replica.content.iter().zip(1..).all(|(commit, number)| {
        let before = std::mem::replace(&mut digest, commit.digest);
        commit.number == number && commit.before == before
    });
    follows && at.revision.number == replica.content.len() as u64 && at.digest == digest
}

fn is_prefix(content: &[Commit], state: &State) -> bool {
    let mut commits = state.database.commits();
    content.iter().all(|applied| commits.next() == Some(applied))
}

fn is_the_databases(_: &World, state: &State) -> bool {
    let must_be = |replica: &&Replica| replica.has_looked || !state.has_lost();
    state.replicas.iter().filter(must_be).all(|replica| is_prefix(&replica.content, state))
}

fn is_fully_consistent(world: &World, state: &State) -> bool {
    match &state.client {
        Client::Waits { acknowledged, head } => {
            let replica = &state.replicas[0];
            !replica.covers(head, world.rules)
                || acknowledged.iter().all(|token| replica.has(token.point.digest))
                || is_unaware(world, state, replica)
        }
        Client::Away | Client::Asked { .. } => true,
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

fn refuses_for_a_reason(state: &State) -> bool {
    let head = state.database.head().point.revision;
    state.tokens.iter().all(|token| match outlook(&token.point.revision, &head) {
        Outlook::Comes => true,
        Outlook::Lost => state.has_lost(),
        Outlook::Invalid => !state.database.has(token.point.digest) && state.has_lost(),
    })
}

fn gets_there(world: &World, state: &State) -> bool {
    state.replicas.iter().all(|replica| {
        let (mut replica, mut database) = (replica.clone(), state.database.clone());
        // Whoever writes ends its turn.
        database.locked_by = None;
        for _ in 0..STEPS_MAX {
            if !replica.is_polling() && replica.at == Some(database.head().point) {
                break;
            }
            replica.go_on(&mut database, uuid::Uuid::max(), world.rules);
        }
        replica.at == Some(database.head().point) && database.commits().eq(&replica.content)
    })
}
