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
    /// The property `gap`.
    #[serde(rename = "gap", skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
    #[serde(skip)]
    children: Vec<Node>,
}

impl Stack {
    /// With what it cannot be without.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { gap: None, children: Vec::new() }
    }

    /// The property `gap`.
    #[must_use]
    pub fn gap(mut self, gap: Gap) -> Self {
        self.gap = Some(gap);
        self
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
    /// JSON pointer of a value of the data model to show instead.
    #[serde(rename = "bind", skip_serializing_if = "Option::is_none")]
    pub bind: Option<String>,
}

impl Text {
    /// With what it cannot be without.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: None, strong: None, bind: None }
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

    /// JSON pointer of a value of the data model to show instead.
    #[must_use]
    pub fn bind(mut self, bind: impl Into<String>) -> Self {
        self.bind = Some(bind.into());
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
    /// 1 is the title of the screen.
    #[serde(rename = "level", skip_serializing_if = "Option::is_none")]
    pub level: Option<u64>,
}

impl Heading {
    /// With what it cannot be without.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), level: None }
    }

    /// 1 is the title of the screen.
    #[must_use]
    pub fn level(mut self, level: u64) -> Self {
        self.level = Some(level);
        self
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
    /// May be missing with a source that tells its own columns.
    #[serde(rename = "columns", skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<Column>>,
    /// Each row by the keys of the columns; a key that is missing is an empty cell.
    #[serde(rename = "rows", skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<Map<String, Value>>>,
    /// What to say when there are no rows.
    #[serde(rename = "empty", skip_serializing_if = "Option::is_none")]
    pub empty: Option<String>,
    /// Where rows come from when they are not in `rows`; then the table is as long as it has rows, and only what is seen is fetched.
    #[serde(rename = "source", skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// What the table is, for whoever cannot see it.
    #[serde(rename = "label", skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The property `select`.
    #[serde(rename = "select", skip_serializing_if = "Option::is_none")]
    pub select: Option<SelectMode>,
    /// JSON pointer where the `key` cells of the selected rows are kept.
    #[serde(rename = "bind", skip_serializing_if = "Option::is_none")]
    pub bind: Option<String>,
    /// The column that names a row, for selection and updates.
    #[serde(rename = "key", skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What can be done with one row; its `$row` values come from that row. A row that lacks a value which an entry names is not offered that entry.
    #[serde(rename = "row-actions", skip_serializing_if = "Option::is_none")]
    pub row_actions: Option<Vec<MenuItem>>,
    /// What can be done with the selected rows.
    #[serde(rename = "actions", skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<MenuItem>>,
    /// Placeholder of a field that narrows the rows; missing: none.
    #[serde(rename = "filter", skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Whether small statistics of each column are shown in the head, when the source has them.
    #[serde(rename = "statistics", skip_serializing_if = "Option::is_none")]
    pub statistics: Option<bool>,
    /// The id of a child to show when there are no rows.
    #[serde(rename = "empty-view", skip_serializing_if = "Option::is_none")]
    pub empty_view: Option<String>,
    /// What its rows are about, so that other plug-ins add columns and commands to them. The cell that `key` names is then the address, and the cell `$is` the kind of the asset or the media type of the object; a row without `$is`, such as a folder, is left as it is.
    #[serde(rename = "holds", skip_serializing_if = "Option::is_none")]
    pub holds: Option<Held>,
    #[serde(skip)]
    children: Vec<Node>,
}

impl Table {
    /// With what it cannot be without.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            columns: None,
            rows: None,
            empty: None,
            source: None,
            label: None,
            select: None,
            bind: None,
            key: None,
            row_actions: None,
            actions: None,
            filter: None,
            statistics: None,
            empty_view: None,
            holds: None,
            children: Vec::new(),
        }
    }

    /// May be missing with a source that tells its own columns.
    #[must_use]
    pub fn columns(mut self, columns: impl IntoIterator<Item = Column>) -> Self {
        self.columns = Some(columns.into_iter().collect());
        self
    }

    /// Each row by the keys of the columns; a key that is missing is an empty cell.
    #[must_use]
    pub fn rows(mut self, rows: impl IntoIterator<Item = Map<String, Value>>) -> Self {
        self.rows = Some(rows.into_iter().collect());
        self
    }

    /// What to say when there are no rows.
    #[must_use]
    pub fn empty(mut self, empty: impl Into<String>) -> Self {
        self.empty = Some(empty.into());
        self
    }

    /// Where rows come from when they are not in `rows`; then the table is as long as it has rows, and only what is seen is fetched.
    #[must_use]
    pub fn source(mut self, source: Source) -> Self {
        self.source = Some(source);
        self
    }

    /// What the table is, for whoever cannot see it.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The property `select`.
    #[must_use]
    pub fn select(mut self, select: SelectMode) -> Self {
        self.select = Some(select);
        self
    }

    /// JSON pointer where the `key` cells of the selected rows are kept.
    #[must_use]
    pub fn bind(mut self, bind: impl Into<String>) -> Self {
        self.bind = Some(bind.into());
        self
    }

    /// The column that names a row, for selection and updates.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// What can be done with one row; its `$row` values come from that row. A row that lacks a value which an entry names is not offered that entry.
    #[must_use]
    pub fn row_actions(mut self, row_actions: impl IntoIterator<Item = MenuItem>) -> Self {
        self.row_actions = Some(row_actions.into_iter().collect());
        self
    }

    /// What can be done with the selected rows.
    #[must_use]
    pub fn actions(mut self, actions: impl IntoIterator<Item = MenuItem>) -> Self {
        self.actions = Some(actions.into_iter().collect());
        self
    }

    /// Placeholder of a field that narrows the rows; missing: none.
    #[must_use]
    pub fn filter(mut self, filter: impl Into<String>) -> Self {
        self.filter = Some(filter.into());
        self
    }

    /// Whether small statistics of each column are shown in the head, when the source has them.
    #[must_use]
    pub fn statistics(mut self, statistics: bool) -> Self {
        self.statistics = Some(statistics);
        self
    }

    /// The id of a child to show when there are no rows.
    #[must_use]
    pub fn empty_view(mut self, empty_view: impl Into<String>) -> Self {
        self.empty_view = Some(empty_view.into());
        self
    }

    /// What its rows are about, so that other plug-ins add columns and commands to them. The cell that `key` names is then the address, and the cell `$is` the kind of the asset or the media type of the object; a row without `$is`, such as a folder, is left as it is.
    #[must_use]
    pub fn holds(mut self, holds: Held) -> Self {
        self.holds = Some(holds);
        self
    }

    /// Adds a node inside, below the others.
    #[must_use]
    pub fn show(mut self, node: impl Into<Node>) -> Self {
        self.children.push(node.into());
        self
    }
}

/// Rows under columns. Values are typed by their column, so that the client formats them.
pub fn table() -> Table {
    Table::new()
}

impl From<Table> for Node {
    fn from(node: Table) -> Self {
        Node::new("table", &node).with(node.children)
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
    /// Whether it can be looked at closely.
    #[serde(rename = "zoom", skip_serializing_if = "Option::is_none")]
    pub zoom: Option<bool>,
}

impl Image {
    /// With what it cannot be without.
    pub fn new(source: impl Into<String>, alt: impl Into<String>) -> Self {
        Self { source: source.into(), width: None, height: None, alt: alt.into(), zoom: None }
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

    /// Whether it can be looked at closely.
    #[must_use]
    pub fn zoom(mut self, zoom: bool) -> Self {
        self.zoom = Some(zoom);
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
    /// The query.
    #[serde(rename = "text", skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Whether a chart of it is offered.
    #[serde(rename = "chart", skip_serializing_if = "Option::is_none")]
    pub chart: Option<bool>,
}

impl Rows {
    /// With what it cannot be without.
    pub fn new(result: impl Into<String>, columns: impl IntoIterator<Item = RowColumn>) -> Self {
        Self { result: result.into(), columns: columns.into_iter().collect(), text: None, chart: None }
    }

    /// The query.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Whether a chart of it is offered.
    #[must_use]
    pub fn chart(mut self, chart: bool) -> Self {
        self.chart = Some(chart);
        self
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

/// Its children beside each other; they wrap where there is no room.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The property `gap`.
    #[serde(rename = "gap", skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
    /// The last child goes to the far end.
    #[serde(rename = "spread", skip_serializing_if = "Option::is_none")]
    pub spread: Option<bool>,
    #[serde(skip)]
    children: Vec<Node>,
}

impl Row {
    /// With what it cannot be without.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { gap: None, spread: None, children: Vec::new() }
    }

    /// The property `gap`.
    #[must_use]
    pub fn gap(mut self, gap: Gap) -> Self {
        self.gap = Some(gap);
        self
    }

    /// The last child goes to the far end.
    #[must_use]
    pub fn spread(mut self, spread: bool) -> Self {
        self.spread = Some(spread);
        self
    }

    /// Adds a node inside, below the others.
    #[must_use]
    pub fn show(mut self, node: impl Into<Node>) -> Self {
        self.children.push(node.into());
        self
    }
}

/// Its children beside each other; they wrap where there is no room.
pub fn row() -> Row {
    Row::new()
}

impl From<Row> for Node {
    fn from(node: Row) -> Self {
        Node::new("row", &node).with(node.children)
    }
}

/// Its children in as many columns as fit.
#[derive(Clone, Debug, Serialize)]
pub struct Grid {
    /// The property `cell`.
    #[serde(rename = "cell", skip_serializing_if = "Option::is_none")]
    pub cell: Option<Size>,
    #[serde(skip)]
    children: Vec<Node>,
}

impl Grid {
    /// With what it cannot be without.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { cell: None, children: Vec::new() }
    }

    /// The property `cell`.
    #[must_use]
    pub fn cell(mut self, cell: Size) -> Self {
        self.cell = Some(cell);
        self
    }

    /// Adds a node inside, below the others.
    #[must_use]
    pub fn show(mut self, node: impl Into<Node>) -> Self {
        self.children.push(node.into());
        self
    }
}

/// Its children in as many columns as fit.
pub fn grid() -> Grid {
    Grid::new()
}

impl From<Grid> for Node {
    fn from(node: Grid) -> Self {
        Node::new("grid", &node).with(node.children)
    }
}

/// A part of a screen under a title of its own.
#[derive(Clone, Debug, Serialize)]
pub struct Section {
    /// The property `title`.
    #[serde(rename = "title")]
    pub title: String,
    /// One sentence under the title.
    #[serde(rename = "note", skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Buttons beside the title.
    #[serde(rename = "actions", skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<MenuItem>>,
    #[serde(skip)]
    children: Vec<Node>,
}

impl Section {
    /// With what it cannot be without.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), note: None, actions: None, children: Vec::new() }
    }

