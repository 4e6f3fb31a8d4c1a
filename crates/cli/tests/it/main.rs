//! The command `bailiwick` as a process, against a gateway and services that are played in this one.

// clippy takes only what is marked so for tests, where `unwrap` is welcome.
#[cfg(test)]
mod answers;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod local;
#[cfg(test)]
mod played;
#[cfg(test)]
mod profiles;
#[cfg(test)]
mod run;
