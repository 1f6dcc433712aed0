//! `kamld:storage/objects`: listing, reading and writing, with handles for readers and writers.
//!
//! A handle remembers what it was opened for and asks the gate again on every use: a grant that is taken
//! away ends reading in mid-object.

use super::{Answer, MAX_PAGE, Marker, Narrow, StorageHost, answer, branch_name, limit, ref_name};
use crate::{
    model::{ListOptions, Listed, Page},
    policy::{self, Needs},
    reader::{ObjectReader, ReadAhead},
    view::View,
    writer::{Destination, ObjectWriter},
};
use bytes::Bytes;
use kamld_bindings::imports::kamld::storage::{
    objects::{self as wit, Host, HostReader, HostWriter},
    types,
};
use kamld_policy::{Holding, Opened, base::newest};
use kamld_types::{AssetId, ObjectPath, Problem};
use wasmtime::component::{Linker, Resource};

/// Bytes that one call may move: what the runtime lets the host hold for one call.
const MAX_BYTES: u64 = 8 << 20;

/// Memory that the host may need for an open reader or writer; 64 of them are 16 MiB.
const BUFFER: u64 = 256 << 10;
/// What a writer needs beside that once it is written to: what it gathers, and what is on its way to the spool.
const GATHERED: u64 = 2 << 20;

struct OpenReader {
    reader: ObjectReader,
    resource: String,
    ahead: ReadAhead,
    _holding: Holding,
}

struct OpenWriter {
    /// None once a write has failed: then nothing can be finished.
    writer: Option<ObjectWriter>,
    resource: String,
    /// Bytes that were written, until they are more than its buffer.
    small: Option<u64>,
    holding: Holding,
}

fn reader(handle: &Resource<wit::Reader>) -> Resource<OpenReader> {
    Resource::new_borrow(handle.rep())
}

fn writer(handle: &Resource<wit::Writer>) -> Resource<OpenWriter> {
    Resource::new_borrow(handle.rep())
}

