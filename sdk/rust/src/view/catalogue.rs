//! The kinds of nodes and their properties, catalogue 0.1.0.
//!
//! Derived from `wit/ui/catalogue.json`: change it there, then run
//! `KAMLD_REGENERATE=1 cargo test -p kamld-sdk --test catalogue`. Invariant: one builder a kind.

use super::Node;
use serde::Serialize;
use serde_json::{Map, Value};

/// The version of the catalogue that these builders were made from.
pub const VERSION: &str = "0.1.0";

/// Its children, one below the other.
#[derive(Clone, Debug, Serialize)]
pub struct Stack {
    #[serde(skip)]
    children: Vec<Node>,
}

impl Stack {
    /// With what it cannot be without.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { children: Vec::new() }
    }

    /// Adds a node inside, below the others.
    #[must_use]
    pub fn show(mut self, node: impl Into<Node>) -> Self {
        self.children.push(node.into());
        self
    }
}

/// Its children, one below the other.
pub fn stack() -> Stack {
    Stack::new()
}

impl From<Stack> for Node {
    fn from(node: Stack) -> Self {
        Node::new("stack", &node).with(node.children)
    }
}

/// A sentence or a paragraph.
#[derive(Clone, Debug, Serialize)]
pub struct Text {
    /// The property `text`.
    #[serde(rename = "text")]
    pub text: String,
    /// The property `tone`.
    #[serde(rename = "tone", skip_serializing_if = "Option::is_none")]
    pub tone: Option<Tone>,
    /// Whether it stands out.
    #[serde(rename = "strong", skip_serializing_if = "Option::is_none")]
    pub strong: Option<bool>,
}

impl Text {
    /// With what it cannot be without.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: None, strong: None }
    }

    /// The property `tone`.
    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = Some(tone);
        self
    }

    /// Whether it stands out.
    #[must_use]
    pub fn strong(mut self, strong: bool) -> Self {
        self.strong = Some(strong);
        self
    }
}

/// A sentence or a paragraph.
pub fn text(text: impl Into<String>) -> Text {
    Text::new(text)
}

impl From<Text> for Node {
    fn from(node: Text) -> Self {
        Node::new("text", &node)
    }
}

/// The title of what follows.
#[derive(Clone, Debug, Serialize)]
pub struct Heading {
    /// The property `text`.
    #[serde(rename = "text")]
    pub text: String,
}

impl Heading {
    /// With what it cannot be without.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

/// The title of what follows.
pub fn heading(text: impl Into<String>) -> Heading {
    Heading::new(text)
}

impl From<Heading> for Node {
    fn from(node: Heading) -> Self {
        Node::new("heading", &node)
    }
}

/// Labels with a value each.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    /// The property `items`.
    #[serde(rename = "items")]
    pub items: Vec<Fact>,
}

impl Facts {
    /// With what it cannot be without.
    pub fn new(items: impl IntoIterator<Item = Fact>) -> Self {
        Self { items: items.into_iter().collect() }
    }
}

/// Labels with a value each.
pub fn facts(items: impl IntoIterator<Item = Fact>) -> Facts {
    Facts::new(items)
}

impl From<Facts> for Node {
    fn from(node: Facts) -> Self {
        Node::new("facts", &node)
    }
}

/// Rows under columns. Values are typed by their column, so that the client formats them.
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    /// The property `columns`.
    #[serde(rename = "columns")]
    pub columns: Vec<Column>,
    /// Each row by the keys of the columns; a key that is missing is an empty cell.
    #[serde(rename = "rows")]
    pub rows: Vec<Map<String, Value>>,
    /// What to say when there are no rows.
    #[serde(rename = "empty", skip_serializing_if = "Option::is_none")]
    pub empty: Option<String>,
}

impl Table {
    /// With what it cannot be without.
    pub fn new(columns: impl IntoIterator<Item = Column>, rows: impl IntoIterator<Item = Map<String, Value>>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: rows.into_iter().collect(), empty: None }
    }

    /// What to say when there are no rows.
    #[must_use]
    pub fn empty(mut self, empty: impl Into<String>) -> Self {
        self.empty = Some(empty.into());
        self
    }
}

/// Rows under columns. Values are typed by their column, so that the client formats them.
pub fn table(columns: impl IntoIterator<Item = Column>, rows: impl IntoIterator<Item = Map<String, Value>>) -> Table {
    Table::new(columns, rows)
}

impl From<Table> for Node {
    fn from(node: Table) -> Self {
        Node::new("table", &node)
    }
}

/// Text in which each character has its place.
#[derive(Clone, Debug, Serialize)]
pub struct Code {
    /// The property `text`.
    #[serde(rename = "text")]
    pub text: String,
    /// Such as `json` or `python`; `text` when it is none.
    #[serde(rename = "language", skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The number of the first line shown.
    #[serde(rename = "first-line", skip_serializing_if = "Option::is_none")]
    pub first_line: Option<u64>,
}

