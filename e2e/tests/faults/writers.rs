//! Callers that write, and hold what was acknowledged to be true from then on.

use std::time::Instant;

use contract::identity::v1::CreateUserRequest;
use contract::permissions::v1::RelationshipUpdate;
use contract::permissions::v1::WriteRelationshipsRequest;
use contract::permissions::v1::consistency::Requirement;
use contract::permissions::v1::relationship_update::Operation;
use testing::sample::{self, Gateway};
use tonic::Status;

use crate::callers::{ask, question};
use crate::load::{Call, Caller, Outcome};

/// Changes one relationship, once, and answers the token of the change.
pub(crate) async fn write(
    gateway: &Gateway,
    key: &str,
    operation: Operation,
    relationship: &str,
) -> Result<String, Status> {
    let relationship = sample::parse_relationship(relationship).unwrap();
    let update = RelationshipUpdate { operation: operation.into(), relationship: Some(relationship) };
    let request = WriteRelationshipsRequest { updates: vec![update], ..WriteRelationshipsRequest::default() };
    let request = gateway.request(request, Some(key))?;
    Ok(gateway.relationships().write_relationships(request).await?.into_inner().written_at)
}

impl Caller {
    /// Grants and takes away by turns, and asks at the token of each change: who has lost it must not be let in.
    pub(crate) async fn toggle(mut self, number: usize) -> Vec<Call> {
        let (gateway, key) = (self.world.gateway(), self.world.key("admin"));
        let document = format!("fault-{number}");
        let mut is_granted = false;
        while self.goes_on() {
            is_granted = !is_granted;
            let operation = if is_granted { Operation::Touch } else { Operation::Delete };
            let began = Instant::now();
            let written = write(&gateway, &key, operation, &format!("document:{document}#viewer@user:dave")).await;
            self.ledger.toggled(&document, written.is_ok().then_some(is_granted));
            let outcome = written.as_ref().map_or_else(Outcome::of, |_| Outcome::Right);
            self.note("write, toggle", began, outcome).await;
            let Ok(token) = written else { continue };

            let began = Instant::now();
            let asked = ask(&gateway, &key, question(&document, "dave", Requirement::AtLeastAsFresh(token))).await;
            let outcome = match asked {
                Ok(answer) if answer == is_granted => Outcome::Right,
                Ok(answer) => Outcome::Wrong(format!("at the token of its change, {document} answers {answer}")),
                Err(status) => Outcome::of(&status),
            };
            self.note("Check at a token", began, outcome).await;
        }
        self.calls
    }

    /// Adds members to a group, one after the other.
    pub(crate) async fn join(mut self, number: usize) -> Vec<Call> {
        let (gateway, key) = (self.world.gateway(), self.world.key("admin"));
        let mut member = 0;
        while self.goes_on() {
            member += 1;
            let relationship = format!("group:fault#member@user:{number}-{member}");
            let began = Instant::now();
            let outcome = match write(&gateway, &key, Operation::Touch, &relationship).await {
                Ok(_) => {
                    self.ledger.joined(&format!("{number}-{member}"));
                    Outcome::Right
                }
                Err(status) => Outcome::of(&status),
            };
            self.note("write, append", began, outcome).await;
        }
        self.calls
    }

    /// Makes users, which identity writes down.
    pub(crate) async fn create_users(mut self) -> Vec<Call> {
        let (gateway, key) = (self.world.gateway(), self.world.key("admin"));
        let mut number = 0;
        while self.goes_on() {
            number += 1;
            let user_id = format!("fault-{number}");
            let request =
                CreateUserRequest { user_id: user_id.clone(), display_name: user_id.clone(), ..Default::default() };
            let began = Instant::now();
            let request = gateway.request(request, Some(&key)).unwrap();
            let outcome = match gateway.users().create_user(request).await {
                Ok(_) => {
                    self.ledger.created(&user_id);
                    Outcome::Right
                }
                Err(status) => Outcome::of(&status),
            };
            self.note("CreateUser", began, outcome).await;
        }
        self.calls
    }
}
