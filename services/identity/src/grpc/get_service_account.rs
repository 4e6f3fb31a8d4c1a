//! Answers one service account of the caller's tenant.

use std::sync::Arc;

use chassis::{Context, Subject, SubjectKind};
use contract::identity::v1::{GetServiceAccountRequest, GetServiceAccountResponse};

use super::messages;
use crate::error::Thing;
use crate::store::subjects;
use crate::{Error, Identity};

pub(crate) async fn get_service_account(
    service: Arc<Identity>,
    ctx: Context,
    request: GetServiceAccountRequest,
) -> Result<GetServiceAccountResponse, Error> {
    let subject = Subject::new(SubjectKind::ServiceAccount, &request.service_account_id)
        .map_err(|error| error.at("service_account_id"))?;

    let service_account = subjects::find(service.database.pool(), ctx.tenant(), &subject).await?;

    let service_account = service_account.ok_or(Error::NotFound(Thing::ServiceAccount))?;

    Ok(GetServiceAccountResponse { service_account: Some(messages::service_account(&service_account.record)) })
}
