//! Which objects are tables, and in which formats rows leave.
//!
//! Invariant: the media type decides where it says something, the ending of the path where it does not.

use super::objects::Entry;
use kamld_types::{ObjectPath, Problem};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How the bytes of an object are read as rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Format {
    Csv,
    Tsv,
    /// An array of rows, or rows one after another.
    Json,
    /// One row a line.
    JsonLines,
    Parquet,
    /// Arrow IPC, file or stream.
    Arrow,
}

impl Format {
    /// None when neither media type nor ending names a table.
    pub fn of(media_type: &str, path: &ObjectPath) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or("").trim().to_lowercase();
        let by_type = match essence.as_str() {
            "text/csv" | "application/csv" => Some(Format::Csv),
            "text/tab-separated-values" => Some(Format::Tsv),
            "application/json" | "text/json" => Some(Format::Json),
            "application/x-ndjson" | "application/jsonl" | "application/x-jsonlines" | "application/json-seq" => {
                Some(Format::JsonLines)
            }
            "application/vnd.apache.parquet" | "application/x-parquet" => Some(Format::Parquet),
            "application/vnd.apache.arrow.file" | "application/vnd.apache.arrow.stream" => Some(Format::Arrow),
            other if other.ends_with("+json") => Some(Format::Json),
            _ => None,
        };
        let by_ending = || match path.extension()?.as_str() {
            "csv" => Some(Format::Csv),
            "tsv" | "tab" => Some(Format::Tsv),
            "json" | "geojson" | "topojson" => Some(Format::Json),
            "jsonl" | "ndjson" => Some(Format::JsonLines),
            "parquet" | "pq" => Some(Format::Parquet),
            "arrow" | "arrows" | "ipc" | "feather" => Some(Format::Arrow),
            _ => None,
        };
        match by_type {
            // Systems call a CSV file text/plain, and JSON Lines JSON: an ending that says more is believed.
            Some(Format::Json) => by_ending().filter(|ending| *ending == Format::JsonLines).or(by_type),
            Some(_) => by_type,
            None => by_ending(),
        }
    }

    pub(crate) fn of_entry(entry: &Entry) -> Option<Self> {
        Self::of(&entry.media_type, &entry.path)
    }

    pub(crate) fn is_text(self) -> bool {
        !matches!(self, Format::Parquet | Format::Arrow)
    }

    /// What `describe` calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Tsv => "tsv",
            Format::Json => "json",
            Format::JsonLines => "jsonl",
            Format::Parquet => "parquet",
            Format::Arrow => "arrow",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Csv => "CSV",
            Format::Tsv => "TSV",
            Format::Json => "JSON",
            Format::JsonLines => "JSON Lines",
            Format::Parquet => "Parquet",
            Format::Arrow => "Arrow",
        })
    }
}

/// In which format rows are handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// One array of objects.
    Json,
    /// One object a line.
    JsonLines,
    Csv,
    Parquet,
    /// An Arrow IPC stream.
    Arrow,
}

impl Output {
    pub fn media_type(self) -> &'static str {
        match self {
            Output::Json => "application/json",
            Output::JsonLines => "application/x-ndjson",
            Output::Csv => "text/csv; charset=utf-8",
            Output::Parquet => "application/vnd.apache.parquet",
            Output::Arrow => "application/vnd.apache.arrow.stream",
        }
    }
}

impl FromStr for Output {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        Ok(match text {
            "json" => Output::Json,
            "jsonl" => Output::JsonLines,
            "csv" => Output::Csv,
            "parquet" => Output::Parquet,
            "arrow" => Output::Arrow,
            _ => {
                return Err(Problem::invalid(format!("rows cannot be handed out as '{text}'"))
                    .help("ask for json, jsonl, csv, parquet or arrow"));
            }
        })
    }
}
