//! The chart's README: what it is, and a table of its values, made of the comments in values.yaml.

use crate::error::{Error, Result};

/// What stands before the table.
const HEAD: &str = include_str!("readme.md");

/// One value.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    key: String,
    default: String,
    means: String,
}

pub(super) fn generate(values: &str) -> Result<String> {
    let mut text = String::from(HEAD);
    for row in rows(values)? {
        let default = if row.default.is_empty() { String::new() } else { format!("`{}`", row.default) };
        text.push_str(&format!("| `{}` | {default} | {} |\n", row.key, row.means.replace('|', "\\|")));
    }
    Ok(text)
}

/// Every value with a comment that begins with two dashes. A value without one must have such values below it.
fn rows(values: &str) -> Result<Vec<Row>> {
    let (mut rows, mut above): (Vec<Row>, Vec<(usize, String)>) = (Vec::new(), Vec::new());
    let mut means: Option<String> = None;
    for (index, line) in values.lines().enumerate() {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if let Some(begun) = text.strip_prefix("# -- ") {
            means = Some(begun.to_owned());
        } else if let Some(more) = text.strip_prefix("# ") {
            if let Some(means) = &mut means {
                means.push(' ');
                means.push_str(more);
            }
        } else if let Some((key, default)) = text.split_once(':').filter(|(key, _)| is_key(key)) {
            while above.last().is_some_and(|(depth, _)| *depth >= indent) {
                above.pop();
            }
            let is_part_of_a_row = rows.last().is_some_and(|row: &Row| {
                let whole = above.iter().map(|(_, key)| key.as_str()).collect::<Vec<_>>().join(".");
                !whole.is_empty() && (row.key == whole || whole.starts_with(&format!("{}.", row.key)))
            });
            above.push((indent, key.to_owned()));
            let path = above.iter().map(|(_, key)| key.as_str()).collect::<Vec<_>>().join(".");
            match means.take() {
                Some(means) => rows.push(Row { key: path, default: default.trim().to_owned(), means }),
                None if default.trim().is_empty() || is_part_of_a_row => {}
                None => return Err(Error::new(format!("values.yaml:{}: nothing says what {path} means", index + 1))),
            }
        }
    }
    Ok(rows)
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_with_its_path_its_default_and_what_it_means() {
        let rows =
            rows("# Not shown.\na:\n  # -- One,\n  # and more.\n  b: 1\n  # -- Several.\n  c:\n    d: 2\n").unwrap();
        let row = |key: &str, default: &str, means: &str| Row {
            key: key.into(),
            default: default.into(),
            means: means.into(),
        };
        assert_eq!(rows, [row("a.b", "1", "One, and more."), row("a.c", "", "Several.")]);
    }

    #[test]
    fn a_value_that_nothing_is_said_of_is_refused() {
        assert!(rows("a:\n  b: 1\n").unwrap_err().to_string().contains("a.b"));
    }
}
