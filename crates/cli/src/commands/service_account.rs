//! `bailiwick service-account`.

use clap::Subcommand;
use contract::identity::v1::service_account_service_client::ServiceAccountServiceClient;
use contract::identity::v1::{
    CreateServiceAccountRequest, GetServiceAccountRequest, ListServiceAccountsRequest, ServiceAccount,
};
use serde::Serialize;
use serde_json::json;

use super::Session;
use crate::answer::{Answer, Human};
use crate::arguments::{IdempotencyArguments, ListArguments};
use crate::failure::Failure;
use crate::table::Table;
use crate::{pages, time_text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Creates a service account.
    Create {
        /// [a-z0-9][a-z0-9_-]{0,62}; made if absent. Never used again for another service account.
        id: Option<String>,
        /// The name for people to read.
        #[arg(long)]
        name: String,
        #[command(flatten)]
        idempotency: IdempotencyArguments,
    },
    /// Shows one service account.
    Get {
        /// The service account's id.
        id: String,
    },
    /// Lists the tenant's service accounts.
    List {
        #[command(flatten)]
        list: ListArguments,
    },
}

#[derive(Serialize)]
struct ServiceAccountJson<'a> {
    id: &'a str,
    display_name: &'a str,
    created_at: Option<String>,
}

impl<'a> ServiceAccountJson<'a> {
    fn of(service_account: &'a ServiceAccount) -> Self {
        let created_at = time_text::from_proto(service_account.created_at.as_ref());
        Self { id: &service_account.id, display_name: &service_account.display_name, created_at }
    }
}

fn table(service_accounts: &[ServiceAccount]) -> Human {
    Human::Table(Table::of(["ID", "NAME", "CREATED"], service_accounts, |service_account| {
        let created_at = time_text::from_proto(service_account.created_at.as_ref()).unwrap_or_default();
        [service_account.id.clone(), service_account.display_name.clone(), created_at]
    }))
}

fn one(service_account: Option<ServiceAccount>) -> Answer {
    let service_account = service_account.unwrap_or_default();
    Answer::new(
        &json!({ "service_account": ServiceAccountJson::of(&service_account) }),
        table(std::slice::from_ref(&service_account)),
    )
}

pub(crate) async fn run(command: Command, session: &Session<'_>) -> Result<Answer, Failure> {
    let gateway = &session.gateway;
    match command {
        Command::Create { id, name, idempotency } => {
            let answer = session
                .create(&idempotency, async |idempotency_key| {
                    let service_account_id = id.unwrap_or_default();
                    let request =
                        CreateServiceAccountRequest { service_account_id, display_name: name, idempotency_key };
                    gateway
                        .call(request, async |to, request| {
                            ServiceAccountServiceClient::new(to).create_service_account(request).await
                        })
                        .await
                })
                .await?;
            Ok(one(answer.service_account))
        }
        Command::Get { id } => {
            let request = GetServiceAccountRequest { service_account_id: id };
            let answer = gateway
                .call(request, async |to, request| {
                    ServiceAccountServiceClient::new(to).get_service_account(request).await
                })
                .await?;
            Ok(one(answer.service_account))
        }
        Command::List { list } => {
            let list = pages::follow(list.limit, async |page_size, page_token| {
                let request = ListServiceAccountsRequest { page_size, page_token };
                let page = gateway
                    .call(request, async |to, request| {
                        ServiceAccountServiceClient::new(to).list_service_accounts(request).await
                    })
                    .await?;
                Ok((page.service_accounts, page.next_page_token))
            })
            .await?;
            let service_accounts: Vec<_> = list.items.iter().map(ServiceAccountJson::of).collect();
            Ok(list.noted(Answer::new(
                &json!({ "service_accounts": service_accounts, "more": list.more }),
                table(&list.items),
            )))
        }
    }
}
