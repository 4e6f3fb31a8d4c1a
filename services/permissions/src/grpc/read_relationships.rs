//! Lists relationships a page at a time, all pages at the revision of the first.

use std::sync::Arc;

use chassis::page::{PageError, PageRequest};
use chassis::{Context, FieldInvalid};
use contract::permissions::v1::{ReadRelationshipsRequest, ReadRelationshipsResponse};
use graph::{Relationship, RelationshipFilter, SubjectRelationFilter};

use super::{filters, references};
use crate::Permissions;
use crate::admission;
use crate::domain::consistency::Consistency;
use crate::error::Error;
use crate::freshness::in_time;
use crate::store::pages;

pub(crate) async fn read_relationships(
    service: Arc<Permissions>,
    ctx: Context,
    request: ReadRelationshipsRequest,
) -> Result<ReadRelationshipsResponse, Error> {
    let filter = filters::filter(request.filter.as_ref(), "filter")?;
    let page = page(&ctx, &request, &filter)?;
    let place = Place::read(&page)?;
    if place.is_some() && request.consistency.is_some() {
        return Err(
            FieldInvalid::new("consistency", "must be absent with a page token, which pins its revision").into()
        );
    }

    let consistency = match &place {
        Some(place) => Consistency::AtExactSnapshot(place.token.clone()),
        None => references::consistency(request.consistency.as_ref())?,
    };
    let (view, revision) = service.freshness.stored(&ctx, consistency).await?;
    admission::known(Some(view.snapshot.schema()), &filter)?;

    let after = place.as_ref().map(|place| &place.after);
    let rows = pages::read(&service.database, ctx.tenant(), revision.number, &filter, after, page.rows());
    let mut rows = in_time(&ctx, rows).await?.ok_or(Error::RevisionCollected)?;

    let read_at = service.freshness.token(ctx.tenant(), &revision);
    let next_page_token = page.next(&mut rows, |last| format!("{read_at} {last}"));
    let relationships = rows.iter().map(references::relationship_message).collect();
    Ok(ReadRelationshipsResponse { relationships, read_at, next_page_token })
}

/// For each relationship of an answer, the token of a page that would begin after it.
///
/// # Errors
/// None for the request that was answered.
pub(crate) fn tokens_after(
    ctx: &Context,
    request: &ReadRelationshipsRequest,
    answer: &ReadRelationshipsResponse,
) -> Result<Vec<String>, Error> {
    let filter = filters::filter(request.filter.as_ref(), "filter")?;
    let page = page(ctx, request, &filter)?;
    let token = |message| {
        let last = references::relationship(Some(message), "relationship")?;
        Ok(page.token(&format!("{} {last}", answer.read_at)))
    };
    answer.relationships.iter().map(token).collect()
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
