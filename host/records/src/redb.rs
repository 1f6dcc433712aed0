//! Records in redb: one file, or memory for tests.
//!
//! Lives here: the queue in front of the database, group commit, and opening again after trouble.
//! Invariants: one thread writes; all works that wait share the next commit, which is synced before anyone is answered;
//! after an I/O error the database is closed and opened anew, so that a disk that was full once heals by itself.

use crate::{
    Range, Records, Snapshot, Table, Transaction, View, Work,
    error::{Error, Result},
    reserve::{Reserve, sync_folder},
    seal,
    transaction::Changes,
};
use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::RwLock;
use redb::{Database, ReadTransaction, ReadableDatabase, TableDefinition, TableHandle};
use std::{
    ops::Bound,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
};
use tokio::sync::{mpsc, oneshot};

/// Memory for pages that were used lately. Refs and documents in use are a few MiB.
const CACHE: usize = 32 << 20;
/// Works that share one commit: more would make the first wait longer than the sync takes.
const GROUP: usize = 512;
/// Works that may wait; beyond it callers wait before they are taken (backpressure).
const QUEUE: usize = 4096;
/// Above this size a commit also writes what makes recovery instant; below it a full check takes well under a second.
const QUICK_REPAIR: u64 = 64 << 20;

type Pages = TableDefinition<'static, &'static [u8], &'static [u8]>;

struct Ticket {
    work: Work,
    reply: oneshot::Sender<Result<()>>,
}

/// Records in one redb database. Closed when dropped.
pub struct RedbRecords {
    shared: Arc<Shared>,
    queue: Option<mpsc::Sender<Ticket>>,
    writer: Option<JoinHandle<()>>,
}

struct Shared {
    /// None for a database in memory, which cannot be opened again.
    file: Option<PathBuf>,
    /// None after trouble, until it is opened again.
    database: RwLock<Option<Database>>,
    reserve: Option<Reserve>,
}

impl RedbRecords {
    /// Opens the file, or makes it. A file that was not closed cleanly is checked and recovered.
    pub fn open(file: &Path) -> Result<Self> {
        if !file.exists() {
            create(file)?;
        }
        let reserve = Reserve::new(file.with_extension("reserve"));
        reserve.refill();
        Self::start(Shared {
            file: Some(file.to_owned()),
            database: RwLock::new(Some(open(file)?)),
            reserve: Some(reserve),
        })
    }

    /// An empty database in memory.
    pub fn memory() -> Result<Self> {
        let database = builder().create_with_backend(redb::backends::InMemoryBackend::new()).map_err(of_redb)?;
        Self::start(Shared { file: None, database: RwLock::new(Some(database)), reserve: None })
    }

    fn start(shared: Shared) -> Result<Self> {
        let shared = Arc::new(shared);
        let (queue, works) = mpsc::channel(QUEUE);
        let writing = shared.clone();
        let writer = std::thread::Builder::new().name("records".into()).spawn(move || writing.run(works))?;
        Ok(Self { shared, queue: Some(queue), writer: Some(writer) })
    }
}

impl Drop for RedbRecords {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the thread that writes records ended with a panic");
        }
    }
}

fn builder() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE);
    builder
}

/// Makes the file under another name first, so that a stop in between leaves none that cannot be read.
fn create(file: &Path) -> Result<()> {
    let draft = file.with_extension("draft");
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    builder().create(&draft).map_err(of_redb)?.close().map_err(of_redb)?;
    std::fs::File::open(&draft)?.sync_all()?;
    std::fs::rename(&draft, file)?;
    file.parent().map_or(Ok(()), sync_folder)?;
    Ok(())
}

fn open(file: &Path) -> Result<Database> {
    builder().open(file).map_err(of_redb)
}

fn of_redb(error: impl Into<redb::Error>) -> Error {
    match error.into() {
        redb::Error::Io(error) => error.into(),
        redb::Error::Corrupted(why) => Error::Corrupt(why),
        redb::Error::DatabaseClosed => Error::Stopped,
        error => Error::Unavailable(error.to_string()),
    }
}

fn pages(table: &'static str) -> Pages {
    TableDefinition::new(table)
}

impl Shared {
    /// Makes sure that the database is open.
    fn available(&self) -> Result<()> {
        if self.database.read().is_some() {
            return Ok(());
        }
        let mut database = self.database.write();
        if database.is_none() {
            let file = self.file.as_deref().ok_or(Error::Stopped)?;
            *database = Some(open(file)?);
            tracing::info!("the records were opened again");
        }
        Ok(())
    }

    fn read(&self) -> Result<ReadView> {
        self.available()?;
        match &*self.database.read() {
            Some(database) => Ok(ReadView(database.begin_read().map_err(of_redb)?)),
            None => Err(Error::Stopped),
        }
    }

    fn run(&self, mut works: mpsc::Receiver<Ticket>) {
        while let Some(first) = works.blocking_recv() {
            let mut tickets = vec![first];
            while tickets.len() < GROUP
                && let Ok(next) = works.try_recv()
            {
                tickets.push(next);
            }
            let (works, replies): (Vec<_>, Vec<_>) = tickets.into_iter().map(|t| (t.work, t.reply)).unzip();
            let result = self.group(works);
            for reply in replies {
                let _ = reply.send(result.clone());
            }
        }
        // Closing writes what a next start needs to open at once.
        if let Some(database) = self.database.write().take()
            && let Err(error) = database.close()
        {
            tracing::warn!(%error, "the records could not be closed; the next start checks them");
        }
    }