    /// One sentence under the title.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Buttons beside the title.
    #[must_use]
    pub fn actions(mut self, actions: impl IntoIterator<Item = MenuItem>) -> Self {
        self.actions = Some(actions.into_iter().collect());
        self
    }

    /// Adds a node inside, below the others.
    #[must_use]
    pub fn show(mut self, node: impl Into<Node>) -> Self {
        self.children.push(node.into());
        self
    }
}

/// A part of a screen under a title of its own.
pub fn section(title: impl Into<String>) -> Section {
    Section::new(title)
}

impl From<Section> for Node {
    fn from(node: Section) -> Self {
        Node::new("section", &node).with(node.children)
    }
}

/// Things that belong together, set apart.
#[derive(Clone, Debug, Serialize)]
pub struct Card {
    /// The property `title`.
    #[serde(rename = "title", skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What choosing the card does.
    #[serde(rename = "action", skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    #[serde(skip)]
    children: Vec<Node>,
}

impl Card {
    /// With what it cannot be without.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { title: None, action: None, children: Vec::new() }
    }

    /// The property `title`.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// What choosing the card does.
    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        self.action = Some(action);
        self
    }

    /// Adds a node inside, below the others.
    #[must_use]
    pub fn show(mut self, node: impl Into<Node>) -> Self {
        self.children.push(node.into());
        self
    }
}

/// Things that belong together, set apart.
pub fn card() -> Card {
    Card::new()
}

impl From<Card> for Node {
    fn from(node: Card) -> Self {
        Node::new("card", &node).with(node.children)
    }
}

/// Two children side by side, the second beside the first where there is room and below it where not.
#[derive(Clone, Debug, Serialize)]
pub struct Split {
    /// The property `side`.
    #[serde(rename = "side", skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    #[serde(skip)]
    children: Vec<Node>,
}

impl Split {
    /// With what it cannot be without.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { side: None, children: Vec::new() }
    }

    /// The property `side`.
    #[must_use]
    pub fn side(mut self, side: Side) -> Self {
        self.side = Some(side);
        self
    }

    /// Adds a node inside, below the others.
    #[must_use]
    pub fn show(mut self, node: impl Into<Node>) -> Self {
        self.children.push(node.into());
        self
    }
}

/// Two children side by side, the second beside the first where there is room and below it where not.
pub fn split() -> Split {
    Split::new()
}

impl From<Split> for Node {
    fn from(node: Split) -> Self {
        Node::new("split", &node).with(node.children)
    }
}

/// Its children one at a time; each must be a `tab`.
#[derive(Clone, Debug, Serialize)]
pub struct Tabs {
    /// JSON pointer of the chosen tab's name in the data model.
    #[serde(rename = "bind", skip_serializing_if = "Option::is_none")]
    pub bind: Option<String>,
    #[serde(skip)]
    children: Vec<Node>,
}

impl Tabs {
    /// With what it cannot be without.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { bind: None, children: Vec::new() }
    }

    /// JSON pointer of the chosen tab's name in the data model.
    #[must_use]
    pub fn bind(mut self, bind: impl Into<String>) -> Self {
        self.bind = Some(bind.into());
        self
    }

    /// Adds a node inside, below the others.
    #[must_use]
    pub fn show(mut self, node: impl Into<Node>) -> Self {
        self.children.push(node.into());
        self
    }
}

/// Its children one at a time; each must be a `tab`.
pub fn tabs() -> Tabs {
    Tabs::new()
}

impl From<Tabs> for Node {
    fn from(node: Tabs) -> Self {
        Node::new("tabs", &node).with(node.children)
    }
}

/// One of `tabs`.
#[derive(Clone, Debug, Serialize)]
pub struct Tab {
    /// The property `name`.
    #[serde(rename = "name")]
    pub name: String,
    /// The property `title`.
    #[serde(rename = "title")]
    pub title: String,
    /// The property `icon`.
    #[serde(rename = "icon", skip_serializing_if = "Option::is_none")]
    pub icon: Option<Icon>,
    #[serde(skip)]
    children: Vec<Node>,
}

impl Tab {
    /// With what it cannot be without.
    pub fn new(name: impl Into<String>, title: impl Into<String>) -> Self {
        Self { name: name.into(), title: title.into(), icon: None, children: Vec::new() }
    }

    /// The property `icon`.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// Adds a node inside, below the others.
    #[must_use]
    pub fn show(mut self, node: impl Into<Node>) -> Self {
        self.children.push(node.into());
        self
    }
}

/// One of `tabs`.
pub fn tab(name: impl Into<String>, title: impl Into<String>) -> Tab {
    Tab::new(name, title)
}

impl From<Tab> for Node {
    fn from(node: Tab) -> Self {
        Node::new("tab", &node).with(node.children)
    }
}

/// Its children, hidden until they are asked for.
#[derive(Clone, Debug, Serialize)]
pub struct Details {
    /// The property `summary`.
    #[serde(rename = "summary")]
    pub summary: String,
    /// Whether they are shown from the start.
    #[serde(rename = "open", skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    #[serde(skip)]
    children: Vec<Node>,
}

impl Details {
    /// With what it cannot be without.
    pub fn new(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), open: None, children: Vec::new() }
    }

    /// Whether they are shown from the start.
    #[must_use]
    pub fn open(mut self, open: bool) -> Self {
        self.open = Some(open);
        self
    }

    /// Adds a node inside, below the others.
    #[must_use]
    pub fn show(mut self, node: impl Into<Node>) -> Self {
        self.children.push(node.into());
        self
    }
}

/// Its children, hidden until they are asked for.
pub fn details(summary: impl Into<String>) -> Details {
    Details::new(summary)
}

impl From<Details> for Node {
    fn from(node: Details) -> Self {
        Node::new("details", &node).with(node.children)
    }
}

/// A line between what is above and what is below.
#[derive(Clone, Debug, Serialize)]
pub struct Divider {}

impl Divider {
    /// With what it cannot be without.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {}
    }
}

/// A line between what is above and what is below.
pub fn divider() -> Divider {
    Divider::new()
}

impl From<Divider> for Node {
    fn from(node: Divider) -> Self {
        Node::new("divider", &node)
    }
}

/// Its children, while a value of the data model is as it says.
#[derive(Clone, Debug, Serialize)]
pub struct When {
    /// JSON pointer.
    #[serde(rename = "bind")]
    pub bind: String,
    /// What the value must be; missing: anything but false, empty or null.
    #[serde(rename = "is", skip_serializing_if = "Option::is_none")]
    pub is: Option<Value>,
    #[serde(skip)]
    children: Vec<Node>,
}

impl When {
    /// With what it cannot be without.
    pub fn new(bind: impl Into<String>) -> Self {
        Self { bind: bind.into(), is: None, children: Vec::new() }
    }

    /// What the value must be; missing: anything but false, empty or null.
    #[must_use]
    pub fn is(mut self, is: impl Into<Value>) -> Self {
        self.is = Some(is.into());
        self
    }

    /// Adds a node inside, below the others.
    #[must_use]
    pub fn show(mut self, node: impl Into<Node>) -> Self {
        self.children.push(node.into());
        self
    }
}

/// Its children, while a value of the data model is as it says.
pub fn when(bind: impl Into<String>) -> When {
    When::new(bind)
}

impl From<When> for Node {
    fn from(node: When) -> Self {
        Node::new("when", &node).with(node.children)
    }
}

/// Markdown (CommonMark, tables, task lists) drawn safely: no HTML, no scripts, pictures only from the asset.
#[derive(Clone, Debug, Serialize)]
pub struct Markdown {
    /// The property `text`.
    #[serde(rename = "text")]
    pub text: String,
    /// The address that relative links start from.
    #[serde(rename = "base", skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
}

impl Markdown {
    /// With what it cannot be without.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), base: None }
    }

    /// The address that relative links start from.
    #[must_use]
    pub fn base(mut self, base: impl Into<String>) -> Self {
        self.base = Some(base.into());
        self
    }
}

/// Markdown (CommonMark, tables, task lists) drawn safely: no HTML, no scripts, pictures only from the asset.
pub fn markdown(text: impl Into<String>) -> Markdown {
    Markdown::new(text)
}

impl From<Markdown> for Node {
    fn from(node: Markdown) -> Self {
        Node::new("markdown", &node)
    }
}

/// Words that describe something; with `add` and `remove` they can be changed in place.
#[derive(Clone, Debug, Serialize)]
pub struct Tags {
    /// The property `items`.
    #[serde(rename = "items")]
    pub items: Vec<String>,
    /// Adds the word in `{"$value": true}`.
    #[serde(rename = "add", skip_serializing_if = "Option::is_none")]
    pub add: Option<Action>,
    /// Takes the word in `{"$value": true}` away.
    #[serde(rename = "remove", skip_serializing_if = "Option::is_none")]
    pub remove: Option<Action>,
}

impl Tags {
    /// With what it cannot be without.
    pub fn new(items: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { items: items.into_iter().map(Into::into).collect(), add: None, remove: None }
    }

    /// Adds the word in `{"$value": true}`.
    #[must_use]
    pub fn add(mut self, add: Action) -> Self {
        self.add = Some(add);
        self
    }

    /// Takes the word in `{"$value": true}` away.
    #[must_use]
    pub fn remove(mut self, remove: Action) -> Self {
        self.remove = Some(remove);
        self
    }
}

/// Words that describe something; with `add` and `remove` they can be changed in place.
pub fn tags(items: impl IntoIterator<Item = impl Into<String>>) -> Tags {
    Tags::new(items)
}

impl From<Tags> for Node {
    fn from(node: Tags) -> Self {
        Node::new("tags", &node)
    }
}

