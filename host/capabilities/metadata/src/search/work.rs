//! What keeps the index going: takes what was told, has it indexed, builds anew on demand and after damage.
//!
//! Must not live here: what a pass does (`index::follow`).
//! Invariant: no error ends the worker; what failed is tried again, and what cannot be repaired is built anew.

use super::{Progress, Rebuild, Shared, folder};
use crate::{
    error::{Error, Result},
    index::follow::{Follower, Scope},
};
use kamld_types::{AssetId, Problem};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// Between a failure and the next try.
const PAUSE: Duration = Duration::from_secs(1);
/// Between two tries of an asset that storage could not answer for.
const RETRY: Duration = Duration::from_secs(30);
/// So many failures in a row, and the index is taken for damaged.
const PATIENCE: u32 = 3;

pub(super) async fn run(shared: Arc<Shared>, mut orders: mpsc::Receiver<Rebuild>) {
    let mut stopping = shared.stopping.subscribe();
    tokio::select! {
        () = work(&shared, &mut orders) => {}
        _ = stopping.wait_for(|stop| *stop) => {}
    }
}

async fn work(shared: &Arc<Shared>, orders: &mut mpsc::Receiver<Rebuild>) {
    let mut follower = None;
    if !is_sound(shared).await {
        tracing::warn!("the search index is damaged and is built anew");
        let _ = rebuild(shared, &mut follower, Box::new(|_| ())).await;
    }
    let mut failures = 0;
    loop {
        match pass(shared, &mut follower).await {
            Ok(()) => {
                failures = 0;
                shared.trouble.lock().index = None;
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(%error, failures, "the search index was not brought up to date, trying again");
                shared.trouble.lock().index = Some(Problem::from(error).message);
                // A writer that failed once fails for ever: the next pass opens another one.
                follower = None;
                tokio::time::sleep(PAUSE).await;
                if failures >= PATIENCE && rebuild(shared, &mut follower, Box::new(|_| ())).await.is_ok() {
                    failures = 0;
                }
                continue;
            }
        }
        let troubled: BTreeSet<_> = shared.trouble.lock().assets.keys().cloned().collect();
        tokio::select! {
            () = shared.index_wake.notified() => {}
            () = tokio::time::sleep(RETRY), if !troubled.is_empty() => shared.pending.lock().assets.extend(troubled),
            order = orders.recv() => {
                let Some(Rebuild { tell, built }) = order else { return };
                let answer = rebuild(shared, &mut follower, tell).await;
                let _ = built.send(answer);
            }
        }
    }
}

async fn is_sound(shared: &Shared) -> bool {
    let opened = shared.opened.read().clone();
    tokio::task::spawn_blocking(move || opened.is_sound()).await.unwrap_or(false)
}

async fn pass(shared: &Arc<Shared>, follower: &mut Option<Follower>) -> Result<()> {
    let follower = match follower {
        Some(follower) => follower,
        None => {
            let opened = shared.opened.read().clone();
            follower.insert(Follower::new(shared.clone(), opened)?)
        }
    };
    let (scope, told) = {
        let mut pending = shared.pending.lock();
        let assets = std::mem::take(&mut pending.assets);
        let all = std::mem::take(&mut pending.all);
        (if all { Scope::All } else { Scope::These(assets) }, pending.told)
    };
    let tried = match &scope {
        Scope::All => None,
        Scope::These(assets) => Some(assets.clone()),
    };
    match follower.pass(scope).await {
        Ok(failed) => {
            remember(shared, tried.as_ref(), failed);
            shared.done.send_replace(told);
            Ok(())
        }
        Err(error) => {
            // What was taken was not done: everything is compared next time.
            shared.pending.lock().all = true;
            Err(error)
        }
    }
}

/// What was tried and did not fail is no trouble any more; `None` stands for all assets.
fn remember(shared: &Shared, tried: Option<&BTreeSet<AssetId>>, failed: Vec<(AssetId, Problem)>) {
    let mut trouble = shared.trouble.lock();
    trouble.assets.retain(|asset, _| tried.is_some_and(|tried| !tried.contains(asset)));
    for (asset, problem) in failed {
        tracing::warn!(%asset, %problem, "an asset could not be indexed; what is indexed of it stays");
        trouble.assets.insert(asset, problem.message);
    }
}

async fn rebuild(
    shared: &Arc<Shared>,
    follower: &mut Option<Follower>,
    tell: Box<dyn Fn(Progress) + Send + Sync>,
) -> Result<Progress> {
    let (built, progress, failed) = Follower::rebuild(shared, tell).await?;
    // The old writer lets go of its folder before the folder goes.
    *follower = None;
    let opened = built.opened.clone();
    let (folder, new) = (shared.folder.clone(), opened.clone());
    tokio::task::spawn_blocking(move || folder::take_over(&folder, &new))
        .await
        .map_err(|_| Error::Stopped("indexer"))??;
    *shared.opened.write() = opened.clone();
    shared.state.keep_generation(&opened.generation)?;
    remember(shared, None, failed);
    shared.done.send_modify(|_| ());
    *follower = Some(built);
    Ok(progress)
}
