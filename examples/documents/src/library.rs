//! The documents themselves: in memory, each tenant's apart from the others', and bounded.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most documents of one tenant.
pub const DOCUMENTS_MAX: usize = 1_000;

/// The most tenants.
pub const TENANTS_MAX: usize = 100;

/// The longest body of a document, in bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// The longest title, in characters.
pub const TITLE_CHARACTERS_MAX: usize = 200;

/// The longest id, in bytes.
pub const ID_BYTES_MAX: usize = 128;

/// What every tenant begins with.
const SEEDS: [(&str, &str, &str); 4] = [
    ("roadmap", "Roadmap", "First the skeleton, then the flesh."),
    ("budget", "Budget", "Income, outgoings, and what is left."),
    ("handbook", "Handbook", "How we work here."),
    ("launch-plan", "Launch plan", "Who does what on the day."),
];

/// One document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) archived: bool,
}

/// A document that cannot be kept.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotKept {
    #[error("an id is 1 to {ID_BYTES_MAX} characters of a-z, A-Z, 0-9, _ and -")]
    Id,
    #[error("a title is 1 to {TITLE_CHARACTERS_MAX} characters")]
    Title,
    #[error("a body is at most {BODY_BYTES_MAX} bytes")]
    Body,
    #[error("there are {DOCUMENTS_MAX} documents already, and no more are kept")]
    TooMany,
    #[error("there are documents of {TENANTS_MAX} tenants already, and no more are kept")]
    TooManyTenants,
}

type Shelf = BTreeMap<String, Document>;

/// The documents of all tenants.
#[derive(Default)]
pub(crate) struct Library {
    shelves: Mutex<HashMap<String, Shelf>>,
}

impl Library {
    /// A document of the tenant, if there is one.
    pub(crate) fn read(&self, tenant: &str, id: &str) -> Option<Document> {
        match self.shelves().get(tenant) {
            Some(shelf) => shelf.get(id).cloned(),
            None => seeds().remove(id),
        }
    }

    /// Keeps a document, in the place of one with the same id if there is one.
    pub(crate) fn write(&self, tenant: &str, id: &str, title: &str, body: &str) -> Result<Document, NotKept> {
        let id_is_good = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if !id_is_good || id.is_empty() || id.len() > ID_BYTES_MAX {
            return Err(NotKept::Id);
        }
        if title.is_empty() || title.chars().count() > TITLE_CHARACTERS_MAX {
            return Err(NotKept::Title);
        }
        if body.len() > BODY_BYTES_MAX {
            return Err(NotKept::Body);
        }
        let mut shelves = self.shelves();
        let shelf = shelf_of(&mut shelves, tenant)?;
        if shelf.len() >= DOCUMENTS_MAX && !shelf.contains_key(id) {
            return Err(NotKept::TooMany);
        }
        let document = Document { title: title.to_owned(), body: body.to_owned(), archived: false };
        shelf.insert(id.to_owned(), document.clone());
        Ok(document)
    }

    /// The ids and titles of the tenant's documents that are not archived, by id.
    pub(crate) fn list(&self, tenant: &str) -> Vec<(String, String)> {
        let shelf = self.shelves().get(tenant).cloned().unwrap_or_else(seeds);
        let live = shelf.into_iter().filter(|(_, document)| !document.archived);
        live.map(|(id, document)| (id, document.title)).collect()
    }

    /// Archives all of the tenant's documents, and says how many were not archived before.
    pub(crate) fn archive(&self, tenant: &str) -> Result<usize, NotKept> {
        let mut shelves = self.shelves();
        let live = shelf_of(&mut shelves, tenant)?.values_mut().filter(|document| !document.archived);
        Ok(live.map(|document| document.archived = true).count())
    }

    fn shelves(&self) -> MutexGuard<'_, HashMap<String, Shelf>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shelf_of<'a>(shelves: &'a mut HashMap<String, Shelf>, tenant: &str) -> Result<&'a mut Shelf, NotKept> {
    if shelves.len() >= TENANTS_MAX && !shelves.contains_key(tenant) {
        return Err(NotKept::TooManyTenants);
    }
    Ok(shelves.entry(tenant.to_owned()).or_insert_with(seeds))
}

fn seeds() -> Shelf {
    let document = |(id, title, body): (&str, &str, &str)| {
        (id.to_owned(), Document { title: title.to_owned(), body: body.to_owned(), archived: false })
    };
    SEEDS.into_iter().map(document).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tenant_has_documents_of_its_own() {
        let library = Library::default();
        library.write("acme", "roadmap", "Ours", "secret").unwrap();
        assert_eq!(library.read("globex", "roadmap").unwrap().title, "Roadmap");
        assert_eq!(library.read("acme", "roadmap").unwrap().title, "Ours");
        assert_eq!(library.archive("acme"), Ok(4));
        assert_eq!((library.list("acme").len(), library.list("globex").len()), (0, 4));
    }

    #[test]
    fn archived_documents_are_read_but_not_listed() {
        let library = Library::default();
        assert_eq!((library.archive("acme"), library.archive("acme")), (Ok(4), Ok(0)));
        assert!(library.read("acme", "budget").unwrap().archived);
    }

    #[test]
    fn a_tenant_keeps_no_more_documents_than_the_limit() {
        let library = Library::default();
        for number in SEEDS.len()..DOCUMENTS_MAX {
            library.write("acme", &format!("d{number}"), "t", "").unwrap();
        }
        assert_eq!(library.write("acme", "one-more", "t", ""), Err(NotKept::TooMany));
        assert!(library.write("acme", "budget", "t", "").is_ok(), "one that is there can be replaced");
    }

    #[test]
    fn no_more_tenants_are_kept_than_the_limit() {
        let library = Library::default();
        for number in 0..TENANTS_MAX {
            library.write(&format!("t{number}"), "d", "t", "").unwrap();
        }
        assert_eq!(library.write("one-more", "d", "t", ""), Err(NotKept::TooManyTenants));
        assert!(library.read("one-more", "budget").is_some(), "reading keeps nothing");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let library = Library::default();
        let longest = "a".repeat(BODY_BYTES_MAX);
        assert!(library.write("acme", "d", &"ü".repeat(TITLE_CHARACTERS_MAX), &longest).is_ok());
        assert_eq!(library.write("acme", "d", "t", &(longest + "a")), Err(NotKept::Body));
        assert_eq!(library.write("acme", "d", &"ü".repeat(TITLE_CHARACTERS_MAX + 1), ""), Err(NotKept::Title));
        for bad in ["", "a/b", "a b", &"a".repeat(ID_BYTES_MAX + 1)] {
            assert_eq!(library.write("acme", bad, "t", ""), Err(NotKept::Id), "{bad}");
        }
    }
}
