//! Bulk rows of a result: as a table for a person, or streamed in a format to a pipe or a file.
//!
//! Lives here: `--format`, `-o`, `--limit`, and reading `/results/ID`. Must not live here: queries.
//! Invariants: rows are never held as a whole; a file appears under its name only when all of it is there.

use super::{
    client::Client,
    failure::{Result, Stop},
    lines::Lines,
    output::{Output, aside},
    view::{
        Rows, Style, Tone,
        table::{CellType, Column, Table},
        words,
    },
};
use clap::{Arg, ArgMatches, Command as Clap, ValueEnum, value_parser};
use futures::StreamExt;
use kamld_types::{Kind, Problem, command::Command};
use reqwest::{Method, Response};
use serde_json::{Map, Value};
use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

/// As many rows as a person reads on a terminal without being asked.
const SCREEN: u64 = 50;
/// Widths of a table in a pipe are settled by this many rows, so that any number may follow.
const SETTLE: usize = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    Csv,
    Json,
    Jsonl,
    Parquet,
    Arrow,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }

    fn of_file(file: &Path) -> Option<Self> {
        match file.extension()?.to_str()?.to_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "parquet" => Some(Self::Parquet),
            "arrow" | "arrows" => Some(Self::Arrow),
            _ => None,
        }
    }
}

/// Whether a command answers with a result of rows: its data has a member `result`.
pub fn hands_over(command: &Command) -> bool {
    command.output.get("properties").is_some_and(|members| members.get("result").is_some())
}

/// The client's own options, but for those that the plug-in has itself.
pub fn options(clap: Clap, taken: impl Fn(&str) -> bool) -> Clap {
    let mut clap = clap;
    if !taken("format") {
        let help = "How to write the rows; by the name of the file with -o, else a table";
        clap = clap.arg(Arg::new("format").long("format").value_parser(value_parser!(Format)).help(help));
    }
    if !taken("output") {
        let help = "Write the rows to a file";
        let arg = Arg::new("output").long("output").short('o').value_name("FILE");
        clap = clap.arg(arg.value_parser(value_parser!(PathBuf)).help(help));
    }
    if !taken("limit") {
        let help = "Show this many rows of the table, 0 for all [default: 50 on a terminal, else all]";
        clap = clap.arg(Arg::new("limit").long("limit").value_name("ROWS").value_parser(value_parser!(u64)).help(help));
    }
    clap
}

/// What the person wants done with rows.
#[derive(Debug, Default)]
pub struct Wish {
    format: Option<Format>,
    output: Option<PathBuf>,
    limit: Option<u64>,
}

impl Wish {
    pub fn read(matches: &ArgMatches) -> Self {
        fn one<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, id: &str) -> Option<T> {
            matches.try_get_one::<T>(id).ok().flatten().cloned()
        }
        Self { format: one(matches, "format"), output: one(matches, "output"), limit: one(matches, "limit") }
    }

    /// Refuses what could only end badly, before the query runs.
    pub fn check(&self, terminal: bool) -> Result<()> {
        let format = self.format();
        if terminal && self.output.is_none() && matches!(format, Some(Format::Parquet | Format::Arrow)) {
            let name = format.map(Format::name).unwrap_or_default();
            return Err(Stop::usage(
                Problem::invalid(format!("{name} is not for a terminal"))
                    .help(format!("write it to a file: --format {name} -o rows.{name}")),
            ));
        }
        if self.limit.is_some() && format.is_some_and(|format| format != Format::Table) {
            return Err(Stop::usage(
                Problem::invalid("--limit is about the table on the terminal").help("write `limit N` into the query"),
            ));
        }
        Ok(())
    }

    fn format(&self) -> Option<Format> {
        self.format.or_else(|| self.output.as_deref().and_then(Format::of_file))
    }

    /// Whether the rows go another way than into the drawn view.
    pub fn aside(&self) -> bool {
        self.output.is_some() || self.format().is_some_and(|format| format != Format::Table)
    }
}

/// Tables are drawn from JSON lines.
async fn open(client: &Client, rows: &Rows, format: Format) -> Result<Response> {
    client.send(client.get_with(&["results", &rows.result], &[("format", format.name())])).await
}

/// Streams the rows to the file or the standard output.
pub async fn export(client: &Client, rows: &Rows, wish: &Wish, output: &Output) -> Result<()> {
    let format = wish.format().unwrap_or(Format::Csv);
    let Some(file) = &wish.output else {
        return pour(client, rows, format, |chunk| output.bytes(chunk)).await;
    };
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let cannot =
        |e: &std::io::Error| Stop::from(Problem::unavailable(format!("{} cannot be written: {e}", file.display())));
    let part = folder.join(format!(".kamld-{}.part", std::process::id()));
    let mut written = 0;
    let mut writer = File::create(&part).map_err(|e| cannot(&e))?;
    let poured = pour(client, rows, format, |chunk| {
        written += chunk.len() as u64;
        writer.write_all(chunk).map_err(|e| cannot(&e))
    })
    .await;
    let done =
        poured.and_then(|()| writer.sync_all().and_then(|()| std::fs::rename(&part, file)).map_err(|e| cannot(&e)));
    if done.is_err() {
        let _ = std::fs::remove_file(&part);
    } else if !output.json {
        aside(&format!("wrote {} to {}", words::bytes(written), file.display()));
    }
    done
}

