//! The model: every order in which two writers, two replicas, a client, crashes and losses can take their steps.

use stateright::{Model, Property};
use uuid::Uuid;

use super::database::Database;
use super::properties;
use super::replica::Replica;
use super::rules::Rules;
use super::writer::{Token, Wish, Writer};
use crate::domain::freshness::{Sight, is_behind};
use crate::domain::revision::Point;

/// How much may happen.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// What each writer writes, in order.
    pub(super) writes: [Vec<Wish>; 2],
    /// How many replicas there are.
    pub(super) replicas: usize,
    /// How often a client asks the first replica fully consistently.
    pub(super) calls: u8,
    pub(super) crashes: u8,
    pub(super) failovers: u8,
    pub(super) restores: u8,
    /// How often a replica dies, and begins with the file that it wrote last.
    pub(super) restarts: u8,
    pub(super) rules: Rules,
}

/// Who is in the middle of a fully consistent call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Client {
    Away,
    /// It asked.
    Asked(Call),
    /// The head was read for it, and it waits until that is covered.
    Waits(Call, Point),
}

/// What there was when a client asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Call {
    /// What was acknowledged and not lost.
    pub(super) acknowledged: Vec<Token>,
    /// What was lost.
    pub(super) lost: Vec<Token>,
    /// Where the replica stood.
    applied: Point,
}

/// Everything at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) database: Database,
    writers: [Writer; 2],
    pub(super) replicas: Vec<Replica>,
    pub(super) client: Client,
    /// Every revision that anybody was told of.
    pub(super) tokens: Vec<Token>,
    calls: u8,
    crashes: u8,
    failovers: u8,
    restores: u8,
    restarts: u8,
    /// How many epochs were begun.
    epochs: u8,
}

/// Who takes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Write(usize),
    /// A writer's process dies in the middle of its write.
    Crash(usize),
    /// A replica takes the next step of a poll.
    Follow(usize),
    /// A replica asks the database about a revision of before it began to follow.
    Inquire(usize, u64),
    /// A replica's process dies, and comes back with a file of what it answered from.
    Restart(usize),
    /// A client asks the first replica fully consistently.
    Ask,
    /// The head is read for the client.
    ReadHead,
    /// A standby takes over that has so much of the log, and tells nobody.
    Failover(usize),
    /// The operator restores so much of the log, and begins an epoch.
    Restore(usize),
}

impl State {
    /// Whether commits were ever lost.
    pub(super) fn has_lost(&self) -> bool {
        self.failovers + self.restores > 0
    }

    fn tell(&mut self, token: Token) {
        if !self.tokens.contains(&token) {
            self.tokens.push(token);
            // In whatever order they were told, it is one state.
            self.tokens.sort_by_key(|token| {
                let Point { epoch, number, digest } = token.point;
                (epoch, number, digest.0, token.acknowledges)
            });
        }
    }

