//! Following a list from page to page.

use crate::failure::Failure;

/// The most rows that one call asks for.
const PAGE_ROWS_MAX: u32 = 1_000;

/// A list, as far as it was wanted.
#[derive(Debug)]
pub(crate) struct List<T> {
    pub(crate) items: Vec<T>,
    /// Whether it goes on.
    pub(crate) more: bool,
}

impl<T> List<T> {
    /// Says, for people, that the list goes on.
    pub(crate) fn noted(&self, answer: crate::answer::Answer) -> crate::answer::Answer {
        if self.more {
            answer.note(format!("there are more than these {}: raise --limit", self.items.len()))
        } else {
            answer
        }
    }
}

/// Collects up to `limit` rows. `page` is given a size and the token of the page, and answers rows and the next token.
pub(crate) async fn follow<T>(
    limit: u32,
    mut page: impl AsyncFnMut(u32, String) -> Result<(Vec<T>, String), Failure>,
) -> Result<List<T>, Failure> {
    let limit_rows = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut items = Vec::new();
    let mut token = String::new();
    loop {
        let missing = u32::try_from(limit_rows - items.len()).unwrap_or(limit);
        let (rows, next) = page(missing.min(PAGE_ROWS_MAX), token.clone()).await?;
        items.extend(rows);
        if items.len() > limit_rows || (items.len() == limit_rows && !next.is_empty()) {
            items.truncate(limit_rows);
            return Ok(List { items, more: true });
        }
        if next.is_empty() {
            return Ok(List { items, more: false });
        }
        if next == token {
            // Going on would ask for the same page for ever.
            return Err(Failure::unavailable("the server answered with the token of the page that it had just given"));
        }
        token = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server with `rows` rows, two to a page at most.
    async fn rows(rows: u32, limit: u32) -> List<u32> {
        follow(limit, async |size, token: String| {
            let from: u32 = token.parse().unwrap_or(0);
            let to = (from + size.min(2)).min(rows);
            let next = if to < rows { to.to_string() } else { String::new() };
            Ok(((from..to).collect(), next))
        })
        .await
        .unwrap()
    }

    #[tokio::test]
    async fn a_list_is_followed_to_its_last_page() {
        let list = rows(5, 100).await;
        assert_eq!((list.items, list.more), (vec![0, 1, 2, 3, 4], false));
    }

    #[tokio::test]
    async fn a_list_ends_at_the_limit_and_says_that_it_goes_on() {
        let list = rows(5, 3).await;
        assert_eq!((list.items, list.more), (vec![0, 1, 2], true));
        let list = rows(4, 4).await;
        assert_eq!((list.items.len(), list.more), (4, false));
    }

    #[tokio::test]
    async fn a_server_that_repeats_a_page_is_not_followed_for_ever() {
        let answer = follow::<u32>(10, async |_, _| Ok((vec![], "same".to_owned()))).await;
        assert!(answer.is_err());
    }
}
