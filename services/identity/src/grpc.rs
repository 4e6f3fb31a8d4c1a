//! The RPCs: the generated traits, one line each. What an RPC does is in the file of its name.

mod add_client_credential;
mod authenticate_api_key;
mod bind_workload;
mod bootstrap;
mod create_api_key;
mod create_service_account;
mod create_tenant;
mod create_user;
mod delete_tenant;
mod erase_user;
pub(crate) mod events;
mod exchange_api_key;
mod follow;
mod get_api_key;
mod get_service_account;
mod get_tenant;
mod get_user;
mod list_api_keys;
mod list_client_credentials;
mod list_service_accounts;
mod list_tenants;
mod list_users;
mod list_workloads;
mod messages;
mod publish_assertion_key;
mod report_api_key_use;
mod report_tenant_deleted;
mod revoke_api_key;
mod revoke_client_credential;
mod unbind_workload;

use std::sync::Arc;

use chassis::call::{self, Results};
use contract::identity::v1::api_key_service_server::ApiKeyService;
use contract::identity::v1::client_credential_service_server::ClientCredentialService;
use contract::identity::v1::peer_service_server::PeerService;
use contract::identity::v1::service_account_service_server::ServiceAccountService;
use contract::identity::v1::tenant_service_server::TenantService;
use contract::identity::v1::user_service_server::UserService;
use contract::identity::v1::workload_service_server::WorkloadService;
use contract::identity::v1::*;
use tonic::{Request, Response, Status};

use crate::Identity;

/// The service as tonic serves it.
#[derive(Clone, Debug)]
pub(crate) struct Served(pub(crate) Arc<Identity>);

type Answer<R> = Result<Response<R>, Status>;

#[tonic::async_trait]
impl TenantService for Served {
    async fn create_tenant(&self, request: Request<CreateTenantRequest>) -> Answer<CreateTenantResponse> {
        call::unary(&self.0, request, create_tenant::create_tenant).await
    }

    async fn get_tenant(&self, request: Request<GetTenantRequest>) -> Answer<GetTenantResponse> {
        call::unary(&self.0, request, get_tenant::get_tenant).await
    }

    async fn list_tenants(&self, request: Request<ListTenantsRequest>) -> Answer<ListTenantsResponse> {
        call::unary(&self.0, request, list_tenants::list_tenants).await
    }

    async fn delete_tenant(&self, request: Request<DeleteTenantRequest>) -> Answer<DeleteTenantResponse> {
        call::unary(&self.0, request, delete_tenant::delete_tenant).await
    }

    async fn bootstrap(&self, request: Request<BootstrapRequest>) -> Answer<BootstrapResponse> {
        call::unary(&self.0, request, bootstrap::bootstrap).await
    }
}

#[tonic::async_trait]
impl UserService for Served {
    async fn create_user(&self, request: Request<CreateUserRequest>) -> Answer<CreateUserResponse> {
        call::unary(&self.0, request, create_user::create_user).await
    }

    async fn get_user(&self, request: Request<GetUserRequest>) -> Answer<GetUserResponse> {
        call::unary(&self.0, request, get_user::get_user).await
    }

    async fn list_users(&self, request: Request<ListUsersRequest>) -> Answer<ListUsersResponse> {
        call::unary(&self.0, request, list_users::list_users).await
    }

    async fn erase_user(&self, request: Request<EraseUserRequest>) -> Answer<EraseUserResponse> {
        call::unary(&self.0, request, erase_user::erase_user).await
    }
}

#[tonic::async_trait]
impl ServiceAccountService for Served {
    async fn create_service_account(
        &self,
        request: Request<CreateServiceAccountRequest>,
    ) -> Answer<CreateServiceAccountResponse> {
        call::unary(&self.0, request, create_service_account::create_service_account).await
    }

    async fn get_service_account(
        &self,
        request: Request<GetServiceAccountRequest>,
    ) -> Answer<GetServiceAccountResponse> {
        call::unary(&self.0, request, get_service_account::get_service_account).await
    }

