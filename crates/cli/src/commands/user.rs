//! `bailiwick user`.

use clap::Subcommand;
use contract::identity::v1::user_service_client::UserServiceClient;
use contract::identity::v1::{CreateUserRequest, EraseUserRequest, GetUserRequest, ListUsersRequest, User};
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
    /// Creates a user.
    Create {
        /// [a-z0-9][a-z0-9_-]{0,62}; made if absent. Never used again for another user.
        id: Option<String>,
        /// The name for people to read.
        #[arg(long)]
        name: String,
        #[command(flatten)]
        idempotency: IdempotencyArguments,
    },
    /// Shows one user.
    Get {
        /// The user's id.
        id: String,
    },
    /// Erases a user: what is known of the person goes, their keys end. The id stays, and is never given to another.
    Erase {
        /// The user's id.
        id: String,
    },
    /// Lists the tenant's users.
    List {
        #[command(flatten)]
        list: ListArguments,
    },
}

#[derive(Serialize)]
struct UserJson<'a> {
    id: &'a str,
    display_name: &'a str,
    created_at: Option<String>,
    erased_at: Option<String>,
}

impl<'a> UserJson<'a> {
    fn of(user: &'a User) -> Self {
        let created_at = time_text::from_proto(user.created_at.as_ref());
        let erased_at = time_text::from_proto(user.erased_at.as_ref());
        Self { id: &user.id, display_name: &user.display_name, created_at, erased_at }
    }
}

fn table(users: &[User]) -> Human {
    Human::Table(Table::of(["ID", "NAME", "CREATED", "ERASED"], users, |user| {
        let time = |time| time_text::from_proto(time).unwrap_or_default();
        let (created_at, erased_at) = (time(user.created_at.as_ref()), time(user.erased_at.as_ref()));
        [user.id.clone(), user.display_name.clone(), created_at, erased_at]
    }))
}

fn one(user: Option<User>) -> Answer {
    let user = user.unwrap_or_default();
    Answer::new(&json!({ "user": UserJson::of(&user) }), table(std::slice::from_ref(&user)))
}

pub(crate) async fn run(command: Command, session: &Session<'_>) -> Result<Answer, Failure> {
    let gateway = &session.gateway;
    match command {
        Command::Create { id, name, idempotency } => {
            let answer = session
                .create(&idempotency, async |idempotency_key| {
                    let user_id = id.unwrap_or_default();
                    let request = CreateUserRequest { user_id, display_name: name, idempotency_key };
                    gateway
                        .call(request, async |to, request| UserServiceClient::new(to).create_user(request).await)
                        .await
                })
                .await?;
            Ok(one(answer.user))
        }
        Command::Get { id } => {
            let request = GetUserRequest { user_id: id };
            let answer =
                gateway.call(request, async |to, request| UserServiceClient::new(to).get_user(request).await).await?;
            Ok(one(answer.user))
        }
        Command::Erase { id } => {
            let request = EraseUserRequest { user_id: id };
            let answer =
                gateway.call(request, async |to, request| UserServiceClient::new(to).erase_user(request).await).await?;
            Ok(one(answer.user))
        }
        Command::List { list } => {
            let list = pages::follow(list.limit, async |page_size, page_token| {
                let request = ListUsersRequest { page_size, page_token };
                let page = gateway
                    .call(request, async |to, request| UserServiceClient::new(to).list_users(request).await)
                    .await?;
                Ok((page.users, page.next_page_token))
            })
            .await?;
            let users: Vec<_> = list.items.iter().map(UserJson::of).collect();
            Ok(list.noted(Answer::new(&json!({ "users": users, "more": list.more }), table(&list.items))))
        }
    }
}
