//! The commands that are the binary's own, as clap reads them.
//!
//! Lives here: names, arguments and help of the fixed commands. Must not live here: what they do.
#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "comments here are help texts, and brackets mean what may be left out"
)]

use super::local::{PluginBuildArgs, PluginCheckArgs, PluginNewArgs, WorkerArgs};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use std::{net::SocketAddr, path::PathBuf};

#[derive(Parser, Debug)]
#[command(
    name = "kamld",
    version,
    about = "Versions, queries and finds datasets and models, by plug-ins",
    after_help = "`kamld help exit-codes` lists the exit codes. Commands that a plug-in offers are listed while its server \
                  runs, and from then on.",
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Fixed,
}

#[derive(Args, Clone, Debug, Default)]
pub struct Global {
    /// The data folder of the server [env: KAMLD_DATA] [default: ~/.local/share/kamld]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options", conflicts_with = "url")]
    pub data: Option<PathBuf>,
    /// The address of a server elsewhere; its token is in KAMLD_TOKEN [env: KAMLD_URL]
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub url: Option<String>,
    /// The project that the command is about [env: KAMLD_PROJECT]
    #[arg(long, global = true, value_name = "PROJECT", help_heading = "Global options")]
    pub project: Option<String>,
    /// Print the result, and errors, as JSON
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
}

#[derive(Subcommand, Debug)]
pub enum Fixed {
    /// Start the server on this machine
    Up(UpFlags),
    /// Show what the server is and how it does
    Status,
    /// Show the effective configuration and where each value comes from
    Config(ConfigFlags),
    /// Store files and folders in an asset
    Put(PutArgs),
    /// Fetch an object, a folder or a whole asset
    Get(GetArgs),
    /// Build, install and govern plug-ins
    Plugin {
        #[command(subcommand)]
        command: Plugin,
    },
    /// Show what was installed, granted, denied and revoked
    Audit(AuditArgs),
    /// Look after what is stored
    Storage {
        #[command(subcommand)]
        command: Storage,
    },
    /// Add a snapshot of a running server to a backup
    ///
    /// The first snapshot copies everything, later ones only what is new. The folder is on the server's machine and
    /// should be on another disk. The token is not part of it.
    #[command(
        after_help = "Examples:\n  kamld backup /mnt/backup/kamld\n  kamld restore-backup /mnt/backup/kamld --data ~/restored"
    )]
    Backup {
        /// An empty folder, or one that holds a backup already
        #[arg(value_name = "FOLDER")]
        to: PathBuf,
    },
    /// Make a new data folder of a snapshot, or check a backup
    RestoreBackup(RestoreArgs),
    /// Look after the search index
    Index {
        #[command(subcommand)]
        command: Index,
    },
    /// See where you are signed in with a browser, and sign out there
    Session {
        #[command(subcommand)]
        command: Session,
    },
    /// Print the completion script of a shell
    #[command(after_help = "Examples:\n  kamld completion bash > ~/.local/share/bash-completion/completions/kamld")]
    Completion { shell: Shell },
    #[command(hide = true)]
    Worker(WorkerArgs),
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  kamld up --sample            with a project of real sample data\n  \
                        kamld up --listen 127.0.0.1:0  on a free port")]
pub struct UpFlags {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Add a project with real sample data
    #[arg(long)]
    pub sample: bool,
    /// Do not open the page in a browser
    #[arg(long)]
    pub no_browser: bool,
    /// A key of the configuration, for this start
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
}

#[derive(Args, Debug)]
pub struct ConfigFlags {
    /// A key of the configuration, as `up` would take it
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
}

