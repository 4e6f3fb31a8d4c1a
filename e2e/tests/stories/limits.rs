//! Every limit of the gateway, met: what is refused is refused before gate is asked.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use testing::envoy::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::gateways::Gateway;

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// An RPC that JSON reaches.
const RPC: &str = "/v1/api-keys:exchange";

/// What the gateway answers when gate, which is not there, was asked.
const ASKED: u16 = 503;

/// How often gate was asked.
const ASKED_COUNT: &str = "http.gateway.ext_authz.error";

/// The longest that a test waits for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(8);

async fn http1(gateway: &Gateway) -> TlsStream<TcpStream> {
    gateway.tls(HERE, b"http/1.1").await.unwrap()
}

/// The status of the answer that comes; none if the connection ends without one.
pub(super) async fn status(stream: &mut TlsStream<TcpStream>) -> Option<u16> {
    let mut answer = Vec::new();
    let read = async {
        while !answer.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => answer.push(byte),
                Err(_) => break,
            }
        }
    };
    tokio::time::timeout(ANSWER_MAX, read).await.expect("the gateway ends it in time");
    String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
}

/// A GET with these further headers, in a connection of its own.
async fn get(gateway: &Gateway, from: Ipv4Addr, headers: &str) -> Option<u16> {
    let mut stream = gateway.tls(from, b"http/1.1").await.unwrap();
    let request = format!("GET /v1/x HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    status(&mut stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_are_too_many_or_too_long_are_refused() {
    let limits = Limits { headers_kib_max: 8, headers_max: 20, ..Limits::default() };
    let gateway = Gateway::alone(limits).await;
    let headers = |count: usize, bytes: usize| -> String {
        (0..count).map(|number| format!("x-{number}: {}\r\n", "a".repeat(bytes))).collect()
    };
    assert_eq!(get(&gateway, HERE, &headers(1, 7_000)).await, Some(ASKED));
    assert_eq!(get(&gateway, HERE, &headers(15, 10)).await, Some(ASKED));
    let asked = gateway.counted(ASKED_COUNT).await;
    assert_eq!(asked, 2);
    assert_eq!(get(&gateway, HERE, &headers(1, 9_000)).await, Some(431), "headers_kib_max");
    assert_eq!(get(&gateway, HERE, &headers(25, 10)).await, Some(431), "headers_max");
    assert_eq!(gateway.counted(ASKED_COUNT).await, asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_drips_its_headers_is_let_go() {
    let gateway = Gateway::alone(Limits { headers_seconds_max: 1, ..Limits::default() }).await;
    let mut stream = http1(&gateway).await;
    let began = Instant::now();
    stream.write_all(b"GET /v1/x HTTP/1.1\r\nhost: localhost\r\n").await.unwrap();
    for number in 0..4 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        stream.write_all(format!("x-{number}: a\r\n").as_bytes()).await.unwrap();
    }
    assert_eq!(status(&mut stream).await, Some(408));
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_begin_tls_is_let_go() {
    let gateway = Gateway::alone(Limits { headers_seconds_max: 1, ..Limits::default() }).await;
    let mut silent = gateway.tcp(HERE).await.unwrap();
    let ended = tokio::time::timeout(ANSWER_MAX, silent.read_u8()).await.expect("the gateway ends it in time");
    assert!(ended.is_err(), "nothing is said to it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_json_that_is_too_long_is_refused() {
    let gateway = Gateway::alone(Limits { json_bytes_max: 1_000, ..Limits::default() }).await;
    let mut answers = Vec::new();
    for length in [900, 1_100] {
        let mut stream = http1(&gateway).await;
        let head = format!(
            "POST {RPC} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        let body = format!("{{{}}}", " ".repeat(length - 2));
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        answers.push(status(&mut stream).await);
    }
    assert_eq!(answers, [Some(ASKED), Some(413)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_more_than_the_most_is_refused() {
    let gateway = Gateway::alone(Limits { connections_max: 2, ..Limits::default() }).await;
    let first = http1(&gateway).await;
    let mut second = http1(&gateway).await;
    assert!(gateway.tls(HERE, b"http/1.1").await.is_err(), "the third");
    second.write_all(b"GET /v1/x HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert_eq!(status(&mut second).await, Some(ASKED), "who is there already stays");
    drop(first);
    let began = Instant::now();
    while gateway.tls(HERE, b"http/1.1").await.is_err() {
        assert!(began.elapsed() < ANSWER_MAX, "a place that was given up is free");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_stream_more_than_the_most_is_refused() {
    let gateway = Gateway::alone(Limits { streams_max: 2, ..Limits::default() }).await;
    let mut stream = gateway.tls(HERE, b"h2").await.unwrap();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    for id in [1, 3, 5] {
        // GET, https and / by their places in the static table (RFC 7541, appendix A), and the authority as a literal.
        let block = [&[0x82, 0x87, 0x84, 0x01, 9], b"localhost".as_slice()].concat();
        bytes.extend(frame(1, 0x4, id, &block));
    }
    stream.write_all(&bytes).await.unwrap();
    stream.flush().await.unwrap();
    let (mut said_most, mut refused) = (None, false);
    let read = async {
        while !refused {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await.unwrap();
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            stream.read_exact(&mut payload).await.unwrap();
            match head[3] {
                // SETTINGS: MAX_CONCURRENT_STREAMS is the third (RFC 9113, 6.5.2).
                4 if head[4] == 0 => {
                    let most = payload.chunks(6).find(|setting| setting[..2] == [0, 3]);
                    said_most = most.map(|setting| setting[5]);
                }
                // RST_STREAM of the third stream: REFUSED_STREAM (7), which a client may send again.
                3 if head[8] == 5 => refused = payload == [0, 0, 0, 7],
                _ => {}
            }
        }
    };
    tokio::time::timeout(ANSWER_MAX, read).await.expect("the third stream is refused");
    assert_eq!(said_most, Some(2));
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_noisy_address_is_refused_while_another_passes_and_gate_is_not_asked_about_it() {
    let limits = Limits { address_burst_requests_max: 3, address_requests_per_second: 1, ..Limits::default() };
    let gateway = Gateway::alone(limits).await;
    let mut noisy = Vec::new();
    for number in 0..10 {
        noisy.push(get(&gateway, HERE, &format!("x-forwarded-for: 10.9.8.{number}\r\n")).await);
    }
    let (asked, refused) = (count(&noisy, ASKED), count(&noisy, 429));
    assert_eq!(noisy[..3], [Some(ASKED); 3], "{noisy:?}");
    assert!(refused >= 4 && asked + refused == 10, "{noisy:?}");
    assert_eq!(get(&gateway, ELSEWHERE, "").await, Some(ASKED), "another address");
    assert_eq!(gateway.counted(ASKED_COUNT).await, u64::try_from(asked + 1).unwrap());
}

fn count(statuses: &[Option<u16>], which: u16) -> usize {
    statuses.iter().filter(|status| **status == Some(which)).count()
}

/// The second answer to an address between whose calls another two have called; with so many addresses counted.
async fn again_after_two_others(addresses_max: u32) -> Option<u16> {
    let limits =
        Limits { address_burst_requests_max: 1, address_requests_per_second: 1, addresses_max, ..Limits::default() };
    for _ in 0..10 {
        let gateway = Gateway::alone(limits).await;
        let began = Instant::now();
        for last in 1..=3 {
            assert_eq!(get(&gateway, Ipv4Addr::new(127, 0, 0, last), "").await, Some(ASKED), "127.0.0.{last}");
        }
        let again = get(&gateway, HERE, "").await;
        // After a second it may call again anyway, which would say nothing.
        if began.elapsed() < Duration::from_millis(900) {
            return again;
        }
    }
    panic!("the machine is too slow for this test");
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_beyond_the_most_that_are_counted_push_out_the_one_that_called_longest_ago() {
    assert_eq!(again_after_two_others(3).await, Some(429), "it is counted still");
    assert_eq!(again_after_two_others(2).await, Some(ASKED), "it is counted anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_connection_ends_though_its_client_keeps_it() {
    let gateway = Gateway::alone(Limits { connection_seconds_max: 1, ..Limits::default() }).await;
    let mut stream = http1(&gateway).await;
    let began = Instant::now();
    stream.write_all(b"GET /v1/x HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert_eq!(status(&mut stream).await, Some(ASKED));
    let mut rest = Vec::new();
    // How it ends, with or without TLS' own goodbye, is the same to its client.
    let ended = tokio::time::timeout(ANSWER_MAX, stream.read_to_end(&mut rest)).await;
    assert!(ended.is_ok() && began.elapsed() > Duration::from_millis(900), "connection_seconds_max");
}
