//! Looks after the files of the certificates: takes what is new and good, says what is not, and warns before something ends.
//!
//! They are read once a second, since that is what works however they are changed: written over, renamed into place, or by
//! the link that Kubernetes turns to another folder. Three small files cost some microseconds.

use std::time::Duration;

use contract::metrics::chassis as declared;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use time::OffsetDateTime;

use super::Tls;
use super::loaded::{Files, Loaded, Term};
use crate::clock::SharedClock;
use crate::error::chain;
use crate::metrics::Metrics;

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Who renews certificates does so while a third of their time is left, or half: with a quarter left, something is wrong.
const WARNED_PART: i32 = 4;

/// Nobody need be told earlier than this of what is good for years.
const WARNED_BEFORE_MAX: time::Duration = time::Duration::days(14);

/// How often a warning is repeated.
const WARNED_EVERY: time::Duration = time::Duration::hours(1);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    of: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

const TAKEN: Outcome = Outcome { outcome: "taken" };
const REFUSED: Outcome = Outcome { outcome: "refused" };

/// What is told of the certificates. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct CertificateMetrics {
    ends: Family<Of, Gauge>,
    reloads: Family<Outcome, Counter>,
}

impl CertificateMetrics {
    /// Adds it to the service's.
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let own = Self::default();
        metrics.register(&declared::CERTIFICATE_EXPIRES, own.ends.clone());
        metrics.register(&declared::CERTIFICATE_RELOADS, own.reloads.clone());
        for outcome in [TAKEN, REFUSED] {
            drop(own.reloads.get_or_create(&outcome));
        }
        own
    }

    fn show(&self, loaded: &Loaded) {
        for (of, term) in [("own", loaded.own), ("ca", loaded.authorities)] {
            self.ends.get_or_create(&Of { of }).set(term.ends.unix_timestamp());
        }
    }
}

/// What was seen at a look: the digest of the files, or why they cannot be read.
type Seen = Result<[u8; 32], String>;

/// What is remembered from one look to the next.
#[derive(Debug, Default)]
struct Keeper {
    /// What was no good at the last look.
    doubted: Option<Seen>,
    /// What was said to be no good.
    refused: Option<Seen>,
    warned_at: Option<OffsetDateTime>,
}

/// Looks after them for as long as the service runs.
pub(crate) async fn keep(tls: Tls, clock: SharedClock, metrics: CertificateMetrics) {
    metrics.show(&tls.loaded.load());
    let mut keeper = Keeper::default();
    loop {
        keeper.warn(&tls.loaded.load(), clock.now());
        tokio::time::sleep(EVERY).await;
        keeper.look(&tls, clock.now(), &metrics).await;
    }
}

impl Keeper {
    async fn look(&mut self, tls: &Tls, now: OffsetDateTime, metrics: &CertificateMetrics) {
        let before = tls.loaded.load_full();
        let config = tls.config.clone();
        // A volume that is mounted may take its time.
        let Ok(read) = tokio::task::spawn_blocking(move || Files::read(&config)).await else { return };
        let seen: Seen = read.as_ref().map(Files::digest).map_err(|error| chain(error));
        if seen.as_ref().is_ok_and(|digest| *digest == before.digest) {
            (self.doubted, self.refused) = (None, None);
            return;
        }
        match read.map_err(|error| chain(&error)).and_then(|files| take(&files, &before, now)) {
            Ok(loaded) => {
                tracing::info!(file = %tls.certificate_file().display(), until = %loaded.own.ends, "certificates are taken anew");
                metrics.show(&loaded);
                metrics.reloads.get_or_create(&TAKEN).inc();
                tls.loaded.store(loaded.into());
                *self = Self::default();
            }
            // Files that are just being written go together a moment later.
            Err(_) if self.doubted.as_ref() != Some(&seen) => self.doubted = Some(seen),
            Err(problem) => {
                if self.refused.as_ref() != Some(&seen) {
                    tracing::error!(%problem, "new certificates are of no use: the old ones stay in force");
                    metrics.reloads.get_or_create(&REFUSED).inc();
                    self.refused = Some(seen);
                }
            }
        }
    }

