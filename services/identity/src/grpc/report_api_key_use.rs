//! Notes when API keys were last used, as gate tells it. No audit event: it says nothing that gate's own records do not.

use std::sync::Arc;

use chassis::{Context, FieldInvalid, LimitExceeded};
use contract::identity::v1::{ReportApiKeyUseRequest, ReportApiKeyUseResponse};

use super::messages;
use crate::store::api_keys;
use crate::{Error, Identity};

/// How many uses one call may tell of.
const USES_MAX: usize = 1_000;

pub(crate) async fn report_api_key_use(
    service: Arc<Identity>,
    ctx: Context,
    request: ReportApiKeyUseRequest,
) -> Result<ReportApiKeyUseResponse, Error> {
    let given = request.uses.len();
    if given > USES_MAX {
        let limit = "api_key_uses_max";
        return Err(LimitExceeded { limit, max: USES_MAX as u64, given: given as u64 }.into());
    }
    let mut ids = Vec::with_capacity(given);
    let mut times = Vec::with_capacity(given);
    for (index, reported) in request.uses.into_iter().enumerate() {
        let field = format!("uses[{index}].used_at");
        let used_at = messages::read_time(reported.used_at.as_ref(), &field)?;
        // The clock of whoever tells may be ahead.
        times.push(used_at.ok_or_else(|| FieldInvalid::new(&field, "is missing"))?.min(ctx.now));
        ids.push(reported.api_key_id);
    }

    api_keys::note_uses(service.database.pool(), &ids, &times).await?;

    Ok(ReportApiKeyUseResponse {})
}
