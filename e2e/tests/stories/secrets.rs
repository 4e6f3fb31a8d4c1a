//! No secret and nothing personal stands where it should not: one run with calls that are right and wrong, every process at debug level, and then
//! every output is searched for what was shown, planted and kept.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use contract::identity::v1::client_credential_service_client::ClientCredentialServiceClient;
use contract::identity::v1::{
    AddClientCredentialRequest, BootstrapRequest, CreateApiKeyRequest, CreateUserRequest, EraseUserRequest,
};
use e2e::{DOCUMENTS, World};
use http::{Request, Version};
use testing::Part;
use testing::cluster::{self, SERVICES};

/// In what is planted, so that it is found in whatever form it is told on.
const MARK: &str = "Zq7Kx9WvPlanted";

/// How long spans and lines may be on their way.
const ON_THEIR_WAY: Duration = Duration::from_secs(3);

/// What must not be told, and what it is.
struct Secrets(Vec<(String, String)>);

impl Secrets {
    fn add(&mut self, what: &str, text: &str) {
        assert!(text.len() >= 12, "{what} is too short to be looked for");
        self.0.push((what.to_owned(), text.to_owned()));
    }

    /// Every file of a folder: keys line by line, without the lines that say what they are.
    fn add_folder(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_public = path.extension().is_some_and(|extension| extension == "pem") && !name.contains("key");
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            for line in text.lines().filter(|line| !is_public && !line.starts_with("-----") && line.len() >= 12) {
                self.add(&name, line);
            }
        }
    }

    fn look_for_in(&self, place: &str, text: &str) {
        assert!(!text.is_empty(), "{place} says nothing at all");
        for (what, secret) in &self.0 {
            let Some(at) = text.find(secret.as_str()) else { continue };
            let around: String = text[..at].chars().rev().take(300).collect::<Vec<_>>().into_iter().rev().collect();
            panic!("{place} tells {what}, after: {around}");
        }
    }
}

/// What a caller was answered, in whatever form.
#[derive(Default)]
struct Answers(String);

impl Answers {
    fn add(&mut self, answer: &impl std::fmt::Debug) {
        self.0.push_str(&format!("{answer:?}\n"));
    }
}

fn traced(number: u8) -> String {
    format!("00-{:032x}-00000000000000ab-01", 0x5ec_0000_u64 + u64::from(number))
}

/// Calls the upstream with credentials that are wrong in every way; and once rightly.
async fn call_upstream(world: &World, answers: &mut Answers) {
    let alice = world.key("alice");
    let unknown = format!("{}{}", &alice[..alice.len() - 12], &MARK[..12]);
    let bearer = |text: &str| format!("Bearer {text}");
    for (header, value) in [
        ("authorization", bearer(&alice)),
        ("authorization", bearer(&unknown)),
        ("authorization", bearer(&format!("bwk_{MARK}"))),
        ("authorization", bearer(&format!("eyJhbGciOiJub25lIn0.{MARK}.{MARK}"))),
        ("authorization", format!("Basic {MARK}")),
        ("authorization", format!("Digest username=\"{MARK}\"")),
        ("x-api-key", MARK.to_owned()),
        ("bailiwick-assertion", format!("{MARK}.{MARK}.{MARK}")),
        ("x-forwarded-client-cert", format!("URI=spiffe://{MARK}")),
        ("cookie", format!("session={MARK}")),
    ] {
        for version in [Version::HTTP_11, Version::HTTP_2] {
            let request = Request::get(format!("/v1/documents/roadmap?access_token={MARK}&token={MARK}"))
                .header(header, &value)
                .header("traceparent", traced(1));
            answers.add(&world.send(version, request).await);
        }
    }
}

