//! An engine in the making, for who has relationships one at a time.

use std::sync::Arc;

use super::catalog::Catalog;
use super::load::Loader;
use super::{Engine, EngineError, EngineOptions};
use crate::relationship::Relationship;
use crate::schema::Schema;

/// Takes the relationships of one revision, in any order. It holds them as numbers, each id's text once.
#[derive(Debug)]
pub struct EngineLoader {
    options: EngineOptions,
    schema: Arc<Schema>,
    loader: Loader,
}

impl EngineLoader {
    /// A loader that holds nothing yet.
    pub fn new(options: EngineOptions, schema: Arc<Schema>) -> Self {
        let mut catalog = Catalog::default();
        catalog.admit(&schema);
        Self { options, schema, loader: Loader::new(options, catalog) }
    }

    /// Takes a relationship. Each should come once; a repetition counts against the cap and has no other effect.
    ///
    /// # Errors
    ///
    /// [`EngineError::TooManyIds`] and [`EngineError::TooManyRelationships`].
    pub fn add(&mut self, relationship: &Relationship) -> Result<(), EngineError> {
        self.loader.add(relationship)
    }

    /// The engine that holds what was taken, as of a revision. Takes seconds for ten million relationships.
    pub fn finish(self, revision: u64) -> Engine {
        let (base, catalog) = self.loader.finish();
        Engine::of(self.options, revision, self.schema, catalog, base)
    }
}
