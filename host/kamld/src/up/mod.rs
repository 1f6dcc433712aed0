//! `kamld up`: the composition root. It opens the data folder, chooses back ends, joins capabilities, loads plug-ins
//! and serves until it is told to stop.
//!
//! Invariant: what is opened first is closed last, and a start that fails leaves nothing half made behind.

mod administration;
mod collect;
mod installed;
mod joins;
mod metadata;
mod migrate;
mod packages;
mod page;
mod parts;
mod previews;
mod probe;
mod reach;
pub mod signins;
mod storage;
mod trace;

pub use metadata::RECORDS as RECORDS_FILE;

use crate::local;
use anyhow::Context;
use kamld::{browse, cli::local::UpArgs, config, folder::Folder};
use kamld_linkages::{CollectionLinkage, MetadataLinkage, StorageLinkage};
use kamld_linkages_wasi::WasiLinkage;
use kamld_metadata::{Search, sql::Sql};
use kamld_runtime::{Caller, Compiler, Runtime, Tasks, admin::AdminLinkage};
use kamld_server::{
    Lifetime, Server, SignIns, TokenAuthenticator,
    page::changes::{Change, Changes},
};
use kamld_types::{Person, PluginId};
use kamld_worker::Launch;
use serde_json::{Map, Value};
use std::{io::Write, sync::Arc, time::Duration};

/// How often uploads that nobody goes on with are looked for.
const SWEEP: Duration = Duration::from_secs(3600);
/// How often denials are made durable: each one would cost a flush, and a flood of them the disk.
const SEAL: Duration = Duration::from_secs(1);

/// How often progress of long work is told to the pages.
const PROGRESS: Duration = Duration::from_millis(200);

/// Serves until Ctrl-C or SIGTERM.
pub fn run(args: UpArgs) -> anyhow::Result<()> {
    let folder = Folder::open(&args.data)?;
    let mut settings = local::settings(&args.set);
    settings.extend(args.listen.map(|address| format!("listen={address}")));
    let effective = config::load(&folder.path, &settings)?;
    let traces = trace::start(&effective.config.log)?;
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("kamld").build()?;
    let served = threads.block_on(serve(&folder, effective.config, &args));
    threads.shutdown_timeout(Duration::from_secs(2));
    drop(traces);
    served
}

/// How a worker process is started: this very binary, in another role.
fn worker(task: &str) -> std::io::Result<Launch> {
    Ok(Launch::new(std::env::current_exe()?, ["worker", task]))
}

async fn serve(folder: &Folder, config: config::Config, args: &UpArgs) -> anyhow::Result<()> {
    let reach = reach::Reach::check(&config)?;
    // Built before anything is opened: it can take minutes, and it can be stopped.
    let packages = packages::prepare()?;
    let pages = page::prepare();

    let opened = metadata::open(folder).await?;
    let metadata::Opened { records, derived, embedded } = &opened;
    let store = storage::open(&config.storage, folder, records).await?;
    let indexed = Arc::new(joins::IndexedAssets(store.clone()));
    let search =
        Search::open(derived.clone(), &folder.join("index"), embedded, indexed).map_err(kamld_types::Problem::from)?;
    let tables = joins::StoredTables { store: store.clone(), descriptions: embedded.descriptions.clone() };
    store.set_follower(Arc::new(joins::FollowingCatalog { catalog: embedded.catalog.clone(), search: search.clone() }));
    let sql = Arc::new(Sql::new(storage::sql(&config.sql, folder, worker("sql")?), Arc::new(tables))?);

    let installed = installed::Installed::open(folder, &config, &packages)?;
    let previews = Arc::new(previews::PluginPreviews { store: store.clone(), runtime: Default::default() });
    let compiler = Compiler::child(worker("compile")?);
    let metadata = MetadataLinkage { embedded: embedded.clone(), search: search.clone(), sql: sql.clone() };
    let changes = Changes::default();
    let administration =
        Arc::new(administration::InstalledPlugins { installed: installed.clone(), changes: changes.clone() });
    let collector = Arc::new(collect::Collector {
        store: store.clone(),
        search: search.clone(),
        descriptions: embedded.descriptions.clone(),
        installed: installed.clone(),
        data: folder.path.clone(),
        config: config.storage.gc.clone(),
        last: Default::default(),
    });
    let runtime = Arc::new(Runtime::new(
        kamld_runtime::Config {
            limits: config.limits.clone(),
            cache: folder.join("cache"),
            compiler,
            denials: Some(installed.denials()),
        },
        vec![
            Arc::new(WasiLinkage),
            Arc::new(StorageLinkage(Arc::new(store.clone()))),
            Arc::new(metadata),
            Arc::new(AdminLinkage(administration)),
            Arc::new(CollectionLinkage(collector.clone())),
        ],
        previews.clone(),
    )?);
    previews.runtime.set(Arc::downgrade(&runtime)).ok();

    installed.bring_up(&runtime, packages, &config.plugins.start, folder.new).await?;
    folder.begun()?;
    search.set_describer(Arc::new(joins::PluginDescriber {
        runtime: Arc::downgrade(&runtime),
        installed: installed.clone(),
    }));
    let self_test = probe::self_test(&runtime).await;
    let follow = follow(store.clone(), search.clone(), installed.clone(), runtime.tasks().clone(), changes.clone());

    let source = Arc::new(crate::backup::Source {
        store: store.clone(),
        records: records.clone(),
        data: folder.path.clone(),
        remote_refs: config.storage.backend != "local",
    });
    let collecting = tokio::spawn(collector.clone().by_itself());

    let token = folder.token()?;
    let listening = reach.listen().await?;
    if let Some(warning) = listening.warning() {
        eprintln!("{warning}");
    }
    let lifetime = Lifetime {
        idle: Duration::from_secs(config.sessions.idle_hours.saturating_mul(3600)),
        longest: Duration::from_secs(config.sessions.longest_days.saturating_mul(24 * 3600)),
    };
    let sign_ins = SignIns::open(Arc::new(signins::KeptSessions(records.clone())), lifetime).await?;
    let server = Server::new(
        parts::all(parts::Joined {
            store: store.clone(),
            search: search.clone(),
            projects: embedded.projects.clone(),
            sql,
            runtime: runtime.clone(),
            installed: installed.clone(),
            data: folder.path.clone(),
            self_test,
            pages,
            changes: changes.clone(),
            collector,
            source,
        }),
        Arc::new(TokenAuthenticator::local(&token)),
        sign_ins,
        listening.settings(),
    );
    let describing = describe_again_after_changes(&installed, &search);
    if args.sample {
        sample(&runtime).await?;
    }
    folder.announce(&listening.here, &token)?;
    let link = format!("{}/?token={token}", listening.url);
    // From here on a signal stops the server cleanly.
    let stopped = stopped()?;
    println!("ready {link}");
    std::io::stdout().flush().ok();
    // The file that leads there stays for as long as a browser may read it.
    let _opening = if args.no_browser { None } else { browse::browse(&folder.path, &link) };
    let strangers = tokio::spawn({
        let (installed, changes) = (installed.clone(), changes);
        async move { installed.load_strangers(|| changes.tell(Change::Plugins)).await }
    });
    let served = listening.serve(server, stopped).await;
    eprintln!("stopping");
    folder.retire();
    strangers.abort();
    describing.abort();
    follow.abort();
    collecting.abort();
    search.stop().await;
    installed.seal().await;
    drop(runtime);
    let flushing = derived.clone();
    if let Err(error) = tokio::task::spawn_blocking(move || flushing.flush()).await? {
        tracing::warn!(%error, "the last derived metadata could not be written; it is made again");
    }
    served.context("the server stopped")?;
    migrate::forget_copy(folder)
}