impl Code {
    /// With what it cannot be without.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), language: None, first_line: None }
    }

    /// Such as `json` or `python`; `text` when it is none.
    #[must_use]
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(language.into());
        self
    }

    /// The number of the first line shown.
    #[must_use]
    pub fn first_line(mut self, first_line: u64) -> Self {
        self.first_line = Some(first_line);
        self
    }
}

/// Text in which each character has its place.
pub fn code(text: impl Into<String>) -> Code {
    Code::new(text)
}

impl From<Code> for Node {
    fn from(node: Code) -> Self {
        Node::new("code", &node)
    }
}

/// A picture. The client fetches it from its address under the rights of the person.
#[derive(Clone, Debug, Serialize)]
pub struct Image {
    /// `PROJECT/ASSET[@REF]/PATH`
    #[serde(rename = "source")]
    pub source: String,
    /// Pixels.
    #[serde(rename = "width", skip_serializing_if = "Option::is_none")]
    pub width: Option<u64>,
    /// Pixels.
    #[serde(rename = "height", skip_serializing_if = "Option::is_none")]
    pub height: Option<u64>,
    /// What it shows, for whoever cannot see it.
    #[serde(rename = "alt")]
    pub alt: String,
}

impl Image {
    /// With what it cannot be without.
    pub fn new(source: impl Into<String>, alt: impl Into<String>) -> Self {
        Self { source: source.into(), width: None, height: None, alt: alt.into() }
    }

    /// Pixels.
    #[must_use]
    pub fn width(mut self, width: u64) -> Self {
        self.width = Some(width);
        self
    }

    /// Pixels.
    #[must_use]
    pub fn height(mut self, height: u64) -> Self {
        self.height = Some(height);
        self
    }
}

/// A picture. The client fetches it from its address under the rights of the person.
pub fn image(source: impl Into<String>, alt: impl Into<String>) -> Image {
    Image::new(source, alt)
}

impl From<Image> for Node {
    fn from(node: Image) -> Self {
        Node::new("image", &node)
    }
}

/// What to do next.
#[derive(Clone, Debug, Serialize)]
pub struct Hint {
    /// The property `text`.
    #[serde(rename = "text")]
    pub text: String,
    /// The command line that does it, with `kamld` in front.
    #[serde(rename = "command", skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

impl Hint {
    /// With what it cannot be without.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), command: None }
    }

    /// The command line that does it, with `kamld` in front.
    #[must_use]
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }
}

/// What to do next.
pub fn hint(text: impl Into<String>) -> Hint {
    Hint::new(text)
}

impl From<Hint> for Node {
    fn from(node: Hint) -> Self {
        Node::new("hint", &node)
    }
}

/// What a search found, best first.
#[derive(Clone, Debug, Serialize)]
pub struct Hits {
    /// The property `items`.
    #[serde(rename = "items")]
    pub items: Vec<Hit>,
    /// How many there are in all.
    #[serde(rename = "total")]
    pub total: u64,
}

impl Hits {
    /// With what it cannot be without.
    pub fn new(items: impl IntoIterator<Item = Hit>, total: u64) -> Self {
        Self { items: items.into_iter().collect(), total }
    }
}

/// What a search found, best first.
pub fn hits(items: impl IntoIterator<Item = Hit>, total: u64) -> Hits {
    Hits::new(items, total)
}

impl From<Hits> for Node {
    fn from(node: Hits) -> Self {
        Node::new("hits", &node)
    }
}

/// How the found things divide, field by field.
#[derive(Clone, Debug, Serialize)]
pub struct Facets {
    /// The property `items`.
    #[serde(rename = "items")]
    pub items: Vec<Facet>,
}

impl Facets {
    /// With what it cannot be without.
    pub fn new(items: impl IntoIterator<Item = Facet>) -> Self {
        Self { items: items.into_iter().collect() }
    }
}

/// How the found things divide, field by field.
pub fn facets(items: impl IntoIterator<Item = Facet>) -> Facets {
    Facets::new(items)
}

impl From<Facets> for Node {
    fn from(node: Facets) -> Self {
        Node::new("facets", &node)
    }
}

/// Objects that were added, modified or removed.
#[derive(Clone, Debug, Serialize)]
pub struct Changes {
    /// The property `items`.
    #[serde(rename = "items")]
    pub items: Vec<Change>,
    /// Hand it back for the changes that follow; missing when these are all.
    #[serde(rename = "next", skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Changes {
    /// With what it cannot be without.
    pub fn new(items: impl IntoIterator<Item = Change>) -> Self {
        Self { items: items.into_iter().collect(), next: None }
    }