/// Leads to another place of the page.
#[derive(Clone, Debug, Serialize)]
pub struct Link {
    /// The property `text`.
    #[serde(rename = "text")]
    pub text: String,
    /// The property `open`.
    #[serde(rename = "open")]
    pub open: Target,
    /// The property `icon`.
    #[serde(rename = "icon", skip_serializing_if = "Option::is_none")]
    pub icon: Option<Icon>,
    /// A few words after it.
    #[serde(rename = "note", skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether it is where the person is.
    #[serde(rename = "current", skip_serializing_if = "Option::is_none")]
    pub current: Option<bool>,
}

impl Link {
    /// With what it cannot be without.
    pub fn new(text: impl Into<String>, open: Target) -> Self {
        Self { text: text.into(), open, icon: None, note: None, current: None }
    }

    /// The property `icon`.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// A few words after it.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Whether it is where the person is.
    #[must_use]
    pub fn current(mut self, current: bool) -> Self {
        self.current = Some(current);
        self
    }
}

/// Leads to another place of the page.
pub fn link(text: impl Into<String>, open: Target) -> Link {
    Link::new(text, open)
}

impl From<Link> for Node {
    fn from(node: Link) -> Self {
        Node::new("link", &node)
    }
}

/// The way to a folder, part by part.
#[derive(Clone, Debug, Serialize)]
pub struct Breadcrumb {
    /// The property `items`.
    #[serde(rename = "items")]
    pub items: Vec<Crumb>,
}

impl Breadcrumb {
    /// With what it cannot be without.
    pub fn new(items: impl IntoIterator<Item = Crumb>) -> Self {
        Self { items: items.into_iter().collect() }
    }
}

/// The way to a folder, part by part.
pub fn breadcrumb(items: impl IntoIterator<Item = Crumb>) -> Breadcrumb {
    Breadcrumb::new(items)
}

impl From<Breadcrumb> for Node {
    fn from(node: Breadcrumb) -> Self {
        Node::new("breadcrumb", &node)
    }
}

/// Things one below the other, each a row of its own.
#[derive(Clone, Debug, Serialize)]
pub struct List {
    /// The property `items`.
    #[serde(rename = "items")]
    pub items: Vec<Item>,
    /// What to say when there are none.
    #[serde(rename = "empty", skip_serializing_if = "Option::is_none")]
    pub empty: Option<String>,
    /// What the list is.
    #[serde(rename = "label", skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

impl List {
    /// With what it cannot be without.
    pub fn new(items: impl IntoIterator<Item = Item>) -> Self {
        Self { items: items.into_iter().collect(), empty: None, label: None }
    }

    /// What to say when there are none.
    #[must_use]
    pub fn empty(mut self, empty: impl Into<String>) -> Self {
        self.empty = Some(empty.into());
        self
    }

    /// What the list is.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }
}

/// Things one below the other, each a row of its own.
pub fn list(items: impl IntoIterator<Item = Item>) -> List {
    List::new(items)
}

impl From<List> for Node {
    fn from(node: List) -> Self {
        Node::new("list", &node)
    }
}

/// One number that matters.
#[derive(Clone, Debug, Serialize)]
pub struct Stat {
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
    /// The property `value`.
    #[serde(rename = "value")]
    pub value: Value,
    /// The property `type`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub r#type: Option<ValueType>,
    /// A few words under it.
    #[serde(rename = "note", skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The property `tone`.
    #[serde(rename = "tone", skip_serializing_if = "Option::is_none")]
    pub tone: Option<Tone>,
}

impl Stat {
    /// With what it cannot be without.
    pub fn new(label: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { label: label.into(), value: value.into(), r#type: None, note: None, tone: None }
    }

    /// The property `type`.
    #[must_use]
    pub fn r#type(mut self, r#type: ValueType) -> Self {
        self.r#type = Some(r#type);
        self
    }

    /// A few words under it.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// The property `tone`.
    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = Some(tone);
        self
    }
}

/// One number that matters.
pub fn stat(label: impl Into<String>, value: impl Into<Value>) -> Stat {
    Stat::new(label, value)
}

impl From<Stat> for Node {
    fn from(node: Stat) -> Self {
        Node::new("stat", &node)
    }
}

/// A JSON value that folds.
#[derive(Clone, Debug, Serialize)]
pub struct Json {
    /// The JSON.
    #[serde(rename = "text")]
    pub text: String,
    /// How many levels are open at first.
    #[serde(rename = "depth", skip_serializing_if = "Option::is_none")]
    pub depth: Option<u64>,
}

impl Json {
    /// With what it cannot be without.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), depth: None }
    }

    /// How many levels are open at first.
    #[must_use]
    pub fn depth(mut self, depth: u64) -> Self {
        self.depth = Some(depth);
        self
    }
}

/// A JSON value that folds.
pub fn json(text: impl Into<String>) -> Json {
    Json::new(text)
}

impl From<Json> for Node {
    fn from(node: Json) -> Self {
        Node::new("json", &node)
    }
}

/// Bytes as they are.
#[derive(Clone, Debug, Serialize)]
pub struct Hex {
    /// `PROJECT/ASSET[@REF]/PATH`; the page fetches what is seen.
    #[serde(rename = "object")]
    pub object: String,
    /// Bytes in all.
    #[serde(rename = "size")]
    pub size: u64,
}

impl Hex {
    /// With what it cannot be without.
    pub fn new(object: impl Into<String>, size: u64) -> Self {
        Self { object: object.into(), size }
    }
}

/// Bytes as they are.
pub fn hex(object: impl Into<String>, size: u64) -> Hex {
    Hex::new(object, size)
}

impl From<Hex> for Node {
    fn from(node: Hex) -> Self {
        Node::new("hex", &node)
    }
}

/// Two texts side by side, with what differs marked.
#[derive(Clone, Debug, Serialize)]
pub struct Diff {
    /// The property `before`.
    #[serde(rename = "before")]
    pub before: String,
    /// The property `after`.
    #[serde(rename = "after")]
    pub after: String,
    /// The property `before-title`.
    #[serde(rename = "before-title", skip_serializing_if = "Option::is_none")]
    pub before_title: Option<String>,
    /// The property `after-title`.
    #[serde(rename = "after-title", skip_serializing_if = "Option::is_none")]
    pub after_title: Option<String>,
}

impl Diff {
    /// With what it cannot be without.
    pub fn new(before: impl Into<String>, after: impl Into<String>) -> Self {
        Self { before: before.into(), after: after.into(), before_title: None, after_title: None }
    }

    /// The property `before-title`.
    #[must_use]
    pub fn before_title(mut self, before_title: impl Into<String>) -> Self {
        self.before_title = Some(before_title.into());
        self
    }

    /// The property `after-title`.
    #[must_use]
    pub fn after_title(mut self, after_title: impl Into<String>) -> Self {
        self.after_title = Some(after_title.into());
        self
    }
}

/// Two texts side by side, with what differs marked.
pub fn diff(before: impl Into<String>, after: impl Into<String>) -> Diff {
    Diff::new(before, after)
}

impl From<Diff> for Node {
    fn from(node: Diff) -> Self {
        Node::new("diff", &node)
    }
}

/// Two pictures beside each other.
#[derive(Clone, Debug, Serialize)]
pub struct CompareImages {
    /// Address, empty when there is none.
    #[serde(rename = "before")]
    pub before: String,
    /// Address, empty when there is none.
    #[serde(rename = "after")]
    pub after: String,
    /// The property `alt`.
    #[serde(rename = "alt")]
    pub alt: String,
}

impl CompareImages {
    /// With what it cannot be without.
    pub fn new(before: impl Into<String>, after: impl Into<String>, alt: impl Into<String>) -> Self {
        Self { before: before.into(), after: after.into(), alt: alt.into() }
    }
}

/// Two pictures beside each other.
pub fn compare_images(before: impl Into<String>, after: impl Into<String>, alt: impl Into<String>) -> CompareImages {
    CompareImages::new(before, after, alt)
}

impl From<CompareImages> for Node {
    fn from(node: CompareImages) -> Self {
        Node::new("compare-images", &node)
    }
}

/// Numbers as bars, for comparing.
#[derive(Clone, Debug, Serialize)]
pub struct Bars {
    /// The property `items`.
    #[serde(rename = "items")]
    pub items: Vec<Bar>,
    /// What it shows.
    #[serde(rename = "label")]
    pub label: String,
    /// The property `type`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub r#type: Option<ValueType>,
}

impl Bars {
    /// With what it cannot be without.
    pub fn new(items: impl IntoIterator<Item = Bar>, label: impl Into<String>) -> Self {
        Self { items: items.into_iter().collect(), label: label.into(), r#type: None }
    }

    /// The property `type`.
    #[must_use]
    pub fn r#type(mut self, r#type: ValueType) -> Self {
        self.r#type = Some(r#type);
        self
    }
}

/// Numbers as bars, for comparing.
pub fn bars(items: impl IntoIterator<Item = Bar>, label: impl Into<String>) -> Bars {
    Bars::new(items, label)
}

impl From<Bars> for Node {
    fn from(node: Bars) -> Self {
        Node::new("bars", &node)
    }
}

/// Numbers over a line of numbers or times.
#[derive(Clone, Debug, Serialize)]
pub struct Chart {
    /// The property `x`.
    #[serde(rename = "x")]
    pub x: Vec<f64>,
    /// The property `x-type`.
    #[serde(rename = "x-type", skip_serializing_if = "Option::is_none")]
    pub x_type: Option<ValueType>,
    /// The property `series`.
    #[serde(rename = "series")]
    pub series: Vec<Series>,
    /// What it shows.
    #[serde(rename = "label")]
    pub label: String,
}

impl Chart {
    /// With what it cannot be without.
    pub fn new(
        x: impl IntoIterator<Item = f64>,
        series: impl IntoIterator<Item = Series>,
        label: impl Into<String>,
    ) -> Self {
        Self { x: x.into_iter().collect(), x_type: None, series: series.into_iter().collect(), label: label.into() }
    }

    /// The property `x-type`.
    #[must_use]
    pub fn x_type(mut self, x_type: ValueType) -> Self {
        self.x_type = Some(x_type);
        self
    }
}

