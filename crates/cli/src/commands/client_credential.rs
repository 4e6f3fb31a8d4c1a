//! `bailiwick client-credential`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use contract::identity::v1::client_credential_service_client::ClientCredentialServiceClient;
use contract::identity::v1::{
    AddClientCredentialRequest, ClientCredential, ListClientCredentialsRequest, RevokeClientCredentialRequest,
};
use serde::Serialize;
use serde_json::json;

use super::Session;
use crate::answer::{Answer, Human};
use crate::arguments::{IdempotencyArguments, ListArguments};
use crate::failure::Failure;
use crate::table::Table;
use crate::time_text::{self, Expiry};
use crate::{pages, text_file};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a client secret and prints it, this once; with --jwk, registers a public key instead.
    Add(AddArguments),
    /// Lists the tenant's credentials, without their secrets.
    List {
        /// Only this service account's.
        #[arg(long, value_name = "SERVICE_ACCOUNT", default_value = "")]
        service_account: String,
        #[command(flatten)]
        list: ListArguments,
    },
    /// Ends a credential, and the tokens that were given for it: everyone refuses them within 5 seconds.
    Revoke {
        /// The credential's id, 16 characters.
        id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AddArguments {
    /// The id of the service account, for example ci.
    #[arg(value_name = "SERVICE_ACCOUNT")]
    service_account_id: String,
    /// What its tokens may be used for, for example documents.read; once for each, or with commas.
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
    scopes: Vec<String>,
    /// Whom its tokens may be for besides Bailiwick itself: an absolute URI; once for each.
    #[arg(long = "audience", value_name = "URI")]
    audiences: Vec<String>,
    /// The file with the public key, a JSON Web Key: P-256, Ed25519 or RSA of 2,048 to 4,096 bits. - for stdin.
    #[arg(long, value_name = "FILE")]
    jwk: Option<PathBuf>,
    /// When it ends: a duration like 30d, or a time like 2030-01-31T12:00:00Z; never if absent.
    #[arg(long, value_name = "WHEN", value_parser = time_text::expiry)]
    expires: Option<Expiry>,
    /// A name for people to read.
    #[arg(long, default_value = "")]
    name: String,
    #[command(flatten)]
    idempotency: IdempotencyArguments,
}

#[derive(Serialize)]
struct ClientCredentialJson<'a> {
    id: &'a str,
    client_id: &'a str,
    service_account_id: &'a str,
    display_name: &'a str,
    kind: &'static str,
    scopes: &'a [String],
    audiences: &'a [String],
    jwk: &'a str,
    created_at: Option<String>,
    expires_at: Option<String>,
    revoked_at: Option<String>,
}

impl<'a> ClientCredentialJson<'a> {
    fn of(credential: &'a ClientCredential) -> Self {
        Self {
            id: &credential.id,
            client_id: &credential.client_id,
            service_account_id: &credential.service_account_id,
            display_name: &credential.display_name,
            kind: if credential.jwk.is_empty() { "secret" } else { "key" },
            scopes: &credential.scopes,
            audiences: &credential.audiences,
            jwk: &credential.jwk,
            created_at: time_text::from_proto(credential.created_at.as_ref()),
            expires_at: time_text::from_proto(credential.expires_at.as_ref()),
            revoked_at: time_text::from_proto(credential.revoked_at.as_ref()),
        }
    }
}

fn table(credentials: &[ClientCredential]) -> Human {
    let columns = ["ID", "CLIENT", "NAME", "KIND", "SCOPES", "EXPIRES", "REVOKED"];
    Human::Table(Table::of(columns, credentials, |credential| {
        let shown = ClientCredentialJson::of(credential);
        let [id, client, name, kind] = [shown.id, shown.client_id, shown.display_name, shown.kind].map(str::to_owned);
        let expires_at = shown.expires_at.unwrap_or_else(|| "never".to_owned());
        [id, client, name, kind, shown.scopes.join(","), expires_at, shown.revoked_at.unwrap_or_default()]
    }))
}

pub(crate) async fn run(command: Command, session: &Session<'_>) -> Result<Answer, Failure> {
    match command {
        Command::Add(arguments) => add(arguments, session).await,
        Command::List { service_account, list: arguments } => list(service_account, arguments, session).await,
        Command::Revoke { id } => revoke(id, session).await,
    }
}

async fn add(arguments: AddArguments, session: &Session<'_>) -> Result<Answer, Failure> {
    let AddArguments { service_account_id, scopes, audiences, jwk, expires, name, idempotency } = arguments;
    let jwk = jwk.as_deref().map(text_file::read).transpose()?.unwrap_or_default();
    let is_key = !jwk.is_empty();
    let expires_at = expires.map(|expires| expires.to_proto(session.surroundings.now));
    let answer = session
        .create(&idempotency, async |idempotency_key| {
            let display_name = name;
            let request = AddClientCredentialRequest {
                service_account_id,
                display_name,
                scopes,
                audiences,
                jwk,
                expires_at,
                idempotency_key,
            };
            let call = async |to, request| ClientCredentialServiceClient::new(to).add_client_credential(request).await;
            session.gateway.call(request, call).await
        })
        .await?;
    let credential = answer.client_credential.unwrap_or_default();
    let shown = ClientCredentialJson::of(&credential);
    let mut table = Table::new(["ID", "CLIENT", "EXPIRES", "CLIENT SECRET"]);
    table.row([shown.id, shown.client_id, shown.expires_at.as_deref().unwrap_or("never"), &answer.secret]);
    let shown = Answer::new(&json!({ "client_credential": shown, "secret": answer.secret }), Human::Table(table));
    Ok(if is_key { shown } else { super::key::secret_notes(shown, &answer.secret) })
}

async fn list(service_account_id: String, arguments: ListArguments, session: &Session<'_>) -> Result<Answer, Failure> {
    let list = pages::follow(arguments.limit, async |page_size, page_token| {
        let service_account_id = service_account_id.clone();
        let request = ListClientCredentialsRequest { service_account_id, page_size, page_token };
        let call = async |to, request| ClientCredentialServiceClient::new(to).list_client_credentials(request).await;
        let page = session.gateway.call(request, call).await?;
        Ok((page.client_credentials, page.next_page_token))
    })
    .await?;
    let credentials: Vec<_> = list.items.iter().map(ClientCredentialJson::of).collect();
    Ok(list.noted(Answer::new(&json!({ "client_credentials": credentials, "more": list.more }), table(&list.items))))
}

async fn revoke(client_credential_id: String, session: &Session<'_>) -> Result<Answer, Failure> {
    let call = async |to, request| ClientCredentialServiceClient::new(to).revoke_client_credential(request).await;
    let answer = session.gateway.call(RevokeClientCredentialRequest { client_credential_id }, call).await?;
    let credential = answer.client_credential.unwrap_or_default();
    let json = json!({ "client_credential": ClientCredentialJson::of(&credential) });
    Ok(Answer::new(&json, table(std::slice::from_ref(&credential))))
}
