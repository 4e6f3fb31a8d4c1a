//! The drive and its questions, with the answers that the engine in this process gives.

use std::sync::Arc;

use bench_engine::{Drive, Question, SCHEMA, questions};
use graph::{Answer, Budget, Engine, EngineOptions, Schema};

/// Questions with their right answers.
#[derive(Debug)]
pub(crate) struct Workload {
    pub(crate) drive: Drive,
    pub(crate) asked: Vec<Asked>,
}

/// A question with its right answer.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) question: Question,
    pub(crate) is_granted: bool,
}

impl Workload {
    /// Asks the engine, which is dropped afterwards.
    pub(crate) fn new(relationships: u64, count: usize) -> Result<Self, String> {
        let drive = Drive::of(relationships);
        let schema = Arc::new(Schema::parse(SCHEMA).map_err(|errors| errors.to_string())?);
        let engine = Engine::load(EngineOptions::default(), 1, schema, drive.relationships());
        let snapshot = engine.map_err(|error| error.to_string())?.snapshot();
        let budget = Budget::default();
        let asked = questions(drive, count).into_iter().map(|question| {
            let answer = snapshot.check(&question.request(), &budget).map_err(|error| error.to_string())?;
            Ok(Asked { question, is_granted: answer == Answer::Has })
        });
        Ok(Self { drive, asked: asked.collect::<Result<_, String>>()? })
    }

    /// So many questions from the one with this number on, over and over.
    pub(crate) fn from(&self, number: usize, count: usize) -> impl ExactSizeIterator<Item = &Asked> {
        (0..count).map(move |at| &self.asked[(number + at) % self.asked.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_have_both_answers_and_begin_again_after_the_last() {
        let workload = Workload::new(1_000, 50).unwrap();
        let granted = workload.asked.iter().filter(|asked| asked.is_granted).count();
        assert!((1..50).contains(&granted), "{granted} of 50");
        let first = &workload.asked[0].question.request().resource.clone();
        assert_eq!(workload.from(49, 2).last().unwrap().question.request().resource, first);
    }
}
