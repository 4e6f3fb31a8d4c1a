//! A decision: whatever is asked, it ends in one of these two outcomes, and an answer can be made from nothing else.

use assertion::Verdict;

use super::denial::{Denial, Reason};

/// What was decided about one call.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    /// By which caller and operator find it again.
    pub(crate) id: String,
    /// Whether the answer must be one that a gRPC client can read.
    pub(crate) is_grpc: bool,
    /// The route that decided; empty if none took the call.
    pub(crate) route: String,
    /// The owner of the host; empty for Bailiwick's own, and if there is none.
    pub(crate) tenant: String,
    pub(crate) outcome: Outcome,
}

/// The outcome.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// The call may pass, with gate's word about its caller.
    Allowed(Allowed),
    /// It may not.
    Denied(Denial),
}

/// What changes about a call that may pass.
#[derive(Clone, Debug)]
pub(crate) struct Allowed {
    /// Gate's signed word about the caller.
    pub(crate) assertion: String,
    /// The headers that held credentials, to be taken off.
    pub(crate) remove: Vec<&'static str>,
    /// Whether it passes because it may.
    pub(crate) verdict: Verdict,
}

impl Outcome {
    /// The outcome and its reason as a metric's labels.
    pub(crate) fn labels(&self) -> (&'static str, &'static str) {
        match self {
            Self::Allowed(allowed) => match allowed.verdict {
                Verdict::Allowed => ("allowed", "none"),
                Verdict::Undecided => ("allowed", "undecided"),
                Verdict::Shadow => ("allowed", "shadow"),
            },
            Self::Denied(denial) if denial.reason == Reason::Unavailable => ("error", denial.reason.name()),
            Self::Denied(denial) => ("denied", denial.reason.name()),
        }
    }
}
