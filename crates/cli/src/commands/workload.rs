//! `bailiwick workload`.

use clap::{Args, Subcommand};
use contract::identity::v1::workload_service_client::WorkloadServiceClient;
use contract::identity::v1::{BindWorkloadRequest, ListWorkloadsRequest, UnbindWorkloadRequest, Workload};
use serde::Serialize;
use serde_json::json;

use super::Session;
use crate::answer::{Answer, Human};
use crate::arguments::ListArguments;
use crate::failure::Failure;
use crate::table::Table;
use crate::{pages, time_text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lets whoever shows a client certificate with this name act as a service account.
    Bind(BindArguments),
    /// Frees a name: everyone refuses its certificates within 5 seconds.
    Unbind {
        /// The name in the workload's certificates: spiffe://TRUST_DOMAIN/PATH.
        spiffe_id: String,
    },
    /// Lists the bound workloads of all tenants.
    List {
        #[command(flatten)]
        list: ListArguments,
    },
}

#[derive(Debug, Args)]
pub(crate) struct BindArguments {
    /// The name in the workload's certificates: spiffe://TRUST_DOMAIN/PATH.
    spiffe_id: String,
    /// The tenant's id.
    #[arg(value_name = "TENANT")]
    tenant_id: String,
    /// The id of the tenant's service account.
    #[arg(value_name = "SERVICE_ACCOUNT")]
    service_account_id: String,
    /// What its certificates may be used for, for example documents.read; once for each, or with commas.
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
    scopes: Vec<String>,
}

#[derive(Serialize)]
struct WorkloadJson<'a> {
    spiffe_id: &'a str,
    tenant_id: &'a str,
    service_account_id: &'a str,
    scopes: &'a [String],
    bound_at: Option<String>,
}

impl<'a> WorkloadJson<'a> {
    fn of(workload: &'a Workload) -> Self {
        let Workload { spiffe_id, tenant_id, service_account_id, scopes, bound_at } = workload;
        Self { spiffe_id, tenant_id, service_account_id, scopes, bound_at: time_text::from_proto(bound_at.as_ref()) }
    }
}

fn table(workloads: &[Workload]) -> Human {
    Human::Table(Table::of(["NAME", "TENANT", "SERVICE ACCOUNT", "SCOPES", "BOUND"], workloads, |workload| {
        let shown = WorkloadJson::of(workload);
        let [name, tenant, account] = [shown.spiffe_id, shown.tenant_id, shown.service_account_id].map(str::to_owned);
        [name, tenant, account, shown.scopes.join(","), shown.bound_at.unwrap_or_default()]
    }))
}

pub(crate) async fn run(command: Command, session: &Session<'_>) -> Result<Answer, Failure> {
    match command {
        Command::Bind(arguments) => bind(arguments, session).await,
        Command::Unbind { spiffe_id } => unbind(spiffe_id, session).await,
        Command::List { list: arguments } => list(arguments, session).await,
    }
}

async fn bind(arguments: BindArguments, session: &Session<'_>) -> Result<Answer, Failure> {
    let BindArguments { spiffe_id, tenant_id, service_account_id, scopes } = arguments;
    let workload = Workload { spiffe_id, tenant_id, service_account_id, scopes, bound_at: None };
    let call = async |to, request| WorkloadServiceClient::new(to).bind_workload(request).await;
    let answer = session.gateway.call(BindWorkloadRequest { workload: Some(workload) }, call).await?;
    let workload = answer.workload.unwrap_or_default();
    Ok(Answer::new(&json!({ "workload": WorkloadJson::of(&workload) }), table(std::slice::from_ref(&workload))))
}

async fn unbind(spiffe_id: String, session: &Session<'_>) -> Result<Answer, Failure> {
    let call = async |to, request| WorkloadServiceClient::new(to).unbind_workload(request).await;
    session.gateway.call(UnbindWorkloadRequest { spiffe_id: spiffe_id.clone() }, call).await?;
    let text = format!("{spiffe_id} is free");
    Ok(Answer::new(&json!({ "spiffe_id": spiffe_id }), Human::Text(text)))
}

async fn list(arguments: ListArguments, session: &Session<'_>) -> Result<Answer, Failure> {
    let list = pages::follow(arguments.limit, async |page_size, page_token| {
        let request = ListWorkloadsRequest { page_size, page_token };
        let call = async |to, request| WorkloadServiceClient::new(to).list_workloads(request).await;
        let page = session.gateway.call(request, call).await?;
        Ok((page.workloads, page.next_page_token))
    })
    .await?;
    let workloads: Vec<_> = list.items.iter().map(WorkloadJson::of).collect();
    Ok(list.noted(Answer::new(&json!({ "workloads": workloads, "more": list.more }), table(&list.items))))
}
