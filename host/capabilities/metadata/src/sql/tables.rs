//! From the objects that a name stands for to a table that can be scanned.
//!
//! Must not live here: who may read. Invariant: all objects of a table have one format; a file that is not what it
//! claims to be is named in the error.

use super::{
    engine::Engine,
    format::Format,
    layout::Layout,
    names::Found,
    store::{QueryStore, ROOT},
    text::{TextFile, TextTable},
};
use arrow::{
    datatypes::{Field, Schema, SchemaRef},
    error::ArrowError,
    ipc::{convert::fb_to_schema, reader::read_footer_length, root_as_footer},
};
use datafusion::{
    catalog::TableProvider,
    datasource::{
        file_format::{FileFormat, arrow::ArrowFormat, parquet::ParquetFormat},
        listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl},
    },
    error::DataFusionError,
    execution::SessionState,
    object_store::ObjectMeta,
};
use futures::{StreamExt, TryStreamExt, stream};
use kamld_types::{Kind, Problem};
use parquet::file::metadata::ParquetMetaDataReader;
use std::sync::Arc;

/// Objects of a pattern that are looked at side by side.
const PARALLEL: usize = 8;
/// Bytes of text, all objects of a table together, that are read whole to learn their types.
const SMALL: u64 = 4 << 20;

/// A table, ready to be scanned.
#[derive(Clone)]
pub(crate) struct Opened {
    pub table: Arc<dyn TableProvider>,
    pub format: Format,
    /// Of its objects, for errors.
    pub addresses: Vec<String>,
    /// Objects to put into the query's store.
    pub stored: Vec<(Arc<dyn super::Snapshot>, super::Entry)>,
    /// Types may still turn out too narrow.
    pub guessed: bool,
}

pub(crate) async fn open(engine: &Engine, found: Found) -> Result<Opened, Problem> {
    let mut format = None;
    for entry in &found.entries {
        let address = found.address(entry);
        let Some(this) = Format::of_entry(entry) else {
            return Err(Problem::invalid(format!("{address} is not a table{}", of_type(&entry.media_type))).help(
                "tables are CSV, TSV, JSON, JSON Lines, Parquet and Arrow; the media type or the ending says which",
            ));
        };
        match format {
            None => format = Some(this),
            Some(format) if format == this => {}
            Some(format) => {
                let first = found.entries.first().map(|entry| found.address(entry)).unwrap_or_default();
                return Err(Problem::invalid(format!(
                    "{first} is {format} and {address} is {this}: one table has one format"
                ))
                .help("narrow the pattern to one format, and join the parts with 'union all'"));
            }
        }
    }
    let Some(format) = format else { return Err(Problem::not_found("no object")) };
    let addresses = found.entries.iter().map(|entry| found.address(entry)).collect();
    if format.is_text() {
        let files: Vec<TextFile> = found.entries.iter().map(|entry| text(engine, &found, entry, format)).collect();
        let small = found.entries.iter().map(|entry| entry.size).sum::<u64>() <= SMALL;
        let layouts: Vec<_> = stream::iter(files)
            .map(|file| async move { layout(engine, &file, small).await.map(|layout| (file, layout)) })
            .buffered(PARALLEL)
            .try_collect()
            .await?;
        let guessed = layouts.iter().any(|(_, layout)| !layout.complete);
        let table = Arc::new(TextTable::new(layouts, engine.settings.cores.max(1))?);
        return Ok(Opened { table, format, addresses, stored: Vec::new(), guessed });
    }
    let stored: Vec<_> = found.entries.iter().map(|entry| (found.snapshot.clone(), entry.clone())).collect();
    let table = binary(engine, format, &stored, &addresses).await?;
    Ok(Opened { table, format, addresses, stored, guessed: false })
}

/// A small text is read whole at once: types that are only guessed make a query wait for its first row before it is
/// answered, since it may have to begin again. One with a broken row is read as far as the query needs it.
async fn layout(engine: &Engine, file: &TextFile, small: bool) -> Result<Layout, Problem> {
    let layout = engine.layout(file).await?;
    if layout.complete || !small {
        return Ok(layout);
    }
    Ok(engine.whole_layout(file).await.map_or(layout, |(_, whole)| whole))
}

