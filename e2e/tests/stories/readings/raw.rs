//! Requests byte by byte: what no client library would send.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::place::Place;

/// How long an answer may take: none comes for what Envoy takes for the beginning of a request.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Sends a GET over HTTP/1.1, and answers every byte that comes.
pub(super) async fn http1(place: &Place, host: &str, path: &str, key: &str) -> Vec<u8> {
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n");
    exchange(place, b"http/1.1", request.as_bytes(), |_| false).await
}

/// Sends a GET over HTTP/2 (RFC 9113), every header as a literal (RFC 7541, 6.2.2), and answers every byte that comes.
pub(super) async fn http2(place: &Place, host: &str, path: &str, key: &str) -> Vec<u8> {
    // END_STREAM and END_HEADERS.
    send(place, host, path, key, 0x5).await
}

/// As [`http2`], and goes on sending for as long as the stream lives.
pub(super) async fn http2_without_end(place: &Place, host: &str, path: &str, key: &str) -> Vec<u8> {
    send(place, host, path, key, 0x4).await
}

async fn send(place: &Place, host: &str, path: &str, key: &str, flags: u8) -> Vec<u8> {
    let authorization = format!("Bearer {key}");
    let mut block = Vec::new();
    for (name, value) in [
        (":method", "GET"),
        (":scheme", "https"),
        (":authority", host),
        (":path", path),
        ("authorization", authorization.as_str()),
    ] {
        block.push(0);
        for text in [name, value] {
            length(&mut block, text.len());
            block.extend_from_slice(text.as_bytes());
        }
    }
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    bytes.extend(frame(1, flags, 1, &block));
    exchange(place, b"h2", &bytes, has_ended).await
}

/// A length as HPACK writes it, with a prefix of seven bits (RFC 7541, 5.1).
fn length(block: &mut Vec<u8>, length: usize) {
    if length < 127 {
        block.push(u8::try_from(length).unwrap());
        return;
    }
    block.push(127);
    let mut rest = length - 127;
    while rest >= 128 {
        block.push(u8::try_from(rest % 128 + 128).unwrap());
        rest /= 128;
    }
    block.push(u8::try_from(rest).unwrap());
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// Whether the stream has ended: by END_STREAM, by RST_STREAM or with its connection, by GOAWAY.
fn has_ended(mut bytes: &[u8]) -> bool {
    while let [a, b, c, kind, flags, _, _, _, stream, rest @ ..] = bytes {
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        let Some(after) = rest.get(length..) else { return false };
        let ends_stream = *stream == 1 && matches!(kind, 0 | 1) && flags & 1 == 1;
        if ends_stream || matches!(kind, 3 | 7) {
            return true;
        }
        bytes = after;
    }
    false
}

async fn exchange(place: &Place, protocol: &[u8], request: &[u8], is_whole: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut answer = Vec::new();
    let Some(mut stream) = connect(place, protocol).await else { return answer };
    let reading = async {
        if stream.write_all(request).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        let mut part = [0; 4096];
        while let Ok(read @ 1..) = stream.read(&mut part).await {
            answer.extend_from_slice(&part[..read]);
            if is_whole(&answer) {
                return;
            }
        }
    };
    drop(tokio::time::timeout(ANSWER_MAX, reading).await);
    answer
}

/// None while Envoy is not there yet.
async fn connect(place: &Place, protocol: &[u8]) -> Option<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(&place.authority).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let tcp = TcpStream::connect(("127.0.0.1", place.port)).await.ok()?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, tcp).await.ok()
}
