//! One conversation: what is asked while answers are awaited goes into the next message.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use chassis::TenantId;
use chassis::peer::Peer;
use contract::permissions::v1::check_bulk_result::Result as Answered;
use contract::permissions::v1::consistency::Requirement;
use contract::permissions::v1::permission_service_client::PermissionServiceClient;
use contract::permissions::v1::{CheckBulkResult, CheckStreamRequest, CheckStreamResponse, Consistency};
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::{Asked, Told};
use crate::decide::metrics::QuestionMetrics;

/// After how long without an answer a conversation is given up, and its questions are asked otherwise. Answers come in the order of
/// the questions, so a long one holds up the tenant's others for so long at most.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_millis(200);

/// How many questions one message takes: permissions answers as many on the spot.
const QUESTIONS_A_MESSAGE_MAX: usize = 100;

/// How many messages are under way at once. The fewer, the more questions each carries when many are asked.
const MESSAGES_UNDER_WAY_MAX: usize = 2;

/// A conversation in which nothing is asked for so long ends.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// How long nothing is asked in a conversation that could not be opened.
const OPENED_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Those who wait for the answers to one message.
struct UnderWay {
    sent: Instant,
    answers: Vec<oneshot::Sender<Told>>,
}

/// An open stream, in both directions.
struct Line {
    ask: mpsc::Sender<CheckStreamRequest>,
    answers: Streaming<CheckStreamResponse>,
}

/// Asks what comes, on one stream after the other, until nobody asks for a while. What is dropped unanswered is known to whoever
/// asked it.
pub(super) async fn converse(
    peer: Peer,
    tenant: TenantId,
    mut questions: mpsc::Receiver<Asked>,
    metrics: QuestionMetrics,
) {
    while let Ok(Some(first)) = timeout(IDLE_MAX, questions.recv()).await {
        let Ok(line) = open(&peer, &tenant).await else {
            drop(first);
            // Their own calls answer them meanwhile, and do not each wait for another vain attempt.
            let again = Instant::now() + OPENED_AGAIN_AFTER;
            while timeout_at(again, questions.recv()).await.is_ok_and(|asked| asked.is_some()) {}
            continue;
        };
        exchange(line, first, &mut questions, &metrics).await;
    }
}

async fn open(peer: &Peer, tenant: &TenantId) -> Result<Line, chassis::peer::PeerError> {
    peer.open(Some(tenant), (), |channel, request| async move {
        let (ask, asked) = mpsc::channel(MESSAGES_UNDER_WAY_MAX);
        let request = request.map(|()| ReceiverStream::new(asked));
        let answers = PermissionServiceClient::new(channel).check_stream(request).await?;
        Ok(answers.map(|answers| Line { ask, answers }))
    })
    .await
}

/// Asks and answers until the stream ends, is silent for too long, or is of no use any more.
async fn exchange(mut line: Line, first: Asked, questions: &mut mpsc::Receiver<Asked>, metrics: &QuestionMetrics) {
    let mut under_way = VecDeque::new();
    let mut next = Some(first);
    loop {
        if let Some(first) = next.take() {
            // Whoever is about to ask does so first, and their questions travel in the same message: where many decide at once, a
            // message a question would cost both sides several times what the questions do. Alone, nobody waits.
            yield_now().await;
            let Some(message) = send(&line, first, questions, metrics) else { return };
            under_way.extend(message);
        }
        let may_ask = under_way.len() < MESSAGES_UNDER_WAY_MAX;
        let patience = under_way.front().map(|oldest: &UnderWay| oldest.sent + ANSWER_WITHIN);
        tokio::select! {
            answer = line.answers.message() => {
                let (Ok(Some(answer)), Some(waiting)) = (answer, under_way.pop_front()) else { return };
                if !hand_out(answer, waiting) {
                    return;
                }
            }
            asked = questions.recv(), if may_ask => match asked {
                Some(asked) => next = Some(asked),
                None => return,
            },
            () = async { match patience { Some(end) => sleep_until(end).await, None => pending().await } } => return,
        }
    }
}

/// Sends what is waiting, as far as anybody still wants to know it; none if the stream takes nothing any more.
fn send(
    line: &Line,
    first: Asked,
    questions: &mut mpsc::Receiver<Asked>,
    metrics: &QuestionMetrics,
) -> Option<Option<UnderWay>> {
    let (mut items, mut answers) = (Vec::new(), Vec::new());
    let mut next = Some(first);
    while let Some(Asked { item, answer }) = next {
        if !answer.is_closed() {
            items.push(item);
            answers.push(answer);
        }
        next = if items.len() < QUESTIONS_A_MESSAGE_MAX { questions.try_recv().ok() } else { None };
    }
    if items.is_empty() {
        return Some(None);
    }
    let consistency = Some(Consistency { requirement: Some(Requirement::MinimizeLatency(true)) });
    metrics.sent(items.len());
    line.ask.try_send(CheckStreamRequest { consistency, items }).ok()?;
    Some(Some(UnderWay { sent: Instant::now(), answers }))
}

/// Gives each its answer; false if the answers are not those to the questions, and nothing that follows can be believed.
fn hand_out(answer: CheckStreamResponse, waiting: UnderWay) -> bool {
    let results = match answer.error {
        Some(error) => {
            let refused = CheckBulkResult { result: Some(Answered::Error(error)) };
            vec![refused; waiting.answers.len()]
        }
        None => answer.results,
    };
    if results.len() != waiting.answers.len() {
        tracing::error!(
            asked = waiting.answers.len(),
            answered = results.len(),
            "permissions' answers are not to the questions"
        );
        return false;
    }
    let checked_at: Arc<str> = answer.checked_at.into();
    for (answer, result) in waiting.answers.into_iter().zip(results) {
        // Who gave up asks otherwise.
        let _ = answer.send((result, Arc::clone(&checked_at)));
    }
    true
}
