//! Drawing an object: by whichever plug-in fits its media type, for commands of other plug-ins.

use async_trait::async_trait;
use kamld_runtime::{Caller, Previews, Runtime};
use kamld_storage::AssetStore;
use kamld_types::{Address, Node, Problem, problem::Result};
use std::sync::{OnceLock, Weak};

/// Made before the runtime, which it needs; `runtime` is set once that is there.
pub struct PluginPreviews {
    pub store: AssetStore,
    pub runtime: OnceLock<Weak<Runtime>>,
}

#[async_trait]
impl Previews for PluginPreviews {
    async fn open(&self, caller: Caller, address: &Address, start: u64, window: u32) -> Result<Vec<Node>> {
        let path = address.object()?;
        let object = self.store.view(&address.asset, address.at.as_ref()).await?.stat(&path).await?;
        let runtime = self.runtime.get().and_then(Weak::upgrade);
        let runtime = runtime.ok_or_else(|| Problem::unavailable("the host is starting or stopping"))?;
        runtime.preview(caller, address, &object.media_type, object.size, start, window).await.unwrap_or_else(|| {
            Err(Problem::not_found(format!("no plug-in draws {}", object.media_type))
                .help(format!("kamld get {address} fetches it; kamld plugin list shows what is installed")))
        })
    }
}
