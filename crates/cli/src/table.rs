//! Tables for people: columns as wide as their widest cell, two spaces apart.

use std::fmt;

/// Rows under names of columns.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns, and no rows yet.
    pub(crate) fn new<const N: usize>(columns: [&str; N]) -> Self {
        Self { rows: vec![columns.iter().map(|column| (*column).to_owned()).collect()] }
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.rows.push(cells.iter().map(|cell| visible(cell)).collect());
    }

    /// A table of these rows.
    pub(crate) fn of<T, const N: usize>(columns: [&str; N], items: &[T], cells: impl Fn(&T) -> [String; N]) -> Self {
        let mut table = Self::new(columns);
        for item in items {
            table.row(cells(item).each_ref().map(String::as_str));
        }
        table
    }
}

/// What a server says is shown, never obeyed: control characters could rewrite a terminal.
pub(crate) fn visible(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            let line = padded.collect::<Vec<_>>().join("  ");
            writeln!(formatter, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["ID", "NAME"]);
        table.row(["alice", "Alice"]);
        table.row(["bo", "Bo, in Zürich"]);
        assert_eq!(table.to_string(), "ID     NAME\nalice  Alice\nbo     Bo, in Zürich\n");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let mut table = Table::new(["NAME"]);
        table.row(["a\u{1b}[2Jb\n"]);
        assert_eq!(table.to_string(), "NAME\na\u{fffd}[2Jb\u{fffd}\n");
    }
}
