//! What the command line needs of the host itself: the commands that ask no server.
//!
//! Lives here: the trait that the composition root implements, and the arguments of its methods.
//! Must not live here: any of the work.

use clap::Args;
use kamld_types::{Problem, command::Outcome};
use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

/// Work done in this process, outside of any async runtime: an implementation starts its own where it needs one.
/// Progress goes to standard error; `Outcome` is printed like that of any other command.
pub trait Local {
    /// Serves until it is told to stop.
    fn up(&self, args: UpArgs) -> Result<(), Problem>;
    /// The effective configuration with the source of each value.
    fn config(&self, args: ConfigArgs) -> Result<Outcome, Problem>;
    /// Writes the source of a new plug-in from a template.
    fn plugin_new(&self, args: PluginNewArgs) -> Result<Outcome, Problem>;
    /// Builds the plug-in in a folder and gives the path of the component with its manifest inside.
    fn plugin_build(&self, args: PluginBuildArgs) -> Result<PathBuf, Problem>;
    /// Compares what a component imports with what its manifest needs.
    fn plugin_check(&self, args: PluginCheckArgs) -> Result<Outcome, Problem>;
    /// Makes a data folder of a snapshot, or verifies it.
    fn restore_backup(&self, args: RestoreBackupArgs) -> Result<Outcome, Problem>;
    /// Checks the audit log of a data folder that no server holds; with a damaged one it fails.
    fn audit_verify(&self, data: PathBuf) -> Result<Outcome, Problem>;
    /// A process that works for a running host, and is started by it alone.
    fn worker(&self, args: WorkerArgs) -> Result<(), Problem>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpArgs {
    pub data: PathBuf,
    pub listen: Option<SocketAddr>,
    pub sample: bool,
    pub no_browser: bool,
    /// Keys of the configuration with their values, as `--set KEY=VALUE` gave them.
    pub set: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreBackupArgs {
    pub backup: PathBuf,
    pub snapshot: Option<String>,
    /// The new data folder; none only verifies.
    pub to: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigArgs {
    pub data: PathBuf,
    pub set: Vec<(String, String)>,
}

#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct PluginNewArgs {
    /// The id of the plug-in, such as anna/leaves
    #[arg(value_name = "ID")]
    pub id: String,
    /// The folder to write, named after the plug-in when left out
    #[arg(value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// The language of the template
    #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
    pub language: String,
}

#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct PluginBuildArgs {
    /// The folder with plugin.toml
    #[arg(value_name = "FOLDER", default_value = ".")]
    pub folder: PathBuf,
    /// Where to write the component, beside its source when left out
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct PluginCheckArgs {
    /// A component, or the folder of a plug-in that has been built
    #[arg(value_name = "FILE|FOLDER", default_value = ".")]
    pub path: PathBuf,
}

#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct WorkerArgs {
    pub task: WorkerTask,
    /// As the host passes them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<OsString>,
}

/// What a worker process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum WorkerTask {
    /// Compiles one component.
    Compile,
    /// Runs queries.
    Sql,
}
