//! What is remembered of a decision, so that it can be explained and decided anew. Holds no credential and no query.

use std::sync::Arc;

use chassis::TenantId;
use time::OffsetDateTime;

use super::caller::Who;
use super::denial::Denial;
use super::request::RawRequest;
use super::route::Route;

/// How much of a path is remembered, in bytes.
const PATH_BYTES_MAX: usize = 1_024;

/// What a record takes besides its texts, in bytes: about what the allocator says.
const FIXED_BYTES: usize = 512;

/// One decision.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) decided_at: OffsetDateTime,
    pub(crate) method: String,
    pub(crate) host: String,
    path: String,
    is_whole: bool,
    /// The route that decided, and what it captured.
    pub(crate) route: Option<(Arc<Route>, Vec<String>)>,
    pub(crate) version: u64,
    /// Who was calling, and with which kind of credential.
    pub(crate) caller: Option<(Who, &'static str)>,
    pub(crate) passed: bool,
    /// The token of the state that permissions decided in.
    pub(crate) checked_at: Option<Arc<str>>,
    /// Why it was denied, or would have been.
    pub(crate) denial: Option<Denial>,
}

impl Record {
    /// A record that knows when and what, and not yet how it ended.
    pub(crate) fn new(id: &str, decided_at: OffsetDateTime, method: &str, host: &str, path: &str) -> Self {
        // A path in its one reading is ASCII, so every place is between two characters.
        let kept = path.get(..PATH_BYTES_MAX.min(path.len())).unwrap_or_default();
        Self {
            id: id.to_owned(),
            decided_at,
            method: method.to_owned(),
            host: host.to_owned(),
            path: kept.to_owned(),
            is_whole: kept.len() == path.len(),
            route: None,
            version: 0,
            caller: None,
            passed: false,
            checked_at: None,
            denial: None,
        }
    }

    /// The path without its query, or how it begins.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The request, to decide about it anew; none if its path was too long to be remembered whole.
    pub(crate) fn request(&self) -> Option<RawRequest> {
        self.is_whole.then(|| RawRequest {
            method: self.method.clone(),
            host: self.host.clone(),
            target: self.path.clone(),
            ..RawRequest::default()
        })
    }

    /// What was required of a caller of `tenant`, with the captures filled in.
    pub(crate) fn required(&self, tenant: &TenantId) -> String {
        self.route.as_ref().map(|(route, captures)| route.required(captures, tenant)).unwrap_or_default()
    }

    /// Who was calling, as their own tenant may know it: nothing of another's people.
    pub(crate) fn caller_of(&self, tenant: &TenantId) -> Option<&Who> {
        self.caller.as_ref().map(|(who, _)| who).filter(|who| who.tenant == *tenant)
    }

    /// The detail, as the tenant may know it.
    pub(crate) fn detail_for(&self, tenant: &TenantId) -> String {
        let is_anothers = self.caller.as_ref().is_some_and(|(who, _)| who.tenant != *tenant);
        match &self.denial {
            Some(_) if is_anothers => "the caller is of another tenant".to_owned(),
            Some(denial) => denial.detail.clone(),
            None => String::new(),
        }
    }

    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        let captures = self.route.iter().flat_map(|(_, captures)| captures).map(String::len).sum::<usize>();
        let detail = self.denial.as_ref().map_or(0, |denial| denial.detail.len());
        let checked_at = self.checked_at.as_ref().map_or(0, |token| token.len());
        FIXED_BYTES
            + checked_at
            + self.id.len()
            + self.method.len()
            + self.host.len()
            + self.path.len()
            + captures
            + detail
    }
}
