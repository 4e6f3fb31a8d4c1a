//! Lists the credentials of OAuth 2 clients in the caller's tenant: of one service account, or of all.

use std::sync::Arc;

use chassis::page::PageRequest;
use chassis::{Context, Subject, SubjectKind};
use contract::identity::v1::{ListClientCredentialsRequest, ListClientCredentialsResponse};

use super::messages;
use crate::store::client_credentials;
use crate::{Error, Identity};

pub(crate) async fn list_client_credentials(
    service: Arc<Identity>,
    ctx: Context,
    request: ListClientCredentialsRequest,
) -> Result<ListClientCredentialsResponse, Error> {
    let asked = &request.service_account_id;
    let account = (!asked.is_empty()).then(|| Subject::new(SubjectKind::ServiceAccount, asked)).transpose();
    let account = account.map_err(|error| error.at("service_account_id"))?;
    let page = PageRequest::read(&ctx, request.page_size, &request.page_token, &[asked])?;

    let pool = service.database.pool();
    let mut found = client_credentials::list(pool, ctx.tenant(), account.as_ref(), &page.after, page.rows()).await?;

    let next_page_token = page.next(&mut found, |credential| credential.id.to_string());

    let client_credentials = found.iter().map(messages::client_credential).collect();
    Ok(ListClientCredentialsResponse { client_credentials, next_page_token })
}
