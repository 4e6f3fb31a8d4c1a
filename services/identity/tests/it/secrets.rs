//! No secret is kept in clear: every column of every table is searched for each.

use contract::identity::v1::{CreateApiKeyRequest, ExchangeApiKeyRequest};
use sqlx::{AssertSqlSafe, PgPool};

use crate::world::{BOOTSTRAP_SECRET, World, key_request, service_account, start};

/// The rows of every table, as text: bytes are read as far as they are text too.
pub(crate) async fn everything(pool: &PgPool) -> String {
    let tables: Vec<String> = sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
        .fetch_all(pool)
        .await
        .unwrap();
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text FROM information_schema.columns
         WHERE table_schema = 'public' AND data_type = 'bytea'",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut text = String::new();
    for table in &tables {
        let statement = format!("SELECT row::text FROM {table} row");
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(pool).await.unwrap();
        text.extend(rows);
    }
    for (table, column) in columns {
        let statement = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL");
        let rows: Vec<Vec<u8>> = sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(pool).await.unwrap();
        text.extend(rows.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()));
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn no_table_holds_a_secret_in_clear() {
    let world: World = start().await;
    let request = CreateApiKeyRequest {
        idempotency_key: "k".into(),
        ..key_request(service_account("admin"), &["identity.read"])
    };
    let key = world.api_keys("acme").create_api_key(request).await.unwrap().into_inner();
    let other = world.found("other").await;
    let id = key.api_key.clone().unwrap().id;
    let caller = world.administrator("acme").of_credential(&id);
    let token =
        world.api_keys_as(caller).exchange_api_key(ExchangeApiKeyRequest::default()).await.unwrap().into_inner();

    let everything = everything(world.service.pool()).await;
    assert!(everything.contains(&id), "the search finds what is there");
    for key in [&key.secret, &other.api_key_secret, &world.acme.api_key_secret] {
        let secret = &key[21..64];
        assert!(!everything.contains(secret) && !everything.contains(&hexadecimal(secret)), "an API key's secret");
    }
    for secret in [BOOTSTRAP_SECRET, &token.access_token] {
        assert!(!everything.contains(secret) && !everything.contains(&hexadecimal(secret)));
    }
}

pub(crate) fn hexadecimal(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
