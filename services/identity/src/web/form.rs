//! The parameters of a request: each at most once, in a form and nowhere else.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use zeroize::Zeroizing;

use super::refusal::Refusal;

/// What may stand more than once (RFC 8707, 2; RFC 8693, 2.1).
const REPEATABLE: [&str; 2] = ["resource", "audience"];

/// How many parameters are read.
const PARAMETERS_MAX: usize = 32;

/// The parameters of a form. What is empty counts as absent (RFC 6749, 3.2).
pub(super) struct Form {
    single: BTreeMap<String, Zeroizing<String>>,
    repeated: Vec<(String, String)>,
}

impl Form {
    /// Reads a form's body.
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let mut types = headers.get_all(header::CONTENT_TYPE).iter();
        let (Some(content_type), None) = (types.next(), types.next()) else { return Err(NOT_A_FORM) };
        let essence = content_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(NOT_A_FORM);
        }
        let mut form = Self { single: BTreeMap::new(), repeated: Vec::new() };
        for (index, (name, value)) in url::form_urlencoded::parse(body).enumerate() {
            // The parser puts this where bytes are no UTF-8; no parameter has it.
            if index >= PARAMETERS_MAX || name.contains('\u{fffd}') || value.contains('\u{fffd}') {
                return Err(Refusal::InvalidRequest("the form is not UTF-8, or has more than 32 parameters"));
            }
            if value.is_empty() {
                continue;
            }
            if REPEATABLE.contains(&&*name) {
                form.repeated.push((name.into_owned(), value.into_owned()));
            } else if form.single.insert(name.into_owned(), Zeroizing::new(value.into_owned())).is_some() {
                return Err(Refusal::InvalidRequest("a parameter stands twice"));
            }
        }
        Ok(form)
    }

    /// A parameter that stands at most once.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.single.get(name).map(|value| value.as_str())
    }

    /// A parameter that must be there.
    pub(super) fn require(&self, name: &str, missing: &'static str) -> Result<&str, Refusal> {
        self.get(name).ok_or(Refusal::InvalidRequest(missing))
    }

    /// Every value of a parameter that may stand more than once.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        self.repeated.iter().filter(|(other, _)| other == name).map(|(_, value)| value.clone()).collect()
    }
}

const NOT_A_FORM: Refusal = Refusal::InvalidRequest("the body must be application/x-www-form-urlencoded");

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(body: &str) -> Result<Form, Refusal> {
        let mut headers = HeaderMap::new();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, form);
        Form::read(&headers, body.as_bytes())
    }

    #[test]
    fn a_parameter_stands_once_and_a_resource_as_often_as_it_likes() {
        let form = read("a=1&resource=urn%3Aa&b=&resource=urn:b").unwrap_or_else(|_| panic!("it is a form"));
        assert_eq!((form.get("a"), form.get("b"), form.get("c")), (Some("1"), None, None));
        assert_eq!(form.all("resource"), ["urn:a", "urn:b"]);
        assert!(read("a=1&a=1").is_err() && read("a=%ff").is_err());
    }

    #[test]
    fn one_parameter_too_many_is_refused() {
        let form = |count: usize| (0..count).map(|number| format!("p{number}=1&")).collect::<String>();
        assert!(read(&form(PARAMETERS_MAX)).is_ok() && read(&form(PARAMETERS_MAX + 1)).is_err());
    }

    #[test]
    fn what_is_no_form_is_refused() {
        let mut headers = HeaderMap::new();
        assert!(Form::read(&headers, b"a=1").is_err());
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        assert!(Form::read(&headers, b"a=1").is_err());
    }
}
