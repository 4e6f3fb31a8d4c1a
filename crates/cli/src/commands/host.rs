//! `bailiwick host`.

use clap::Subcommand;
use contract::gate::v1::host_service_client::HostServiceClient;
use contract::gate::v1::{AssignHostRequest, Host, ListHostsRequest};
use serde::Serialize;
use serde_json::json;

use super::Session;
use crate::answer::{Answer, Human};
use crate::arguments::ListArguments;
use crate::failure::Failure;
use crate::pages;
use crate::table::Table;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Gives a host to a tenant. Only a free host, or one that the tenant has already.
    Assign {
        /// In lower case, without a port.
        host: String,
        /// The tenant's id.
        #[arg(value_name = "TENANT")]
        tenant_id: String,
    },
    /// Lists the hosts of all tenants.
    List {
        #[command(flatten)]
        list: ListArguments,
    },
}

#[derive(Serialize)]
struct HostJson<'a> {
    host: &'a str,
    tenant_id: &'a str,
}

impl<'a> HostJson<'a> {
    fn of(host: &'a Host) -> Self {
        Self { host: &host.host, tenant_id: &host.tenant_id }
    }
}

fn table(hosts: &[Host]) -> Human {
    Human::Table(Table::of(["HOST", "TENANT"], hosts, |host| [host.host.clone(), host.tenant_id.clone()]))
}

pub(crate) async fn run(command: Command, session: &Session<'_>) -> Result<Answer, Failure> {
    match command {
        Command::Assign { host, tenant_id } => {
            let request = AssignHostRequest { host: Some(Host { host, tenant_id }) };
            let answer = session
                .gateway
                .call(request, async |channel, request| HostServiceClient::new(channel).assign_host(request).await)
                .await?;
            let host = answer.host.unwrap_or_default();
            Ok(Answer::new(&json!({ "host": HostJson::of(&host) }), table(std::slice::from_ref(&host))))
        }
        Command::List { list } => {
            let list = pages::follow(list.limit, async |page_size, page_token| {
                let request = ListHostsRequest { page_size, page_token };
                let page = session
                    .gateway
                    .call(request, async |channel, request| HostServiceClient::new(channel).list_hosts(request).await)
                    .await?;
                Ok((page.hosts, page.next_page_token))
            })
            .await?;
            let hosts: Vec<_> = list.items.iter().map(HostJson::of).collect();
            Ok(list.noted(Answer::new(&json!({ "hosts": hosts, "more": list.more }), table(&list.items))))
        }
    }
}
