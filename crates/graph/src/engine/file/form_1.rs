//! The first form's reader.

mod ids;
mod pairs;

use std::sync::Arc;

use super::super::catalog::{Catalog, TableKey, TableKind};
use super::super::{Engine, EngineError, EngineOptions};
use super::block::{Blocks, Kind};
use super::fields::Fields;
use super::limits::{FEATURE_BYTES_MAX, FEATURES_MAX, NOTE_BYTES_MAX, STRAY_TABLES_MAX, TENANT_BYTES_MAX};
use super::parts::{Parts, Texts};
use super::read::Head;
use super::{FileError, PLAIN, StoredTenant, USERSET, WILDCARD};
use crate::names::{MEMBER_NAME_BYTES_MAX, NameFault, TYPE_NAME_BYTES_MAX, check_member_name, check_type_name};
use crate::schema::Schema;
use crate::schema::limits::PRINTED_BYTES_MAX;

/// Numbers above this mean something of their own to the engine.
const IDS_MAX: usize = u32::MAX as usize - 2;
/// What the arrays of one engine can count.
const RELATIONSHIPS_MAX: usize = u32::MAX as usize - 1;

pub(super) fn head(blocks: &mut dyn Blocks) -> Result<Head, FileError> {
    let mut fields = blocks.expect(Kind::Head)?;
    let features = usize::from(fields.number16()?);
    if features > FEATURES_MAX {
        return Err(fields.damaged(format!("{features} features; the limit is {FEATURES_MAX}")));
    }
    if features > 0 {
        // This release knows none, so the first is as unknown as the others.
        let name = fields.text("a feature", FEATURE_BYTES_MAX)?.to_owned();
        return Err(FileError::Feature { name });
    }
    let note = fields.note(NOTE_BYTES_MAX)?.to_vec();
    let tenants = fields.number32()?;
    fields.end()?;
    Ok(Head { note, tenants })
}

/// What a tenant's head says is to come.
struct Announced {
    schema_bytes: usize,
    types: u32,
    tables: u32,
    ids: usize,
    relationships: usize,
}

pub(super) fn tenant(blocks: &mut dyn Blocks, options: EngineOptions) -> Result<StoredTenant, FileError> {
    let mut fields = blocks.expect(Kind::Tenant)?;
    let id = fields.text("a tenant's id", TENANT_BYTES_MAX)?.to_owned();
    let note = fields.note(NOTE_BYTES_MAX)?.to_vec();
    let revision = fields.number64()?;
    let announced = announced(&mut fields, options)?;

    let schema = Arc::new(schema(blocks, announced.schema_bytes)?);
    let mut catalog = Catalog::default();
    catalog.admit(&schema);
    let mut parts = Parts::default();
    let mut ids_left = announced.ids;
    for _ in 0..announced.types {
        object_type(blocks, &mut catalog, &mut parts, &mut ids_left)?;
    }
    let tables_max = catalog.tables().len() + STRAY_TABLES_MAX;
    let mut tables = Tables { left: announced.relationships, tables_max, catalog, parts };
    for _ in 0..announced.tables {
        tables.read(blocks)?;
    }
    let Tables { left, catalog, parts, .. } = tables;
    if ids_left > 0 || left > 0 {
        let problem = format!("{ids_left} ids and {left} relationships fewer came than its head says");
        return Err(FileError::Damaged { part: Kind::Tenant.part(), at: blocks.at(), problem });
    }
    let rows = catalog.tables().iter().zip(&parts.pairs).filter(|(_, pairs)| !pairs.is_empty());
    let rows = rows.map(|(key, _)| super::rows_of(*key, |object_type| parts.ids(object_type))).sum();
    super::check_rows(rows, announced.ids, announced.relationships)?;
    let base = parts.into_base(options.hash_seed, &catalog);
    Ok(StoredTenant { id, note, engine: Engine::of(options, revision, schema, catalog, base) })
}

fn announced(fields: &mut Fields<'_>, options: EngineOptions) -> Result<Announced, FileError> {
    let schema_bytes = fields.number32()? as usize;
    let (types, tables) = (fields.number32()?, fields.number32()?);
    let (ids, relationships) = (fields.number64()? as usize, fields.number64()? as usize);
    fields.end()?;
    if schema_bytes > PRINTED_BYTES_MAX {
        return Err(fields.damaged(format!("a schema of {schema_bytes} bytes; the limit is {PRINTED_BYTES_MAX}")));
    }
    let max = options.ids_max.min(IDS_MAX);
    if ids > max {
        return Err(EngineError::TooManyIds { max }.into());
    }
    let max = options.relationships_max.min(RELATIONSHIPS_MAX);
    if relationships > max {
        return Err(EngineError::TooManyRelationships { max }.into());
    }
    Ok(Announced { schema_bytes, types, tables, ids, relationships })
}

