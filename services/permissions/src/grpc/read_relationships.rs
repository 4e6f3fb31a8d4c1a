//! Lists relationships a page at a time, all pages at the revision of the first.

use std::sync::Arc;

use chassis::page::{PageError, PageRequest};
use chassis::{Context, FieldInvalid};
use contract::permissions::v1::{ReadRelationshipsRequest, ReadRelationshipsResponse, RelationshipFilter as Filter};
use graph::{ObjectRef, Relationship, RelationshipFilter, Schema, SubjectRelationFilter};

use super::references;
use crate::Permissions;
use crate::domain::consistency::Consistency;
use crate::error::Error;
use crate::store::pages;

pub(crate) async fn read_relationships(
    service: Arc<Permissions>,
    ctx: Context,
    request: ReadRelationshipsRequest,
) -> Result<ReadRelationshipsResponse, Error> {
    let filter = well_formed(request.filter.as_ref())?;
    let page = page(&ctx, &request, &filter)?;
    let place = Place::read(&page)?;
    if place.is_some() && request.consistency.is_some() {
        return Err(
            FieldInvalid::new("consistency", "must be absent with a page token, which pins its revision").into()
        );
    }

    let consistency = match &place {
        Some(place) => Consistency::AtLeastAsFresh(place.token.clone()),
        None => references::consistency(request.consistency.as_ref())?,
    };
    let view = service.freshness.view(&ctx, &consistency).await?;
    known(view.graph.schema(), &filter)?;
    let revision = match &place {
        Some(place) => service.freshness.open(ctx.tenant(), &place.token)?,
        None => view.revision,
    };

    let after = place.as_ref().map(|place| &place.after);
    let mut rows = pages::read(&service.database, ctx.tenant(), revision.number, &filter, after, page.rows()).await?;

    let read_at = service.freshness.token(ctx.tenant(), &revision);
    let next_page_token = page.next(&mut rows, |last| format!("{read_at} {last}"));
    let relationships = rows.iter().map(references::relationship_message).collect();
    Ok(ReadRelationshipsResponse { relationships, read_at, next_page_token })
}

/// Where a page begins: the revision of the first page, and the last relationship of the page before.
#[derive(Debug)]
struct Place {
    token: String,
    after: Relationship,
}

impl Place {
    fn read(page: &PageRequest) -> Result<Option<Self>, Error> {
        if page.after.is_empty() {
            return Ok(None);
        }
        let place = page
            .after
            .split_once(' ')
            .and_then(|(token, after)| Some(Self { token: token.to_owned(), after: after.parse().ok()? }));
        Ok(Some(place.ok_or(PageError::TokenInvalid)?))
    }
}

fn page(ctx: &Context, request: &ReadRelationshipsRequest, filter: &RelationshipFilter) -> Result<PageRequest, Error> {
    let subject_relation = match &filter.subject_relation {
        None => None,
        Some(SubjectRelationFilter::Plain) => Some(String::new()),
        Some(SubjectRelationFilter::Userset(relation)) => Some(relation.clone()),
    };
    let fields = [
        &filter.object_type,
        &filter.object_id,
        &filter.relation,
        &filter.subject_type,
        &filter.subject_id,
        &subject_relation,
    ];
    // An absent field and an empty one ask for different lists.
    let arguments: Vec<&str> = fields
        .into_iter()
        .flat_map(|field| [field.as_ref().map_or("", |_| "given"), field.as_deref().unwrap_or("")])
        .collect();
    Ok(PageRequest::read(ctx, request.page_size, &request.page_token, &arguments)?)
}

fn well_formed(message: Option<&Filter>) -> Result<RelationshipFilter, FieldInvalid> {
    let message = message.ok_or_else(|| FieldInvalid::new("filter", "is missing"))?;
    if message.resource_type.is_empty() && message.subject_type.is_empty() {
        return Err(FieldInvalid::new("filter", "must have a resource_type or a subject_type"));
    }
    object_fields(&message.resource_type, &message.resource_id, ["filter.resource_type", "filter.resource_id"])?;
    object_fields(&message.subject_type, &message.subject_id, ["filter.subject_type", "filter.subject_id"])?;
    let subject_relation = match message.subject_relation.as_deref() {
        None => None,
        Some("") => Some(SubjectRelationFilter::Plain),
        Some(relation) => {
            references::name(relation, "filter.subject_relation")?;
            Some(SubjectRelationFilter::Userset(relation.to_owned()))
        }
    };
    if !message.relation.is_empty() {
        references::name(&message.relation, "filter.relation")?;
    }
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Ok(RelationshipFilter {
        object_type: given(&message.resource_type),
        object_id: given(&message.resource_id),
        object_id_prefix: None,
        relation: given(&message.relation),
        subject_type: given(&message.subject_type),
        subject_id: given(&message.subject_id),
        subject_relation,
    })
}

/// Looks at a type and an id of which either may be left out.
fn object_fields(object_type: &str, object_id: &str, [type_field, id_field]: [&str; 2]) -> Result<(), FieldInvalid> {
    for (object_type, object_id, field) in [(object_type, "any", type_field), ("object", object_id, id_field)] {
        let left_out = object_type.is_empty() || object_id.is_empty();
        match ObjectRef::new(object_type, object_id) {
            Err(error) if !left_out => {
                return Err(FieldInvalid::new(field, format!("{}, at byte {}", error.problem, error.position)));
            }
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

/// Whether the schema has what the filter names: what it lacks is a slip, not something that there is nothing of.
fn known(schema: &Schema, filter: &RelationshipFilter) -> Result<(), Error> {
    let subject_relation = filter.subject_relation.as_ref().and_then(|relation| match relation {
        SubjectRelationFilter::Plain => None,
        SubjectRelationFilter::Userset(relation) => Some(relation),
    });
    let resource = (&filter.object_type, filter.relation.as_ref(), ["filter.resource_type", "filter.relation"]);
    let subject = (&filter.subject_type, subject_relation, ["filter.subject_type", "filter.subject_relation"]);
    for (object_type, relation, [type_field, relation_field]) in [resource, subject] {
        let Some(object_type) = object_type else { continue };
        let definition = schema
            .definition(object_type)
            .ok_or_else(|| Error::FilterType { field: type_field, object_type: references::shown(object_type) })?;
        if let Some(relation) = relation.filter(|relation| definition.member(relation).is_none()) {
            let (object_type, relation) = (object_type.clone(), references::shown(relation));
            return Err(Error::FilterRelation { field: relation_field, object_type, relation });
        }
    }
    Ok(())
}