/// Links the interface. What is generated hands bytes over as a vector, whose memory goes with each step; `read-at` is
/// linked once more so that they go from the reader's own memory into the guest's.
pub fn link<T: Send + 'static>(linker: &mut Linker<T>, get: fn(&mut T) -> StorageHost<'_>) -> wasmtime::Result<()> {
    wit::add_to_linker::<T, Marker>(linker, get)?;
    linker.allow_shadowing(true);
    linker.instance(&newest(policy::OBJECTS_OPEN.interface))?.func_wrap_async(
        "[method]reader.read-at",
        move |mut store, (handle, offset, length): (Resource<wit::Reader>, u64, u32)| {
            Box::new(async move { Ok((get(store.data_mut()).read(handle, offset, length).await?,)) })
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

impl Host for StorageHost<'_> {
    async fn stat(
        &mut self,
        project: String,
        asset: String,
        at: Option<String>,
        path: String,
    ) -> Answer<types::Object> {
        let host = self.narrow();
        answer(
            async move {
                let asset = host.at_path(policy::OBJECTS_STAT, &project, &asset, &path)?;
                let view = host.store.view(&asset, ref_name(at)?.as_ref()).await?;
                Ok(view.stat(&ObjectPath::new(path)?).await?.into())
            }
            .await,
        )
    }

    async fn list(
        &mut self,
        project: String,
        asset: String,
        at: Option<String>,
        options: wit::ListOptions,
    ) -> Answer<types::Page> {
        let host = self.narrow();
        answer(
            async move {
                let asset = host.asset(policy::OBJECTS_LIST, &project, &asset)?;
                let view = host.store.view(&asset, ref_name(at)?.as_ref()).await?;
                let wit::ListOptions { prefix, recursive, after, limit: most } = options;
                let options = ListOptions { prefix, recursive, after, limit: limit(most)? };
                Ok(host.list_visible(&asset, &view, options).await?.into())
            }
            .await,
        )
    }

    async fn open(
        &mut self,
        project: String,
        asset: String,
        at: Option<String>,
        path: String,
    ) -> Answer<Resource<wit::Reader>> {
        let host = self.narrow();
        let opened = async move {
            let id = host.at_path(policy::OBJECTS_OPEN, &project, &asset, &path)?;
            let holding = host.call.open(Opened::Stream, BUFFER)?;
            let view = host.store.view(&id, ref_name(at)?.as_ref()).await?;
            let resource = format!("{id}/{path}");
            let reader = view.read(&ObjectPath::new(path)?).await?;
            Ok(OpenReader { reader, resource, ahead: ReadAhead::default(), _holding: holding })
        }
        .await;
        let handle = opened.and_then(|open| self.table.push(open).map_err(too_many));
        answer(handle.map(|handle| Resource::new_own(handle.rep())))
    }

    async fn create(
        &mut self,
        project: String,
        asset: String,
        branch: Option<String>,
        path: String,
        media_type: Option<String>,
    ) -> Answer<Resource<wit::Writer>> {
        let host = self.narrow();
        let opened = async move {
            let asset = host.at_path(policy::OBJECTS_CREATE, &project, &asset, &path)?;
            let holding = host.call.open(Opened::Stream, BUFFER)?;
            let resource = format!("{asset}/{path}");
            let (branch, path) = (branch_name(branch)?, ObjectPath::new(path)?);
            let writer = host.store.writer(Destination { asset, branch, path, media_type, modified: None }).await?;
            Ok(OpenWriter { writer: Some(writer), resource, small: Some(0), holding })
        }
        .await;
        let handle = opened.and_then(|open| self.table.push(open).map_err(too_many));
        answer(handle.map(|handle| Resource::new_own(handle.rep())))
    }

    async fn copy(
        &mut self,
        project: String,
        asset: String,
        branch: Option<String>,
        from: String,
        to: String,
    ) -> Answer<u64> {
        let host = self.narrow();
        answer(
            async move {
                let needs = [policy::OBJECTS_COPY_FROM, policy::OBJECTS_COPY_TO];
                let asset = host.both_ends(needs, &project, &asset, &from, &to)?;
                Ok(host.store.copy_objects(&asset, branch_name(branch)?.as_ref(), &from, &to).await?)
            }
            .await,
        )
    }

    async fn move_(
        &mut self,
        project: String,
        asset: String,
        branch: Option<String>,
        from: String,
        to: String,
    ) -> Answer<u64> {
        let host = self.narrow();
        answer(
            async move {
                let needs = [policy::OBJECTS_MOVE_FROM, policy::OBJECTS_MOVE_TO];
                let asset = host.both_ends(needs, &project, &asset, &from, &to)?;
                Ok(host.store.move_objects(&asset, branch_name(branch)?.as_ref(), &from, &to).await?)
            }
            .await,
        )
    }

    async fn remove(&mut self, project: String, asset: String, branch: Option<String>, path: String) -> Answer<u64> {
        let host = self.narrow();
        answer(
            async move {
                let asset = host.at_path(policy::OBJECTS_REMOVE, &project, &asset, &path)?;
                Ok(host.store.remove_objects(&asset, branch_name(branch)?.as_ref(), &path).await?)
            }
            .await,
        )
    }
}

impl HostReader for StorageHost<'_> {
    async fn size(&mut self, handle: Resource<wit::Reader>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&reader(&handle))?.reader.size())
    }

    async fn read_at(&mut self, handle: Resource<wit::Reader>, offset: u64, length: u32) -> Answer<Vec<u8>> {
        Ok(self.read(handle, offset, length).await?.map(Vec::from))
    }

    async fn drop(&mut self, handle: Resource<wit::Reader>) -> wasmtime::Result<()> {
        self.table.delete(Resource::<OpenReader>::new_own(handle.rep()))?;
        Ok(())
    }
}

impl StorageHost<'_> {
    async fn read(&mut self, handle: Resource<wit::Reader>, offset: u64, length: u32) -> Answer<Bytes> {
        let open = self.table.get(&reader(&handle))?;
        if let Err(problem) = self.narrow().admit(policy::OBJECTS_OPEN, &open.resource) {
            return answer(Err(problem));
        }
        let open = self.table.get_mut(&reader(&handle))?;
        let (reader, mut ahead) = (open.reader.clone(), std::mem::take(&mut open.ahead));
        let read = ahead.read(&reader, offset, u64::from(length).min(MAX_BYTES)).await;
        self.table.get_mut(&self::reader(&handle))?.ahead = ahead;
        answer(read.map_err(Into::into))
    }
}

