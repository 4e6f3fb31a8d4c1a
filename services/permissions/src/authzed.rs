//! SpiceDB's public contract, `authzed.api.v1`, on the same port: every RPC turns its message into ours, calls what answers ours, and
//! turns the answer back. Nothing is decided here; only [`expand_permission_tree`] has no RPC of ours to call yet.

mod check_bulk_permissions;
mod check_permission;
mod delete_relationships;
mod errors;
mod expand_permission_tree;
mod messages;
mod read_relationships;
mod read_schema;
mod write_relationships;
mod write_schema;

use std::sync::Arc;

use chassis::call::{self, Results};
use contract::authzed::api::v1::permissions_service_server::{PermissionsService, PermissionsServiceServer};
use contract::authzed::api::v1::schema_service_server::{SchemaService, SchemaServiceServer};
use contract::authzed::api::v1::{
    CheckBulkPermissionsRequest, CheckBulkPermissionsResponse, CheckPermissionRequest, CheckPermissionResponse,
    DeleteRelationshipsRequest, DeleteRelationshipsResponse, ExpandPermissionTreeRequest, ExpandPermissionTreeResponse,
    ReadRelationshipsRequest, ReadRelationshipsResponse, ReadSchemaRequest, ReadSchemaResponse,
    WriteRelationshipsRequest, WriteRelationshipsResponse, WriteSchemaRequest, WriteSchemaResponse,
};
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::Permissions;

/// The contract's services.
#[derive(Clone, Debug)]
struct Rpcs(Arc<Permissions>);

/// Serves them beside our own.
pub(crate) fn add_to(routes: Routes, service: Arc<Permissions>) -> Routes {
    let rpcs = Rpcs(service);
    routes
        .add_service(PermissionsServiceServer::new(rpcs.clone()).max_decoding_message_size(call::MESSAGE_BYTES_MAX))
        .add_service(SchemaServiceServer::new(rpcs).max_decoding_message_size(call::MESSAGE_BYTES_MAX))
}

#[tonic::async_trait]
impl PermissionsService for Rpcs {
    type ReadRelationshipsStream = Results<ReadRelationshipsResponse>;

    async fn read_relationships(
        &self,
        request: Request<ReadRelationshipsRequest>,
    ) -> Result<Response<Self::ReadRelationshipsStream>, Status> {
        call::stream_of_one(&self.0, request, read_relationships::read_relationships).await
    }

    async fn write_relationships(
        &self,
        request: Request<WriteRelationshipsRequest>,
    ) -> Result<Response<WriteRelationshipsResponse>, Status> {
        call::unary(&self.0, request, write_relationships::write_relationships).await
    }

    async fn delete_relationships(
        &self,
        request: Request<DeleteRelationshipsRequest>,
    ) -> Result<Response<DeleteRelationshipsResponse>, Status> {
        call::unary(&self.0, request, delete_relationships::delete_relationships).await
    }

    async fn check_permission(
        &self,
        request: Request<CheckPermissionRequest>,
    ) -> Result<Response<CheckPermissionResponse>, Status> {
        call::unary(&self.0, request, check_permission::check_permission).await
    }

    async fn check_bulk_permissions(
        &self,
        request: Request<CheckBulkPermissionsRequest>,
    ) -> Result<Response<CheckBulkPermissionsResponse>, Status> {
        call::unary(&self.0, request, check_bulk_permissions::check_bulk_permissions).await
    }

    async fn expand_permission_tree(
        &self,
        request: Request<ExpandPermissionTreeRequest>,
    ) -> Result<Response<ExpandPermissionTreeResponse>, Status> {
        call::unary(&self.0, request, expand_permission_tree::expand_permission_tree).await
    }
}

#[tonic::async_trait]
impl SchemaService for Rpcs {
    async fn read_schema(&self, request: Request<ReadSchemaRequest>) -> Result<Response<ReadSchemaResponse>, Status> {
        call::unary(&self.0, request, read_schema::read_schema).await
    }

    async fn write_schema(
        &self,
        request: Request<WriteSchemaRequest>,
    ) -> Result<Response<WriteSchemaResponse>, Status> {
        call::unary(&self.0, request, write_schema::write_schema).await
    }
}
