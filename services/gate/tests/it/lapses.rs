//! What other authorizers of edges have got wrong, met on gate's port: each test has the number of its lapse in
//! `docs/reference/lapses.md`.

mod callers;
mod headers;
mod hosts;
mod paths;

use crate::world::{Answer, DOCS, World};

/// What a caller learns of a decision, without what differs from one to the next.
fn decision(answer: &Answer) -> (i32, String) {
    (answer.status, answer.headers.get("bailiwick-reason").cloned().unwrap_or_default())
}

/// Asks for each path in turn, and demands that each is refused as ambiguous whoever asks.
async fn all_are_ambiguous(world: &World, bearer: &str, paths: &[&str]) {
    for path in paths {
        assert_eq!(world.get(path).await.denied(), (400, "request_ambiguous"), "{path}");
        assert_eq!(world.get_as(bearer, path).await.denied(), (400, "request_ambiguous"), "{path}");
    }
}

/// Asks for a path at [`DOCS`] with these headers besides the bearer.
async fn with(world: &World, bearer: &str, path: &str, more: &[(&str, &str)]) -> Answer {
    let authorization = format!("Bearer {bearer}");
    let headers: Vec<_> = more.iter().copied().chain([("authorization", authorization.as_str())]).collect();
    world.ask(DOCS, "GET", path, &headers).await
}