    /// Runs works one after the other and commits what they changed together.
    fn group(&self, works: Vec<Work>) -> Result<()> {
        let below = self.read()?;
        let mut all = Transaction::new(&below);
        for work in works {
            let mut one = Transaction::new(&all);
            match catch_unwind(AssertUnwindSafe(|| work(&mut one))) {
                Ok(Ok(())) => {
                    let changes = one.into_changes();
                    all.absorb(changes);
                }
                Ok(Err(_)) => {}
                Err(_) => tracing::error!("a unit of work panicked; its changes were undone"),
            }
        }
        let changes = all.into_changes();
        drop(below);
        if changes.is_empty() {
            return Ok(());
        }
        match self.commit(&changes) {
            // For removals alone: other writes would use the room up, and then nothing could be removed any more.
            Err(Error::Full) if removes(&changes) && self.reserve.as_ref().is_some_and(Reserve::release) => {
                tracing::warn!("the disk is full: the reserve for metadata was released");
                self.commit(&changes)
            }
            Ok(()) => {
                if let Some(reserve) = &self.reserve {
                    reserve.refill();
                }
                Ok(())
            }
            failed => failed,
        }
    }

    fn commit(&self, changes: &Changes) -> Result<()> {
        self.available()?;
        let result = match &*self.database.read() {
            Some(database) => write(database, changes, self.size() > QUICK_REPAIR),
            None => Err(Error::Stopped),
        };
        if result.is_err() {
            // After an I/O error the handle refuses everything. The file itself is as the last commit left it.
            drop(self.database.write().take_if(|_| self.file.is_some()));
        }
        result
    }

    fn size(&self) -> u64 {
        self.file.as_ref().and_then(|file| std::fs::metadata(file).ok()).map_or(0, |found| found.len())
    }
}

fn removes(changes: &Changes) -> bool {
    changes.values().any(Option::is_none)
}

fn write(database: &Database, changes: &Changes, quick_repair: bool) -> Result<()> {
    let mut transaction = database.begin_write().map_err(of_redb)?;
    transaction.set_quick_repair(quick_repair);
    let mut changes = changes.iter().peekable();
    while let Some(((table, _), _)) = changes.peek() {
        let name = table.0;
        let mut open = transaction.open_table(pages(name)).map_err(of_redb)?;
        while let Some(((_, key), value)) = changes.next_if(|((table, _), _)| table.0 == name) {
            match value {
                Some(value) => {
                    open.insert(&key[..], &seal::seal(name, key, value)[..]).map_err(of_redb)?;
                }
                None => {
                    open.remove(&key[..]).map_err(of_redb)?;
                }
            }
        }
    }
    transaction.commit().map_err(of_redb)
}

struct ReadView(ReadTransaction);

impl ReadView {
    /// None for a table that nothing was written to yet.
    fn open(&self, table: &str) -> Result<Option<redb::ReadOnlyTable<&'static [u8], &'static [u8]>>> {
        match self.0.open_table(TableDefinition::<&[u8], &[u8]>::new(table)) {
            Ok(open) => Ok(Some(open)),
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(of_redb(error)),
        }
    }
}

impl View for ReadView {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>> {
        let Some(open) = self.open(table.0)? else { return Ok(None) };
        let found = open.get(key).map_err(of_redb)?;
        found.map(|sealed| seal::open(table.0, key, sealed.value())).transpose()
    }

    fn scan(&self, table: Table, range: &Range) -> Result<Vec<(Bytes, Bytes)>> {
        let Some(open) = self.open(table.0)? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        if range.limit == 0 {
            return Ok(found);
        }
        for entry in open.range::<&[u8]>((range.start(), Bound::Unbounded)).map_err(of_redb)? {
            let (key, sealed) = entry.map_err(of_redb)?;
            let key = key.value();
            if !key.starts_with(&range.prefix) {
                break;
            }
            found.push((Bytes::copy_from_slice(key), seal::open(table.0, key, sealed.value())?));
            if found.len() >= range.limit {
                break;
            }
        }
        Ok(found)
    }
}

impl Snapshot for ReadView {
    fn tables(&self) -> Result<Vec<String>> {
        let tables = self.0.list_tables().map_err(of_redb)?;
        Ok(tables.map(|table| table.name().to_owned()).collect())
    }

    fn page(&self, table: &str, after: Option<&[u8]>, limit: usize) -> Result<Vec<(Bytes, Result<Bytes>)>> {
        let Some(open) = self.open(table)? else { return Ok(Vec::new()) };
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut found = Vec::new();
        for entry in open.range::<&[u8]>((from, Bound::Unbounded)).map_err(of_redb)?.take(limit) {
            let (key, sealed) = entry.map_err(of_redb)?;
            let value = seal::open(table, key.value(), sealed.value());
            found.push((Bytes::copy_from_slice(key.value()), value));
        }
        Ok(found)
    }
}

#[async_trait]
impl Records for RedbRecords {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>> {
        self.shared.read()?.get(table, key)
    }

    fn scan(&self, table: Table, range: &Range) -> Result<Vec<(Bytes, Bytes)>> {
        self.shared.read()?.scan(table, range)
    }

    async fn transact(&self, work: Work) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(Error::Stopped)?;
        queue.send(Ticket { work, reply }).await.map_err(|_| Error::Stopped)?;
        answer.await.map_err(|_| Error::Stopped)?
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        Ok(Arc::new(self.shared.read()?))
    }
}
