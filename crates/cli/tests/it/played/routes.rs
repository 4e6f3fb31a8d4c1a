//! Gate, as far as the command needs it.

use contract::gate::v1 as gate;
use contract::gate::v1::decision_service_server::DecisionService;
use contract::gate::v1::route_service_server::RouteService;
use prost_types::Timestamp;
use tonic::{Code, Request, Response, Status};

use super::{Services, refusal};

#[tonic::async_trait]
impl RouteService for Services {
    async fn apply_routes(
        &self,
        request: Request<gate::ApplyRoutesRequest>,
    ) -> Result<Response<gate::ApplyRoutesResponse>, Status> {
        let asked = self.asked(request)?;
        if asked.routes[0].host == "elsewhere" {
            let text = "routes[0] \"read\": host: is not a host of the tenant";
            return Err(refusal(Code::InvalidArgument, "ROUTES_INVALID", text));
        }
        Ok(Response::new(gate::ApplyRoutesResponse { version: 7 }))
    }

    async fn list_routes(
        &self,
        request: Request<gate::ListRoutesRequest>,
    ) -> Result<Response<gate::ListRoutesResponse>, Status> {
        self.asked(request)?;
        let text = "routes: [{name: a, host: h, http: GET /, audience: d, permission: 'document:x#view'}]";
        let routes = cli::routes_file::parse(text).unwrap().into_iter().map(|placed| placed.route).collect();
        Ok(Response::new(gate::ListRoutesResponse { routes, version: 7, next_page_token: String::new() }))
    }

    async fn test_route(
        &self,
        request: Request<gate::TestRouteRequest>,
    ) -> Result<Response<gate::TestRouteResponse>, Status> {
        let allowed = self.asked(request)?.subject.is_some();
        Ok(Response::new(gate::TestRouteResponse {
            allowed,
            route: "read".to_owned(),
            reason: if allowed { String::new() } else { "CREDENTIAL_MISSING".to_owned() },
            required: "document:roadmap#view".to_owned(),
        }))
    }

    async fn test_routes(
        &self,
        request: Request<gate::TestRoutesRequest>,
    ) -> Result<Response<gate::TestRoutesResponse>, Status> {
        let asked = self.asked(request)?;
        if asked.candidate.unwrap_or_default().routes[0].host == "elsewhere" {
            let text = "routes[0] \"read\": host: is not a host of the tenant";
            return Err(refusal(Code::InvalidArgument, "ROUTES_INVALID", text));
        }
        let recorded = gate::TestRouteRequest {
            host: "h".to_owned(),
            method: "GET".to_owned(),
            path: "/recorded".to_owned(),
            subject: None,
        };
        let calls = asked.calls.into_iter().chain((asked.recorded_max > 0).then_some(recorded));
        let answer = |allowed: bool| gate::TestRouteResponse {
            allowed,
            route: "a".to_owned(),
            reason: if allowed { String::new() } else { "forbidden".to_owned() },
            required: String::new(),
        };
        let tested = calls.map(|call| gate::TestedCall {
            call: Some(call),
            today: Some(answer(true)),
            candidate: Some(answer(false)),
            decision_id: "d-1".to_owned(),
        });
        Ok(Response::new(gate::TestRoutesResponse { calls: tested.collect(), version: 7 }))
    }

    async fn get_shadow_report(
        &self,
        request: Request<gate::GetShadowReportRequest>,
    ) -> Result<Response<gate::GetShadowReportResponse>, Status> {
        self.asked(request)?;
        let decision_ids = vec!["d-1".to_owned()];
        let denials = vec![gate::ShadowedDenials { reason: "forbidden".to_owned(), calls: 3, decision_ids }];
        let routes = vec![gate::ShadowedRoute { route: "read".to_owned(), allowed: 40, denials }];
        Ok(Response::new(gate::GetShadowReportResponse { routes, version: 7 }))
    }
}

#[tonic::async_trait]
impl DecisionService for Services {
    async fn explain_decision(
        &self,
        request: Request<gate::ExplainDecisionRequest>,
    ) -> Result<Response<gate::ExplainDecisionResponse>, Status> {
        let id = self.asked(request)?.decision_id;
        if id != "d-1" {
            return Err(refusal(Code::NotFound, "RESOURCE_NOT_FOUND", "no such decision is remembered here"));
        }
        let decision = gate::Decision {
            id,
            decided_at: Some(Timestamp { seconds: 86_400, nanos: 0 }),
            method: "GET".to_owned(),
            host: "h".to_owned(),
            path: "/v1/documents/roadmap".to_owned(),
            route: "read".to_owned(),
            version: 7,
            caller: "user:bob".to_owned(),
            required: "document:roadmap#view".to_owned(),
            passed: false,
            reason: "forbidden".to_owned(),
            detail: "the permission is missing".to_owned(),
            checked_at: "t7".to_owned(),
        };
        Ok(Response::new(gate::ExplainDecisionResponse { decision: Some(decision) }))
    }
}