    async fn list_service_accounts(
        &self,
        request: Request<ListServiceAccountsRequest>,
    ) -> Answer<ListServiceAccountsResponse> {
        call::unary(&self.0, request, list_service_accounts::list_service_accounts).await
    }
}

#[tonic::async_trait]
impl ApiKeyService for Served {
    async fn create_api_key(&self, request: Request<CreateApiKeyRequest>) -> Answer<CreateApiKeyResponse> {
        call::unary(&self.0, request, create_api_key::create_api_key).await
    }

    async fn get_api_key(&self, request: Request<GetApiKeyRequest>) -> Answer<GetApiKeyResponse> {
        call::unary(&self.0, request, get_api_key::get_api_key).await
    }

    async fn list_api_keys(&self, request: Request<ListApiKeysRequest>) -> Answer<ListApiKeysResponse> {
        call::unary(&self.0, request, list_api_keys::list_api_keys).await
    }

    async fn revoke_api_key(&self, request: Request<RevokeApiKeyRequest>) -> Answer<RevokeApiKeyResponse> {
        call::unary(&self.0, request, revoke_api_key::revoke_api_key).await
    }

    async fn exchange_api_key(&self, request: Request<ExchangeApiKeyRequest>) -> Answer<ExchangeApiKeyResponse> {
        call::unary(&self.0, request, exchange_api_key::exchange_api_key).await
    }
}

#[tonic::async_trait]
impl ClientCredentialService for Served {
    async fn add_client_credential(
        &self,
        request: Request<AddClientCredentialRequest>,
    ) -> Answer<AddClientCredentialResponse> {
        call::unary(&self.0, request, add_client_credential::add_client_credential).await
    }

    async fn list_client_credentials(
        &self,
        request: Request<ListClientCredentialsRequest>,
    ) -> Answer<ListClientCredentialsResponse> {
        call::unary(&self.0, request, list_client_credentials::list_client_credentials).await
    }

    async fn revoke_client_credential(
        &self,
        request: Request<RevokeClientCredentialRequest>,
    ) -> Answer<RevokeClientCredentialResponse> {
        call::unary(&self.0, request, revoke_client_credential::revoke_client_credential).await
    }
}

#[tonic::async_trait]
impl WorkloadService for Served {
    async fn bind_workload(&self, request: Request<BindWorkloadRequest>) -> Answer<BindWorkloadResponse> {
        call::unary(&self.0, request, bind_workload::bind_workload).await
    }

    async fn unbind_workload(&self, request: Request<UnbindWorkloadRequest>) -> Answer<UnbindWorkloadResponse> {
        call::unary(&self.0, request, unbind_workload::unbind_workload).await
    }

    async fn list_workloads(&self, request: Request<ListWorkloadsRequest>) -> Answer<ListWorkloadsResponse> {
        call::unary(&self.0, request, list_workloads::list_workloads).await
    }
}

#[tonic::async_trait]
impl PeerService for Served {
    type FollowStream = Results<FollowResponse>;

    async fn authenticate_api_key(
        &self,
        request: Request<AuthenticateApiKeyRequest>,
    ) -> Answer<AuthenticateApiKeyResponse> {
        call::unary(&self.0, request, authenticate_api_key::authenticate_api_key).await
    }

    async fn publish_assertion_key(
        &self,
        request: Request<PublishAssertionKeyRequest>,
    ) -> Answer<PublishAssertionKeyResponse> {
        call::unary(&self.0, request, publish_assertion_key::publish_assertion_key).await
    }

    async fn report_api_key_use(&self, request: Request<ReportApiKeyUseRequest>) -> Answer<ReportApiKeyUseResponse> {
        call::unary(&self.0, request, report_api_key_use::report_api_key_use).await
    }

    async fn report_tenant_deleted(
        &self,
        request: Request<ReportTenantDeletedRequest>,
    ) -> Answer<ReportTenantDeletedResponse> {
        call::unary(&self.0, request, report_tenant_deleted::report_tenant_deleted).await
    }

    async fn follow(&self, request: Request<FollowRequest>) -> Answer<Results<FollowResponse>> {
        call::stream_of_one(&self.0, request, follow::follow).await
    }
}
