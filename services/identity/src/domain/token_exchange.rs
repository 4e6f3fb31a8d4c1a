//! Which token may be exchanged for which (RFC 8693): never for more, never for longer, and never by somebody it was not meant for.

use assertion::{AccessTokenClaims, Actor};
use chassis::Subject;
use time::OffsetDateTime;

use super::client::Client;
use super::scope::Scopes;

/// How many may act for one another in a row.
pub(crate) const ACTORS_MAX: usize = 4;

/// Why a token is not exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExchangeRefused {
    /// It is another tenant's, or was neither given to the client nor is for one of its audiences.
    NotForTheClient,
    /// More would act for one another than may.
    TooManyActors,
    /// A scope is asked for that the token or the client does not have.
    Scope,
}

/// What a token is exchanged for, but for its audience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exchange {
    pub(crate) subject: Subject,
    pub(crate) scopes: Scopes,
    pub(crate) ends_at: OffsetDateTime,
    pub(crate) actor: Option<Box<Actor>>,
    /// What the new token ends with, besides the client's own credential.
    pub(crate) ends_with: Vec<String>,
}

/// Decides about the exchange of a living token by this client. `wanted` are the scopes that it asks for; none: all that both the token and
/// the client have.
pub(crate) fn decide(
    token: &AccessTokenClaims,
    client: &Client,
    wanted: Option<&Scopes>,
) -> Result<Exchange, ExchangeRefused> {
    let is_own = token.client_id == client.id.to_string();
    let is_for_client = client.audiences.as_slice().contains(&token.audience);
    if token.tenant != client.id.tenant.as_str() || !(is_own || is_for_client) {
        return Err(ExchangeRefused::NotForTheClient);
    }
    let subject: Subject = token.subject.parse().map_err(|_| ExchangeRefused::NotForTheClient)?;
    let held: Vec<String> = token.scope.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    let most = client.scopes.among(&held);
    let scopes = match wanted {
        Some(wanted) if wanted.first_not_among(most.as_slice()).is_some() => return Err(ExchangeRefused::Scope),
        Some(wanted) => wanted.clone(),
        None => most,
    };
    let actor = act_for(token, &subject, client)?;
    let ends_at =
        OffsetDateTime::from_unix_timestamp(token.expires_at).map_err(|_| ExchangeRefused::NotForTheClient)?;
    let ends_at = client.ends_at.map_or(ends_at, |client_ends| client_ends.min(ends_at));
    let mut ends_with = token.ends_with.clone();
    for id in [&token.credential, &token.token_id] {
        if !ends_with.contains(id) {
            ends_with.push(id.clone());
        }
    }
    Ok(Exchange { subject, scopes, ends_at, actor, ends_with })
}

/// Who acts for the subject in the new token: the client before all, unless it is the subject, for which nobody acts, or acts already.
fn act_for(
    token: &AccessTokenClaims,
    subject: &Subject,
    client: &Client,
) -> Result<Option<Box<Actor>>, ExchangeRefused> {
    let current = token.actor.as_ref().map_or(&token.subject, |actor| &actor.subject);
    if *current == client.id.account.to_string() || (token.actor.is_none() && *subject == client.id.account) {
        return Ok(token.actor.clone());
    }
    let earlier = std::iter::successors(token.actor.as_deref(), |actor| actor.actor.as_deref()).count();
    if earlier >= ACTORS_MAX {
        return Err(ExchangeRefused::TooManyActors);
    }
    Ok(Some(Box::new(Actor { subject: client.id.account.to_string(), actor: token.actor.clone() })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audience::Audiences;

    fn scopes(scopes: &[&str]) -> Scopes {
        Scopes::from_store(scopes.iter().map(|scope| (*scope).to_owned()).collect())
    }

    fn client() -> Client {
        Client {
            id: "acme.broker".parse().unwrap(),
            credential: "0123456789abcdef".to_owned(),
            scopes: scopes(&["documents.read", "mail.send"]),
            audiences: Audiences::from_store(vec!["urn:broker".to_owned(), "urn:store".to_owned()]),
            ends_at: None,
        }
    }

    fn token() -> AccessTokenClaims {
        AccessTokenClaims {
            issuer: "https://access.test".to_owned(),
            audience: "urn:broker".to_owned(),
            subject: "user:alice".to_owned(),
            client_id: "acme.web".to_owned(),
            credential: "fedcba9876543210".to_owned(),
            tenant: "acme".to_owned(),
            scope: "documents.read documents.write".to_owned(),
            token_id: "t1".to_owned(),
            issued_at: 1_000,
            expires_at: 1_200,
            actor: None,
            ends_with: Vec::new(),
        }
    }

    #[test]
    fn the_new_token_has_what_both_have_and_says_who_acts() {
        let exchange = decide(&token(), &client(), None).unwrap();
        assert_eq!((exchange.subject.to_string().as_str(), exchange.ends_at.unix_timestamp()), ("user:alice", 1_200));
        assert_eq!(exchange.scopes, scopes(&["documents.read"]));
        assert_eq!(exchange.actor.unwrap().subject, "service_account:broker");
        assert_eq!(exchange.ends_with, ["fedcba9876543210", "t1"]);
    }

    #[test]
    fn nothing_is_widened() {
        for wanted in ["documents.write", "mail.send", "identity.write"] {
            assert_eq!(decide(&token(), &client(), Some(&scopes(&[wanted]))), Err(ExchangeRefused::Scope), "{wanted}");
        }
        let ends_at = Some(OffsetDateTime::from_unix_timestamp(1_100).unwrap());
        let ending = Client { ends_at, ..client() };
        assert_eq!(decide(&token(), &ending, None).unwrap().ends_at.unix_timestamp(), 1_100);
    }

    #[test]
    fn a_token_for_somebody_else_is_nobodys_to_exchange() {
        let elsewhere = AccessTokenClaims { audience: "bailiwick".to_owned(), ..token() };
        assert_eq!(decide(&elsewhere, &client(), None), Err(ExchangeRefused::NotForTheClient));
        let foreign = AccessTokenClaims { tenant: "other".to_owned(), ..token() };
        assert_eq!(decide(&foreign, &client(), None), Err(ExchangeRefused::NotForTheClient));
        let own = AccessTokenClaims { client_id: "acme.broker".to_owned(), ..elsewhere };
        assert!(decide(&own, &client(), None).is_ok());
    }

    #[test]
    fn a_client_that_narrows_its_own_token_acts_for_nobody() {
        let own = AccessTokenClaims {
            subject: "service_account:broker".to_owned(),
            client_id: "acme.broker".to_owned(),
            ..token()
        };
        assert_eq!(decide(&own, &client(), None).unwrap().actor, None);
    }

    #[test]
    fn so_many_act_for_one_another_and_no_more() {
        let mut token = token();
        for number in 0..ACTORS_MAX {
            let subject = format!("service_account:s{number}");
            assert!(decide(&token, &client(), None).is_ok(), "{number}");
            token.actor = Some(Box::new(Actor { subject, actor: token.actor.take() }));
        }
        assert_eq!(decide(&token, &client(), None), Err(ExchangeRefused::TooManyActors));
        // The one that acts already takes no further place.
        let broker = Actor { subject: "service_account:broker".to_owned(), actor: token.actor.unwrap().actor };
        token.actor = Some(Box::new(broker));
        assert!(decide(&token, &client(), None).is_ok());
    }
}
