//! The headers of a request, by their lower-case names, with every value that was sent.

use contract::header;

use super::denial::Denial;

/// Headers. One that gate reads must stand once, and say one thing. In a list: there are few, of which few are looked for, and a
/// map of them costs more than all that is looked up in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headers(Vec<(String, Vec<u8>)>);

impl Headers {
    /// Takes in what the proxy tells, whichever of its two forms it uses.
    pub(crate) fn read(pairs: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let lower_case = |(mut name, value): (String, Vec<u8>)| {
            name.make_ascii_lowercase();
            (name, value)
        };
        Self(pairs.into_iter().map(lower_case).collect())
    }

    /// Whether any value of the header holds this text.
    pub(crate) fn holds(&self, name: &str, text: &str) -> bool {
        self.all(name).any(|value| value.windows(text.len()).any(|part| part == text.as_bytes()))
    }

    /// The one value of a header. Proxies join repeated ones with a comma, and nothing that gate reads has one in it.
    pub(crate) fn single(&self, name: &'static str) -> Result<Option<&str>, Denial> {
        let mut values = self.all(name);
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Denial::ambiguous(format!("the header {name} stands twice")));
        }
        match std::str::from_utf8(value) {
            Ok(text) if text.contains(',') => Err(Denial::ambiguous(format!("the header {name} stands twice"))),
            Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ' || byte == b'\t') => {
                Ok(Some(text))
            }
            Ok(_) | Err(_) => Err(Denial::ambiguous(format!("the header {name} is not plain ASCII"))),
        }
    }

    /// Every value of a header, as it was sent.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_slice())
    }

    /// Refuses a request that declares one of the headers that carry trust to be for the next hop only (RFC 9110, 7.6.1): a proxy
    /// behind gate would take it off.
    pub(crate) fn refuse_hop_by_hop(&self) -> Result<(), Denial> {
        for token in self.all("connection").flat_map(|value| value.split(|byte| *byte == b',')) {
            let token = token.trim_ascii().to_ascii_lowercase();
            let carries_trust = token.starts_with(b"bailiwick-")
                || [b"authorization".as_slice(), b"x-api-key", header::REQUEST_ID.as_bytes()]
                    .contains(&token.as_slice());
            if carries_trust {
                return Err(Denial::ambiguous("the header connection names a header that carries trust"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &[u8])]) -> Headers {
        Headers::read(pairs.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())))
    }

    #[test]
    fn a_header_that_stands_once_is_read_by_its_lower_case_name() {
        assert_eq!(headers(&[("X-Api-Key", b"a")]).single("x-api-key"), Ok(Some("a")));
        assert_eq!(headers(&[]).single("x-api-key"), Ok(None));
    }

    #[test]
    fn a_header_that_says_two_things_is_ambiguous() {
        for pairs in [
            &[("authorization", b"a".as_slice()), ("authorization", b"b")][..],
            &[("authorization", b"a"), ("Authorization", b"a")],
            &[("authorization", b"Bearer a,Bearer b")],
            &[("authorization", b"Bearer a, Basic b")],
            &[("authorization", b"Bearer \xff")],
            &[("authorization", b"Bearer \0")],
            &[("authorization", "Bearer é".as_bytes())],
        ] {
            assert!(headers(pairs).single("authorization").is_err(), "{pairs:?}");
        }
    }

    #[test]
    fn lapse_18_a_header_that_carries_trust_cannot_be_declared_hop_by_hop() {
        for value in
            ["bailiwick-assertion", "close, Bailiwick-Assertion", "authorization", "x-api-key ,te", "x-request-id"]
        {
            assert!(headers(&[("Connection", value.as_bytes())]).refuse_hop_by_hop().is_err(), "{value}");
        }
        assert!(headers(&[("connection", b"keep-alive, Upgrade")]).refuse_hop_by_hop().is_ok());
    }
}
