//! The contract's traits, one line an RPC. What an RPC does is in the file of its name.

pub(crate) mod check;
pub(crate) mod check_bulk;
mod check_stream;
pub(crate) mod delete_relationships;
mod filters;
mod grant_role;
mod list_roles;
pub(crate) mod read_relationships;
pub(crate) mod read_schema;
pub(crate) mod references;
mod revoke_role;
mod roles;
pub(crate) mod write_relationships;
pub(crate) mod write_schema;

use std::sync::Arc;

use chassis::call;
use contract::permissions::v1::permission_service_server::{PermissionService, PermissionServiceServer};
use contract::permissions::v1::relationship_service_server::{RelationshipService, RelationshipServiceServer};
use contract::permissions::v1::role_service_server::{RoleService, RoleServiceServer};
use contract::permissions::v1::schema_service_server::{SchemaService, SchemaServiceServer};
use contract::permissions::v1::{
    CheckBulkRequest, CheckBulkResponse, CheckRequest, CheckResponse, CheckStreamRequest, CheckStreamResponse,
    DeleteRelationshipsRequest, DeleteRelationshipsResponse, GrantRoleRequest, GrantRoleResponse, ListRolesRequest,
    ListRolesResponse, ReadRelationshipsRequest, ReadRelationshipsResponse, ReadSchemaRequest, ReadSchemaResponse,
    RevokeRoleRequest, RevokeRoleResponse, WriteRelationshipsRequest, WriteRelationshipsResponse, WriteSchemaRequest,
    WriteSchemaResponse,
};
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};

use crate::Permissions;

/// The contract's services.
#[derive(Clone, Debug)]
struct Rpcs(Arc<Permissions>);

pub(crate) fn routes(service: Arc<Permissions>) -> Routes {
    let rpcs = Rpcs(service);
    Routes::new(PermissionServiceServer::new(rpcs.clone()).max_decoding_message_size(call::MESSAGE_BYTES_MAX))
        .add_service(RelationshipServiceServer::new(rpcs.clone()).max_decoding_message_size(call::MESSAGE_BYTES_MAX))
        .add_service(RoleServiceServer::new(rpcs.clone()))
        .add_service(SchemaServiceServer::new(rpcs).max_decoding_message_size(call::MESSAGE_BYTES_MAX))
}

#[tonic::async_trait]
impl PermissionService for Rpcs {
    async fn check(&self, request: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        call::unary(&self.0, request, check::check).await
    }

    async fn check_bulk(&self, request: Request<CheckBulkRequest>) -> Result<Response<CheckBulkResponse>, Status> {
        call::unary(&self.0, request, check_bulk::check_bulk).await
    }

    type CheckStreamStream = call::Results<CheckStreamResponse>;

    async fn check_stream(
        &self,
        request: Request<Streaming<CheckStreamRequest>>,
    ) -> Result<Response<Self::CheckStreamStream>, Status> {
        call::stream(&self.0, request, check_stream::check_stream).await
    }
}

#[tonic::async_trait]
impl RelationshipService for Rpcs {
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

    async fn read_relationships(
        &self,
        request: Request<ReadRelationshipsRequest>,
    ) -> Result<Response<ReadRelationshipsResponse>, Status> {
        call::unary(&self.0, request, read_relationships::read_relationships).await
    }
}

#[tonic::async_trait]
impl RoleService for Rpcs {
    async fn grant_role(&self, request: Request<GrantRoleRequest>) -> Result<Response<GrantRoleResponse>, Status> {
        call::unary(&self.0, request, grant_role::grant_role).await
    }

    async fn revoke_role(&self, request: Request<RevokeRoleRequest>) -> Result<Response<RevokeRoleResponse>, Status> {
        call::unary(&self.0, request, revoke_role::revoke_role).await
    }

    async fn list_roles(&self, request: Request<ListRolesRequest>) -> Result<Response<ListRolesResponse>, Status> {
        call::unary(&self.0, request, list_roles::list_roles).await
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
