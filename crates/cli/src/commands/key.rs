//! `bailiwick key`.

use clap::{Args, Subcommand};
use contract::common::v1::Subject;
use contract::identity::v1::api_key_service_client::ApiKeyServiceClient;
use contract::identity::v1::{
    ApiKey, CreateApiKeyRequest, ExchangeApiKeyRequest, GetApiKeyRequest, ListApiKeysRequest, RevokeApiKeyRequest,
};
use serde::Serialize;
use serde_json::json;

use super::Session;
use crate::answer::{Answer, Human};
use crate::arguments::{IdempotencyArguments, ListArguments};
use crate::failure::Failure;
use crate::table::Table;
use crate::time_text::{self, Expiry};
use crate::{pages, subject_text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Creates a key and prints it, this once.
    Create(CreateArguments),
    /// Shows one key, without its secret.
    Get {
        /// The key's id, 16 characters.
        id: String,
    },
    /// Lists the tenant's keys, without their secrets.
    List {
        /// Only this subject's keys.
        #[arg(long, value_name = "SUBJECT", value_parser = subject_text::parse)]
        owner: Option<Subject>,
        #[command(flatten)]
        list: ListArguments,
    },
    /// Ends a key: everyone refuses it within 5 seconds.
    Revoke {
        /// The key's id, 16 characters.
        id: String,
    },
    /// Turns the API key that this is called with into an access token of at most 5 minutes, and prints it.
    Exchange {
        /// What the token shall be usable for, each among the key's scopes; all of them if absent.
        #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
        scopes: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CreateArguments {
    /// Whose key it is, for example user:alice or service_account:ci.
    #[arg(long, value_name = "SUBJECT", value_parser = subject_text::parse)]
    owner: Subject,
    /// What it may be used for, for example permissions.check; once for each, or with commas.
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',', required = true)]
    scopes: Vec<String>,
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
struct ApiKeyJson<'a> {
    id: &'a str,
    owner: String,
    display_name: &'a str,
    scopes: &'a [String],
    created_at: Option<String>,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    last_used_at: Option<String>,
}

impl<'a> ApiKeyJson<'a> {
    fn of(key: &'a ApiKey) -> Self {
        Self {
            id: &key.id,
            owner: subject_text::write(key.owner.as_ref()),
            display_name: &key.display_name,
            scopes: &key.scopes,
            created_at: time_text::from_proto(key.created_at.as_ref()),
            expires_at: time_text::from_proto(key.expires_at.as_ref()),
            revoked_at: time_text::from_proto(key.revoked_at.as_ref()),
            last_used_at: time_text::from_proto(key.last_used_at.as_ref()),
        }
    }
}

fn table(keys: &[ApiKey]) -> Human {
    Human::Table(Table::of(["ID", "OWNER", "NAME", "SCOPES", "EXPIRES", "REVOKED", "LAST USED"], keys, |key| {
        let shown = ApiKeyJson::of(key);
        let expires_at = shown.expires_at.unwrap_or_else(|| "never".to_owned());
        let (revoked_at, last_used_at) = (shown.revoked_at.unwrap_or_default(), shown.last_used_at.unwrap_or_default());
        let (id, name) = (shown.id.to_owned(), shown.display_name.to_owned());
        [id, shown.owner, name, shown.scopes.join(","), expires_at, revoked_at, last_used_at]
    }))
}

/// One key, without its secret.
fn shown(key: &ApiKey) -> Answer {
    Answer::new(&json!({ "api_key": ApiKeyJson::of(key) }), table(std::slice::from_ref(key)))
}

/// What people should know about a secret that they see, or do not.
pub(super) fn secret_notes(answer: Answer, secret: &str) -> Answer {
    if secret.is_empty() {
        answer.note("this repeats an earlier request, so the key is not shown again; if it is lost, create another")
    } else {
        answer.note("keep the key now: it is not shown again")
    }
}

pub(crate) async fn run(command: Command, session: &Session<'_>) -> Result<Answer, Failure> {
    match command {
        Command::Create(arguments) => create(arguments, session).await,
        Command::Get { id } => get(id, session).await,
        Command::List { owner, list: arguments } => list(owner, arguments, session).await,
        Command::Revoke { id } => revoke(id, session).await,
        Command::Exchange { scopes } => exchange(scopes, session).await,
    }
}

async fn create(arguments: CreateArguments, session: &Session<'_>) -> Result<Answer, Failure> {
    let CreateArguments { owner, scopes, expires, name, idempotency } = arguments;
    let expires_at = expires.map(|expires| expires.to_proto(session.surroundings.now));
    let answer = session
        .create(&idempotency, async |idempotency_key| {
            let owner = Some(owner);
            let request = CreateApiKeyRequest { owner, display_name: name, scopes, expires_at, idempotency_key };
            let call = async |to, request| ApiKeyServiceClient::new(to).create_api_key(request).await;
            session.gateway.call(request, call).await
        })
        .await?;
    let key = answer.api_key.unwrap_or_default();
    let shown = ApiKeyJson::of(&key);
    let mut table = Table::new(["ID", "OWNER", "EXPIRES", "API KEY"]);
    table.row([shown.id, &shown.owner, shown.expires_at.as_deref().unwrap_or("never"), &answer.secret]);
    let json = json!({ "api_key": shown, "secret": answer.secret });
    Ok(secret_notes(Answer::new(&json, Human::Table(table)), &answer.secret))
}

async fn get(api_key_id: String, session: &Session<'_>) -> Result<Answer, Failure> {
    let call = async |to, request| ApiKeyServiceClient::new(to).get_api_key(request).await;
    let answer = session.gateway.call(GetApiKeyRequest { api_key_id }, call).await?;
    Ok(shown(&answer.api_key.unwrap_or_default()))
}

async fn list(owner: Option<Subject>, arguments: ListArguments, session: &Session<'_>) -> Result<Answer, Failure> {
    let list = pages::follow(arguments.limit, async |page_size, page_token| {
        let request = ListApiKeysRequest { owner: owner.clone(), page_size, page_token };
        let call = async |to, request| ApiKeyServiceClient::new(to).list_api_keys(request).await;
        let page = session.gateway.call(request, call).await?;
        Ok((page.api_keys, page.next_page_token))
    })
    .await?;
    let keys: Vec<_> = list.items.iter().map(ApiKeyJson::of).collect();
    Ok(list.noted(Answer::new(&json!({ "api_keys": keys, "more": list.more }), table(&list.items))))
}

async fn revoke(api_key_id: String, session: &Session<'_>) -> Result<Answer, Failure> {
    let call = async |to, request| ApiKeyServiceClient::new(to).revoke_api_key(request).await;
    let answer = session.gateway.call(RevokeApiKeyRequest { api_key_id }, call).await?;
    Ok(shown(&answer.api_key.unwrap_or_default()))
}

async fn exchange(scopes: Vec<String>, session: &Session<'_>) -> Result<Answer, Failure> {
    let call = async |to, request| ApiKeyServiceClient::new(to).exchange_api_key(request).await;
    let answer = session.gateway.call(ExchangeApiKeyRequest { scopes }, call).await?;
    let expires_at = time_text::from_proto(answer.expires_at.as_ref());
    let json = json!({ "access_token": answer.access_token, "expires_at": expires_at });
    // The token alone, so that BAILIWICK_TOKEN=$(bailiwick key exchange) works.
    let answer = Answer::new(&json, Human::Text(answer.access_token));
    Ok(match expires_at {
        Some(expires_at) => answer.note(format!("the token ends at {expires_at}")),
        None => answer,
    })
}