fn schema(blocks: &mut dyn Blocks, bytes: usize) -> Result<Schema, FileError> {
    let mut text = Vec::new();
    while text.len() < bytes {
        let fields = blocks.expect(Kind::Schema)?;
        if fields.rest.is_empty() || fields.rest.len() > bytes - text.len() {
            return Err(fields.damaged(format!(
                "{} bytes come where {} are left",
                fields.rest.len(),
                bytes - text.len()
            )));
        }
        text.extend_from_slice(fields.rest);
    }
    let damaged = |problem| FileError::Damaged { part: Kind::Schema.part(), at: blocks.at(), problem };
    let text = String::from_utf8(text).map_err(|error| damaged(format!("it is not UTF-8: {error}")))?;
    Schema::parse_printed(&text).map_err(|errors| damaged(errors.first().to_string()))
}

fn object_type(
    blocks: &mut dyn Blocks,
    catalog: &mut Catalog,
    parts: &mut Parts,
    ids_left: &mut usize,
) -> Result<(), FileError> {
    let mut fields = blocks.expect(Kind::Type)?;
    let name = type_name(&mut fields)?;
    let number = catalog.types.number(name) as usize;
    let count = fields.number32()? as usize;
    fields.end()?;
    if count == 0 || count > *ids_left {
        return Err(fields.damaged(format!("{count} ids of `{name}`; there may be 1 to {ids_left}")));
    }
    if parts.ids(number as u32) > 0 {
        return Err(fields.damaged(format!("`{name}` comes twice")));
    }
    *ids_left -= count;
    if parts.texts.len() <= number {
        parts.texts.resize_with(number + 1, Texts::default);
    }
    parts.texts[number] = ids::read(blocks, count)?;
    Ok(())
}

struct Tables {
    left: usize,
    /// What the schema admits, and the strays.
    tables_max: usize,
    catalog: Catalog,
    parts: Parts,
}

impl Tables {
    fn read(&mut self, blocks: &mut dyn Blocks) -> Result<(), FileError> {
        let mut fields = blocks.expect(Kind::Table)?;
        let key = self.key(&mut fields)?;
        let count = fields.number32()? as usize;
        fields.end()?;
        if count == 0 || count > self.left {
            return Err(fields.damaged(format!("{count} relationships; there may be 1 to {}", self.left)));
        }
        self.left -= count;
        let table = self.catalog.table(key) as usize;
        if self.parts.pairs.len() <= table {
            self.parts.pairs.resize_with(table + 1, Vec::new);
        }
        if !self.parts.pairs[table].is_empty() {
            return Err(fields.damaged("the table comes twice"));
        }
        if self.catalog.tables().len() > self.tables_max {
            return Err(fields.damaged("the schema admits fewer of the tables than STRAY_TABLES_MAX allows"));
        }
        let subjects = if key.kind == TableKind::Wildcard { 1 } else { self.parts.ids(key.subject_type) };
        let resources = self.parts.ids(key.resource_type);
        self.parts.pairs[table] = pairs::read(blocks, resources, subjects, count)?;
        Ok(())
    }

    fn key(&mut self, fields: &mut Fields<'_>) -> Result<TableKey, FileError> {
        let resource_type = self.catalog.types.number(type_name(fields)?);
        let relation = self.catalog.relations.number(member_name(fields)?);
        let subject_type = self.catalog.types.number(type_name(fields)?);
        let kind = match fields.number8()? {
            USERSET => TableKind::Userset(self.catalog.relations.number(member_name(fields)?)),
            kind @ (PLAIN | WILDCARD) => {
                let none = fields.text("a member", 0)?;
                debug_assert!(none.is_empty(), "the limit is 0");
                if kind == PLAIN { TableKind::Plain } else { TableKind::Wildcard }
            }
            unknown => return Err(fields.damaged(format!("{unknown} is no kind of subject"))),
        };
        Ok(TableKey { resource_type, relation, subject_type, kind })
    }
}

fn type_name<'b>(fields: &mut Fields<'b>) -> Result<&'b str, FileError> {
    let name = fields.text("a type", TYPE_NAME_BYTES_MAX)?;
    check_type_name(name).map_err(|fault| wrong_name(fields, name, &fault))?;
    Ok(name)
}

fn member_name<'b>(fields: &mut Fields<'b>) -> Result<&'b str, FileError> {
    let name = fields.text("a relation", MEMBER_NAME_BYTES_MAX)?;
    check_member_name(name).map_err(|fault| wrong_name(fields, name, &fault))?;
    Ok(name)
}

fn wrong_name(fields: &Fields<'_>, name: &str, fault: &NameFault) -> FileError {
    fields.damaged(format!("the name {name:?} {}", fault.problem))
}
