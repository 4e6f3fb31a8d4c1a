//! The token endpoint, introspection, revocation and the documents, as RFC 6749, 7662, 7009 and 8414 have them.

use assertion::{Expectation, Verifier};
use bytes::Bytes;
use chassis::Clock as _;
use http::Request;
use serde_json::json;

use crate::oauth::{CLIENT, DOCUMENTS, basic, body, claims, credential, p256, refusal, sign};
use crate::world::{ISSUER, start};

fn invalid_client() -> (u16, String) {
    (401, "invalid_client".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_one_of_rfc_9068_and_leaves_no_row() {
    let world = start().await;
    let made = world.client_secret("acme", &["identity.read", "documents.read"]).await;
    let before = world.count("feed_entry").await;
    let answer = world.token(&made.secret, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, Some("no-store")));
    let told = body(&answer);
    assert_eq!((&told["token_type"], &told["expires_in"]), (&json!("Bearer"), &json!(300)));
    assert_eq!(told["scope"], "identity.read documents.read");
    let token = told["access_token"].as_str().unwrap();
    let keys = world.service.running().foundation.learnt.keys.clone();
    let verifier = Verifier::new(keys, Expectation::access_token("another", "bailiwick"));
    let verified = verifier.verify(token, world.service.clock().now()).unwrap();
    assert_eq!((verified.issuer.as_str(), verified.client_id.as_str()), (ISSUER, CLIENT), "the issuer is the key's");
    assert_eq!((verified.subject.as_str(), verified.tenant.as_str()), ("service_account:admin", "acme"));
    assert_eq!(verified.credential, made.client_credential.unwrap().id);
    for table in ["client_assertion", "revoked_token"] {
        assert_eq!(world.count(table).await, 0, "{table}");
    }
    assert_eq!(world.count("feed_entry").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_the_form_does_as_well_and_both_at_once_do_not() {
    let world = start().await;
    let secret = world.client_secret("acme", &[]).await.secret;
    let form = [("grant_type", "client_credentials"), ("client_id", CLIENT), ("client_secret", secret.as_str())];
    assert_eq!(world.post("/oauth2/token", None, &form).await.status, 200);
    let both = world.post("/oauth2/token", Some(&basic(CLIENT, &secret)), &form).await;
    assert_eq!(refusal(&both), (400, "invalid_request".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_the_client_is_told_no_more_than_that() {
    let world = start().await;
    world.found("other").await;
    let (secret, theirs) =
        (world.client_secret("acme", &[]).await.secret, world.client_secret("other", &[]).await.secret);
    let mut tampered = secret.clone();
    tampered.replace_range(30..31, if &secret[30..31] == "a" { "b" } else { "a" });
    let mut bodies = std::collections::HashSet::new();
    for authorization in [
        basic("acme.nobody", &secret),
        basic("other.admin", &secret),
        basic(CLIENT, &theirs),
        basic(CLIENT, &tampered),
        basic(CLIENT, ""),
        basic("", &secret),
        "Basic !!!".to_owned(),
        "Basic".to_owned(),
        format!("Bearer {secret}"),
    ] {
        let form = [("grant_type", "client_credentials")];
        let refused = world.post("/oauth2/token", Some(&authorization), &form).await;
        assert_eq!(refusal(&refused), invalid_client(), "{authorization}");
        bodies.insert(refused.body);
    }
    let nothing = world.post("/oauth2/token", None, &[("grant_type", "client_credentials")]).await;
    assert_eq!(refusal(&nothing), invalid_client());
    bodies.insert(nothing.body);
    assert_eq!(bodies.len(), 1, "all refusals are alike");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_secret_gets_no_token_and_a_token_does_not_outlive_its_secret() {
    let world = start().await;
    let end = world.service.clock().now() + time::Duration::seconds(100);
    let expires_at = Some(chassis::timestamp::to_proto(end));
    let request = contract::identity::v1::AddClientCredentialRequest { expires_at, ..credential(&[]) };
    let secret = world.client_credentials("acme").add_client_credential(request).await.unwrap().into_inner().secret;
    assert!(body(&world.token(&secret, &[]).await)["expires_in"].as_i64().unwrap() <= 100);
    world.service.clock().advance(time::Duration::seconds(100));
    assert_eq!(refusal(&world.token(&secret, &[]).await), invalid_client());
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_and_resources_are_narrowed_and_never_widened() {
    let world = start().await;
    let secret = world.client_secret("acme", &["identity.read", "documents.read"]).await.secret;
    let token = body(&world.token(&secret, &[("scope", "documents.read"), ("resource", DOCUMENTS)]).await);
    let claims = claims(token["access_token"].as_str().unwrap());
    assert_eq!((&claims["aud"], &claims["scope"]), (&json!(DOCUMENTS), &json!("documents.read")));
    for scope in
        ["identity.write", "documents.read documents.read", "a  b", "Documents", "identity.read\tdocuments.read"]
    {
        let refused = world.token(&secret, &[("scope", scope)]).await;
        assert_eq!(refusal(&refused), (400, "invalid_scope".to_owned()), "{scope:?}");
    }
    for resources in
        [&["https://other.test"][..], &[DOCUMENTS, DOCUMENTS], &["bailiwick"], &["https://documents.test/"]]
    {
        let more: Vec<(&str, &str)> = resources.iter().map(|resource| ("resource", *resource)).collect();
        assert_eq!(refusal(&world.token(&secret, &more).await), (400, "invalid_target".to_owned()), "{resources:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_of_the_standard_is_refused_in_its_words() {
    let world = start().await;
    let secret = world.client_secret("acme", &[]).await.secret;
    let authorization = basic(CLIENT, &secret);
    let post = async |form: &[(&str, &str)]| refusal(&world.post("/oauth2/token", Some(&authorization), form).await);
    assert_eq!(post(&[]).await, (400, "invalid_request".to_owned()));
    assert_eq!(post(&[("grant_type", "password")]).await, (400, "unsupported_grant_type".to_owned()));
    let twice = [("grant_type", "client_credentials"), ("grant_type", "client_credentials")];
    assert_eq!(post(&twice).await, (400, "invalid_request".to_owned()));
    let two = [("grant_type", "client_credentials"), ("client_id", "acme.other")];
    assert_eq!(post(&two).await, (400, "invalid_request".to_owned()));
    let in_query = Request::post(format!("/oauth2/token?grant_type=client_credentials&client_secret={secret}"));
    assert_eq!(refusal(&world.send(in_query.body(Bytes::new()).unwrap()).await).0, 400);
    let huge = Request::post("/oauth2/token").header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(world.send(huge.body(Bytes::from(vec![b'a'; 40_000])).unwrap()).await.status, 413);
    assert_eq!(world.send(Request::get("/oauth2/token").body(Bytes::new()).unwrap()).await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_is_good_once_whoever_answers() {
    let world = start().await;
    let pair = p256();
    world.client_key(&pair).await;
    let assertion = sign(&pair, jsonwebtoken::Algorithm::ES256, &world.assertion_claims());
    let answers = futures::future::join_all((0..8).map(|_| world.token_for(&assertion))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 7);
    assert_eq!(world.count("client_assertion").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn introspection_tells_clients_of_the_tenant_and_nobody_else() {
    let world = start().await;
    world.found("other").await;
    let secret = world.client_secret("acme", &["documents.read"]).await.secret;
    let theirs = world.client_secret("other", &[]).await.secret;
    let token = body(&world.token(&secret, &[("resource", DOCUMENTS)]).await);
    let token = token["access_token"].as_str().unwrap();
    let ask = async |client: &str, secret: &str, token: &str| {
        let answer = world.post("/oauth2/introspect", Some(&basic(client, secret)), &[("token", token)]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        body(&answer)
    };
    let told = ask(CLIENT, &secret, token).await;
    assert_eq!((&told["active"], &told["client_id"], &told["aud"]), (&json!(true), &json!(CLIENT), &json!(DOCUMENTS)));
    let inactive = json!({ "active": false });
    assert_eq!(ask("other.admin", &theirs, token).await, inactive);
    assert_eq!(ask(CLIENT, &secret, "nonsense").await, inactive);
    assert_eq!(ask(CLIENT, &secret, &secret).await, inactive);
    assert_eq!(refusal(&world.post("/oauth2/introspect", None, &[("token", token)]).await), invalid_client());
    world.service.clock().advance(time::Duration::seconds(300));
    assert_eq!(ask(CLIENT, &secret, token).await, inactive);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_ends_its_own_token_and_no_other() {
    let world = start().await;
    world.found("other").await;
    let secret = world.client_secret("acme", &[]).await.secret;
    let theirs = world.client_secret("other", &[]).await.secret;
    let token = body(&world.token(&secret, &[]).await)["access_token"].as_str().unwrap().to_owned();
    let revoke = async |client: &str, secret: &str, token: &str| {
        world.post("/oauth2/revoke", Some(&basic(client, secret)), &[("token", token)]).await
    };
    let refused = revoke("other.admin", &theirs, &token).await;
    assert_eq!(refusal(&refused), (400, "unauthorized_client".to_owned()));
    for _ in 0..2 {
        assert_eq!(revoke(CLIENT, &secret, &token).await.status, 200);
    }
    assert_eq!(revoke(CLIENT, &secret, "nonsense").await.status, 200, "RFC 7009, 2.2");
    let id = claims(&token)["jti"].as_str().unwrap().to_owned();
    let revoked = &world.service.running().foundation.learnt.revoked;
    let began = std::time::Instant::now();
    while !revoked.contains(&id) {
        assert!(began.elapsed().as_secs() < 5, "the feed tells every verifier");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(world.count("revoked_token").await, 1);
    let told = world.post("/oauth2/introspect", Some(&basic(CLIENT, &secret)), &[("token", &token)]).await;
    assert_eq!(body(&told), json!({ "active": false }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_name_what_there_is() {
    let world = start().await;
    let document = world.get("/.well-known/oauth-authorization-server").await;
    assert_eq!(document, world.get("/.well-known/openid-configuration").await);
    assert_eq!(document["issuer"], ISSUER);
    for endpoint in ["token", "introspection", "revocation"] {
        let url = document[format!("{endpoint}_endpoint")].as_str().unwrap();
        let path = url.strip_prefix(ISSUER).unwrap();
        assert_eq!(refusal(&world.post(path, None, &[("grant_type", "client_credentials")]).await), invalid_client());
    }
    let path = document["jwks_uri"].as_str().unwrap().strip_prefix(ISSUER).unwrap();
    let keys = world.get(path).await;
    let [key] = keys["keys"].as_array().unwrap().as_slice() else { panic!("{keys}") };
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"], &key["use"]),
        (&json!("EC"), &json!("P-256"), &json!("ES256"), &json!("sig"))
    );
    assert!(key["d"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_exchanged_for_a_narrower_one_that_ends_with_it() {
    let world = start().await;
    let secret = world.client_secret("acme", &["identity.read", "documents.read"]).await.secret;
    let first = body(&world.token(&secret, &[]).await)["access_token"].as_str().unwrap().to_owned();
    let authorization = basic(CLIENT, &secret);
    let exchange = async |more: &[(&str, &str)]| {
        let kind = "urn:ietf:params:oauth:token-type:access_token";
        let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
        let form = [&[grant, ("subject_token", &first), ("subject_token_type", kind)], more].concat();
        world.post("/oauth2/token", Some(&authorization), &form).await
    };
    let narrowed = exchange(&[("scope", "documents.read"), ("audience", DOCUMENTS)]).await;
    assert_eq!(narrowed.status, 200, "{narrowed:?}");
    let told = body(&narrowed);
    assert_eq!(told["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    let second = told["access_token"].as_str().unwrap().to_owned();
    let (of_first, of_second) = (claims(&first), claims(&second));
    assert_eq!((&of_second["aud"], &of_second["scope"]), (&json!(DOCUMENTS), &json!("documents.read")));
    assert_eq!((&of_second["sub"], &of_second["exp"]), (&of_first["sub"], &of_first["exp"]), "no longer life");
    assert!(of_second["act"].is_null(), "whoever narrows its own token acts for nobody");
    for (more, error) in [
        (&[("scope", "identity.write")][..], "invalid_scope"),
        (&[("audience", "https://other.test")], "invalid_target"),
        (&[("resource", DOCUMENTS), ("audience", DOCUMENTS)], "invalid_target"),
        (&[("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token")], "invalid_request"),
        (&[("actor_token", "x")], "invalid_request"),
    ] {
        assert_eq!(refusal(&exchange(more).await), (400, error.to_owned()), "{more:?}");
    }
    assert_eq!(world.post("/oauth2/revoke", Some(&authorization), &[("token", &first)]).await.status, 200);
    assert_eq!(refusal(&exchange(&[]).await), (400, "invalid_grant".to_owned()));
    let told = world.post("/oauth2/introspect", Some(&authorization), &[("token", &second)]).await;
    assert_eq!(body(&told), json!({ "active": false }), "what it was exchanged for has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_exchanges_another_tenants_token_or_one_that_is_not_for_them() {
    let world = start().await;
    world.found("other").await;
    let ours = world.client_secret("acme", &[]).await.secret;
    let theirs = world.client_secret("other", &[]).await.secret;
    let token = body(&world.token(&ours, &[]).await)["access_token"].as_str().unwrap().to_owned();
    for subject_token in [token.as_str(), "nonsense", ours.as_str()] {
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", subject_token),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ];
        let refused = world.post("/oauth2/token", Some(&basic("other.admin", &theirs)), &form).await;
        assert_eq!(refusal(&refused), (400, "invalid_grant".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_ends_a_thousand_living_tokens_and_no_more_at_once() {
    let world = start().await;
    let secret = world.client_secret("acme", &[]).await.secret;
    let ended = "INSERT INTO revoked_token (id, client, expires_at)
                 SELECT 't' || number, 'acme.admin', $1 FROM generate_series(1, 1000) AS number";
    let end = world.service.clock().now() + time::Duration::minutes(1);
    sqlx::query(ended).bind(end).execute(world.service.pool()).await.unwrap();
    let token = body(&world.token(&secret, &[]).await)["access_token"].as_str().unwrap().to_owned();
    let revoke = async || world.post("/oauth2/revoke", Some(&basic(CLIENT, &secret)), &[("token", &token)]).await;
    assert_eq!(refusal(&revoke().await), (503, "temporarily_unavailable".to_owned()));
    world.service.clock().advance(time::Duration::minutes(1));
    assert_eq!(revoke().await.status, 200);
}
