//! One request as everyone must read it, or its refusal.

use super::denial::Denial;
use super::headers::Headers;
use super::host;
use super::path::Path;

/// What a proxy tells of a request, unread.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawRequest {
    pub(crate) method: String,
    pub(crate) host: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    /// The name in the client certificate of the connection; empty if there is none.
    pub(crate) principal: String,
}

/// A request in its one reading.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) host: String,
    pub(crate) path: Path,
    pub(crate) headers: Headers,
    /// The name in the client certificate of the connection; empty if there is none.
    pub(crate) principal: String,
    /// Whether it is a gRPC call.
    pub(crate) is_grpc: bool,
}

const METHOD_CHARACTERS_MAX: usize = 32;

impl Request {
    /// Reads it.
    pub(crate) fn read(raw: RawRequest) -> Result<Self, Denial> {
        let RawRequest { method, host, target, headers, principal } = raw;
        let method_form =
            (1..=METHOD_CHARACTERS_MAX).contains(&method.len()) && method.bytes().all(|byte| byte.is_ascii_uppercase());
        if !method_form {
            return Err(Denial::ambiguous("the method is absent or unusual"));
        }
        let host =
            host::read(&host).ok_or_else(|| Denial::ambiguous("the host is absent, or can be read in two ways"))?;
        let path = Path::read(&target)?;
        let headers = Headers::read(headers);
        headers.refuse_hop_by_hop()?;
        let is_grpc = method == "POST" && is_grpc(&headers)?;
        Ok(Self { method, host, path, headers, principal, is_grpc })
    }
}

/// What Envoy sets when it makes a gRPC call of a JSON caller's request. A client may have set it too, at an Envoy that lets it
/// through: it chooses nothing but the form of its own denial.
const TRANSCODED: &str = "x-envoy-original-path";

/// Whether an answer to this must be one that a gRPC client can read. Asked of requests that cannot be read, too.
pub(crate) fn looks_like_grpc(raw: &RawRequest) -> bool {
    let is_grpc = raw.headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("content-type") && std::str::from_utf8(value).is_ok_and(is_grpc_type)
    });
    is_grpc && !raw.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(TRANSCODED))
}

/// Only what may be a gRPC call must say so once: other content types may have commas in them.
fn is_grpc(headers: &Headers) -> Result<bool, Denial> {
    let mentions_grpc =
        |value: &[u8]| value.to_ascii_lowercase().windows(GRPC.len()).any(|window| window == GRPC.as_bytes());
    if headers.all("content-type").any(mentions_grpc) {
        Ok(headers.single("content-type")?.is_some_and(is_grpc_type))
    } else {
        Ok(false)
    }
}

const GRPC: &str = "application/grpc";

fn is_grpc_type(content_type: &str) -> bool {
    content_type.get(..GRPC.len()).is_some_and(|start| start.eq_ignore_ascii_case(GRPC))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn raw(method: &str, host: &str, target: &str) -> RawRequest {
        let [method, host, target] = [method, host, target].map(str::to_owned);
        RawRequest { method, host, target, ..RawRequest::default() }
    }

    #[test]
    fn a_request_without_method_host_or_path_is_refused() {
        assert!(Request::read(raw("GET", "docs.example", "/x")).is_ok());
        for (method, host, target) in [
            ("", "docs.example", "/x"),
            ("get", "docs.example", "/x"),
            ("GE T", "docs.example", "/x"),
            ("GET", "", "/x"),
            ("GET", "docs.example", ""),
            ("CONNECT", "docs.example:443", "docs.example:443"),
            ("OPTIONS", "docs.example", "*"),
        ] {
            assert!(Request::read(raw(method, host, target)).is_err(), "{method} {host} {target}");
        }
    }

    #[test]
    fn a_grpc_call_is_known_by_its_content_type() {
        for (content_type, is_grpc) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("Application/gRPC", true),
            ("application/json", false),
            ("application/grp", false),
            ("", false),
        ] {
            let mut request = raw("POST", "docs.example", "/a.B/C");
            request.headers.push(("content-type".to_owned(), content_type.as_bytes().to_vec()));
            assert_eq!(Request::read(request).map(|request| request.is_grpc), Ok(is_grpc), "{content_type}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_proxy_tells_is_read_or_refused(
            method in ".{0,8}", host in ".{0,40}", target in ".{0,60}",
            headers in proptest::collection::vec((".{0,20}", proptest::collection::vec(any::<u8>(), 0..30)), 0..6),
        ) {
            let raw = RawRequest { method, host, target, headers, principal: String::new() };
            let _ = looks_like_grpc(&raw);
            let _ = Request::read(raw);
        }
    }
}