#[derive(Args, Debug)]
#[command(after_help = "A folder is stored under its own name; with a '/' at its end, only what is in it.\n\
    One file may be given another name: put a.csv birds/strikes/2019.csv\n\n\
    Examples:\n  kamld put ~/data/* birds/strikes\n  kamld put photos/ birds/strikes@try/photos/")]
pub struct PutArgs {
    /// Files and folders
    #[arg(value_name = "SRC", required = true)]
    pub sources: Vec<PathBuf>,
    /// PROJECT/ASSET[@BRANCH][/PATH]
    #[arg(value_name = "TARGET", required = true)]
    pub target: String,
    /// How long to wait for a server that went away, before giving up
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub retry_for: u64,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Every object is checked against its SHA-256; a transfer that was cut goes on where it stopped.\n\n\
    Examples:\n  kamld get birds/strikes@v1 out\n  kamld get birds/strikes/2019.csv - | head"
)]
pub struct GetArgs {
    /// PROJECT/ASSET[@REF][/PATH]
    #[arg(value_name = "SOURCE")]
    pub source: String,
    /// A file or folder, or - for the standard output
    #[arg(value_name = "DST")]
    pub destination: Option<PathBuf>,
    /// Overwrite local files that differ
    #[arg(long)]
    pub force: bool,
    /// How long to wait for a server that went away, before giving up
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub retry_for: u64,
}

#[derive(Subcommand, Debug)]
pub enum Plugin {
    /// Write the source of a new plug-in
    New(PluginNewArgs),
    /// Build a plug-in and put its manifest into the component
    Build(PluginBuildArgs),
    /// Compare what a component imports with what it says it needs
    Check(PluginCheckArgs),
    /// Install a component, or build and install a folder
    ///
    /// What it needs and would bring is shown, and nothing of it runs before it is granted that. Where the id is
    /// installed already, what is replaced is shown first. Ids of the namespace kamld are for plug-ins that come with it.
    Install(InstallArgs),
    /// Let an installed plug-in run
    Enable(PluginId),
    /// Stop a plug-in and keep it installed
    Disable(PluginId),
    /// Remove a plug-in; what it stored stays
    Remove(RemoveArgs),
    /// Show or change what a plug-in may do
    Grant(GrantArgs),
    /// Take back all that a plug-in may do
    Revoke(PluginId),
    /// List what is installed
    List,
    /// Show one plug-in: needs, grant, commands
    Show(PluginId),
    /// Show what each plug-in has used and been denied
    Ledger,
    /// Go back to the version before
    Rollback(PluginId),
}

#[derive(Args, Debug)]
pub struct PluginId {
    /// The id of the plug-in, such as anna/leaves
    #[arg(value_name = "ID")]
    pub id: String,
}

#[derive(Args, Debug)]
pub struct RemoveArgs {
    #[command(flatten)]
    pub plugin: PluginId,
    /// Do not ask
    #[arg(long, short = 'y')]
    pub yes: bool,
}

#[derive(Args, Debug)]
pub struct InstallArgs {
    /// A component, or a folder with plugin.toml
    #[arg(value_name = "FILE|FOLDER")]
    pub path: PathBuf,
    /// Grant what the plug-in needs and replace an installed one of its id, without asking
    #[arg(long, visible_alias = "yes", short = 'y')]
    pub grant_needs: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "Without an option it prints the grant as TOML.\n\nExamples:\n  \
    kamld plugin grant anna/leaves > grant.toml\n  kamld plugin grant anna/leaves --file grant.toml\n  \
    kamld plugin grant anna/leaves --remove kamld:storage/objects")]
pub struct GrantArgs {
    #[command(flatten)]
    pub plugin: PluginId,
    /// Set the grant to what a TOML file says; - reads the standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from_needs", "remove"])]
    pub file: Option<PathBuf>,
    /// Set the grant to all that the plug-in needs
    #[arg(long, conflicts_with = "remove")]
    pub from_needs: bool,
    /// Take back one interface
    #[arg(long, value_name = "INTERFACE")]
    pub remove: Vec<String>,
}

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct AuditArgs {
    #[command(subcommand)]
    pub command: Option<Audit>,
    #[command(flatten)]
    pub list: AuditListArgs,
}

#[derive(Subcommand, Debug)]
pub enum Audit {
    /// List the entries, the newest last
    List(AuditListArgs),
    /// Check that no entry was changed, added or taken out; also of a data folder that no server holds
    Verify {
        /// Also read again what has not changed since it was last verified
        #[arg(long)]
        all: bool,
    },
    /// Write all entries as JSON lines
    Export {
        /// The file to write, else the standard output
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Args, Debug)]
pub struct AuditListArgs {
    /// Start behind this entry
    #[arg(long, value_name = "NUMBER")]
    pub after: Option<u64>,
    /// How many entries
    #[arg(long, value_name = "NUMBER")]
    pub limit: Option<u64>,
}

#[derive(Subcommand, Debug)]
pub enum Storage {
    /// Read everything that is stored and compare it with its hashes
    #[command(
        after_help = "Damage that has no good copy in the store is repaired by a put of the same bytes; the report \
        names the command.\n\nExamples:\n  kamld storage check\n  kamld storage check --repair"
    )]
    Check {
        /// Write what is damaged again wherever a good copy is found in the store
        #[arg(long)]
        repair: bool,
    },
    /// Free the disk space of what nothing leads to any more
    ///
    /// Garbage is what no branch, version, commit or reader leads to: overwritten working states, what was in the bin
    /// for 30 days, unfinished uploads after 7 days. The server does this by itself in quiet hours.
    #[command(after_help = "Examples:\n  kamld storage gc --dry-run\n  kamld storage gc --grace 0s")]
    Gc(GcArgs),
}

#[derive(clap::Args, Debug)]
pub struct GcArgs {
    /// Only say what would be freed, and what is held back and why
    #[arg(long)]
    pub dry_run: bool,
    /// How long something must have been garbage before it goes: 90s, 30m, 12h, 2d (default: as configured)
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub grace: Option<std::time::Duration>,
    /// How long removed assets and branches stay in the bin (default: as configured)
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub bin: Option<std::time::Duration>,
}

/// A number and one of s, m, h, d.
fn duration(text: &str) -> Result<std::time::Duration, String> {
    let wrong = || format!("'{text}' is not a time: write a number and s, m, h or d, such as 12h");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    number.checked_mul(seconds).map(std::time::Duration::from_secs).ok_or_else(wrong)
}

#[derive(clap::Args, Debug)]
pub struct RestoreArgs {
    /// The folder of the backup
    #[arg(value_name = "BACKUP")]
    pub backup: PathBuf,
    /// The snapshot, such as 2026-11-30T10-45-04.120Z [default: the newest]
    #[arg(long, value_name = "SNAPSHOT")]
    pub snapshot: Option<String>,
    /// Read and verify everything, and write nothing
    #[arg(long)]
    pub check: bool,
}

#[derive(Subcommand, Debug)]
pub enum Index {
    /// Build the search index anew from storage
    Rebuild,
}

#[derive(Subcommand, Debug)]
pub enum Session {
    /// List the sessions that are open
    List,
    /// End a session: its pages close, and its cookie opens nothing any more
    #[command(after_help = "Examples:\n  kamld session end 3f9c1a2b7d40\n  kamld session end --all")]
    End {
        /// From the list
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<String>,
        /// All of them
        #[arg(long)]
        all: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_fixed_commands_are_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn put_takes_many_sources_and_one_target() {
        let cli = Cli::try_parse_from(["kamld", "put", "a", "b", "c", "birds/strikes"]).unwrap();
        let Fixed::Put(put) = cli.command else { panic!("{cli:?}") };
        assert_eq!((put.sources.len(), put.target.as_str()), (3, "birds/strikes"));
        assert!(Cli::try_parse_from(["kamld", "put", "a"]).is_err());
    }

    #[test]
    fn audit_alone_lists() {
        let cli = Cli::try_parse_from(["kamld", "audit", "--limit", "5"]).unwrap();
        let Fixed::Audit(audit) = cli.command else { panic!("{cli:?}") };
        assert!(audit.command.is_none());
        assert_eq!(audit.list.limit, Some(5));
    }
}
