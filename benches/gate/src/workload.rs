//! Who calls, and what for, with the answers that the engine in this process gives.

use std::collections::HashMap;
use std::sync::Arc;

use bench_engine::{Drive, SCHEMA, questions};
use graph::{Answer, Budget, Engine, EngineOptions, Schema};

/// Questions from which the callers are chosen: those about whom most is asked.
const QUESTIONS: usize = 100_000;

/// Callers with what they ask for.
#[derive(Debug)]
pub(crate) struct Workload {
    pub(crate) drive: Drive,
    /// Their ids.
    pub(crate) users: Vec<String>,
    /// What they may see.
    pub(crate) granted: Vec<Asked>,
    /// What they may not.
    pub(crate) denied: Vec<Asked>,
}

/// Somebody wants to see a document.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Which of the users.
    pub(crate) user: usize,
    pub(crate) document: String,
}

impl Workload {
    /// Asks the engine, which is dropped afterwards.
    pub(crate) fn new(relationships: u64, callers: usize) -> Result<Self, String> {
        let drive = Drive::of(relationships);
        let schema = Arc::new(Schema::parse(SCHEMA).map_err(|errors| errors.to_string())?);
        let engine = Engine::load(EngineOptions::default(), 1, schema, drive.relationships());
        let snapshot = engine.map_err(|error| error.to_string())?.snapshot();
        let mut by_user: HashMap<String, Vec<(String, bool)>> = HashMap::new();
        for question in questions(drive, QUESTIONS) {
            let request = question.request();
            let answer = snapshot.check(&request, &Budget::default()).map_err(|error| error.to_string())?;
            let asked = by_user.entry(request.subject.object().object_id().to_owned()).or_default();
            asked.push((request.resource.object_id().to_owned(), answer == Answer::Has));
        }
        let mut by_user: Vec<_> = by_user.into_iter().collect();
        by_user
            .sort_by(|(one, of_one), (other, of_other)| of_other.len().cmp(&of_one.len()).then_with(|| one.cmp(other)));
        by_user.truncate(callers);
        let (mut granted, mut denied) = (Vec::new(), Vec::new());
        for (user, (_, documents)) in by_user.iter().enumerate() {
            for (document, is_granted) in documents {
                let list = if *is_granted { &mut granted } else { &mut denied };
                list.push(Asked { user, document: document.clone() });
            }
        }
        if granted.is_empty() || denied.is_empty() {
            return Err("the callers have no questions of both answers".to_owned());
        }
        spread(&mut granted);
        spread(&mut denied);
        Ok(Self { drive, users: by_user.into_iter().map(|(user, _)| user).collect(), granted, denied })
    }
}

/// So that neighbours are of different callers.
fn spread(asked: &mut [Asked]) {
    asked.sort_by(|one, other| one.document.cmp(&other.document));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_caller_asks_and_there_are_both_answers() {
        let workload = Workload::new(1_000, 16).unwrap();
        assert_eq!(workload.users.len(), 16);
        for user in 0..16 {
            assert!(workload.granted.iter().chain(&workload.denied).any(|asked| asked.user == user), "{user}");
        }
    }
}