/// Numbers over a line of numbers or times.
pub fn chart(
    x: impl IntoIterator<Item = f64>,
    series: impl IntoIterator<Item = Series>,
    label: impl Into<String>,
) -> Chart {
    Chart::new(x, series, label)
}

impl From<Chart> for Node {
    fn from(node: Chart) -> Self {
        Node::new("chart", &node)
    }
}

/// Numbers as a line as high as a word.
#[derive(Clone, Debug, Serialize)]
pub struct Sparkline {
    /// The property `values`.
    #[serde(rename = "values")]
    pub values: Vec<f64>,
    /// What it shows.
    #[serde(rename = "label")]
    pub label: String,
}

impl Sparkline {
    /// With what it cannot be without.
    pub fn new(values: impl IntoIterator<Item = f64>, label: impl Into<String>) -> Self {
        Self { values: values.into_iter().collect(), label: label.into() }
    }
}

/// Numbers as a line as high as a word.
pub fn sparkline(values: impl IntoIterator<Item = f64>, label: impl Into<String>) -> Sparkline {
    Sparkline::new(values, label)
}

impl From<Sparkline> for Node {
    fn from(node: Sparkline) -> Self {
        Node::new("sparkline", &node)
    }
}

/// Sound, with a player.
#[derive(Clone, Debug, Serialize)]
pub struct Audio {
    /// `PROJECT/ASSET[@REF]/PATH`
    #[serde(rename = "source")]
    pub source: String,
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
}

impl Audio {
    /// With what it cannot be without.
    pub fn new(source: impl Into<String>, label: impl Into<String>) -> Self {
        Self { source: source.into(), label: label.into() }
    }
}

/// Sound, with a player.
pub fn audio(source: impl Into<String>, label: impl Into<String>) -> Audio {
    Audio::new(source, label)
}

impl From<Audio> for Node {
    fn from(node: Audio) -> Self {
        Node::new("audio", &node)
    }
}

/// Moving pictures, with a player.
#[derive(Clone, Debug, Serialize)]
pub struct Video {
    /// `PROJECT/ASSET[@REF]/PATH`
    #[serde(rename = "source")]
    pub source: String,
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
}

impl Video {
    /// With what it cannot be without.
    pub fn new(source: impl Into<String>, label: impl Into<String>) -> Self {
        Self { source: source.into(), label: label.into() }
    }
}

/// Moving pictures, with a player.
pub fn video(source: impl Into<String>, label: impl Into<String>) -> Video {
    Video::new(source, label)
}

impl From<Video> for Node {
    fn from(node: Video) -> Self {
        Node::new("video", &node)
    }
}

/// Inputs that are sent together.
#[derive(Clone, Debug, Serialize)]
pub struct Form {
    /// The property `action`.
    #[serde(rename = "action")]
    pub action: Action,
    /// What the button says.
    #[serde(rename = "submit")]
    pub submit: String,
    #[serde(skip)]
    children: Vec<Node>,
}

impl Form {
    /// With what it cannot be without.
    pub fn new(action: Action, submit: impl Into<String>) -> Self {
        Self { action, submit: submit.into(), children: Vec::new() }
    }

    /// Adds a node inside, below the others.
    #[must_use]
    pub fn show(mut self, node: impl Into<Node>) -> Self {
        self.children.push(node.into());
        self
    }
}

/// Inputs that are sent together.
pub fn form(action: Action, submit: impl Into<String>) -> Form {
    Form::new(action, submit)
}

impl From<Form> for Node {
    fn from(node: Form) -> Self {
        Node::new("form", &node).with(node.children)
    }
}

/// A line of text.
#[derive(Clone, Debug, Serialize)]
pub struct Input {
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
    /// One sentence under it.
    #[serde(rename = "help", skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// JSON pointer of its value in the data model.
    #[serde(rename = "bind")]
    pub bind: String,
    /// The property `check`.
    #[serde(rename = "check", skip_serializing_if = "Option::is_none")]
    pub check: Option<Validation>,
    /// The property `placeholder`.
    #[serde(rename = "placeholder", skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<String>,
}

impl Input {
    /// With what it cannot be without.
    pub fn new(label: impl Into<String>, bind: impl Into<String>) -> Self {
        Self { label: label.into(), help: None, bind: bind.into(), check: None, placeholder: None }
    }

    /// One sentence under it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The property `check`.
    #[must_use]
    pub fn check(mut self, check: Validation) -> Self {
        self.check = Some(check);
        self
    }

    /// The property `placeholder`.
    #[must_use]
    pub fn placeholder(mut self, placeholder: impl Into<String>) -> Self {
        self.placeholder = Some(placeholder.into());
        self
    }
}

/// A line of text.
pub fn input(label: impl Into<String>, bind: impl Into<String>) -> Input {
    Input::new(label, bind)
}

impl From<Input> for Node {
    fn from(node: Input) -> Self {
        Node::new("input", &node)
    }
}

/// Text of many lines.
#[derive(Clone, Debug, Serialize)]
pub struct Area {
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
    /// One sentence under it.
    #[serde(rename = "help", skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// JSON pointer of its value in the data model.
    #[serde(rename = "bind")]
    pub bind: String,
    /// The property `check`.
    #[serde(rename = "check", skip_serializing_if = "Option::is_none")]
    pub check: Option<Validation>,
    /// How high it is.
    #[serde(rename = "rows", skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

impl Area {
    /// With what it cannot be without.
    pub fn new(label: impl Into<String>, bind: impl Into<String>) -> Self {
        Self { label: label.into(), help: None, bind: bind.into(), check: None, rows: None }
    }

    /// One sentence under it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The property `check`.
    #[must_use]
    pub fn check(mut self, check: Validation) -> Self {
        self.check = Some(check);
        self
    }

    /// How high it is.
    #[must_use]
    pub fn rows(mut self, rows: u64) -> Self {
        self.rows = Some(rows);
        self
    }
}

/// Text of many lines.
pub fn area(label: impl Into<String>, bind: impl Into<String>) -> Area {
    Area::new(label, bind)
}

impl From<Area> for Node {
    fn from(node: Area) -> Self {
        Node::new("area", &node)
    }
}

/// A number.
#[derive(Clone, Debug, Serialize)]
pub struct Number {
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
    /// One sentence under it.
    #[serde(rename = "help", skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// JSON pointer of its value in the data model.
    #[serde(rename = "bind")]
    pub bind: String,
    /// The property `check`.
    #[serde(rename = "check", skip_serializing_if = "Option::is_none")]
    pub check: Option<Validation>,
    /// The property `unit`.
    #[serde(rename = "unit", skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

impl Number {
    /// With what it cannot be without.
    pub fn new(label: impl Into<String>, bind: impl Into<String>) -> Self {
        Self { label: label.into(), help: None, bind: bind.into(), check: None, unit: None }
    }

    /// One sentence under it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The property `check`.
    #[must_use]
    pub fn check(mut self, check: Validation) -> Self {
        self.check = Some(check);
        self
    }

    /// The property `unit`.
    #[must_use]
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = Some(unit.into());
        self
    }
}

/// A number.
pub fn number(label: impl Into<String>, bind: impl Into<String>) -> Number {
    Number::new(label, bind)
}

impl From<Number> for Node {
    fn from(node: Number) -> Self {
        Node::new("number", &node)
    }
}

/// One out of a few.
#[derive(Clone, Debug, Serialize)]
pub struct Select {
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
    /// One sentence under it.
    #[serde(rename = "help", skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// JSON pointer of its value in the data model.
    #[serde(rename = "bind")]
    pub bind: String,
    /// The property `check`.
    #[serde(rename = "check", skip_serializing_if = "Option::is_none")]
    pub check: Option<Validation>,
    /// The property `options`.
    #[serde(rename = "options")]
    pub options: Vec<Choice>,
    /// Runs when another one is chosen.
    #[serde(rename = "change", skip_serializing_if = "Option::is_none")]
    pub change: Option<Action>,
}

impl Select {
    /// With what it cannot be without.
    pub fn new(label: impl Into<String>, bind: impl Into<String>, options: impl IntoIterator<Item = Choice>) -> Self {
        Self {
            label: label.into(),
            help: None,
            bind: bind.into(),
            check: None,
            options: options.into_iter().collect(),
            change: None,
        }
    }

    /// One sentence under it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The property `check`.
    #[must_use]
    pub fn check(mut self, check: Validation) -> Self {
        self.check = Some(check);
        self
    }

    /// Runs when another one is chosen.
    #[must_use]
    pub fn change(mut self, change: Action) -> Self {
        self.change = Some(change);
        self
    }
}

/// One out of a few.
pub fn select(label: impl Into<String>, bind: impl Into<String>, options: impl IntoIterator<Item = Choice>) -> Select {
    Select::new(label, bind, options)
}

impl From<Select> for Node {
    fn from(node: Select) -> Self {
        Node::new("select", &node)
    }
}

/// One out of a few, all of them to be seen.
#[derive(Clone, Debug, Serialize)]
pub struct Radio {
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
    /// One sentence under it.
    #[serde(rename = "help", skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// JSON pointer of its value in the data model.
    #[serde(rename = "bind")]
    pub bind: String,
    /// The property `check`.
    #[serde(rename = "check", skip_serializing_if = "Option::is_none")]
    pub check: Option<Validation>,
    /// The property `options`.
    #[serde(rename = "options")]
    pub options: Vec<Choice>,
}

impl Radio {
    /// With what it cannot be without.
    pub fn new(label: impl Into<String>, bind: impl Into<String>, options: impl IntoIterator<Item = Choice>) -> Self {
        Self { label: label.into(), help: None, bind: bind.into(), check: None, options: options.into_iter().collect() }
    }

