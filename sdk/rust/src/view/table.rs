//! Rows of a table, put together cell by cell in the order of its columns.

use super::{Column, Table, Target, table};
use serde::Serialize;
use serde_json::{Map, Value};

/// Columns with rows under them; `into()` makes the node.
///
/// ```
/// use kamld_sdk::{row, view::{Align, Column, Rows, ValueType}};
/// let table = Rows::new([
///     Column::new("name", "Name").r#type(ValueType::Path),
///     Column::new("size", "Size").r#type(ValueType::Bytes).align(Align::End),
/// ])
/// .row(row!["2019.csv", 1_223_329])
/// .row(row!["notes.md", 812])
/// .empty("no objects yet");
/// let node: kamld_sdk::view::Node = table.into();
/// assert_eq!(node.props["rows"][0]["size"], 1_223_329);
/// ```
#[derive(Clone, Debug)]
pub struct Rows {
    columns: Vec<Column>,
    rows: Vec<Map<String, Value>>,
    empty: Option<String>,
}

impl Rows {
    /// No rows yet.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new(), empty: None }
    }

    /// One row, a value for each column in order; `null` leaves the cell empty.
    #[must_use]
    pub fn row(mut self, cells: impl IntoIterator<Item = Value>) -> Self {
        self.push(cells);
        self
    }

    /// As [`Rows::row`], in a loop.
    pub fn push(&mut self, cells: impl IntoIterator<Item = Value>) {
        let keys = self.columns.iter().map(|column| column.key.clone());
        self.rows.push(keys.zip(cells).filter(|(_, cell)| !cell.is_null()).collect());
    }

    /// Gives the last row a value that no column shows, for its actions: `{"$row": KEY}` stands for it.
    ///
    /// ```
    /// use kamld_sdk::{row, view::{Column, Rows, at}};
    /// let mut table = Rows::new([Column::new("name", "Name").open(true)]);
    /// table.push(row!["2019.csv"]);
    /// table.also("address", "birds/strikes/2019.csv");
    /// table.lead(at("birds/strikes/2019.csv"));
    /// let node: kamld_sdk::view::Node = table.into();
    /// assert_eq!(node.props["rows"][0]["$open"]["address"], "birds/strikes/2019.csv");
    /// ```
    pub fn also(&mut self, key: &str, value: impl Into<Value>) {
        if let Some(row) = self.rows.last_mut() {
            row.insert(key.to_owned(), value.into());
        }
    }

    /// Where the cells of the last row lead whose column says `open`.
    pub fn lead(&mut self, target: Target) {
        self.also("$open", cell(&target));
    }

    /// What to say when there are no rows.
    #[must_use]
    pub fn empty(mut self, text: impl Into<String>) -> Self {
        self.empty = Some(text.into());
        self
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl From<Rows> for Table {
    fn from(rows: Rows) -> Self {
        let node = table().columns(rows.columns).rows(rows.rows);
        match rows.empty {
            Some(empty) => node.empty(empty),
            None => node,
        }
    }
}

impl From<Rows> for super::Node {
    fn from(rows: Rows) -> Self {
        Table::from(rows).into()
    }
}

/// The value of a cell; one that cannot be written as JSON is an empty cell.
#[doc(hidden)]
pub fn cell(value: &(impl Serialize + ?Sized)) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