/// Asks for tokens, with secrets and assertions that are right and wrong.
async fn call_oauth(world: &World, secret: &str, answers: &mut Answers) -> String {
    let mut connection = world.connect("localhost", Version::HTTP_2).await;
    let mut post = async |path: &str, form: String| {
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("traceparent", traced(2))
            .body(Bytes::from(form));
        connection.send(request.unwrap()).await.unwrap()
    };
    let grant = "grant_type=client_credentials";
    let right = post("/oauth2/token", format!("{grant}&client_id=acme.ci&client_secret={secret}")).await;
    let told: serde_json::Value = serde_json::from_slice(&right.body).unwrap();
    let token = told["access_token"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned();
    let jwt = format!("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhY21lLmNpIiwic3ViIjoiYWNtZS5jaSJ9.{MARK}");
    let bearer = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    for (path, form) in [
        ("/oauth2/token", format!("{grant}&client_id=acme.ci&client_secret={MARK}")),
        (
            "/oauth2/token",
            format!("{grant}&client_id=acme.ci&client_secret={}{}", &secret[..secret.len() - 12], &MARK[..12]),
        ),
        ("/oauth2/token", format!("{grant}&client_id={MARK}&client_secret={secret}")),
        ("/oauth2/token", format!("{grant}&{bearer}&client_assertion={jwt}")),
        ("/oauth2/token", format!("{grant}&{bearer}&client_assertion={MARK}")),
        ("/oauth2/token", format!("{grant}&scope={MARK}&client_id=acme.ci&client_secret={secret}")),
        ("/oauth2/token", format!("grant_type={MARK}&password={MARK}")),
        ("/oauth2/token", format!("{grant}&{grant}&client_secret={MARK}")),
        ("/oauth2/introspect", format!("token={token}&client_id=acme.ci&client_secret={MARK}")),
        ("/oauth2/introspect", format!("token={MARK}&client_id=acme.ci&client_secret={secret}")),
        ("/oauth2/revoke", format!("token={MARK}&client_id=acme.ci&client_secret={secret}")),
    ] {
        answers.add(&post(path, form).await);
    }
    token
}

/// Administers, rightly and wrongly.
async fn administer(world: &World, answers: &mut Answers) -> (String, String) {
    let (gateway, admin) = (world.gateway(), world.key("admin"));
    let user = |id: &str, name: &str| CreateUserRequest {
        user_id: id.to_owned(),
        display_name: name.to_owned(),
        idempotency_key: "planted".to_owned(),
    };
    let name = format!("{MARK} Liddell");
    gateway.users().create_user(gateway.request(user("planted", &name), Some(&admin)).unwrap()).await.unwrap();
    for (id, name) in [("planted", format!("{MARK} Another")), ("planted-2", format!("{MARK}{}", "x".repeat(200)))] {
        let refused = gateway.users().create_user(gateway.request(user(id, &name), Some(&admin)).unwrap()).await;
        answers.add(&refused.unwrap_err());
    }
    let key = CreateApiKeyRequest { scopes: vec!["documents.read".to_owned()], ..Default::default() };
    let (_, key) = world.new_key("planted", key).await;
    let bootstrap = BootstrapRequest {
        secret: format!("{MARK}, which is long enough to be taken for one"),
        tenant_id: "planted".to_owned(),
        display_name: "Planted".to_owned(),
        administrator_id: "admin".to_owned(),
    };
    let refused = gateway.tenants().bootstrap(gateway.request(bootstrap, None).unwrap()).await;
    answers.add(&refused.unwrap_err());
    let mut credentials = ClientCredentialServiceClient::new(gateway.channel());
    let add = |jwk: String| AddClientCredentialRequest {
        service_account_id: "ci".to_owned(),
        scopes: vec!["documents.read".to_owned()],
        jwk,
        ..Default::default()
    };
    // A private key where a public one belongs.
    let private = format!(r#"{{"kty":"EC","crv":"P-256","x":"{MARK}","y":"{MARK}","d":"{MARK}"}}"#);
    let refused = credentials.add_client_credential(gateway.request(add(private), Some(&admin)).unwrap()).await;
    answers.add(&refused.unwrap_err());
    let made = credentials.add_client_credential(gateway.request(add(String::new()), Some(&admin)).unwrap()).await;
    let erase = EraseUserRequest { user_id: "planted".to_owned() };
    let erased = gateway.users().erase_user(gateway.request(erase, Some(&admin)).unwrap()).await;
    answers.add(&erased.unwrap());
    (key, made.unwrap().into_inner().secret)
}

/// What a service says of its configuration, also of one that holds a secret where none belongs.
fn configuration(binaries: &Path, files: &testing::cluster::Files, service: Part) -> String {
    let run = |arguments: &[&str]| {
        let mut command = Command::new(binaries.join(format!("bailiwick-{}", service.name())));
        let output = command.arg("--config").arg(files.configuration(service)).args(arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    let password = format!("database.url=postgres://role:{MARK}@localhost/database");
    let parameter = format!("database.url=postgres://role@localhost/database?password={MARK}");
    let parts = [
        run(&["--print-config"]),
        run(&["--check-config", "--set", &password]),
        run(&["--print-config", "--set", &parameter]),
    ];
    assert!(parts[1].contains("password_file") && parts[2].contains("password_file"), "{parts:?}");
    parts.concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_output_of_a_run_tells_a_secret_or_a_name() {
    let world = World::start_at_debug("secrets").await;
    let state = world.cluster.lock().await.config().state.clone();
    let mut secrets = Secrets(Vec::new());
    for folder in ["secrets", "passwords", "certificates"] {
        secrets.add_folder(&state.join(folder));
    }
    for owner in ["root", "admin", "alice", "bob", "ci"] {
        secrets.add(owner, &world.key(owner)[21..]);
    }
    secrets.add("what was planted", MARK);
    secrets.add("a part of it", &MARK[..12]);
    secrets.add("a name of the sample", "Alice Archer");

    let mut answers = Answers::default();
    call_upstream(&world, &mut answers).await;
    let (key, secret) = administer(&world, &mut answers).await;
    let token = call_oauth(&world, &secret, &mut answers).await;
    for bearer in [&key, &token] {
        let request = Request::get("/v1/documents/roadmap")
            .header("authorization", format!("Bearer {bearer}"))
            .header("traceparent", traced(3));
        answers.add(&world.send(Version::HTTP_2, request).await);
    }
    secrets.add("a new API key", &key[21..]);
    secrets.add("a client's secret", &secret[21..]);
    secrets.add("an access token", token.rsplit('.').next().unwrap());
    secrets.add("an access token's claims", token.split('.').nth(1).unwrap());
    assert!(answers.0.len() > 1_000 && !world.key("alice").is_empty() && DOCUMENTS.len() > 3);
    tokio::time::sleep(ON_THEIR_WAY).await;

    secrets.look_for_in("an answer", &answers.0);
    secrets.look_for_in("a span", &format!("{:?}", world.spans().all()));
    secrets.look_for_in("the access log", &std::fs::read_to_string(world.files().access_log()).unwrap());
    let config = world.cluster.lock().await.config().clone();
    for service in SERVICES {
        let log = std::fs::read_to_string(world.files().log(service)).unwrap();
        assert!(log.contains("DEBUG"), "{} logs at debug level", service.name());
        secrets.look_for_in(&format!("the log of {}", service.name()), &log);
        let metrics = cluster::metrics_of(&config, service.into()).await.unwrap();
        secrets.look_for_in(&format!("the metrics of {}", service.name()), &metrics);
        let told = configuration(&config.binaries, world.files(), service);
        secrets.look_for_in(&format!("the configuration of {}", service.name()), &told);
    }
    let logs: Vec<PathBuf> =
        [Part::Envoy, Part::Documents, Part::Postgres].map(|part| world.files().log(part)).into_iter().collect();
    for log in logs {
        let text = std::fs::read_to_string(&log).unwrap_or_default() + " ";
        secrets.look_for_in(&log.display().to_string(), &text);
    }
}