/// The objects of an opened table as the engine's store.
pub(crate) fn store_of(opened: &Opened) -> QueryStore {
    let mut store = QueryStore::default();
    for (snapshot, entry) in &opened.stored {
        store.admit(snapshot.clone(), entry.clone());
    }
    store
}

pub(crate) fn text(engine: &Engine, found: &Found, entry: &super::Entry, format: Format) -> TextFile {
    TextFile {
        snapshot: found.snapshot.clone(),
        entry: entry.clone(),
        format,
        address: found.address(entry),
        max_row: engine.settings.max_row,
    }
}

fn of_type(media_type: &str) -> String {
    if media_type.is_empty() { String::new() } else { format!(" (its type is {media_type})") }
}

/// Parquet and Arrow: the engine reads what it needs of them by ranges.
async fn binary(
    engine: &Engine,
    format: Format,
    objects: &[(Arc<dyn super::Snapshot>, super::Entry)],
    addresses: &[String],
) -> Result<Arc<dyn TableProvider>, Problem> {
    let mut store = QueryStore::default();
    let metas: Vec<ObjectMeta> =
        objects.iter().map(|(snapshot, entry)| store.admit(snapshot.clone(), entry.clone())).collect();
    let internal = |error: DataFusionError| Problem::internal(error.strip_backtrace());
    let state = engine.session("kamld", Vec::new(), store).map_err(internal)?;
    let reader: Arc<dyn FileFormat> =
        if format == Format::Parquet { Arc::new(ParquetFormat::default()) } else { Arc::new(ArrowFormat) };
    let mut schemas: Vec<Schema> = Vec::new();
    let mut urls = Vec::new();
    for (meta, address) in metas.iter().zip(addresses) {
        if meta.size == 0 {
            return Err(Problem::invalid(format!("{address}: the object is empty, so it has no columns")));
        }
        check(format, &objects[urls.len()].0, &objects[urls.len()].1).await.map_err(|problem| match problem {
            problem if problem.kind == Kind::Invalid => Problem {
                message: format!("{address} is not sound {format}: {}", problem.message),
                ..problem.help("nothing of it was used; put the object again from where it came")
            },
            problem => problem,
        })?;
        let schema = match arrow_file_schema(format, &objects[urls.len()].0, &objects[urls.len()].1).await {
            Ok(Some(schema)) => schema,
            Ok(None) => infer(&state, &reader, meta).await.map_err(|error| unsound(format, address, &error))?,
            Err(error) => return Err(unsound(format, address, &error)),
        };
        // Another object of the pattern may lack a column.
        let schema = if objects.len() > 1 { nullable(&schema) } else { schema };
        let merged = match schemas.pop() {
            Some(before) => Schema::try_merge([before, schema.as_ref().clone()]).map_err(|error| {
                Problem::invalid(format!("{address} does not fit the objects before it: {error}"))
                    .help("objects of one pattern need the same types under the same names; query them one by one")
            })?,
            None => schema.as_ref().clone(),
        };
        schemas.push(merged);
        urls.push(ListingTableUrl::parse(format!("{ROOT}{}", meta.location)).map_err(internal)?);
    }
    let schema = Arc::new(schemas.pop().unwrap_or_else(Schema::empty));
    let options = ListingOptions::new(reader).with_file_extension("");
    let config = ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options).with_schema(schema);
    Ok(Arc::new(ListingTable::try_new(config).map_err(internal)?))
}

fn nullable(schema: &Schema) -> SchemaRef {
    let fields: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    Arc::new(Schema::new(fields))
}