    /// One sentence under it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The property `check`.
    #[must_use]
    pub fn check(mut self, check: Validation) -> Self {
        self.check = Some(check);
        self
    }
}

/// One out of a few, all of them to be seen.
pub fn radio(label: impl Into<String>, bind: impl Into<String>, options: impl IntoIterator<Item = Choice>) -> Radio {
    Radio::new(label, bind, options)
}

impl From<Radio> for Node {
    fn from(node: Radio) -> Self {
        Node::new("radio", &node)
    }
}

/// One out of many, found by typing.
#[derive(Clone, Debug, Serialize)]
pub struct Combobox {
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
    /// One sentence under it.
    #[serde(rename = "help", skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// JSON pointer of its value in the data model.
    #[serde(rename = "bind")]
    pub bind: String,
    /// The property `check`.
    #[serde(rename = "check", skip_serializing_if = "Option::is_none")]
    pub check: Option<Validation>,
    /// The property `options`.
    #[serde(rename = "options")]
    pub options: Vec<Choice>,
    /// Whether anything else may be typed.
    #[serde(rename = "free", skip_serializing_if = "Option::is_none")]
    pub free: Option<bool>,
}

impl Combobox {
    /// With what it cannot be without.
    pub fn new(label: impl Into<String>, bind: impl Into<String>, options: impl IntoIterator<Item = Choice>) -> Self {
        Self {
            label: label.into(),
            help: None,
            bind: bind.into(),
            check: None,
            options: options.into_iter().collect(),
            free: None,
        }
    }

    /// One sentence under it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The property `check`.
    #[must_use]
    pub fn check(mut self, check: Validation) -> Self {
        self.check = Some(check);
        self
    }

    /// Whether anything else may be typed.
    #[must_use]
    pub fn free(mut self, free: bool) -> Self {
        self.free = Some(free);
        self
    }
}

/// One out of many, found by typing.
pub fn combobox(
    label: impl Into<String>,
    bind: impl Into<String>,
    options: impl IntoIterator<Item = Choice>,
) -> Combobox {
    Combobox::new(label, bind, options)
}

impl From<Combobox> for Node {
    fn from(node: Combobox) -> Self {
        Node::new("combobox", &node)
    }
}

/// Yes or no.
#[derive(Clone, Debug, Serialize)]
pub struct Checkbox {
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
    /// One sentence under it.
    #[serde(rename = "help", skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// JSON pointer of its value in the data model.
    #[serde(rename = "bind")]
    pub bind: String,
    /// The property `check`.
    #[serde(rename = "check", skip_serializing_if = "Option::is_none")]
    pub check: Option<Validation>,
}

impl Checkbox {
    /// With what it cannot be without.
    pub fn new(label: impl Into<String>, bind: impl Into<String>) -> Self {
        Self { label: label.into(), help: None, bind: bind.into(), check: None }
    }

    /// One sentence under it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The property `check`.
    #[must_use]
    pub fn check(mut self, check: Validation) -> Self {
        self.check = Some(check);
        self
    }
}

/// Yes or no.
pub fn checkbox(label: impl Into<String>, bind: impl Into<String>) -> Checkbox {
    Checkbox::new(label, bind)
}

impl From<Checkbox> for Node {
    fn from(node: Checkbox) -> Self {
        Node::new("checkbox", &node)
    }
}

/// On or off, at once.
#[derive(Clone, Debug, Serialize)]
pub struct Switch {
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
    /// One sentence under it.
    #[serde(rename = "help", skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// JSON pointer of its value in the data model.
    #[serde(rename = "bind")]
    pub bind: String,
    /// Runs when it is switched; its new value is `{"$value": true}`.
    #[serde(rename = "change", skip_serializing_if = "Option::is_none")]
    pub change: Option<Action>,
}

impl Switch {
    /// With what it cannot be without.
    pub fn new(label: impl Into<String>, bind: impl Into<String>) -> Self {
        Self { label: label.into(), help: None, bind: bind.into(), change: None }
    }

    /// One sentence under it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Runs when it is switched; its new value is `{"$value": true}`.
    #[must_use]
    pub fn change(mut self, change: Action) -> Self {
        self.change = Some(change);
        self
    }
}

/// On or off, at once.
pub fn switch(label: impl Into<String>, bind: impl Into<String>) -> Switch {
    Switch::new(label, bind)
}

impl From<Switch> for Node {
    fn from(node: Switch) -> Self {
        Node::new("switch", &node)
    }
}

/// A day.
#[derive(Clone, Debug, Serialize)]
pub struct Date {
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
    /// One sentence under it.
    #[serde(rename = "help", skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// JSON pointer of its value in the data model.
    #[serde(rename = "bind")]
    pub bind: String,
    /// The property `check`.
    #[serde(rename = "check", skip_serializing_if = "Option::is_none")]
    pub check: Option<Validation>,
}

impl Date {
    /// With what it cannot be without.
    pub fn new(label: impl Into<String>, bind: impl Into<String>) -> Self {
        Self { label: label.into(), help: None, bind: bind.into(), check: None }
    }

    /// One sentence under it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The property `check`.
    #[must_use]
    pub fn check(mut self, check: Validation) -> Self {
        self.check = Some(check);
        self
    }
}

/// A day.
pub fn date(label: impl Into<String>, bind: impl Into<String>) -> Date {
    Date::new(label, bind)
}

impl From<Date> for Node {
    fn from(node: Date) -> Self {
        Node::new("date", &node)
    }
}

/// A number between two others.
#[derive(Clone, Debug, Serialize)]
pub struct Range {
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
    /// One sentence under it.
    #[serde(rename = "help", skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// JSON pointer of its value in the data model.
    #[serde(rename = "bind")]
    pub bind: String,
    /// The property `minimum`.
    #[serde(rename = "minimum")]
    pub minimum: f64,
    /// The property `maximum`.
    #[serde(rename = "maximum")]
    pub maximum: f64,
    /// The property `step`.
    #[serde(rename = "step", skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
}

impl Range {
    /// With what it cannot be without.
    pub fn new(label: impl Into<String>, bind: impl Into<String>, minimum: f64, maximum: f64) -> Self {
        Self { label: label.into(), help: None, bind: bind.into(), minimum, maximum, step: None }
    }

    /// One sentence under it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The property `step`.
    #[must_use]
    pub fn step(mut self, step: f64) -> Self {
        self.step = Some(step);
        self
    }
}

/// A number between two others.
pub fn range(label: impl Into<String>, bind: impl Into<String>, minimum: f64, maximum: f64) -> Range {
    Range::new(label, bind, minimum, maximum)
}

impl From<Range> for Node {
    fn from(node: Range) -> Self {
        Node::new("range", &node)
    }
}

/// A text in some language, with its colours.
#[derive(Clone, Debug, Serialize)]
pub struct Editor {
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
    /// One sentence under it.
    #[serde(rename = "help", skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// JSON pointer of its value in the data model.
    #[serde(rename = "bind")]
    pub bind: String,
    /// The property `check`.
    #[serde(rename = "check", skip_serializing_if = "Option::is_none")]
    pub check: Option<Validation>,
    /// Such as `toml`, `sql`, `json`.
    #[serde(rename = "language", skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// How high it is.
    #[serde(rename = "rows", skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// What is wrong in it, marked at its place.
    #[serde(rename = "problem", skip_serializing_if = "Option::is_none")]
    pub problem: Option<TextProblem>,
    /// The name that the plug-in's own `action` is called with while the person types, with `text` and `cursor`: it puts `[{text, kind, detail, from, to}]` at `/completions` of the data model, and `text` takes the place of what stands from `from` to before `to`. Places are counted in UTF-16 code units.
    #[serde(rename = "complete", skip_serializing_if = "Option::is_none")]
    pub complete: Option<String>,
}

impl Editor {
    /// With what it cannot be without.
    pub fn new(label: impl Into<String>, bind: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            help: None,
            bind: bind.into(),
            check: None,
            language: None,
            rows: None,
            problem: None,
            complete: None,
        }
    }

    /// One sentence under it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The property `check`.
    #[must_use]
    pub fn check(mut self, check: Validation) -> Self {
        self.check = Some(check);
        self
    }

    /// Such as `toml`, `sql`, `json`.
    #[must_use]
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(language.into());
        self
    }

    /// How high it is.
    #[must_use]
    pub fn rows(mut self, rows: u64) -> Self {
        self.rows = Some(rows);
        self
    }

    /// What is wrong in it, marked at its place.
    #[must_use]
    pub fn problem(mut self, problem: TextProblem) -> Self {
        self.problem = Some(problem);
        self
    }

    /// The name that the plug-in's own `action` is called with while the person types, with `text` and `cursor`: it puts `[{text, kind, detail, from, to}]` at `/completions` of the data model, and `text` takes the place of what stands from `from` to before `to`. Places are counted in UTF-16 code units.
    #[must_use]
    pub fn complete(mut self, complete: impl Into<String>) -> Self {
        self.complete = Some(complete.into());
        self
    }
}

/// A text in some language, with its colours.
pub fn editor(label: impl Into<String>, bind: impl Into<String>) -> Editor {
    Editor::new(label, bind)
}

impl From<Editor> for Node {
    fn from(node: Editor) -> Self {
        Node::new("editor", &node)
    }
}

/// A place where files can be dropped or chosen.
#[derive(Clone, Debug, Serialize)]
pub struct Drop {
    /// `PROJECT/ASSET[@BRANCH][/FOLDER]`
    #[serde(rename = "to")]
    pub to: String,
    /// The property `text`.
    #[serde(rename = "text")]
    pub text: String,
    /// As of an action that uploads.
    #[serde(rename = "undo", skip_serializing_if = "Option::is_none")]
    pub undo: Option<Undo>,
}

impl Drop {
    /// With what it cannot be without.
    pub fn new(to: impl Into<String>, text: impl Into<String>) -> Self {
        Self { to: to.into(), text: text.into(), undo: None }
    }

    /// As of an action that uploads.
    #[must_use]
    pub fn undo(mut self, undo: Undo) -> Self {
        self.undo = Some(undo);
        self
    }
}

/// A place where files can be dropped or chosen.
pub fn drop(to: impl Into<String>, text: impl Into<String>) -> Drop {
    Drop::new(to, text)
}

impl From<Drop> for Node {
    fn from(node: Drop) -> Self {
        Node::new("drop", &node)
    }
}