    /// Hand it back for the changes that follow; missing when these are all.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}

/// Objects that were added, modified or removed.
pub fn changes(items: impl IntoIterator<Item = Change>) -> Changes {
    Changes::new(items)
}

impl From<Changes> for Node {
    fn from(node: Changes) -> Self {
        Node::new("changes", &node)
    }
}

/// A history, newest first.
#[derive(Clone, Debug, Serialize)]
pub struct Commits {
    /// The property `items`.
    #[serde(rename = "items")]
    pub items: Vec<Commit>,
}

impl Commits {
    /// With what it cannot be without.
    pub fn new(items: impl IntoIterator<Item = Commit>) -> Self {
        Self { items: items.into_iter().collect() }
    }
}

/// A history, newest first.
pub fn commits(items: impl IntoIterator<Item = Commit>) -> Commits {
    Commits::new(items)
}

impl From<Commits> for Node {
    fn from(node: Commits) -> Self {
        Node::new("commits", &node)
    }
}

/// The rows of a query. The client streams them from the host by the id of the result.
#[derive(Clone, Debug, Serialize)]
pub struct Rows {
    /// The id that `sql.hand-over` answered.
    #[serde(rename = "result")]
    pub result: String,
    /// The property `columns`.
    #[serde(rename = "columns")]
    pub columns: Vec<RowColumn>,
}

impl Rows {
    /// With what it cannot be without.
    pub fn new(result: impl Into<String>, columns: impl IntoIterator<Item = RowColumn>) -> Self {
        Self { result: result.into(), columns: columns.into_iter().collect() }
    }
}

/// The rows of a query. The client streams them from the host by the id of the result.
pub fn rows(result: impl Into<String>, columns: impl IntoIterator<Item = RowColumn>) -> Rows {
    Rows::new(result, columns)
}

impl From<Rows> for Node {
    fn from(node: Rows) -> Self {
        Node::new("rows", &node)
    }
}

/// What a text says about its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// `normal`
    Normal,
    /// `muted`
    Muted,
    /// `good`
    Good,
    /// `warning`
    Warning,
    /// `bad`
    Bad,
}

/// A label and its value.
#[derive(Clone, Debug, Serialize)]
pub struct Fact {
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
    /// The property `value`.
    #[serde(rename = "value")]
    pub value: String,
}

impl Fact {
    /// With what it cannot be without.
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into() }
    }
}

/// At which side of its column a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Align {
    /// `start`
    Start,
    /// `end`
    End,
}

/// `bytes` and `count` are integers, `time` is milliseconds since 1970 UTC, `tags` is a list of words, `path` is shortened in its middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueType {
    /// `text`
    Text,
    /// `bytes`
    Bytes,
    /// `count`
    Count,
    /// `time`
    Time,
    /// `tags`
    Tags,
    /// `path`
    Path,
}

/// One column of a table.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    /// The property `key`.
    #[serde(rename = "key")]
    pub key: String,
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
    /// The property `align`.
    #[serde(rename = "align", skip_serializing_if = "Option::is_none")]
    pub align: Option<Align>,
    /// The property `type`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub r#type: Option<ValueType>,
}

impl Column {
    /// With what it cannot be without.
    pub fn new(key: impl Into<String>, label: impl Into<String>) -> Self {
        Self { key: key.into(), label: label.into(), align: None, r#type: None }
    }

    /// The property `align`.
    #[must_use]
    pub fn align(mut self, align: Align) -> Self {
        self.align = Some(align);
        self
    }

    /// The property `type`.
    #[must_use]
    pub fn r#type(mut self, r#type: ValueType) -> Self {
        self.r#type = Some(r#type);
        self
    }
}

/// A piece of text and whether it matched.
#[derive(Clone, Debug, Serialize)]
pub struct FragmentPart {
    /// The property `text`.
    #[serde(rename = "text")]
    pub text: String,
    /// The property `matched`.
    #[serde(rename = "matched")]
    pub matched: bool,
}

impl FragmentPart {
    /// With what it cannot be without.
    pub fn new(text: impl Into<String>, matched: bool) -> Self {
        Self { text: text.into(), matched }
    }
}

/// The best piece of one field.
#[derive(Clone, Debug, Serialize)]
pub struct Fragment {
    /// The property `field`.
    #[serde(rename = "field")]
    pub field: String,
    /// The property `parts`.
    #[serde(rename = "parts")]
    pub parts: Vec<FragmentPart>,
}

impl Fragment {
    /// With what it cannot be without.
    pub fn new(field: impl Into<String>, parts: impl IntoIterator<Item = FragmentPart>) -> Self {
        Self { field: field.into(), parts: parts.into_iter().collect() }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, Serialize)]
