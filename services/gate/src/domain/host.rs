//! Hosts in one spelling: lower case, no port, no trailing dot, addresses as RFC 5952 writes them.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest host, in characters (RFC 1035, 2.3.4).
pub(crate) const HOST_CHARACTERS_MAX: usize = 253;

const LABEL_CHARACTERS_MAX: usize = 63;

/// The form of a host, for whoever got it wrong.
pub(crate) const FORM: &str = "must be a host name of letters, digits, - and ., or an address, in lower case, without a port or a trailing dot, at most 253 characters";

/// The host that a request names, in its one spelling; none if it can be read in more than one way.
pub(crate) fn read(authority: &str) -> Option<String> {
    let host = without_port(authority)?.to_ascii_lowercase();
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().ok().map(|address| format!("[{address}]"));
    }
    is_name_or_address(&host).then_some(host)
}

/// Whether this is a host in its one spelling.
pub(crate) fn is_canonical(host: &str) -> bool {
    read(host).as_deref() == Some(host)
}

fn without_port(authority: &str) -> Option<&str> {
    // Within the brackets of an IPv6 address a colon begins no port.
    let after_brackets = authority.rfind(']').map_or(0, |at| at + 1);
    let Some(colon) = authority.get(after_brackets..)?.find(':') else { return Some(authority) };
    let (host, port) = authority.split_at(after_brackets + colon);
    let digits = &port[1..];
    let is_port =
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok();
    is_port.then_some(host)
}

fn is_name_or_address(host: &str) -> bool {
    if host.is_empty() || host.len() > HOST_CHARACTERS_MAX {
        return false;
    }
    let is_label = |label: &str| {
        (1..=LABEL_CHARACTERS_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A name whose last label is a number is an address to some resolvers (127.1, 0x7f.1), so it must be a plain one.
    let last = host.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    host.split('.').all(is_label) && (!numeric || host.parse::<Ipv4Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lapse_09_spellings_of_one_host_are_one_host() {
        for (authority, host) in [
            ("Docs.Example.COM", "docs.example.com"),
            ("docs.example.com:8443", "docs.example.com"),
            ("localhost", "localhost"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("[::1]:443", "[::1]"),
            ("[0:0:0:0:0:0:0:1]", "[::1]"),
            ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ] {
            assert_eq!(read(authority).as_deref(), Some(host), "{authority}");
        }
    }

    #[test]
    fn a_host_that_can_be_read_in_two_ways_is_none() {
        let long = format!("{}.example", "a".repeat(64));
        let longest = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(62)].join(".");
        for hostile in [
            "",
            ".",
            "example.com.",
            "example..com",
            ".example.com",
            "user@example.com",
            "example.com:",
            "example.com:x",
            "example.com:99999",
            "example.com:80:80",
            "exa mple.com",
            "example.com/",
            "example.com\\x",
            "exämple.com",
            "[::1",
            "::1",
            "[::1]x",
            "[::g]",
            "127.1",
            "0x7f.0x1",
            "1.2.3.4.5",
            "256.1.1.1",
            "-a.example",
            "a-.example",
            "a_b.example",
            "example.com#x",
            "example.com?x",
            "example.com\0",
            "[::1]:",
            long.as_str(),
            longest.as_str(),
        ] {
            assert_eq!(read(hostile), None, "{hostile:?}");
        }
    }

    #[test]
    fn a_host_of_253_characters_passes() {
        let longest = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61)].join(".");
        assert_eq!(longest.len(), HOST_CHARACTERS_MAX);
        assert!(is_canonical(&longest));
        assert!(!is_canonical("Example.com"));
    }
}