/// Does something.
#[derive(Clone, Debug, Serialize)]
pub struct Button {
    /// The property `text`.
    #[serde(rename = "text")]
    pub text: String,
    /// The property `icon`.
    #[serde(rename = "icon", skip_serializing_if = "Option::is_none")]
    pub icon: Option<Icon>,
    /// The property `action`.
    #[serde(rename = "action")]
    pub action: Action,
    /// The property `weight`.
    #[serde(rename = "weight", skip_serializing_if = "Option::is_none")]
    pub weight: Option<Weight>,
    /// More words, on demand.
    #[serde(rename = "help", skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Button {
    /// With what it cannot be without.
    pub fn new(text: impl Into<String>, action: Action) -> Self {
        Self { text: text.into(), icon: None, action, weight: None, help: None }
    }

    /// The property `icon`.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// The property `weight`.
    #[must_use]
    pub fn weight(mut self, weight: Weight) -> Self {
        self.weight = Some(weight);
        self
    }

    /// More words, on demand.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Does something.
pub fn button(text: impl Into<String>, action: Action) -> Button {
    Button::new(text, action)
}

impl From<Button> for Node {
    fn from(node: Button) -> Self {
        Node::new("button", &node)
    }
}

/// A button that shows more to choose.
#[derive(Clone, Debug, Serialize)]
pub struct Menu {
    /// The property `text`.
    #[serde(rename = "text")]
    pub text: String,
    /// The property `icon`.
    #[serde(rename = "icon", skip_serializing_if = "Option::is_none")]
    pub icon: Option<Icon>,
    /// The property `items`.
    #[serde(rename = "items")]
    pub items: Vec<MenuItem>,
}

impl Menu {
    /// With what it cannot be without.
    pub fn new(text: impl Into<String>, items: impl IntoIterator<Item = MenuItem>) -> Self {
        Self { text: text.into(), icon: None, items: items.into_iter().collect() }
    }

    /// The property `icon`.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }
}

/// A button that shows more to choose.
pub fn menu(text: impl Into<String>, items: impl IntoIterator<Item = MenuItem>) -> Menu {
    Menu::new(text, items)
}

impl From<Menu> for Node {
    fn from(node: Menu) -> Self {
        Node::new("menu", &node)
    }
}

/// The form of a command, made of its declaration.
#[derive(Clone, Debug, Serialize)]
pub struct Command {
    /// The property `run`.
    #[serde(rename = "run")]
    pub run: Vec<String>,
    /// The property `arguments`.
    #[serde(rename = "arguments", skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Map<String, Value>>,
}

impl Command {
    /// With what it cannot be without.
    pub fn new(run: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { run: run.into_iter().map(Into::into).collect(), arguments: None }
    }

    /// The property `arguments`.
    #[must_use]
    pub fn arguments(mut self, arguments: Map<String, Value>) -> Self {
        self.arguments = Some(arguments);
        self
    }
}

/// The form of a command, made of its declaration.
pub fn command(run: impl IntoIterator<Item = impl Into<String>>) -> Command {
    Command::new(run)
}

impl From<Command> for Node {
    fn from(node: Command) -> Self {
        Node::new("command", &node)
    }
}

/// How far something is.
#[derive(Clone, Debug, Serialize)]
pub struct Progress {
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
    /// The property `done`.
    #[serde(rename = "done")]
    pub done: f64,
    /// Missing while it is not known.
    #[serde(rename = "total", skip_serializing_if = "Option::is_none")]
    pub total: Option<f64>,
    /// The property `type`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub r#type: Option<ValueType>,
}

impl Progress {
    /// With what it cannot be without.
    pub fn new(label: impl Into<String>, done: f64) -> Self {
        Self { label: label.into(), done, total: None, r#type: None }
    }

    /// Missing while it is not known.
    #[must_use]
    pub fn total(mut self, total: f64) -> Self {
        self.total = Some(total);
        self
    }

    /// The property `type`.
    #[must_use]
    pub fn r#type(mut self, r#type: ValueType) -> Self {
        self.r#type = Some(r#type);
        self
    }
}

/// How far something is.
pub fn progress(label: impl Into<String>, done: f64) -> Progress {
    Progress::new(label, done)
}

impl From<Progress> for Node {
    fn from(node: Progress) -> Self {
        Node::new("progress", &node)
    }
}

/// What to say where there is nothing yet, and the way on.
#[derive(Clone, Debug, Serialize)]
pub struct Empty {
    /// The property `title`.
    #[serde(rename = "title")]
    pub title: String,
    /// The property `text`.
    #[serde(rename = "text", skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The property `icon`.
    #[serde(rename = "icon", skip_serializing_if = "Option::is_none")]
    pub icon: Option<Icon>,
    /// The property `actions`.
    #[serde(rename = "actions", skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<MenuItem>>,
}

impl Empty {
    /// With what it cannot be without.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), text: None, icon: None, actions: None }
    }

    /// The property `text`.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// The property `icon`.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// The property `actions`.
    #[must_use]
    pub fn actions(mut self, actions: impl IntoIterator<Item = MenuItem>) -> Self {
        self.actions = Some(actions.into_iter().collect());
        self
    }
}

/// What to say where there is nothing yet, and the way on.
pub fn empty(title: impl Into<String>) -> Empty {
    Empty::new(title)
}

impl From<Empty> for Node {
    fn from(node: Empty) -> Self {
        Node::new("empty", &node)
    }
}

/// Something the person should know.
#[derive(Clone, Debug, Serialize)]
pub struct Callout {
    /// The property `text`.
    #[serde(rename = "text")]
    pub text: String,
    /// The property `title`.
    #[serde(rename = "title", skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The property `tone`.
    #[serde(rename = "tone", skip_serializing_if = "Option::is_none")]
    pub tone: Option<Tone>,
    /// The property `actions`.
    #[serde(rename = "actions", skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<MenuItem>>,
}

impl Callout {
    /// With what it cannot be without.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), title: None, tone: None, actions: None }
    }

    /// The property `title`.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// The property `tone`.
    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = Some(tone);
        self
    }

    /// The property `actions`.
    #[must_use]
    pub fn actions(mut self, actions: impl IntoIterator<Item = MenuItem>) -> Self {
        self.actions = Some(actions.into_iter().collect());
        self
    }
}

/// Something the person should know.
pub fn callout(text: impl Into<String>) -> Callout {
    Callout::new(text)
}

impl From<Callout> for Node {
    fn from(node: Callout) -> Self {
        Node::new("callout", &node)
    }
}

/// What to do one after the other, and what is done.
#[derive(Clone, Debug, Serialize)]
pub struct Steps {
    /// The property `items`.
    #[serde(rename = "items")]
    pub items: Vec<Step>,
}

impl Steps {
    /// With what it cannot be without.
    pub fn new(items: impl IntoIterator<Item = Step>) -> Self {
        Self { items: items.into_iter().collect() }
    }
}

/// What to do one after the other, and what is done.
pub fn steps(items: impl IntoIterator<Item = Step>) -> Steps {
    Steps::new(items)
}

impl From<Steps> for Node {
    fn from(node: Steps) -> Self {
        Node::new("steps", &node)
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

/// `bytes`, `count` are integers, `number` is any number, `time` is milliseconds since 1970 UTC, `tags` is a list of words, `path` is shortened in its middle, `duration` is milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueType {
    /// `text`
    Text,
    /// `bytes`
    Bytes,
    /// `count`
    Count,
    /// `number`
    Number,
    /// `time`
    Time,
    /// `tags`
    Tags,
    /// `path`
    Path,
    /// `duration`
    Duration,
    /// `boolean`
    Boolean,
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
    /// Whether rows can be put in the order of it.
    #[serde(rename = "sortable", skip_serializing_if = "Option::is_none")]
    pub sortable: Option<bool>,
    /// Whether its cell leads to the place `row.$open` (a target), so that a click opens it.
    #[serde(rename = "open", skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    /// The property `width`.
    #[serde(rename = "width", skip_serializing_if = "Option::is_none")]
    pub width: Option<Size>,
}

impl Column {
    /// With what it cannot be without.
    pub fn new(key: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            label: label.into(),
            align: None,
            r#type: None,
            sortable: None,
            open: None,
            width: None,
        }
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

    /// Whether rows can be put in the order of it.
    #[must_use]
    pub fn sortable(mut self, sortable: bool) -> Self {
        self.sortable = Some(sortable);
        self
    }

    /// Whether its cell leads to the place `row.$open` (a target), so that a click opens it.
    #[must_use]
    pub fn open(mut self, open: bool) -> Self {
        self.open = Some(open);
        self
    }

    /// The property `width`.
    #[must_use]
    pub fn width(mut self, width: Size) -> Self {
        self.width = Some(width);
        self
    }
}

/// What the rows of a table are about: the slots `asset-column` and `asset-action` are for the one, `object-column` and `object-action` for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    /// `assets`
    Assets,
    /// `objects`
    Objects,
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
    /// Where it leads.
    #[serde(rename = "open", skip_serializing_if = "Option::is_none")]
    pub open: Option<Target>,
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
            open: None,
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

    /// Where it leads.
    #[must_use]
    pub fn open(mut self, open: Target) -> Self {
        self.open = Some(open);
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
    /// What choosing it does.
    #[serde(rename = "action", skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// Whether the list is narrowed by it.
    #[serde(rename = "chosen", skip_serializing_if = "Option::is_none")]
    pub chosen: Option<bool>,
}

impl FacetValue {
    /// With what it cannot be without.
    pub fn new(value: impl Into<String>, count: u64) -> Self {
        Self { value: value.into(), count, action: None, chosen: None }
    }

    /// What choosing it does.
    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        self.action = Some(action);
        self
    }

    /// Whether the list is narrowed by it.
    #[must_use]
    pub fn chosen(mut self, chosen: bool) -> Self {
        self.chosen = Some(chosen);
        self
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
    /// What choosing it does.
    #[serde(rename = "action", skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// What else can be done with it.
    #[serde(rename = "actions", skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<MenuItem>>,
}

impl Change {
    /// With what it cannot be without.
    pub fn new(path: impl Into<String>, kind: ChangeKind) -> Self {
        Self { path: path.into(), kind, before: None, after: None, action: None, actions: None }
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

    /// What choosing it does.
    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        self.action = Some(action);
        self
    }