async fn pour(client: &Client, rows: &Rows, format: Format, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut stream = open(client, rows, format).await?.bytes_stream();
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) => take(&chunk)?,
            Err(error) => return Err(why(client, rows, client.lost(&error)).await),
        }
    }
    Ok(())
}

/// A body that breaks off cannot say why. Rows beyond any end can: they are refused with what ended the query.
async fn why(client: &Client, rows: &Rows, lost: Stop) -> Stop {
    let beyond = [("start", "9007199254740991"), ("count", "1")];
    match client.send(client.get_with(&["results", &rows.result, "rows"], &beyond)).await {
        Err(stop) if !matches!(stop.kind(), None | Some(Kind::Unavailable | Kind::NotFound)) => stop,
        _ => lost,
    }
}

/// The data of the command with its rows in place of the id of the result, streamed.
pub async fn json(client: &Client, data: &Value, rows: &Rows, output: &Output) -> Result<()> {
    let mut members = data.as_object().cloned().unwrap_or_default();
    members.remove("result");
    members.remove("rows");
    let mut head = Value::Object(members).to_string();
    head.pop();
    if head.len() > 1 {
        head.push(',');
    }
    let mut head = Some(format!("{head}\"rows\":"));
    // The server ends its array with a line end; the object goes on behind it.
    let mut held = false;
    pour(client, rows, Format::Json, |chunk| {
        if let Some(head) = head.take() {
            output.text(&head)?;
        }
        if std::mem::take(&mut held) {
            output.bytes(b"\n")?;
        }
        let body = match chunk.split_last() {
            Some((b'\n', body)) => {
                held = true;
                body
            }
            _ => chunk,
        };
        output.bytes(body)
    })
    .await?;
    output.text("}\n")
}

/// Draws the rows as a table and says how many there are.
pub async fn table(client: &Client, rows: &Rows, wish: &Wish, output: &Output) -> Result<()> {
    let limit = match wish.limit {
        Some(0) => None,
        None if output.style.terminal => Some(SCREEN),
        other => other,
    };
    let response = open(client, rows, Format::Jsonl).await?;
    let mut lines = Lines::of(client, response);
    let mut drawer = Drawer { rows, style: &output.style, table: None, waiting: Vec::new(), text: String::new() };
    let mut shown: u64 = 0;
    let mut more = false;
    loop {
        let row = match lines.next().await {
            Ok(Some(row)) => row,
            Ok(None) => break,
            Err(stop) => return Err(cut(why(client, rows, stop).await, shown)),
        };
        if limit.is_some_and(|limit| shown >= limit) {
            more = true;
            break;
        }
        shown += 1;
        drawer.add(row);
        if !drawer.text.is_empty() {
            output.text(&std::mem::take(&mut drawer.text))?;
        }
    }
    drawer.settle();
    let count = words::some(shown, "row", "rows");
    let line = if more { format!("the first {count}; --limit 0 shows all, -o FILE.csv saves them") } else { count };
    let line = output.style.paint(Tone::Dim, &line).into_owned();
    output.text(&format!("{}{line}\n", drawer.text))?;
    if more {
        drop(lines);
        // The server need not work on for nobody; if it does, it stops by itself later.
        let _ = client.raw(client.request(Method::DELETE, client.url(&["results", &rows.result]))).await;
    }
    Ok(())
}

fn cut(stop: Stop, shown: u64) -> Stop {
    let count = words::some(shown, "row", "rows");
    stop.help(format!("{count} came before that; run the query again"))
}

struct Drawer<'a> {
    rows: &'a Rows,
    style: &'a Style,
    table: Option<Table<'a>>,
    waiting: Vec<Map<String, Value>>,
    text: String,
}

impl Drawer<'_> {
    fn add(&mut self, row: Map<String, Value>) {
        match &self.table {
            Some(table) => table.rows(&mut self.text, &[row]),
            None => {
                self.waiting.push(row);
                if self.waiting.len() >= SETTLE {
                    self.settle();
                }
            }
        }
    }

    /// Settles the widths by the rows so far and draws them.
    fn settle(&mut self) {
        if self.table.is_some() {
            return;
        }
        let columns = if self.rows.columns.is_empty() {
            let keys = self.waiting.first().into_iter().flat_map(|row| row.keys());
            keys.map(|key| Column::new(key, key, CellType::Text)).collect()
        } else {
            self.rows.columns.iter().map(|column| data_column(&column.name, &column.r#type)).collect()
        };
        let table = Table::new(columns, &self.waiting, self.style);
        table.head(&mut self.text);
        table.rows(&mut self.text, &std::mem::take(&mut self.waiting));
        self.table = Some(table);
    }
}

/// Values of a query are shown as they are, without units; figures stand at the right.
fn data_column(name: &str, r#type: &str) -> Column {
    let kind = r#type.to_lowercase();
    let figures = ["int", "uint", "float", "double", "decimal", "number", "bigint", "smallint", "tinyint", "real"];
    let mut column = Column::new(name, name, CellType::Text);
    if figures.iter().any(|figure| kind.starts_with(figure)) && !kind.starts_with("interval") {
        column.align = super::view::table::Align::End;
    }
    column
}
