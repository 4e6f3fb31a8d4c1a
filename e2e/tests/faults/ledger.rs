//! What was acknowledged, and whether it is all still there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use contract::identity::v1::ListUsersRequest;
use contract::permissions::v1::consistency::Requirement;
use contract::permissions::v1::{Consistency, ReadRelationshipsRequest, RelationshipFilter};
use e2e::World;

use crate::callers::{ask, question};

const PAGE: u32 = 1_000;

/// What was acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    users: Mutex<BTreeSet<String>>,
    members: Mutex<BTreeSet<String>>,
    /// Whether the last change granted; none if its outcome is not known.
    toggles: Mutex<BTreeMap<String, Option<bool>>>,
}

impl Ledger {
    pub(crate) fn created(&self, user: &str) {
        self.users.lock().unwrap_or_else(PoisonError::into_inner).insert(user.to_owned());
    }

    pub(crate) fn joined(&self, member: &str) {
        self.members.lock().unwrap_or_else(PoisonError::into_inner).insert(member.to_owned());
    }

    pub(crate) fn toggled(&self, document: &str, is_granted: Option<bool>) {
        self.toggles.lock().unwrap_or_else(PoisonError::into_inner).insert(document.to_owned(), is_granted);
    }

    /// Everything that was acknowledged is there, now that everything runs.
    pub(crate) async fn assert_kept(&self, world: &World) {
        let (gateway, key) = (world.gateway(), world.key("admin"));
        let toggles = self.toggles.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (document, is_granted) in toggles {
            let asked = ask(&gateway, &key, question(&document, "dave", Requirement::FullyConsistent(true))).await;
            let answer = asked.unwrap();
            assert!(
                is_granted.is_none_or(|is_granted| is_granted == answer),
                "{document} is {is_granted:?}, not {answer}"
            );
        }
        let acknowledged = self.members.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let kept = members(world).await;
        let lost: Vec<&String> = acknowledged.difference(&kept).collect();
        assert!(lost.is_empty(), "{} acknowledged members are lost: {lost:?}", lost.len());
        let acknowledged = self.users.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let kept = users(world).await;
        let lost: Vec<&String> = acknowledged.difference(&kept).collect();
        assert!(lost.is_empty(), "{} acknowledged users are lost: {lost:?}", lost.len());
        println!("  all acknowledged writes are there: {} users and more", acknowledged.len());
    }
}

/// The members of the group that callers add to.
async fn members(world: &World) -> BTreeSet<String> {
    let (gateway, key) = (world.gateway(), world.key("admin"));
    let filter = RelationshipFilter {
        resource_type: "group".to_owned(),
        resource_id: "fault".to_owned(),
        ..RelationshipFilter::default()
    };
    let (mut members, mut page_token) = (BTreeSet::new(), String::new());
    loop {
        let consistency = Consistency { requirement: Some(Requirement::FullyConsistent(true)) };
        let request = ReadRelationshipsRequest {
            consistency: page_token.is_empty().then_some(consistency),
            filter: Some(filter.clone()),
            page_size: PAGE,
            page_token,
        };
        let request = gateway.request(request, Some(&key)).unwrap();
        let page = gateway.relationships().read_relationships(request).await.unwrap().into_inner();
        let subjects = page.relationships.into_iter().filter_map(|relationship| relationship.subject?.object);
        members.extend(subjects.map(|subject| subject.object_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return members;
        }
    }
}

async fn users(world: &World) -> BTreeSet<String> {
    let (gateway, key) = (world.gateway(), world.key("admin"));
    let (mut users, mut page_token) = (BTreeSet::new(), String::new());
    loop {
        let request = gateway.request(ListUsersRequest { page_size: PAGE, page_token }, Some(&key)).unwrap();
        let page = gateway.users().list_users(request).await.unwrap().into_inner();
        users.extend(page.users.into_iter().map(|user| user.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return users;
        }
    }
}
