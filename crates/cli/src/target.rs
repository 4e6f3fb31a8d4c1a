//! Where the gateway is and who is asking: from flags, then the environment, then a profile.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use url::{Host, Url};

use crate::arguments::ConnectionArguments;
use crate::failure::Failure;
use crate::profiles::{Profile, Profiles};
use crate::surroundings::Surroundings;
use crate::text_file;

/// All that a call needs to know.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) url: String,
    /// The PEM file of the authorities to believe; the system's if absent.
    pub(crate) ca: Option<PathBuf>,
    pub(crate) tenant: Option<String>,
    pub(crate) credential: Option<Credential>,
    pub(crate) timeout: Duration,
}

/// An API key or an access token.
#[derive(Clone)]
pub(crate) struct Credential(String);

impl Credential {
    /// It, as a header needs it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credential(…)")
    }
}

impl Target {
    /// Finds out. The profile is the one that is named, else the current one, else none.
    pub(crate) fn find(arguments: &ConnectionArguments, surroundings: &Surroundings) -> Result<Self, Failure> {
        let named = arguments.profile.clone().or_else(|| surroundings.profile.clone());
        let profiles = Profiles::open(surroundings.config_folder.as_deref())?;
        let profile = profiles.find(named.as_deref())?;
        // A profile named on the command line is itself a flag, and flags win over the environment.
        let environment = if arguments.profile.is_some() { None } else { Some(surroundings) };

        let own_url = profile.as_ref().and_then(|profile| profile.settings.url.clone());
        let url = arguments
            .url
            .clone()
            .or_else(|| environment.and_then(|environment| environment.url.clone()))
            .or_else(|| own_url.clone())
            .ok_or_else(|| {
                Failure::wrong_use("it is not known where the gateway is")
                    .hint("Set BAILIWICK_URL or --url, or store it: bailiwick profile set NAME --url URL.")
            })?;
        let url = checked(&url)?;
        // Neither the key nor the authorities of one installation are for another.
        let profile = profile.filter(|_| own_url.is_some_and(|own| checked(&own).is_ok_and(|own| own == url)));
        let settings = profile.as_ref().map(|profile| &profile.settings);
        let ca = arguments
            .ca
            .clone()
            .or_else(|| environment.and_then(|environment| environment.ca.clone()))
            .or_else(|| settings.and_then(|settings| settings.ca.clone()));
        let tenant = arguments
            .tenant
            .clone()
            .or_else(|| environment.and_then(|environment| environment.tenant.clone()))
            .or_else(|| settings.and_then(|settings| settings.tenant.clone()));
        let credential = credential(arguments.with_token, environment, profile.as_ref(), surroundings)?;
        Ok(Self { url, ca, tenant, credential, timeout: arguments.timeout })
    }
}

fn credential(
    with_token: bool,
    environment: Option<&Surroundings>,
    profile: Option<&Profile>,
    surroundings: &Surroundings,
) -> Result<Option<Credential>, Failure> {
    if with_token {
        let token = surroundings.token.as_deref();
        let token = token.ok_or_else(|| Failure::wrong_use("--with-token is given, but BAILIWICK_TOKEN is not set"))?;
        return in_a_header("BAILIWICK_TOKEN", token).map(Some);
    }
    if let Some(key) = environment.and_then(|environment| environment.api_key.as_deref()) {
        return in_a_header("BAILIWICK_API_KEY", key).map(Some);
    }
    if let Some(token) = environment.and_then(|environment| environment.token.as_deref()) {
        return in_a_header("BAILIWICK_TOKEN", token).map(Some);
    }
    let Some(key_file) = profile.and_then(Profile::key_file) else { return Ok(None) };
    Profile::key_is_private(&key_file)?;
    text_file::read_secret(&key_file).map(|key| Some(Credential(key)))
}

/// A credential that is sent as it is; the error does not show it.
fn in_a_header(variable: &str, value: &str) -> Result<Credential, Failure> {
    let value = value.trim();
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::wrong_use(format!(
            "{variable} is not one word of printable ASCII, as every credential is"
        )));
    }
    Ok(Credential(value.to_owned()))
}

/// The URL of a gateway, without a path. A credential goes over TLS, or stays on this machine.
pub(crate) fn checked(text: &str) -> Result<String, Failure> {
    // What stands before an `@` may be a password: the text is not shown before it is known to have none.
    let url =
        Url::parse(text).map_err(|error| Failure::wrong_use(format!("the gateway's URL cannot be read: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Failure::wrong_use("the gateway's URL has a user or password in it")
            .hint("Set BAILIWICK_API_KEY, or store a key: bailiwick profile set NAME --api-key-file FILE."));
    }
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.host().is_none() || url.path().len() > 1 || url.query().is_some() || url.fragment().is_some() {
        return Err(Failure::wrong_use(format!(
            "`{text}` is not the URL of a gateway, for example https://localhost:8400"
        )));
    }
    if url.scheme() != "https" && !(url.scheme() == "http" && local) {
        return Err(Failure::wrong_use(format!("`{text}` must begin with https://; http:// is for this machine only")));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_is_an_https_url_without_a_path() {
        assert_eq!(checked("https://localhost:8400/").unwrap(), "https://localhost:8400");
        assert_eq!(checked("http://127.0.0.1:8400").unwrap(), "http://127.0.0.1:8400");
        for bad in
            ["localhost:8400", "http://example.com", "ftp://localhost", "https://h/path", "https://h?q", "", "https://"]
        {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_refused_and_not_shown() {
        let failure = checked("https://admin:hunter2@localhost").unwrap_err();
        assert!(!format!("{failure:?}").contains("hunter2"));
    }
}
