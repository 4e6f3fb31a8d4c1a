//! `bailiwick tenant`.

use std::path::PathBuf;

use clap::Subcommand;
use contract::identity::v1::tenant_service_client::TenantServiceClient;
use contract::identity::v1::{
    BootstrapRequest, CreateTenantRequest, GetTenantRequest, ListTenantsRequest, ServiceAccount, Tenant,
};
use serde::Serialize;
use serde_json::json;

use super::Session;
use super::key::secret_notes;
use crate::answer::{Answer, Human};
use crate::arguments::{IdempotencyArguments, ListArguments};
use crate::failure::Failure;
use crate::table::Table;
use crate::{pages, text_file, time_text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Creates a tenant with its first administrator, and prints that administrator's API key, this once.
    Create {
        /// [a-z][a-z0-9-]{1,30}[a-z0-9]
        id: String,
        /// The name for people to read.
        #[arg(long)]
        name: String,
        /// The id of the service account that becomes the first administrator.
        #[arg(long, value_name = "ID")]
        admin: String,
        #[command(flatten)]
        idempotency: IdempotencyArguments,
    },
    /// Sets up a new installation: its first tenant and administrator, whose API key is printed, this once.
    Bootstrap {
        /// [a-z][a-z0-9-]{1,30}[a-z0-9]
        id: String,
        /// The name for people to read.
        #[arg(long)]
        name: String,
        /// The id of the service account that becomes the first administrator.
        #[arg(long, value_name = "ID")]
        admin: String,
        /// The file with identity's bootstrap secret; - for stdin.
        #[arg(long, value_name = "FILE")]
        secret_file: PathBuf,
    },
    /// Shows one tenant.
    Get {
        /// The tenant's id.
        id: String,
    },
    /// Lists all tenants.
    List {
        #[command(flatten)]
        list: ListArguments,
    },
}

#[derive(Serialize)]
struct TenantJson<'a> {
    id: &'a str,
    display_name: &'a str,
    created_at: Option<String>,
}

impl<'a> TenantJson<'a> {
    fn of(tenant: &'a Tenant) -> Self {
        let created_at = time_text::from_proto(tenant.created_at.as_ref());
        Self { id: &tenant.id, display_name: &tenant.display_name, created_at }
    }
}

fn table(tenants: &[Tenant]) -> Human {
    Human::Table(Table::of(["ID", "NAME", "CREATED"], tenants, |tenant| {
        let created_at = time_text::from_proto(tenant.created_at.as_ref()).unwrap_or_default();
        [tenant.id.clone(), tenant.display_name.clone(), created_at]
    }))
}

/// A new tenant, with the one showing of its administrator's key.
fn created(tenant: Option<Tenant>, administrator: Option<ServiceAccount>, key_id: &str, secret: &str) -> Answer {
    let tenant = tenant.unwrap_or_default();
    let administrator = format!("service_account:{}", administrator.unwrap_or_default().id);
    let mut table = Table::new(["TENANT", "ADMINISTRATOR", "KEY ID", "API KEY"]);
    table.row([&tenant.id, &administrator, key_id, secret]);
    let json = json!({
        "tenant": TenantJson::of(&tenant),
        "administrator": administrator,
        "api_key_id": key_id,
        "api_key_secret": secret,
    });
    secret_notes(Answer::new(&json, Human::Table(table)), secret)
}

pub(crate) async fn run(command: Command, session: &Session<'_>) -> Result<Answer, Failure> {
    let gateway = &session.gateway;
    match command {
        Command::Create { id: tenant_id, name: display_name, admin: administrator_id, idempotency } => {
            let answer = session
                .create(&idempotency, async |idempotency_key| {
                    let request = CreateTenantRequest { tenant_id, display_name, administrator_id, idempotency_key };
                    let call = async |to, request| TenantServiceClient::new(to).create_tenant(request).await;
                    gateway.call(request, call).await
                })
                .await?;
            let key_id = answer.api_key.unwrap_or_default().id;
            Ok(created(answer.tenant, answer.administrator, &key_id, &answer.api_key_secret))
        }
        Command::Bootstrap { id: tenant_id, name: display_name, admin: administrator_id, secret_file } => {
            let secret = text_file::read_secret(&secret_file)?;
            let request = BootstrapRequest { secret, tenant_id, display_name, administrator_id };
            let call = async |to, request| TenantServiceClient::new(to).bootstrap(request).await;
            let answer = gateway.call_as_nobody(request, call).await?;
            let key_id = answer.api_key.unwrap_or_default().id;
            Ok(created(answer.tenant, answer.administrator, &key_id, &answer.api_key_secret))
        }
        Command::Get { id } => {
            let request = GetTenantRequest { tenant_id: id };
            let call = async |to, request| TenantServiceClient::new(to).get_tenant(request).await;
            let tenant = gateway.call(request, call).await?.tenant.unwrap_or_default();
            Ok(Answer::new(&json!({ "tenant": TenantJson::of(&tenant) }), table(std::slice::from_ref(&tenant))))
        }
        Command::List { list } => {
            let list = pages::follow(list.limit, async |page_size, page_token| {
                let request = ListTenantsRequest { page_size, page_token };
                let call = async |to, request| TenantServiceClient::new(to).list_tenants(request).await;
                let page = gateway.call(request, call).await?;
                Ok((page.tenants, page.next_page_token))
            })
            .await?;
            let tenants: Vec<_> = list.items.iter().map(TenantJson::of).collect();
            Ok(list.noted(Answer::new(&json!({ "tenants": tenants, "more": list.more }), table(&list.items))))
        }
    }
}
