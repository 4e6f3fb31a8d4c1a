//! Gate's own API: one line for each RPC, one file for each handler.

mod apply_routes;
mod assign_host;
mod explain_decision;
mod get_shadow_report;
mod list_hosts;
mod list_routes;
mod test_route;
mod test_routes;

use std::sync::Arc;

use chassis::call;
use contract::gate::v1::decision_service_server::DecisionService;
use contract::gate::v1::host_service_server::HostService;
use contract::gate::v1::route_service_server::RouteService;
use contract::gate::v1::{
    ApplyRoutesRequest, ApplyRoutesResponse, AssignHostRequest, AssignHostResponse, ExplainDecisionRequest,
    ExplainDecisionResponse, GetShadowReportRequest, GetShadowReportResponse, ListHostsRequest, ListHostsResponse,
    ListRoutesRequest, ListRoutesResponse, TestRouteRequest, TestRouteResponse, TestRoutesRequest, TestRoutesResponse,
};
use tonic::{Request, Response, Status};

use crate::Gate;

/// The generated traits' methods, handed on.
#[derive(Clone, Debug)]
pub(crate) struct Api(pub(crate) Arc<Gate>);

type Answer<R> = Result<Response<R>, Status>;

#[tonic::async_trait]
impl HostService for Api {
    async fn assign_host(&self, request: Request<AssignHostRequest>) -> Answer<AssignHostResponse> {
        call::unary(&self.0, request, assign_host::assign_host).await
    }

    async fn list_hosts(&self, request: Request<ListHostsRequest>) -> Answer<ListHostsResponse> {
        call::unary(&self.0, request, list_hosts::list_hosts).await
    }
}

#[tonic::async_trait]
impl RouteService for Api {
    async fn apply_routes(&self, request: Request<ApplyRoutesRequest>) -> Answer<ApplyRoutesResponse> {
        call::unary(&self.0, request, apply_routes::apply_routes).await
    }

    async fn list_routes(&self, request: Request<ListRoutesRequest>) -> Answer<ListRoutesResponse> {
        call::unary(&self.0, request, list_routes::list_routes).await
    }

    async fn test_route(&self, request: Request<TestRouteRequest>) -> Answer<TestRouteResponse> {
        call::unary(&self.0, request, test_route::test_route).await
    }

    async fn test_routes(&self, request: Request<TestRoutesRequest>) -> Answer<TestRoutesResponse> {
        call::unary(&self.0, request, test_routes::test_routes).await
    }

    async fn get_shadow_report(&self, request: Request<GetShadowReportRequest>) -> Answer<GetShadowReportResponse> {
        call::unary(&self.0, request, get_shadow_report::get_shadow_report).await
    }
}

#[tonic::async_trait]
impl DecisionService for Api {
    async fn explain_decision(&self, request: Request<ExplainDecisionRequest>) -> Answer<ExplainDecisionResponse> {
        call::unary(&self.0, request, explain_decision::explain_decision).await
    }
}
