//! Who shows a certificate that is over, of another authority or of another trust domain is nobody, to services and to the gateway.

use contract::identity::v1::FollowRequest;
use contract::identity::v1::peer_service_client::PeerServiceClient;
use e2e::World;
use http::Version;
use testing::Part;
use testing::certificates::{Authority, CertificateFiles, DOCUMENTS_HOST, Leaf};
use testing::http::Connection;
use time::Duration;
use tonic::Code;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

/// What comes of following identity's feed, which is for peers alone, with this certificate.
pub(crate) async fn follow(world: &World, shown: &CertificateFiles) -> Result<(), Option<Code>> {
    let read = |file: &std::path::Path| std::fs::read(file).unwrap();
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(read(&world.files().authority())))
        .identity(Identity::from_pem(read(&shown.certificate), read(&shown.key)))
        .domain_name("identity");
    let port = world.cluster.lock().await.config().ports.identity;
    let endpoint = Endpoint::from_shared(format!("https://127.0.0.1:{port}")).unwrap().tls_config(tls).unwrap();
    let mut client = PeerServiceClient::new(endpoint.connect_lazy());
    match client.follow(FollowRequest::default()).await {
        Ok(_) => Ok(()),
        // What the service itself says has no source; without a source the connection was not even made.
        Err(status) if std::error::Error::source(&status).is_none() => Err(Some(status.code())),
        Err(_) => Err(None),
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a fault: `cargo xtask test --faults`"]
async fn a_certificate_that_is_over_or_of_somebody_else_makes_nobody_a_peer() {
    let world = World::start("certificates").await;
    let folder = tempfile::tempdir().unwrap();
    let own = world.files().open_authority().unwrap();
    let foreign = Authority::keep(&folder.path().join("foreign")).unwrap();
    let gate = || Leaf::peer("gate");
    let kept = world.files().certificate(Part::Gate.name());
    assert_eq!(follow(&world, &kept).await, Ok(()), "gate follows identity's feed");

    // Written over those of the cluster: gate goes on with what it has read at its start.
    let now = testing::surroundings::now();
    let over = Leaf { not_before: now - Duration::days(2), not_after: now - Duration::days(1), ..gate() };
    let early = Leaf { not_before: now + Duration::days(1), not_after: now + Duration::days(2), ..gate() };
    for leaf in [over, early] {
        assert_eq!(follow(&world, &own.issue(&leaf).unwrap()).await, Err(None), "{leaf:?}");
    }
    assert_eq!(follow(&world, &foreign.issue(&gate()).unwrap()).await, Err(None), "another authority's");
    let elsewhere = Leaf { trust_domain: "elsewhere.example".to_owned(), ..gate() };
    assert_eq!(follow(&world, &own.issue(&elsewhere).unwrap()).await, Err(Some(Code::PermissionDenied)));
    let unknown = own.issue(&Leaf::peer("nobody")).unwrap();
    assert_eq!(follow(&world, &unknown).await, Err(Some(Code::PermissionDenied)), "a name that is in no table");

    // The gateway takes a workload's certificate on the same terms.
    let workload = foreign.issue(&Leaf::peer("workload-x")).unwrap();
    let connection =
        Connection::open_as(&workload, DOCUMENTS_HOST, world.port(), Version::HTTP_2, &world.files().authority()).await;
    if let Ok(mut connection) = connection {
        let request = http::Request::get("/healthz").body(bytes::Bytes::new()).unwrap();
        connection.send(request).await.unwrap_err();
    }
}
