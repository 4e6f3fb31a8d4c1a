//! Answers questions without holding up the threads that serve calls.
//!
//! Most questions reach a handful of pairs and are answered on the spot. One that runs out of a small budget, a long list of
//! questions, and the reading of a large schema go to threads that give way to those that serve calls, so many at once.
//! (`block_in_place` would need no copy of the question, but takes a serving thread out, and cannot be bounded.)

use std::sync::Arc;

use chassis::{Aside, TenantId};
use graph::{Answer, Budget, CheckError, CheckRequest, Schema, SchemaErrors, Snapshot};
use tokio::time::Instant;

use super::View;
use super::places::Places;
use crate::domain::question::Question;
use crate::error::Error;

/// What is answered on the spot: a millisecond or so.
const ON_THE_SPOT: Budget = Budget { nodes_max: 500, edges_max: 2_000 };

/// How many questions at once are answered on the spot.
const QUESTIONS_ON_THE_SPOT: usize = 100;

/// How many questions of a long list are answered before it is looked at whether anybody still waits.
const QUESTIONS_WITHOUT_LOOKING: usize = 512;

/// The largest schema that is read on the spot, in bytes.
const SCHEMA_BYTES_ON_THE_SPOT: usize = 16 * 1024;

/// A question of a list, or why it could not be asked.
pub(crate) type Asked = Result<Question, Error>;

/// Answers questions within a budget each.
#[derive(Clone, Debug)]
pub(crate) struct Evaluator {
    budget: Budget,
    places: Places,
    threads: Aside,
}

impl Evaluator {
    /// Works on this many questions at once beside those that are answered on the spot.
    pub(crate) fn new(budget: Budget, at_once: usize, threads: Aside) -> Self {
        Self { budget, places: Places::new(at_once), threads }
    }

    /// The answer to one question.
    pub(crate) async fn check(&self, view: &View, question: Question) -> Result<Answer, Error> {
        match self.on_the_spot(view, &question) {
            Some(answer) => Ok(answer?),
            None => Ok(self.worked_out(view, question).await?),
        }
    }

    /// The answer to one question, if it needs little; none if it must be worked on aside.
    pub(crate) fn on_the_spot(&self, view: &View, question: &Question) -> Option<Result<Answer, CheckError>> {
        let answer = view.snapshot.check(&question.as_request(), &self.small_budget());
        if self.was_too_small(&answer) { None } else { Some(answer) }
    }

    /// The answers to many questions, in their order, all from one view.
    pub(crate) async fn check_many(
        &self,
        view: &View,
        questions: Vec<Asked>,
        deadline: Instant,
    ) -> Result<Vec<Result<Answer, Error>>, Error> {
        let (mut asked, mut faults) = (Vec::with_capacity(questions.len()), Vec::with_capacity(questions.len()));
        for question in questions {
            faults.push(match question {
                Ok(question) => {
                    asked.push(question);
                    None
                }
                Err(fault) => Some(fault),
            });
        }
        let answers = if asked.len() <= QUESTIONS_ON_THE_SPOT {
            self.few(view, asked).await
        } else {
            self.many(view, asked, deadline).await?
        };
        let mut answers = answers.into_iter();
        let answer = |fault| match fault {
            Some(fault) => Err(fault),
            None => Ok(answers.next().expect("whatever is asked has an answer")?),
        };
        Ok(faults.into_iter().map(answer).collect())
    }

    async fn few(&self, view: &View, questions: Vec<Question>) -> Vec<Result<Answer, CheckError>> {
        let mut answers = all(&view.snapshot, &questions, &self.small_budget());
        for (question, answer) in questions.into_iter().zip(&mut answers) {
            if self.was_too_small(answer) {
                *answer = self.worked_out(view, question).await;
            }
        }
        answers
    }

    async fn many(
        &self,
        view: &View,
        questions: Vec<Question>,
        deadline: Instant,
    ) -> Result<Vec<Result<Answer, CheckError>>, Error> {
        let (snapshot, budget) = (Arc::clone(&view.snapshot), self.budget);
        self.aside(&view.tenant, move || {
            let mut answers = Vec::with_capacity(questions.len());
            for questions in questions.chunks(QUESTIONS_WITHOUT_LOOKING) {
                // The caller is gone: nobody would read the rest.
                if Instant::now() >= deadline {
                    return Err(Error::Late);
                }
                answers.extend(all(&snapshot, questions, &budget));
            }
            Ok(answers)
        })
        .await
    }

    /// The answer to a question that needs much.
    async fn worked_out(&self, view: &View, question: Question) -> Result<Answer, CheckError> {
        let (snapshot, budget) = (Arc::clone(&view.snapshot), self.budget);
        self.aside(&view.tenant, move || snapshot.check(&question.as_request(), &budget)).await
    }

    fn small_budget(&self) -> Budget {
        Budget {
            nodes_max: self.budget.nodes_max.min(ON_THE_SPOT.nodes_max),
            edges_max: self.budget.edges_max.min(ON_THE_SPOT.edges_max),
        }
    }

    fn was_too_small(&self, answer: &Result<Answer, CheckError>) -> bool {
        matches!(answer, Err(CheckError::BudgetExhausted { .. })) && self.small_budget() != self.budget
    }

    /// The schema that a text says.
    pub(crate) async fn read_schema(&self, tenant: &TenantId, text: String) -> Result<Schema, SchemaErrors> {
        if text.len() <= SCHEMA_BYTES_ON_THE_SPOT {
            return Schema::parse(&text);
        }
        self.aside(tenant, move || Schema::parse(&text)).await
    }

    /// What a long work comes to, done where it holds up nobody's calls, at one of the tenant's places.
    pub(crate) async fn aside<T: Send + 'static>(
        &self,
        tenant: &TenantId,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let place = self.places.take(tenant).await;
        let work = move || {
            // Held until the work is done, even if nobody waits for it any more.
            let _place = place;
            work()
        };
        self.threads.compute(work).await
    }
}

fn all(snapshot: &Snapshot, questions: &[Question], budget: &Budget) -> Vec<Result<Answer, CheckError>> {
    let requests: Vec<CheckRequest<'_>> = questions.iter().map(Question::as_request).collect();
    snapshot.check_many(&requests, budget)
}