    /// What an epoch that begins now is called.
    fn next_epoch(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.epochs) + 1)
    }

    fn lose(&mut self, kept: usize) {
        self.database.cut(kept);
        self.writers.iter_mut().for_each(Writer::cut_off);
        self.replicas.iter_mut().for_each(Replica::forget);
        // Whoever reads the head meanwhile reads no other database's; whoever has read it goes on.
        if matches!(self.client, Client::Asked(_)) {
            self.client = Client::Away;
        }
    }

    /// Every revision that somebody may ask a replica for.
    pub(super) fn asked(&self) -> impl Iterator<Item = Point> {
        let head = match &self.client {
            Client::Waits(_, head) => Some(*head),
            Client::Away | Client::Asked(_) => None,
        };
        self.tokens.iter().map(|token| token.point).chain(head)
    }

    fn follow(&mut self, place: usize, rules: Rules) {
        let epoch = self.next_epoch();
        let replica = &mut self.replicas[place];
        let (before, known) = (replica.answers_at(), self.database.length());
        replica.go_on(&mut self.database, epoch, rules);
        if let Some(at) = replica.answers_at().filter(|at| before != Some(*at)) {
            let digest = replica.content.last().map_or(at.digest, |last| last.digest);
            self.tell(Token { point: Point { digest, ..at }, acknowledges: false });
        }
        if self.database.length() > known {
            // An epoch was begun, of which the others have not seen anything.
            self.epochs += 1;
            let others = self.replicas.iter_mut().enumerate().filter(|(other, _)| *other != place);
            others.for_each(|(_, replica)| replica.forget());
        }
    }
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            database: Database::new(),
            writers: [Writer::new(), Writer::new()],
            replicas: vec![Replica::new(); self.replicas],
            client: Client::Away,
            tokens: Vec::new(),
            calls: 0,
            crashes: 0,
            failovers: 0,
            restores: 0,
            restarts: 0,
            epochs: 0,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (place, writer) in state.writers.iter().enumerate() {
            if writer.can_go_on(self.writes[place].len(), &state.database, self.rules) {
                actions.push(Action::Write(place));
            }
            if writer.is_writing() && state.crashes < self.crashes {
                actions.push(Action::Crash(place));
            }
        }
        for (place, replica) in state.replicas.iter().enumerate() {
            if replica.can_go_on(&state.database) {
                actions.push(Action::Follow(place));
            }
            let unknown = state.asked().filter(|point| replica.sight(point, self.rules) == Some(Sight::Unknown));
            actions.extend(unknown.map(|point| Action::Inquire(place, point.number)));
            if state.restarts < self.restarts && replica.answers_at().is_some() {
                actions.push(Action::Restart(place));
            }
        }
        if state.calls < self.calls && state.replicas[0].answers_at().is_some() {
            actions.push(Action::Ask);
        }
        if matches!(state.client, Client::Asked(_)) {
            actions.push(Action::ReadHead);
        }
        let losses = 0..state.database.length();
        if state.failovers < self.failovers {
            actions.extend(losses.clone().map(Action::Failover));
        }
        if state.restores < self.restores {
            actions.extend(losses.map(Action::Restore));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut state = state.clone();
        match action {
            Action::Write(place) => {
                let told = state.writers[place].go_on(place, &self.writes[place], &mut state.database, self.rules);
                told.into_iter().for_each(|token| state.tell(token));
            }
            Action::Crash(place) => {
                state.crashes += 1;
                state.writers[place].crash(place, &mut state.database);
            }
            Action::Follow(place) => state.follow(place, self.rules),
            Action::Inquire(place, number) => state.replicas[place].inquire(number, &state.database, self.rules),
            Action::Restart(place) => {
                state.restarts += 1;
                state.replicas[place].restart();
            }
            Action::Ask => {
                state.calls += 1;
                let applied = state.replicas[0].answers_at()?;
                let told = state.tokens.iter().copied();
                let (kept, lost): (Vec<_>, _) = told.partition(|token| state.database.has(token.point.digest));
                let acknowledged = kept.into_iter().filter(|token| token.acknowledges).collect();
                state.client = Client::Asked(Call { acknowledged, lost, applied });
            }
            Action::ReadHead => match std::mem::replace(&mut state.client, Client::Away) {
                Client::Asked(call) => {
                    let head = state.database.head().point;
                    // Then it waits for another epoch, in which it asks again.
                    if !is_behind(&head.revision(), &call.applied.revision()) || self.rules.answers_ahead_of_head {
                        state.client = Client::Waits(call, head);
                    }
                }
                Client::Away | Client::Waits(..) => return None,
            },
            Action::Failover(kept) => {
                state.failovers += 1;
                state.lose(kept);
            }
            Action::Restore(kept) => {
                state.restores += 1;
                state.lose(kept);
                if !self.rules.restores_silently {
                    state.database.begin_epoch(state.next_epoch());
                    state.epochs += 1;
                }
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::of(self)
    }
}
