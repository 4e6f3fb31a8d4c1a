//! The model: every order in which two writers, two replicas, a client, crashes and losses can take their steps.

use stateright::{Model, Property};
use uuid::Uuid;

use super::database::Database;
use super::properties;
use super::replica::{Noticed, Replica};
use super::rules::Rules;
use super::writer::{Token, Wish, Writer};
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
    pub(super) rules: Rules,
}

/// Who is in the middle of a fully consistent call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Client {
    Away,
    /// It asked, when these writes were acknowledged and not lost.
    Asked {
        acknowledged: Vec<Token>,
    },
    /// The head was read for it, and it waits until that is covered.
    Waits {
        acknowledged: Vec<Token>,
        head: Point,
    },
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
                let Point { revision, digest } = token.point;
                (revision.epoch, revision.number, digest.0, token.acknowledges, token.buried)
            });
        }
    }

    /// What an epoch that begins now is called.
    fn next_epoch(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.epochs) + 1)
    }

    /// Another life begins, of which nobody has seen anything.
    fn bury(&mut self, but: Option<usize>) {
        for token in &mut self.tokens {
            token.buried |= !self.database.has(token.point.digest);
        }
        for (place, replica) in self.replicas.iter_mut().enumerate() {
            if but != Some(place) {
                replica.forget();
            }
        }
    }

    fn lose(&mut self, kept: usize) {
        self.database.cut(kept);
        self.writers.iter_mut().for_each(Writer::cut_off);
        self.replicas.iter_mut().for_each(Replica::forget);
        self.client = Client::Away;
    }

    fn follow(&mut self, place: usize, rules: Rules) {
        let epoch = self.next_epoch();
        let replica = &mut self.replicas[place];
        let (before, known) = (replica.at, self.database.length());
        let noticed = replica.go_on(&mut self.database, epoch, rules);
        if let Some(at) = replica.at.filter(|at| before != Some(*at)) {
            let digest = replica.content.last().map_or(at.digest, |last| last.digest);
            self.tell(Token::new(Point { digest, ..at }, false));
        }
        match noticed {
            Noticed::Nothing => {}
            Noticed::Loss => {
                self.epochs += u8::from(self.database.length() > known);
                self.bury(Some(place));
            }
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
        }
        if state.calls < self.calls && state.replicas[0].at.is_some() {
            actions.push(Action::Ask);
        }
        if matches!(state.client, Client::Asked { .. }) {
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
            Action::Ask => {
                state.calls += 1;
                let known = |token: &&Token| token.acknowledges && state.database.has(token.point.digest);
                let acknowledged = state.tokens.iter().filter(known).copied().collect();
                state.client = Client::Asked { acknowledged };
            }
            Action::ReadHead => match std::mem::replace(&mut state.client, Client::Away) {
                Client::Asked { acknowledged } => {
                    state.client = Client::Waits { acknowledged, head: state.database.head().point };
                }
                Client::Away | Client::Waits { .. } => return None,
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
                state.bury(None);
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::of(self)
    }
}
