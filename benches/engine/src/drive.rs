//! The "drive" workload: users in nested groups, folders in folders, documents in folders.
//!
//! Of n relationships: n/2 documents, n/20 folders in trees five deep, n/300 groups nested three deep, n/100 users. Every
//! document has a folder; four in ten an owner, and a few a viewer, a group of viewers, everyone as viewer, or someone banned.

use graph::{Change, ObjectRef, Relationship, SubjectRef};

use worlds::Random;

/// The schema, in the schema language of SpiceDB.
pub const SCHEMA: &str = "
definition user {}
definition group {
    relation member: user | group#member
}
definition folder {
    relation parent: folder
    relation owner: user
    relation viewer: user | group#member
    permission view = owner + viewer + parent->view
}
definition document {
    relation parent: folder
    relation owner: user
    relation viewer: user | user:* | group#member
    relation banned: user
    permission view = (owner + viewer + parent->view) - banned
}
";

/// How many there are of each type.
#[derive(Clone, Copy, Debug)]
pub struct Drive {
    /// How many documents.
    pub documents: u64,
    /// How many folders.
    pub folders: u64,
    /// How many groups.
    pub groups: u64,
    /// How many users.
    pub users: u64,
}

/// Folders of one tree: a root, and two, four, eight and sixteen under it.
const TREE: u64 = 31;
/// Groups of one tree: a root, and three and nine under it.
const CLUB: u64 = 13;

impl Drive {
    /// The drive of about so many relationships; a little more in truth.
    pub fn of(relationships: u64) -> Self {
        Self {
            documents: relationships / 2,
            folders: (relationships / 20).max(TREE),
            groups: (relationships / 300).max(CLUB),
            users: (relationships / 100).max(100),
        }
    }

    /// All relationships, made as they are asked for.
    pub fn relationships(self) -> impl Iterator<Item = Relationship> {
        let groups = (0..self.groups).flat_map(move |group| self.group(group));
        let users = (0..self.users).flat_map(move |user| self.user(user));
        let folders = (0..self.folders).flat_map(move |folder| self.folder(folder));
        let documents = (0..self.documents).flat_map(move |document| self.document(document));
        groups.chain(users).chain(folders).chain(documents)
    }

    fn group(self, group: u64) -> Vec<Relationship> {
        let at = group % CLUB;
        let above = group - at + at.saturating_sub(1) / 3;
        let nested = (at > 0).then(|| relationship("group", above, "member", userset(group)));
        nested.into_iter().collect()
    }

    fn user(self, user: u64) -> Vec<Relationship> {
        let mut random = Random::new(user ^ 0x7573_6572);
        let mut groups: Vec<u64> = (0..4).map(|_| random.below(self.groups)).collect();
        groups.sort_unstable();
        groups.dedup();
        groups.into_iter().map(|group| relationship("group", group, "member", person(user))).collect()
    }

    pub(crate) fn parent_of_folder(folder: u64) -> Option<u64> {
        let at = folder % TREE;
        (at > 0).then(|| folder - at + (at - 1) / 2)
    }

    pub(crate) fn folder(self, folder: u64) -> Vec<Relationship> {
        let mut random = Random::new(folder ^ 0x66_6f6c_6465_7200);
        let mut all = Vec::new();
        match Self::parent_of_folder(folder) {
            Some(parent) => all.push(relationship("folder", folder, "parent", object("folder", parent))),
            None => all.push(relationship("folder", folder, "owner", person(random.below(self.users)))),
        }
        all.push(relationship("folder", folder, "viewer", userset(random.below(self.groups))));
        if random.one_in(2) {
            all.push(relationship("folder", folder, "viewer", person(random.below(self.users))));
        }
        all
    }

    pub(crate) fn folder_of_document(self, document: u64) -> u64 {
        Random::new(document ^ 0x646f_6375).below(self.folders)
    }

    pub(crate) fn document(self, document: u64) -> Vec<Relationship> {
        let mut random = Random::new(document ^ 0x646f_6375);
        let parent = random.below(self.folders);
        let mut all = vec![relationship("document", document, "parent", object("folder", parent))];
        if random.below(10) < 4 {
            all.push(relationship("document", document, "owner", person(random.below(self.users))));
        }
        match random.below(10) {
            0..=1 => all.push(relationship("document", document, "viewer", person(random.below(self.users)))),
            2..=3 => all.push(relationship("document", document, "viewer", userset(random.below(self.groups)))),
            _ => {}
        }
        if random.one_in(100) {
            let everyone = ObjectRef::new("user", "*").expect("the wildcard is an id");
            all.push(relationship("document", document, "viewer", SubjectRef::object_itself(everyone)));
        }
        if random.one_in(50) {
            all.push(relationship("document", document, "banned", person(random.below(self.users))));
        }
        all
    }

    /// A user who joins or leaves a group: what changes most.
    pub fn change(self, random: &mut Random) -> Change {
        let (user, group) = (random.below(self.users), random.below(self.groups));
        let membership = relationship("group", group, "member", person(user));
        if random.one_in(2) { Change::Touch(membership) } else { Change::Delete(membership) }
    }
}

fn name(object_type: &str, number: u64) -> ObjectRef {
    let initial = &object_type[..1];
    // Scattered, as ids are: neighbours in one order are strangers in the other.
    let scattered = number.wrapping_mul(0x9e37_79b1) & 0xffff_ffff;
    ObjectRef::new(object_type, format!("{initial}{scattered:010}")).expect("a type and an id of digits")
}

fn object(object_type: &str, number: u64) -> SubjectRef {
    SubjectRef::object_itself(name(object_type, number))
}

/// A document, by its number.
pub fn document(number: u64) -> ObjectRef {
    name("document", number)
}

/// A group, by its number.
pub fn group(number: u64) -> ObjectRef {
    name("group", number)
}

/// A user, by their number.
pub fn person(number: u64) -> SubjectRef {
    object("user", number)
}

fn userset(group: u64) -> SubjectRef {
    SubjectRef::new(name("group", group), Some("member")).expect("a relation of groups")
}

fn relationship(object_type: &str, number: u64, relation: &str, subject: SubjectRef) -> Relationship {
    Relationship::new(name(object_type, number), relation, subject).expect("a relation of the schema")
}
