//! The permission engine: a schema language, relationships, and the question who may do what.
//!
//! The model is Google Zanzibar's (Pang et al., "Zanzibar: Google's Consistent, Global Authorization System", USENIX ATC
//! 2019) in the schema language of SpiceDB. Nothing here does I/O, reads a clock or draws a random number, and nothing
//! recurses over data: a chain of a million groups costs memory, never the stack.
//!
//! In reading order: [`Schema`] says what may exist, [`Relationship`] is one fact, [`RelationshipSet`] holds many,
//! [`Revisioned`] follows a log of changes, and [`check()`] answers. [`Engine`] does what the last three do, for millions of
//! relationships and while they change; the plain ones stay as the yardstick that it is held against.
//!
//! ```
//! use graph::{Answer, Budget, CheckRequest, Relationship, RelationshipSet, Schema, check};
//!
//! let schema = Schema::parse(
//!     "definition user {}
//!      definition document {
//!          relation viewer: user
//!          permission view = viewer
//!      }",
//! )?;
//! let stored: Relationship = "document:readme#viewer@user:alice".parse()?;
//! schema.admits(&stored)?;
//! let relationships: RelationshipSet = [stored].into_iter().collect();
//!
//! let resource = "document:readme".parse()?;
//! let subject = "user:alice".parse()?;
//! let request = CheckRequest { resource: &resource, permission: "view", subject: &subject };
//! assert_eq!(check(&schema, &relationships, &request, &Budget::default())?, Answer::Has);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod check;
mod components;
mod engine;
mod names;
mod relationship;
mod relationships;
mod schema;

pub use check::{Answer, Budget, CheckError, CheckRequest, CheckSide, Limit, check};
pub use engine::{
    Engine, EngineError, EngineLoader, EngineOptions, FileError, FileReader, FileWriter, Memory, Snapshot,
    StoredTenant, file_limits,
};
pub use names::{
    MEMBER_NAME_BYTES_MAX, NAME_BYTES_MIN, OBJECT_ID_BYTES_MAX, TYPE_NAME_BYTES_MAX, TYPE_SEGMENT_BYTES_MAX,
};
pub use relationship::{ObjectRef, Part, Relationship, RelationshipError, SubjectRef, member_name};
pub use relationships::{
    Change, RelationshipFilter, RelationshipSet, RevisionError, Revisioned, SubjectRelationFilter,
};
pub use schema::limits;
pub use schema::{
    AdmissionError, ArrowKind, Definition, Expression, Feature, Member, Orphan, Permission, Relation, Schema,
    SchemaError, SchemaErrors, SubjectKind, SubjectType,
};