    /// What else can be done with it.
    #[must_use]
    pub fn actions(mut self, actions: impl IntoIterator<Item = MenuItem>) -> Self {
        self.actions = Some(actions.into_iter().collect());
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
    /// What choosing it does.
    #[serde(rename = "action", skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// What else can be done with it.
    #[serde(rename = "actions", skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<MenuItem>>,
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
        Self {
            id: id.into(),
            message: message.into(),
            author: author.into(),
            created,
            objects,
            size,
            names: None,
            action: None,
            actions: None,
        }
    }

    /// Branches and versions that stand for it.
    #[must_use]
    pub fn names(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// What choosing it does.
    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        self.action = Some(action);
        self
    }

    /// What else can be done with it.
    #[must_use]
    pub fn actions(mut self, actions: impl IntoIterator<Item = MenuItem>) -> Self {
        self.actions = Some(actions.into_iter().collect());
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

/// A picture of the set that comes with the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Icon {
    /// `add`
    Add,
    /// `asset`
    Asset,
    /// `audio`
    Audio,
    /// `branch`
    Branch,
    /// `chart`
    Chart,
    /// `check`
    Check,
    /// `chevron-down`
    ChevronDown,
    /// `chevron-left`
    ChevronLeft,
    /// `chevron-right`
    ChevronRight,
    /// `close`
    Close,
    /// `code`
    Code,
    /// `column`
    Column,
    /// `commit`
    Commit,
    /// `copy`
    Copy,
    /// `database`
    Database,
    /// `delete`
    Delete,
    /// `download`
    Download,
    /// `edit`
    Edit,
    /// `error`
    Error,
    /// `file`
    File,
    /// `filter`
    Filter,
    /// `folder`
    Folder,
    /// `help`
    Help,
    /// `history`
    History,
    /// `home`
    Home,
    /// `image`
    Image,
    /// `info`
    Info,
    /// `keyboard`
    Keyboard,
    /// `link`
    Link,
    /// `list`
    List,
    /// `menu`
    Menu,
    /// `model`
    Model,
    /// `more`
    More,
    /// `moon`
    Moon,
    /// `pause`
    Pause,
    /// `play`
    Play,
    /// `plugin`
    Plugin,
    /// `project`
    Project,
    /// `query`
    Query,
    /// `redo`
    Redo,
    /// `refresh`
    Refresh,
    /// `restore`
    Restore,
    /// `retry`
    Retry,
    /// `rows`
    Rows,
    /// `save`
    Save,
    /// `search`
    Search,
    /// `settings`
    Settings,
    /// `shield`
    Shield,
    /// `sort-down`
    SortDown,
    /// `sort-up`
    SortUp,
    /// `split`
    Split,
    /// `star`
    Star,
    /// `stop`
    Stop,
    /// `sun`
    Sun,
    /// `table`
    Table,
    /// `tag`
    Tag,
    /// `task`
    Task,
    /// `text`
    Text,
    /// `undo`
    Undo,
    /// `upload`
    Upload,
    /// `user`
    User,
    /// `version`
    Version,
    /// `warning`
    Warning,
}

/// What happens when a person chooses something. Exactly one of `run`, `open`, `act`, `set`, `upload`, `download`, `copy` is there. A value of `arguments` or `set` is any JSON; in it `{"$data": POINTER}` stands for a value of the data model, `{"$row": KEY}` for a cell of the row that the action belongs to, `{"$selection": KEY}` for the cells of all selected rows, `{"$value": true}` for what the input holds now.
#[derive(Clone, Debug, Serialize)]
pub struct Action {
    /// The words of a command of some plug-in: the page runs it, asks before a `destroy`, shows errors and progress.
    #[serde(rename = "run", skip_serializing_if = "Option::is_none")]
    pub run: Option<Vec<String>>,
    /// Arguments of `run` or `act`, by name; values as in `value`.
    #[serde(rename = "arguments", skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Map<String, Value>>,
    /// Arguments of `run` that the page asks the person for first, in a form that it makes of the command's declaration.
    #[serde(rename = "ask", skip_serializing_if = "Option::is_none")]
    pub ask: Option<Vec<String>>,
    /// What is lost, in one or two sentences: the page asks the person before it does what no `undo` takes back.
    #[serde(rename = "confirm", skip_serializing_if = "Option::is_none")]
    pub confirm: Option<String>,
    /// Go to another place.
    #[serde(rename = "open", skip_serializing_if = "Option::is_none")]
    pub open: Option<Target>,
    /// The name that the plug-in's own `action` is called with.
    #[serde(rename = "act", skip_serializing_if = "Option::is_none")]
    pub act: Option<String>,
    /// Values to put into the data model, by JSON pointer; no call is made unless `reopen`.
    #[serde(rename = "set", skip_serializing_if = "Option::is_none")]
    pub set: Option<Map<String, Value>>,
    /// With `set`: the plug-in draws the surface again with the new data.
    #[serde(rename = "reopen", skip_serializing_if = "Option::is_none")]
    pub reopen: Option<bool>,
    /// Choose files of this machine and send them to `PROJECT/ASSET[@BRANCH][/FOLDER]`. Its `undo` is offered when none of them replaced another; `{addresses}` in it stands for the list of what arrived.
    #[serde(rename = "upload", skip_serializing_if = "Option::is_none")]
    pub upload: Option<String>,
    /// Save the object `PROJECT/ASSET[@REF]/PATH`.
    #[serde(rename = "download", skip_serializing_if = "Option::is_none")]
    pub download: Option<String>,
    /// Put this text on the clipboard.
    #[serde(rename = "copy", skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
    /// How to take it back; offered for ten seconds and in the list of what was done.
    #[serde(rename = "undo", skip_serializing_if = "Option::is_none")]
    pub undo: Option<Undo>,
    /// One sentence for when it worked; `{NAME}` stands for a field of the outcome's data, or an argument.
    #[serde(rename = "done", skip_serializing_if = "Option::is_none")]
    pub done: Option<String>,
    /// Where to go when it worked; `{NAME}` in its strings stands for a field of the outcome's data.
    #[serde(rename = "then", skip_serializing_if = "Option::is_none")]
    pub then: Option<Target>,
}

impl Action {
    /// With what it cannot be without.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            run: None,
            arguments: None,
            ask: None,
            confirm: None,
            open: None,
            act: None,
            set: None,
            reopen: None,
            upload: None,
            download: None,
            copy: None,
            undo: None,
            done: None,
            then: None,
        }
    }

    /// The words of a command of some plug-in: the page runs it, asks before a `destroy`, shows errors and progress.
    #[must_use]
    pub fn run(mut self, run: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.run = Some(run.into_iter().map(Into::into).collect());
        self
    }

    /// Arguments of `run` or `act`, by name; values as in `value`.
    #[must_use]
    pub fn arguments(mut self, arguments: Map<String, Value>) -> Self {
        self.arguments = Some(arguments);
        self
    }

    /// Arguments of `run` that the page asks the person for first, in a form that it makes of the command's declaration.
    #[must_use]
    pub fn ask(mut self, ask: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.ask = Some(ask.into_iter().map(Into::into).collect());
        self
    }

    /// What is lost, in one or two sentences: the page asks the person before it does what no `undo` takes back.
    #[must_use]
    pub fn confirm(mut self, confirm: impl Into<String>) -> Self {
        self.confirm = Some(confirm.into());
        self
    }

    /// Go to another place.
    #[must_use]
    pub fn open(mut self, open: Target) -> Self {
        self.open = Some(open);
        self
    }

    /// The name that the plug-in's own `action` is called with.
    #[must_use]
    pub fn act(mut self, act: impl Into<String>) -> Self {
        self.act = Some(act.into());
        self
    }

    /// Values to put into the data model, by JSON pointer; no call is made unless `reopen`.
    #[must_use]
    pub fn set(mut self, set: Map<String, Value>) -> Self {
        self.set = Some(set);
        self
    }

    /// With `set`: the plug-in draws the surface again with the new data.
    #[must_use]
    pub fn reopen(mut self, reopen: bool) -> Self {
        self.reopen = Some(reopen);
        self
    }

    /// Choose files of this machine and send them to `PROJECT/ASSET[@BRANCH][/FOLDER]`. Its `undo` is offered when none of them replaced another; `{addresses}` in it stands for the list of what arrived.
    #[must_use]
    pub fn upload(mut self, upload: impl Into<String>) -> Self {
        self.upload = Some(upload.into());
        self
    }

    /// Save the object `PROJECT/ASSET[@REF]/PATH`.
    #[must_use]
    pub fn download(mut self, download: impl Into<String>) -> Self {
        self.download = Some(download.into());
        self
    }

    /// Put this text on the clipboard.
    #[must_use]
    pub fn copy(mut self, copy: impl Into<String>) -> Self {
        self.copy = Some(copy.into());
        self
    }

    /// How to take it back; offered for ten seconds and in the list of what was done.
    #[must_use]
    pub fn undo(mut self, undo: Undo) -> Self {
        self.undo = Some(undo);
        self
    }

    /// One sentence for when it worked; `{NAME}` stands for a field of the outcome's data, or an argument.
    #[must_use]
    pub fn done(mut self, done: impl Into<String>) -> Self {
        self.done = Some(done.into());
        self
    }

    /// Where to go when it worked; `{NAME}` in its strings stands for a field of the outcome's data.
    #[must_use]
    pub fn then(mut self, then: Target) -> Self {
        self.then = Some(then);
        self
    }
}

/// The command that takes an action back.
#[derive(Clone, Debug, Serialize)]
pub struct Undo {
    /// The property `run`.
    #[serde(rename = "run")]
    pub run: Vec<String>,
    /// The property `arguments`.
    #[serde(rename = "arguments")]
    pub arguments: Map<String, Value>,
}

impl Undo {
    /// With what it cannot be without.
    pub fn new(run: impl IntoIterator<Item = impl Into<String>>, arguments: Map<String, Value>) -> Self {
        Self { run: run.into_iter().map(Into::into).collect(), arguments }
    }
}

/// A place of the page. What is missing stays as it is now, but a new address without `tab` and `params` drops those.
#[derive(Clone, Debug, Serialize)]
pub struct Target {
    /// The name of an area's offer.
    #[serde(rename = "area", skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// `PROJECT/ASSET@REF/PATH` or less of it; empty for the top.
    #[serde(rename = "address", skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The name of the offer among the tabs of an asset or object.
    #[serde(rename = "tab", skip_serializing_if = "Option::is_none")]
    pub tab: Option<String>,
    /// What else the link says; a null takes one away.
    #[serde(rename = "params", skip_serializing_if = "Option::is_none")]
    pub params: Option<Map<String, Value>>,
}

