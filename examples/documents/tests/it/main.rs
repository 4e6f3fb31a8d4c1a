//! The example upstream through its port: which calls it takes, and which it refuses.

#[cfg(test)]
mod assertions;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod protocols;
#[cfg(test)]
mod upstream;