impl HostWriter for StorageHost<'_> {
    async fn write(&mut self, handle: Resource<wit::Writer>, bytes: Vec<u8>) -> Answer<()> {
        let open = self.table.get(&writer(&handle))?;
        if let Err(problem) = self.narrow().admit(policy::OBJECTS_CREATE, &open.resource) {
            return answer(Err(problem));
        }
        if bytes.len() as u64 > MAX_BYTES {
            return answer(Err(
                Problem::limit("one write takes at most 8 MiB").help("write the object in chunks of 1 MiB")
            ));
        }
        let open = self.table.get_mut(&writer(&handle))?;
        if let Err(problem) = open.make_room(bytes.len() as u64) {
            return answer(Err(problem));
        }
        let Some(mut taken) = open.writer.take() else { return answer(Err(closed())) };
        let written = taken.write(&bytes).await;
        if written.is_ok() {
            self.table.get_mut(&writer(&handle))?.writer = Some(taken);
        }
        answer(written.map_err(Into::into))
    }

    async fn finish(&mut self, handle: Resource<wit::Writer>) -> Answer<types::Object> {
        let open = self.table.get(&writer(&handle))?;
        if let Err(problem) = self.narrow().admit(policy::OBJECTS_CREATE, &open.resource) {
            return answer(Err(problem));
        }
        let Some(taken) = self.table.get_mut(&writer(&handle))?.writer.take() else { return answer(Err(closed())) };
        answer(taken.finish().await.map(Into::into).map_err(Into::into))
    }

    async fn drop(&mut self, handle: Resource<wit::Writer>) -> wasmtime::Result<()> {
        self.table.delete(Resource::<OpenWriter>::new_own(handle.rep()))?;
        Ok(())
    }
}

impl OpenWriter {
    /// Takes the memory for what is about to be written. Nothing is lost when there is none: the write can be repeated.
    fn make_room(&mut self, more: u64) -> Result<(), Problem> {
        let Some(written) = self.small else { return Ok(()) };
        if written + more <= BUFFER {
            self.small = Some(written + more);
            return Ok(());
        }
        self.holding.grow(GATHERED)?;
        self.small = None;
        Ok(())
    }
}

fn closed() -> Problem {
    Problem::invalid("this writer is finished, or a write of it failed")
        .help("create another writer and write the object again")
}

fn too_many(error: wasmtime::component::ResourceTableError) -> Problem {
    Problem::limit(format!("no more handles can be opened: {error}"))
        .help("drop readers and writers when they are done")
}

impl Narrow<'_> {
    fn both_ends(
        &self,
        needs: [Needs; 2],
        project: &str,
        asset: &str,
        from: &str,
        to: &str,
    ) -> Result<AssetId, Problem> {
        self.admit(needs[0], &format!("{project}/{asset}/{from}"))?;
        self.admit(needs[1], &format!("{project}/{asset}/{to}"))?;
        AssetId::new(project, asset)
    }

    /// A page of what may be seen. What may not is neither in it nor in its cursor: that is the last thing of the page,
    /// and there is one only when something follows that may be seen.
    async fn list_visible(&self, asset: &AssetId, view: &View, options: ListOptions) -> Result<Page, Problem> {
        let interface = policy::OBJECTS_LIST.interface;
        let (limit, mut options) = (options.limit, ListOptions { limit: MAX_PAGE as usize, ..options });
        let mut seen = Vec::new();
        loop {
            let page = view.list(options.clone()).await?;
            let may_see = |entry: &Listed| self.call.may_see(interface, &format!("{asset}/{}", path_of(entry)));
            seen.extend(page.entries.into_iter().filter(may_see));
            if seen.len() > limit {
                seen.truncate(limit);
                let next = seen.last().map(|last| path_of(last).to_owned());
                return Ok(Page { entries: seen, next });
            }
            let Some(next) = page.next else { return Ok(Page { entries: seen, next: None }) };
            options.after = Some(next);
        }
    }
}

fn path_of(entry: &Listed) -> &str {
    match entry {
        Listed::Object(object) => object.path.as_str(),
        Listed::Folder(folder) => folder,
    }
}