impl Target {
    /// With what it cannot be without.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { area: None, address: None, tab: None, params: None }
    }

    /// The name of an area's offer.
    #[must_use]
    pub fn area(mut self, area: impl Into<String>) -> Self {
        self.area = Some(area.into());
        self
    }

    /// `PROJECT/ASSET@REF/PATH` or less of it; empty for the top.
    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// The name of the offer among the tabs of an asset or object.
    #[must_use]
    pub fn tab(mut self, tab: impl Into<String>) -> Self {
        self.tab = Some(tab.into());
        self
    }

    /// What else the link says; a null takes one away.
    #[must_use]
    pub fn params(mut self, params: Map<String, Value>) -> Self {
        self.params = Some(params);
        self
    }
}

/// Where rows come from. The page fetches the windows that it shows, under the rights of the person; nothing of it passes through the plug-in but for `rows`. Exactly one is there.
#[derive(Clone, Debug, Serialize)]
pub struct Source {
    /// A name that the plug-in's own `rows` is called with.
    #[serde(rename = "rows", skip_serializing_if = "Option::is_none")]
    pub rows: Option<String>,
    /// A table object: `PROJECT/ASSET[@REF]/PATH`.
    #[serde(rename = "object", skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The result of a query, by the id that `sql.hand-over` answered.
    #[serde(rename = "result", skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

impl Source {
    /// With what it cannot be without.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { rows: None, object: None, result: None }
    }

    /// A name that the plug-in's own `rows` is called with.
    #[must_use]
    pub fn rows(mut self, rows: impl Into<String>) -> Self {
        self.rows = Some(rows.into());
        self
    }

    /// A table object: `PROJECT/ASSET[@REF]/PATH`.
    #[must_use]
    pub fn object(mut self, object: impl Into<String>) -> Self {
        self.object = Some(object.into());
        self
    }

    /// The result of a query, by the id that `sql.hand-over` answered.
    #[must_use]
    pub fn result(mut self, result: impl Into<String>) -> Self {
        self.result = Some(result.into());
        self
    }
}

/// One entry of a menu.
#[derive(Clone, Debug, Serialize)]
pub struct MenuItem {
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
    /// The property `icon`.
    #[serde(rename = "icon", skip_serializing_if = "Option::is_none")]
    pub icon: Option<Icon>,
    /// The property `action`.
    #[serde(rename = "action")]
    pub action: Action,
    /// The property `tone`.
    #[serde(rename = "tone", skip_serializing_if = "Option::is_none")]
    pub tone: Option<Tone>,
}

impl MenuItem {
    /// With what it cannot be without.
    pub fn new(label: impl Into<String>, action: Action) -> Self {
        Self { label: label.into(), icon: None, action, tone: None }
    }

    /// The property `icon`.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// The property `tone`.
    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = Some(tone);
        self
    }
}

/// One bar of a chart.
#[derive(Clone, Debug, Serialize)]
pub struct Bar {
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
    /// The property `value`.
    #[serde(rename = "value")]
    pub value: f64,
    /// The property `action`.
    #[serde(rename = "action", skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
}

impl Bar {
    /// With what it cannot be without.
    pub fn new(label: impl Into<String>, value: f64) -> Self {
        Self { label: label.into(), value, action: None }
    }

    /// The property `action`.
    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        self.action = Some(action);
        self
    }
}

/// One line of a chart.
#[derive(Clone, Debug, Serialize)]
pub struct Series {
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
    /// One for each x; null is a gap.
    #[serde(rename = "values")]
    pub values: Vec<Option<f64>>,
}

impl Series {
    /// With what it cannot be without.
    pub fn new(label: impl Into<String>, values: impl IntoIterator<Item = Option<f64>>) -> Self {
        Self { label: label.into(), values: values.into_iter().collect() }
    }
}

/// How much room it takes of what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Size {
    /// `small`
    Small,
    /// `medium`
    Medium,
    /// `large`
    Large,
}

/// The distance between children.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gap {
    /// `none`
    None,
    /// `small`
    Small,
    /// `medium`
    Medium,
    /// `large`
    Large,
}

/// How much a button stands out; at most one `primary` a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// `primary`
    Primary,
    /// `normal`
    Normal,
    /// `quiet`
    Quiet,
    /// `danger`
    Danger,
}

/// What the page checks before anything is sent.
#[derive(Clone, Debug, Serialize)]
pub struct Validation {
    /// Must not be empty.
    #[serde(rename = "required", skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// The property `minimum`.
    #[serde(rename = "minimum", skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// The property `maximum`.
    #[serde(rename = "maximum", skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// Characters.
    #[serde(rename = "max-length", skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// The property `pattern`.
    #[serde(rename = "pattern", skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Shape>,
}

impl Validation {
    /// With what it cannot be without.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { required: None, minimum: None, maximum: None, max_length: None, pattern: None }
    }

    /// Must not be empty.
    #[must_use]
    pub fn required(mut self, required: bool) -> Self {
        self.required = Some(required);
        self
    }

    /// The property `minimum`.
    #[must_use]
    pub fn minimum(mut self, minimum: f64) -> Self {
        self.minimum = Some(minimum);
        self
    }

    /// The property `maximum`.
    #[must_use]
    pub fn maximum(mut self, maximum: f64) -> Self {
        self.maximum = Some(maximum);
        self
    }

    /// Characters.
    #[must_use]
    pub fn max_length(mut self, max_length: u64) -> Self {
        self.max_length = Some(max_length);
        self
    }

    /// The property `pattern`.
    #[must_use]
    pub fn pattern(mut self, pattern: Shape) -> Self {
        self.pattern = Some(pattern);
        self
    }
}

/// What is wrong in a text, and where; both count from 1.
#[derive(Clone, Debug, Serialize)]
pub struct TextProblem {
    /// The property `line`.
    #[serde(rename = "line")]
    pub line: u64,
    /// The property `column`.
    #[serde(rename = "column")]
    pub column: u64,
    /// The property `message`.
    #[serde(rename = "message")]
    pub message: String,
}

impl TextProblem {
    /// With what it cannot be without.
    pub fn new(line: u64, column: u64, message: impl Into<String>) -> Self {
        Self { line, column, message: message.into() }
    }
}

/// One part of a way.
#[derive(Clone, Debug, Serialize)]
pub struct Crumb {
    /// The property `text`.
    #[serde(rename = "text")]
    pub text: String,
    /// The property `open`.
    #[serde(rename = "open", skip_serializing_if = "Option::is_none")]
    pub open: Option<Target>,
}

impl Crumb {
    /// With what it cannot be without.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), open: None }
    }

    /// The property `open`.
    #[must_use]
    pub fn open(mut self, open: Target) -> Self {
        self.open = Some(open);
        self
    }
}

/// One thing of a list.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// The property `title`.
    #[serde(rename = "title")]
    pub title: String,
    /// A second line.
    #[serde(rename = "note", skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// A few words at the far end.
    #[serde(rename = "end", skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// The property `icon`.
    #[serde(rename = "icon", skip_serializing_if = "Option::is_none")]
    pub icon: Option<Icon>,
    /// The property `tags`.
    #[serde(rename = "tags", skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// The property `open`.
    #[serde(rename = "open", skip_serializing_if = "Option::is_none")]
    pub open: Option<Target>,
    /// Whether it is where the person is.
    #[serde(rename = "current", skip_serializing_if = "Option::is_none")]
    pub current: Option<bool>,
    /// The property `actions`.
    #[serde(rename = "actions", skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<MenuItem>>,
}

impl Item {
    /// With what it cannot be without.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            note: None,
            end: None,
            icon: None,
            tags: None,
            open: None,
            current: None,
            actions: None,
        }
    }

    /// A second line.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// A few words at the far end.
    #[must_use]
    pub fn end(mut self, end: impl Into<String>) -> Self {
        self.end = Some(end.into());
        self
    }

    /// The property `icon`.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// The property `tags`.
    #[must_use]
    pub fn tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tags = Some(tags.into_iter().map(Into::into).collect());
        self
    }

    /// The property `open`.
    #[must_use]
    pub fn open(mut self, open: Target) -> Self {
        self.open = Some(open);
        self
    }

    /// Whether it is where the person is.
    #[must_use]
    pub fn current(mut self, current: bool) -> Self {
        self.current = Some(current);
        self
    }

    /// The property `actions`.
    #[must_use]
    pub fn actions(mut self, actions: impl IntoIterator<Item = MenuItem>) -> Self {
        self.actions = Some(actions.into_iter().collect());
        self
    }
}

/// One step.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// The property `title`.
    #[serde(rename = "title")]
    pub title: String,
    /// The property `text`.
    #[serde(rename = "text", skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Whether it is behind us.
    #[serde(rename = "done", skip_serializing_if = "Option::is_none")]
    pub done: Option<bool>,
    /// The property `action`.
    #[serde(rename = "action", skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
}

impl Step {
    /// With what it cannot be without.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), text: None, done: None, action: None }
    }

    /// The property `text`.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Whether it is behind us.
    #[must_use]
    pub fn done(mut self, done: bool) -> Self {
        self.done = Some(done);
        self
    }

    /// The property `action`.
    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        self.action = Some(action);
        self
    }
}

/// One thing to choose.
#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    /// The property `value`.
    #[serde(rename = "value")]
    pub value: String,
    /// The property `label`.
    #[serde(rename = "label")]
    pub label: String,
    /// A few words more.
    #[serde(rename = "note", skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Choice {
    /// With what it cannot be without.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), note: None }
    }

    /// A few words more.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

/// How many rows can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SelectMode {
    /// `none`
    None,
    /// `one`
    One,
    /// `many`
    Many,
}

/// Where the narrow one of two stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// `start`
    Start,
    /// `end`
    End,
}

/// A shape of text that the page can check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// `name`
    Name,
    /// `path`
    Path,
    /// `tag`
    Tag,
}