/// Has contents described again when plug-ins were installed, replaced or removed, and what nobody could describe when
/// one was granted something.
fn describe_again_after_changes(installed: &installed::Installed, search: &Arc<Search>) -> tokio::task::JoinHandle<()> {
    let wake = Arc::new(tokio::sync::Notify::new());
    // Once at the start: the plug-ins that came with a newer binary may describe what the former ones could not.
    wake.notify_one();
    let changed = wake.clone();
    installed.on_change(move || changed.notify_one());
    let (installed, search) = (installed.clone(), search.clone());
    tokio::spawn(async move {
        loop {
            wake.notified().await;
            if let Err(error) = search.describers_changed(&installed.fingerprint()).await {
                tracing::warn!(%error, "contents that have to be described again could not be found out");
            }
        }
    })
}

/// Tells the index and the pages what changed, and sweeps uploads that nobody goes on with.
fn follow(
    store: kamld_storage::AssetStore,
    search: Arc<Search>,
    installed: installed::Installed,
    tasks: Arc<Tasks>,
    changes: Changes,
) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let mut progress = tokio::time::interval(PROGRESS);
        let mut seen = tasks.version();
        let mut events = store.events();
        let mut sweep = tokio::time::interval(SWEEP);
        let mut seal = tokio::time::interval(SEAL);
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Ok(changed) => {
                        search.notify(&changed.asset);
                        changes.tell(Change::At(changed.asset.to_string()));
                    }
                    Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {
                        search.notify_all();
                        changes.tell(Change::At(String::new()));
                    }
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                },
                _ = progress.tick() => {
                    let now = tasks.version();
                    if now != seen {
                        seen = now;
                        changes.tell(Change::Tasks);
                    }
                }
                _ = seal.tick() => installed.seal().await,
                _ = sweep.tick() => sweep_uploads(&store).await,
            }
        }
    })
}

/// Removes uploads that nobody goes on with, here and in the object store.
async fn sweep_uploads(store: &kamld_storage::AssetStore) {
    match store.uploads().expire(kamld_storage::EXPIRES_AFTER).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "uploads expired"),
        Err(error) => tracing::warn!(%error, "expired uploads could not be removed"),
    }
    match store.abort_abandoned(kamld_storage::EXPIRES_AFTER).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "abandoned uploads to the object store were aborted"),
        Err(error) => tracing::warn!(%error, "abandoned uploads to the object store could not be aborted"),
    }
}

/// Adds the sample project, unless it is there.
async fn sample(runtime: &Arc<Runtime>) -> anyhow::Result<()> {
    let name = ["sample".to_owned(), "add".to_owned()];
    let (plugin, _) = runtime.find_command(&name).context("no plug-in offers sample data here")?;
    let mut arguments = Map::new();
    arguments.insert("project".into(), Value::String("sample".into()));
    match runtime.run_command(&plugin, host_caller(), &name, arguments).await {
        Ok(_) => Ok(()),
        Err(problem) if problem.kind == kamld_types::Kind::AlreadyExists => Ok(()),
        Err(problem) => Err(problem).context("the sample data could not be added"),
    }
}

fn host_caller() -> Caller {
    Caller {
        person: Person::local(),
        rights: kamld_policy::Rights::Everything,
        project: None,
        trace: uuid::Uuid::new_v4().simple().to_string(),
        locale: "en".into(),
        deadline: None,
    }
}

/// Listens for signals from now on; the answer resolves when one says stop.
fn stopped() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// The ids that a first start installs, checked.
pub fn ids(names: &[String]) -> anyhow::Result<Vec<PluginId>> {
    names.iter().map(|name| PluginId::new(name).with_context(|| format!("plugins.start names '{name}'"))).collect()
}
