//! Subjects of identity as text: `user:alice`, `service_account:ci`.

use contract::common::v1::{Subject, SubjectKind};

const FORM: &str = "must be user:ID or service_account:ID, where the id is 1 to 63 characters of a-z, 0-9, _ and -, and \
                    begins with a letter or digit";

/// Reads a subject.
pub(crate) fn parse(text: &str) -> Result<Subject, String> {
    let (kind, id) = text.split_once(':').ok_or(FORM)?;
    let kind = match kind {
        "user" => SubjectKind::User,
        "service_account" => SubjectKind::ServiceAccount,
        _ => return Err(FORM.to_owned()),
    };
    let inner = id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte));
    let starts = id.starts_with(|first: char| first.is_ascii_alphanumeric());
    if !inner || !starts || id.len() > 63 {
        return Err(FORM.to_owned());
    }
    Ok(Subject { kind: kind.into(), id: id.to_owned() })
}

/// Writes a subject; nothing if there is none.
pub(crate) fn write(subject: Option<&Subject>) -> String {
    let Some(subject) = subject else { return String::new() };
    let kind = match subject.kind() {
        SubjectKind::User => "user",
        SubjectKind::ServiceAccount => "service_account",
        SubjectKind::Unspecified => "unknown",
    };
    format!("{kind}:{}", subject.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_reads_back_as_it_was_written() {
        for good in ["user:alice", "service_account:ci-1", "user:0_a"] {
            assert_eq!(write(Some(&parse(good).unwrap())), good);
        }
        for bad in
            ["", "alice", "user:", "user:A", "user:-a", "group:eng", "user:a:b", &format!("user:{}", "a".repeat(64))]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
