//! Request targets in one reading. What two programs could read differently is refused, not repaired: nearly every bypass of an
//! edge authorizer was an authorizer and an upstream that read two different paths (RFC 3986, 6.2 allows both readings).

use super::denial::Denial;

/// The longest request target that is looked at, in bytes.
pub(crate) const TARGET_BYTES_MAX: usize = 8 * 1024;

/// The most segments of a path; a template has no more either.
pub(crate) const SEGMENTS_MAX: usize = 32;

/// A path in its one reading: segments, decoded once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    segments: Vec<String>,
    /// As it was sent, without the query: gRPC methods are looked up by it.
    raw: String,
}

impl Path {
    /// Reads the path of a request target, such as `/v1/documents/roadmap?view=full`. The query is not looked at.
    pub(crate) fn read(target: &str) -> Result<Self, Denial> {
        if target.len() > TARGET_BYTES_MAX {
            return Err(Denial::ambiguous(format!("the target is longer than {TARGET_BYTES_MAX} bytes")));
        }
        if let Some(byte) = target.bytes().find(|byte| !byte.is_ascii_graphic() || *byte == b'#') {
            return Err(Denial::ambiguous(format!("the target has the byte {byte:#04x}")));
        }
        let path = target.split_once('?').map_or(target, |(path, _)| path);
        let Some(rest) = path.strip_prefix('/') else {
            return Err(Denial::ambiguous("the path does not begin with a slash"));
        };
        let segments = if rest.is_empty() { Vec::new() } else { read_segments(rest)? };
        Ok(Self { segments, raw: path.to_owned() })
    }

    /// Its segments, decoded. A slash at the end makes a last one that is empty, and that no template has.
    pub(crate) fn segments(&self) -> &[String] {
        &self.segments
    }

    /// As it was sent, without the query.
    pub(crate) fn raw(&self) -> &str {
        &self.raw
    }
}

fn read_segments(rest: &str) -> Result<Vec<String>, Denial> {
    let count = rest.split('/').count();
    let mut segments = Vec::with_capacity(count.min(SEGMENTS_MAX));
    for (index, segment) in rest.split('/').enumerate() {
        if segment.is_empty() && index + 1 < count {
            return Err(Denial::ambiguous("the path has an empty segment"));
        }
        segments.push(decode(segment)?);
    }
    Ok(segments)
}

fn decode(segment: &str) -> Result<String, Denial> {
    let mut decoded = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, after @ ..] = rest {
        match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let Some(byte) = hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low) else {
                    return Err(Denial::ambiguous("a percent sign does not begin an encoded byte"));
                };
                // Encoded or not, these end a segment, a path or a text somewhere.
                if byte < 0x20 || byte == 0x7f || b"/\\;?#".contains(&byte) {
                    return Err(Denial::ambiguous(format!("the path has the encoded byte {byte:#04x}")));
                }
                decoded.push(byte);
                rest = after;
            }
            (b'%', _) => return Err(Denial::ambiguous("a percent sign does not begin an encoded byte")),
            (b'\\' | b';', _) => return Err(Denial::ambiguous("the path has a backslash or a path parameter")),
            (byte, after) => {
                decoded.push(*byte);
                rest = after;
            }
        }
    }
    let decoded = String::from_utf8(decoded).map_err(|_| Denial::ambiguous("the decoded path is not UTF-8"))?;
    if decoded == "." || decoded == ".." {
        return Err(Denial::ambiguous("the path has a dot segment"));
    }
    if encodes_again(&decoded) {
        return Err(Denial::ambiguous("the path is encoded twice"));
    }
    Ok(decoded)
}