pub struct Hit {
    /// The property `title`.
    #[serde(rename = "title")]
    pub title: String,
    /// The property `address`.
    #[serde(rename = "address")]
    pub address: String,
    /// `asset`, `object` or `column`.
    #[serde(rename = "kind")]
    pub kind: String,
    /// The property `summary`.
    #[serde(rename = "summary", skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The property `tags`.
    #[serde(rename = "tags", skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// The property `fragments`.
    #[serde(rename = "fragments", skip_serializing_if = "Option::is_none")]
    pub fragments: Option<Vec<Fragment>>,
}

impl Hit {
    /// With what it cannot be without.
    pub fn new(title: impl Into<String>, address: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            address: address.into(),
            kind: kind.into(),
            summary: None,
            tags: None,
            fragments: None,
        }
    }

    /// The property `summary`.
    #[must_use]
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = Some(summary.into());
        self
    }

    /// The property `tags`.
    #[must_use]
    pub fn tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tags = Some(tags.into_iter().map(Into::into).collect());
        self
    }

    /// The property `fragments`.
    #[must_use]
    pub fn fragments(mut self, fragments: impl IntoIterator<Item = Fragment>) -> Self {
        self.fragments = Some(fragments.into_iter().collect());
        self
    }
}

/// One value of a field and how many of the found things have it.
#[derive(Clone, Debug, Serialize)]
pub struct FacetValue {
    /// The property `value`.
    #[serde(rename = "value")]
    pub value: String,
    /// The property `count`.
    #[serde(rename = "count")]
    pub count: u64,
}

impl FacetValue {
    /// With what it cannot be without.
    pub fn new(value: impl Into<String>, count: u64) -> Self {
        Self { value: value.into(), count }
    }
}

/// One field and its values.
#[derive(Clone, Debug, Serialize)]
pub struct Facet {
    /// The property `field`.
    #[serde(rename = "field")]
    pub field: String,
    /// The property `values`.
    #[serde(rename = "values")]
    pub values: Vec<FacetValue>,
}

impl Facet {
    /// With what it cannot be without.
    pub fn new(field: impl Into<String>, values: impl IntoIterator<Item = FacetValue>) -> Self {
        Self { field: field.into(), values: values.into_iter().collect() }
    }
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// `added`
    Added,
    /// `modified`
    Modified,
    /// `removed`
    Removed,
}

/// One object that differs.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// The property `path`.
    #[serde(rename = "path")]
    pub path: String,
    /// The property `kind`.
    #[serde(rename = "kind")]
    pub kind: ChangeKind,
    /// Its size before, in bytes; missing when it was added.
    #[serde(rename = "before", skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// Its size after, in bytes; missing when it was removed.
    #[serde(rename = "after", skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

impl Change {
    /// With what it cannot be without.
    pub fn new(path: impl Into<String>, kind: ChangeKind) -> Self {
        Self { path: path.into(), kind, before: None, after: None }
    }

    /// Its size before, in bytes; missing when it was added.
    #[must_use]
    pub fn before(mut self, before: u64) -> Self {
        self.before = Some(before);
        self
    }

    /// Its size after, in bytes; missing when it was removed.
    #[must_use]
    pub fn after(mut self, after: u64) -> Self {
        self.after = Some(after);
        self
    }
}

/// One commit of a history.
#[derive(Clone, Debug, Serialize)]
pub struct Commit {
    /// The property `id`.
    #[serde(rename = "id")]
    pub id: String,
    /// The property `message`.
    #[serde(rename = "message")]
    pub message: String,
    /// The property `author`.
    #[serde(rename = "author")]
    pub author: String,
    /// Milliseconds since 1970, UTC.
    #[serde(rename = "created")]
    pub created: i64,
    /// The property `objects`.
    #[serde(rename = "objects")]
    pub objects: u64,
    /// Bytes.
    #[serde(rename = "size")]
    pub size: u64,
    /// Branches and versions that stand for it.
    #[serde(rename = "names", skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
}

impl Commit {
    /// With what it cannot be without.
    pub fn new(
        id: impl Into<String>,
        message: impl Into<String>,
        author: impl Into<String>,
        created: i64,
        objects: u64,
        size: u64,
    ) -> Self {
        Self { id: id.into(), message: message.into(), author: author.into(), created, objects, size, names: None }
    }

    /// Branches and versions that stand for it.
    #[must_use]
    pub fn names(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.names = Some(names.into_iter().map(Into::into).collect());
        self
    }
}

/// One column of a query's rows.
#[derive(Clone, Debug, Serialize)]
pub struct RowColumn {
    /// The property `name`.
    #[serde(rename = "name")]
    pub name: String,
    /// A SQL type.
    #[serde(rename = "type")]
    pub r#type: String,
}

impl RowColumn {
    /// With what it cannot be without.
    pub fn new(name: impl Into<String>, r#type: impl Into<String>) -> Self {
        Self { name: name.into(), r#type: r#type.into() }
    }
}
