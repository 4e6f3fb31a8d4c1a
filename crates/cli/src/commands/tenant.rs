//! `bailiwick tenant`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Subcommand;
use contract::identity::v1::tenant_service_client::TenantServiceClient;
use contract::identity::v1::{
    BootstrapRequest, CreateTenantRequest, DeleteTenantRequest, GetTenantRequest, ListTenantsRequest, ServiceAccount,
    ServiceDeletion, Tenant, TenantDeletion,
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
    /// Deletes a tenant with all that every service has of it, for ever. `tenant get` says how far that is.
    Delete {
        /// The tenant's id.
        id: String,
        /// The tenant's id once more: what is gone cannot be brought back.
        #[arg(long, value_name = "ID")]
        confirm: String,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion: Option<DeletionJson<'a>>,
}

#[derive(Serialize)]
struct DeletionJson<'a> {
    asked_at: Option<String>,
    done_at: Option<String>,
    services: BTreeMap<&'a str, ServiceJson<'a>>,
}

#[derive(Serialize)]
struct ServiceJson<'a> {
    done_at: Option<String>,
    rows: BTreeMap<&'a str, u64>,
}

impl<'a> TenantJson<'a> {
    fn of(tenant: &'a Tenant) -> Self {
        let created_at = time_text::from_proto(tenant.created_at.as_ref());
        let deletion = tenant.deletion.as_ref().map(DeletionJson::of);
        Self { id: &tenant.id, display_name: &tenant.display_name, created_at, deletion }
    }
}

impl<'a> DeletionJson<'a> {
    fn of(deletion: &'a TenantDeletion) -> Self {
        let service = |service: &'a ServiceDeletion| {
            let rows = service.rows.iter().map(|rows| (rows.kind.as_str(), rows.count)).collect();
            (service.service.as_str(), ServiceJson { done_at: time_text::from_proto(service.done_at.as_ref()), rows })
        };
        Self {
            asked_at: time_text::from_proto(deletion.asked_at.as_ref()),
            done_at: time_text::from_proto(deletion.done_at.as_ref()),
            services: deletion.services.iter().map(service).collect(),
        }
    }
}

fn table(tenants: &[Tenant]) -> Human {
    Human::Table(Table::of(["ID", "NAME", "CREATED", "STATE"], tenants, |tenant| {
        let created_at = time_text::from_proto(tenant.created_at.as_ref()).unwrap_or_default();
        [tenant.id.clone(), tenant.display_name.clone(), created_at, state(tenant)]
    }))
}

fn state(tenant: &Tenant) -> String {
    match &tenant.deletion {
        None => "lives".to_owned(),
        Some(TenantDeletion { done_at: Some(_), .. }) => "deleted".to_owned(),
        Some(_) => "being deleted".to_owned(),
    }
}

/// One tenant; of one that is deleted, what each service has deleted.
fn one(tenant: Option<Tenant>) -> Answer {
    let tenant = tenant.unwrap_or_default();
    let json = json!({ "tenant": TenantJson::of(&tenant) });
    let services = tenant.deletion.iter().flat_map(|deletion| &deletion.services);
    let notes: Vec<String> = services
        .map(|service| {
            let rows: Vec<String> = service.rows.iter().map(|rows| format!("{} {}", rows.count, rows.kind)).collect();
            let rows = if rows.is_empty() { String::new() } else { format!(": {}", rows.join(", ")) };
            let is = if service.done_at.is_some() { "has nothing more of it" } else { "is not done yet" };
            format!("{} {is}{rows}", service.service)
        })
        .collect();
    let shown = Answer::new(&json, table(std::slice::from_ref(&tenant)));
    notes.iter().fold(shown, |answer, note| answer.note(note))
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
            Ok(one(gateway.call(request, call).await?.tenant))
        }
        Command::Delete { id, confirm } if id != confirm => {
            Err(Failure::wrong_use(format!("--confirm must name the tenant once more: {id}")))
        }
        Command::Delete { id, .. } => {
            let request = DeleteTenantRequest { tenant_id: id };
            let call = async |to, request| TenantServiceClient::new(to).delete_tenant(request).await;
            Ok(one(gateway.call(request, call).await?.tenant))
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