fn encodes_again(decoded: &str) -> bool {
    decoded
        .as_bytes()
        .windows(3)
        .any(|window| window[0] == b'%' && hex(window[1]).is_some() && hex(window[2]).is_some())
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::denial::Reason;
    use super::*;

    fn segments(target: &str) -> Vec<String> {
        Path::read(target).expect("the path has one reading").segments().to_vec()
    }

    #[test]
    fn a_path_is_its_segments_decoded_once() {
        assert_eq!(segments("/"), Vec::<String>::new());
        assert_eq!(segments("/v1/documents/roadmap"), ["v1", "documents", "roadmap"]);
        assert_eq!(segments("/v1/a%7Cb"), ["v1", "a|b"]);
        assert_eq!(segments("/v1/a%7cb"), ["v1", "a|b"]);
        assert_eq!(segments("/caf%C3%A9"), ["café"]);
        assert_eq!(segments("/v1/"), ["v1", ""]);
        assert_eq!(segments("/.well-known/...."), [".well-known", "...."]);
    }

    #[test]
    fn the_query_changes_nothing() {
        for query in ["", "?", "?a=b", "?a=/../x", "?a=//", "??", "?%2f", "?a;b"] {
            assert_eq!(segments(&format!("/v1/x{query}")), ["v1", "x"], "{query}");
        }
    }

    #[test]
    fn a_path_that_can_be_read_in_two_ways_is_refused() {
        for hostile in [
            "",
            "*",
            "v1",
            "pkg.Service/Method",
            "http://host/v1",
            "//",
            "//v1",
            "/v1//x",
            "/v1/x//",
            "/.",
            "/..",
            "/./x",
            "/../x",
            "/x/.",
            "/x/..",
            "/x/./y",
            "/x/../y",
            "/%2e",
            "/%2E%2e/x",
            "/.%2e/x",
            "/x/%2e%2e",
            "/x%2fy",
            "/x%2Fy",
            "/x%5cy",
            "/x%5Cy",
            "/x\\y",
            "/x%00",
            "/x%01",
            "/x%0a",
            "/x%7f",
            "/x\0",
            "/x\ny",
            "/x y",
            "/x\ty",
            "/x;y",
            "/x;a=b/y",
            "/..;/x",
            "/x%3by",
            "/x%3By",
            "/x#y",
            "/x%23y",
            "/x?y#z",
            "/x%3fy",
            "/x%252e",
            "/x%252fy",
            "/%252e%252e/x",
            "/x%2525",
            "/x%",
            "/x%2",
            "/x%zz",
            "/x%2g",
            "/%c0%ae",
            "/x%ff",
            "/é",
            "/x\u{202e}y",
            "/\u{ff0e}",
        ] {
            let denial = Path::read(hostile).expect_err(hostile);
            assert_eq!(denial.reason, Reason::RequestAmbiguous, "{hostile:?}");
        }
    }

    #[test]
    fn a_target_of_8192_bytes_is_read_and_one_more_is_not() {
        let longest = format!("/{}", "a".repeat(TARGET_BYTES_MAX - 1));
        assert!(Path::read(&longest).is_ok());
        assert!(Path::read(&format!("{longest}a")).is_err());
    }

    proptest! {
        #[test]
        fn lapse_03_the_case_of_an_encoded_byte_never_changes_a_reading(target in "/[a-z%0-9A-Fa-f./]{0,24}") {
            let upper = Path::read(&flip(&target, true)).map(|path| path.segments().to_vec());
            let lower = Path::read(&flip(&target, false)).map(|path| path.segments().to_vec());
            prop_assert_eq!(upper, lower);
        }

        #[test]
        fn lapse_05_segments_joined_again_are_the_path(target in "/[a-z0-9._~-]{1,8}(/[a-z0-9._~-]{1,8}){0,6}") {
            if let Ok(path) = Path::read(&target) {
                prop_assert_eq!(format!("/{}", path.segments().join("/")), target);
            }
        }
    }

    /// The target with the hexadecimal digits of every encoded byte in one case.
    fn flip(target: &str, upper: bool) -> String {
        let mut after_percent = 0;
        let turn = |character: char| {
            let turned = after_percent > 0;
            after_percent = if character == '%' { 2 } else { after_percent - i32::from(turned) };
            match (turned, upper) {
                (true, true) => character.to_ascii_uppercase(),
                (true, false) => character.to_ascii_lowercase(),
                (false, _) => character,
            }
        };
        target.chars().map(turn).collect()
    }
}
