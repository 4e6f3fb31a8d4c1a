//! Documents over gRPC: the same questions in the same order.

use std::sync::Arc;

use assertion::AssertionClaims;
use contract::example::documents::v1::document_service_server::DocumentService;
use contract::example::documents::v1::{
    ArchiveDocumentsRequest, ArchiveDocumentsResponse, Document, ListDocumentsRequest, ListDocumentsResponse,
};
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use crate::{Service, route};

pub(crate) struct Documents {
    service: Arc<Service>,
}

impl Documents {
    pub(crate) fn new(service: Arc<Service>) -> Self {
        Self { service }
    }

    fn caller(&self, metadata: &MetadataMap, route: &str) -> Result<Arc<AssertionClaims>, Status> {
        // Metadata is headers: one place looks at both.
        let headers = metadata.clone().into_headers();
        let caller = self.service.callers.identify(&headers, route);
        caller.map_err(|_| Status::unauthenticated("no valid assertion"))
    }
}

#[tonic::async_trait]
impl DocumentService for Documents {
    async fn list_documents(
        &self,
        request: Request<ListDocumentsRequest>,
    ) -> Result<Response<ListDocumentsResponse>, Status> {
        let caller = self.caller(request.metadata(), route::LIST)?;
        let documents = self.service.library.list(&caller.tenant);
        let documents = documents.into_iter().map(|(id, title)| Document { id, title }).collect();
        Ok(Response::new(ListDocumentsResponse { documents, requested_by: caller.subject.clone() }))
    }

    async fn archive_documents(
        &self,
        request: Request<ArchiveDocumentsRequest>,
    ) -> Result<Response<ArchiveDocumentsResponse>, Status> {
        let caller = self.caller(request.metadata(), route::ARCHIVE)?;
        let archived = self.service.library.archive(&caller.tenant);
        let archived = archived.map_err(|error| Status::resource_exhausted(error.to_string()))?;
        let archived = u32::try_from(archived).expect("a tenant's documents are limited to fewer");
        Ok(Response::new(ArchiveDocumentsResponse { archived }))
    }
}