/// A footer that says it is longer than its object is not believed: the engine would compute with it.
async fn check(format: Format, snapshot: &Arc<dyn super::Snapshot>, entry: &super::Entry) -> Result<(), Problem> {
    if format != Format::Parquet {
        return Ok(());
    }
    if entry.size < 12 {
        return Err(Problem::invalid(format!("{} bytes are too few", entry.size)));
    }
    let end = snapshot.read(&entry.path, entry.size - 8..entry.size).await?;
    let (length, magic) = end.split_at(4);
    if magic != b"PAR1" && magic != b"PARE" {
        return Err(Problem::invalid("its last bytes are not those of a Parquet file: it may be cut off"));
    }
    let length = length.try_into().map_or(u64::MAX, |bytes| u64::from(u32::from_le_bytes(bytes)));
    if length > entry.size - 12 {
        return Err(Problem::invalid(format!(
            "its footer claims {length} bytes, and the whole object has {}",
            entry.size
        )));
    }
    Ok(())
}

/// How many rows a Parquet object says it has.
pub(crate) async fn parquet_rows(snapshot: &Arc<dyn super::Snapshot>, entry: &super::Entry) -> Option<u64> {
    check(Format::Parquet, snapshot, entry).await.ok()?;
    let end = snapshot.read(&entry.path, entry.size - 8..entry.size).await.ok()?;
    let length = u64::from(u32::from_le_bytes(end[..4].try_into().ok()?));
    // One read; a footer that is larger is told by drawing its rows.
    if length > 8 << 20 {
        return None;
    }
    let footer = snapshot.read(&entry.path, entry.size - 8 - length..entry.size - 8).await.ok()?;
    let metadata = ParquetMetaDataReader::decode_metadata(&footer).ok()?;
    u64::try_from(metadata.file_metadata().num_rows()).ok()
}

/// The schema of an Arrow file, from its footer: the engine's own look expects another alignment than `arrow` writes.
async fn arrow_file_schema(
    format: Format,
    snapshot: &Arc<dyn super::Snapshot>,
    entry: &super::Entry,
) -> Result<Option<SchemaRef>, DataFusionError> {
    if format != Format::Arrow || entry.size < 24 {
        return Ok(None);
    }
    let read = async |range| {
        let bytes = snapshot.read(&entry.path, range).await;
        bytes.map_err(|problem| DataFusionError::External(Box::new(problem)))
    };
    if read(0..6).await?.as_ref() != b"ARROW1" {
        return Ok(None);
    }
    let wrong = |text: String| DataFusionError::ArrowError(Box::new(ArrowError::IpcError(text)), None);
    let end = read(entry.size - 10..entry.size).await?;
    let end: [u8; 10] = end.as_ref().try_into().map_err(|_| wrong("the footer is cut off".into()))?;
    let length = read_footer_length(end)? as u64;
    // A footer lists columns and batches: it is small against what one read may ask for.
    if length > entry.size - 18 || length > 8 << 20 {
        return Err(wrong(format!("its footer claims {length} bytes, and the whole object has {}", entry.size)));
    }
    let footer = read(entry.size - 10 - length..entry.size - 10).await?;
    let footer = root_as_footer(&footer).map_err(|error| wrong(format!("its footer cannot be read: {error}")))?;
    let schema = footer.schema().ok_or_else(|| wrong("its footer has no schema".into()))?;
    Ok(Some(Arc::new(fb_to_schema(schema))))
}

async fn infer(
    state: &SessionState,
    reader: &Arc<dyn FileFormat>,
    meta: &ObjectMeta,
) -> Result<SchemaRef, DataFusionError> {
    let url = ListingTableUrl::parse(ROOT)?;
    let store = state.runtime_env().object_store(url.object_store())?;
    reader.infer_schema(state, &store, std::slice::from_ref(meta)).await
}

/// A Parquet or Arrow object that cannot be read.
pub(crate) fn unsound(format: Format, address: &str, error: &DataFusionError) -> Problem {
    if let Some(problem) = super::wrong::inner(error) {
        return problem;
    }
    let text = super::wrong::plain_text(error);
    let mut problem = Problem::invalid(format!("{address} is not sound {format}: {text}"));
    problem.help = Some(if text.contains("compression") || text.contains("lz4") || text.contains("zstd") {
        "write it without compression, or as Parquet".into()
    } else {
        "nothing of it was used; put the object again from where it came".into()
    });
    problem
}
