//! The main job before the reader's eyes: who may do what at the gateway, a line for each call.

mod calls;

use contract::permissions::v1::RelationshipUpdate;
use contract::permissions::v1::relationship_update::Operation;
use testing::sample::{self, ADMINISTRATOR, Gateway};

use super::Door;
use crate::error::{Error, Result};
use crate::shell::say;

use calls::{Call, Caller, Outcome, Wire};

/// What is granted to dave, and taken from him again.
const GRANT: &str = "document:roadmap#viewer@user:dave";

/// Who calls.
const CALLERS: [&str; 5] = ["alice", "bob", "carol", "dave", "ci"];

/// One call, and what must come of it.
struct Scene {
    caller: Option<&'static str>,
    call: Call,
    status: &'static str,
    reason: &'static str,
}

/// Makes the calls, and fails if one has another outcome than it must.
pub(crate) async fn run(door: &Door) -> Result<()> {
    let mut caller = Caller::connect(door).await?;
    caller.wait_until_known(&CALLERS).await?;
    say!("\n  {:<7} {:<58} {:<18} {:<20} latency", "caller", "call", "status", "reason");
    for scene in scenes() {
        play(&mut caller, &scene, None).await?;
    }
    let read = Call::Json { method: "GET", path: "/v1/documents/roadmap", wire: Wire::Http2, body: "" };
    let allowed = Scene { caller: Some("dave"), call: read, status: "200", reason: "-" };
    let denied = Scene { status: "403", reason: "forbidden", ..allowed };
    play(&mut caller, &denied, None).await?;
    let gateway = door.gateway("localhost")?;
    let key = door.keys.read(ADMINISTRATOR)?;
    let token = change(&gateway, &key, Operation::Touch).await?;
    say!("  {ADMINISTRATOR:<7} writes {GRANT}");
    play(&mut caller, &allowed, Some(&token)).await?;
    let token = change(&gateway, &key, Operation::Delete).await?;
    say!("  {ADMINISTRATOR:<7} removes it");
    play(&mut caller, &denied, Some(&token)).await
}

fn scenes() -> Vec<Scene> {
    let json = |caller, method, path, wire, body, status, reason| Scene {
        caller,
        call: Call::Json { method, path, wire, body },
        status,
        reason,
    };
    let grpc = |caller, method, status, reason| Scene { caller, call: Call::Grpc { method }, status, reason };
    let (roadmap, plan) =
        ("/v1/documents/roadmap", r#"{"title":"Roadmap","body":"First the skeleton, then the flesh."}"#);
    vec![
        json(None, "GET", "/healthz", Wire::Http1, "", "200", "-"),
        json(None, "GET", roadmap, Wire::Http1, "", "401", "credential_missing"),
        json(Some("alice"), "GET", roadmap, Wire::Http1, "", "200", "-"),
        json(Some("alice"), "GET", roadmap, Wire::Http2, "", "200", "-"),
        json(Some("bob"), "PUT", roadmap, Wire::Http2, plan, "200", "-"),
        json(Some("carol"), "GET", roadmap, Wire::Http2, "", "403", "forbidden"),
        json(Some("ci"), "GET", roadmap, Wire::Http1, "", "200", "-"),
        json(Some("ci"), "PUT", roadmap, Wire::Http1, plan, "403", "forbidden"),
        json(Some("alice"), "DELETE", roadmap, Wire::Http2, "", "403", "route_unknown"),
        grpc(Some("carol"), "ListDocuments", "OK", "-"),
        grpc(Some("dave"), "ListDocuments", "PERMISSION_DENIED", "forbidden"),
        grpc(Some("alice"), "ArchiveDocuments", "OK", "-"),
        grpc(Some("carol"), "ArchiveDocuments", "PERMISSION_DENIED", "forbidden"),
    ]
}

async fn play(caller: &mut Caller, scene: &Scene, consistency: Option<&str>) -> Result<()> {
    let Outcome { status, reason, took } = caller.call(scene.caller, &scene.call, consistency).await?;
    let latency = format!("{:.1} ms", took.as_secs_f64() * 1_000.0);
    say!(
        "  {:<7} {:<58} {status:<18} {reason:<20} {latency:>8}",
        scene.caller.unwrap_or("nobody"),
        scene.call.to_string()
    );
    if status == scene.status && reason == scene.reason {
        return Ok(());
    }
    Err(Error::new(format!(
        "that should have been {}, reason {}: see `cargo xtask logs gate`",
        scene.status, scene.reason
    )))
}

async fn change(gateway: &Gateway, key: &str, operation: Operation) -> Result<String> {
    let relationship = Some(sample::parse_relationship(GRANT)?);
    let update = RelationshipUpdate { operation: operation.into(), relationship };
    Ok(sample::write_relationships(gateway, key, vec![update]).await?)
}