    /// Says that something ends soon, unless that was said a while ago.
    fn warn(&mut self, loaded: &Loaded, now: OffsetDateTime) {
        if self.warned_at.is_some_and(|warned_at| now - warned_at < WARNED_EVERY) {
            return;
        }
        for (of, term) in [("own", loaded.own), ("ca", loaded.authorities)] {
            let left = term.ends - now;
            if left.is_positive() && left < warned_before(term) {
                tracing::warn!(of, until = %term.ends, "a certificate ends soon, and no newer one has come");
            } else if !left.is_positive() {
                tracing::error!(of, until = %term.ends, "a certificate is over: nobody takes a connection with it");
            } else {
                continue;
            }
            self.warned_at = Some(now);
        }
    }
}

/// How long before its end it is spoken of.
fn warned_before(term: Term) -> time::Duration {
    ((term.ends - term.begins) / WARNED_PART).min(WARNED_BEFORE_MAX)
}

/// What is made of the files, if it can take the place of what was before.
fn take(files: &Files, before: &Loaded, now: OffsetDateTime) -> Result<Loaded, String> {
    let loaded = Loaded::of(files)?;
    if loaded.id != before.id {
        let name = |id: &Option<String>| id.as_ref().map_or("nobody".to_owned(), |id| format!("spiffe://{id}"));
        return Err(format!("certificate_file: names {}, not {}", name(&loaded.id), name(&before.id)));
    }
    if loaded.own.ends <= now {
        return Err(format!("certificate_file: is over since {}", loaded.own.ends));
    }
    if loaded.own.begins > now {
        return Err(format!("certificate_file: is not good before {}", loaded.own.begins));
    }
    if loaded.authorities.ends <= now {
        return Err(format!("ca_file: is over since {}", loaded.authorities.ends));
    }
    Ok(loaded)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-25 12:00 UTC);

    fn term(before: time::Duration, left: time::Duration) -> Term {
        Term { begins: NOW - before, ends: NOW + left }
    }

    #[test]
    fn a_certificate_is_spoken_of_when_a_quarter_of_its_time_is_left_and_two_weeks_at_the_earliest() {
        for (days, warned_days) in [(1, 0.25), (28, 7.0), (90, 14.0), (3_650, 14.0)] {
            let term = term(time::Duration::ZERO, time::Duration::days(days));
            assert_eq!(warned_before(term), time::Duration::DAY * warned_days, "{days} days");
        }
    }

    #[test]
    fn a_warning_is_repeated_each_hour_until_something_newer_has_come() {
        let folder = tempfile::tempdir().unwrap();
        let authority = testing::certificates::Authority::keep(folder.path()).unwrap();
        let leaf = authority.keep_peer("gate").unwrap();
        let config = crate::config::TlsConfig {
            certificate_file: leaf.certificate,
            key_file: leaf.key,
            ca_file: authority.certificate_file(),
            trust_domain: testing::certificates::TRUST_DOMAIN.to_owned(),
        };
        let mut loaded = Loaded::of(&Files::read(&config).unwrap()).unwrap();
        let mut keeper = Keeper::default();
        let end = loaded.own.ends;
        keeper.warn(&loaded, end - time::Duration::days(15));
        assert_eq!(keeper.warned_at, None, "there is time");
        let first = end - time::Duration::days(13);
        keeper.warn(&loaded, first);
        keeper.warn(&loaded, first + time::Duration::minutes(59));
        assert_eq!(keeper.warned_at, Some(first), "it was said a while ago");
        keeper.warn(&loaded, first + time::Duration::hours(1));
        assert_eq!(keeper.warned_at, Some(first + time::Duration::hours(1)));
        loaded.own.ends = end + time::Duration::days(365);
        loaded.authorities = loaded.own;
        keeper.warn(&loaded, first + time::Duration::hours(3));
        assert_eq!(keeper.warned_at, Some(first + time::Duration::hours(1)), "there is time again");
    }
}
