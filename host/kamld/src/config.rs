//! Configuration: defaults, then one TOML file, then `KAMLD_...`, then `--set KEY=VALUE`; each value knows its source.
//!
//! Invariant: a key that does not exist is an error with the nearest name, wherever it comes from.

use anyhow::{Context, bail};
use kamld_runtime::Limits;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::SocketAddr, path::Path};
use toml::{Table, Value};

/// The name of the file in the data folder.
pub const FILE: &str = "kamld.toml";

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address and port; port 0 takes a free one. The laptop's server listens on loopback.
    pub listen: SocketAddr,
    pub storage: Storage,
    pub sql: Sql,
    pub index: Index,
    pub plugins: Plugins,
    pub audit: Audit,
    pub http: Http,
    pub sessions: Sessions,
    /// Limits of each call of a plug-in.
    pub limits: Limits,
    pub log: Log,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// `local` (the data folder) or `s3`.
    pub backend: String,
    pub s3: S3,
    pub gc: Gc,
}

/// Garbage collection.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gc {
    /// Minutes between two collections that the server makes by itself, in quiet times; 0 for none.
    pub every_minutes: u64,
    /// Hours that something must have been garbage before it goes.
    pub grace_hours: u64,
    /// Days that removed assets and branches stay in the bin.
    pub bin_days: u64,
}

impl Default for Gc {
    fn default() -> Self {
        Self { every_minutes: 60, grace_hours: 24, bin_days: 30 }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    pub endpoint: String,
    pub bucket: String,
    pub region: String,
    pub access_key: String,
    pub secret_key: String,
    /// A folder in the bucket; empty for all of it.
    pub prefix: String,
}

impl Default for S3 {
    fn default() -> Self {
        let empty = String::new;
        Self {
            endpoint: empty(),
            bucket: empty(),
            region: "us-east-1".into(),
            access_key: empty(),
            secret_key: empty(),
            prefix: empty(),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sql {
    /// MiB that one query may hold before it spills to disk; several have less each, and at most twice as much together.
    pub memory_mib: u64,
    /// MiB of disk for spilling.
    pub spill_mib: u64,
    /// MiB of disk for rows of results and tables that are looked at; 0 for a tenth of what is free, at most 10 GiB.
    pub results_mib: u64,
    /// Seconds until a query is stopped.
    pub time_s: u64,
    /// Queries that run, or wait for whoever takes their rows, at the same time; each is a process of its own.
    pub workers: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// MiB that the writer of the search index may hold.
    pub heap_mib: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plugins {
    /// What a new data folder starts with; an id that is taken out here is not installed.
    pub start: Vec<String>,
    /// MiB of compiled plug-ins from which on those that no installed plug-in needs are removed.
    pub cache_mib: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// MiB from which on `audit.log` is closed, moved to `audit/`, and a new one begins; 0 for never.
    pub rotate_mib: u64,
    /// Days after which records may be removed, a whole closed segment at a time; 0 keeps all.
    pub keep_days: u64,
}

/// How the server is reached from elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Names under which the server may be addressed beside loopback, without a port, such as `data.example.org`: behind a
    /// proxy, the name that the proxy is known by, and the one that it passes on as `Host` where that is another.
    pub hosts: Vec<String>,
    /// A file with the server's certificate in PEM, and behind it those that lead to its authority; empty for no TLS. With
    /// it the server speaks TLS where it listens, and links lead to the first of `hosts`. The command line of this machine
    /// goes by loopback. The files are read again when they change, and on SIGHUP.
    pub tls_certificate: String,
    /// A file with the private key of that certificate, in PEM.
    pub tls_key: String,
    /// Proxies in front of the server: addresses such as `10.0.0.7`, or ranges such as `10.0.0.0/8`. From them alone
    /// `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host` tell who asks, by which scheme and under which name.
    /// Such a proxy must set each of the three itself, or remove it: what it lets through is believed.
    pub trusted_proxies: Vec<String>,
    /// Session cookies travel over TLS only: set it when TLS ends at a proxy that does not tell so. With TLS of its own, and
    /// where a trusted proxy tells `https`, they do so by themselves.
    pub secure_cookies: bool,
}

/// How long people stay signed in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// Hours without use after which a session ends.
    pub idle_hours: u64,
    /// Days after which it ends in any case.
    pub longest_days: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// As `RUST_LOG` has it: `info`, `kamld_storage=debug,info`.
    pub level: String,
    /// `text` or `json`.
    pub format: String,
    /// Where traces go by OTLP over HTTP, such as `http://127.0.0.1:4318`; empty for nowhere.
    pub otlp: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7437)),
            storage: Storage { backend: "local".into(), s3: S3::default(), gc: Gc::default() },
            sql: Sql { memory_mib: 512, spill_mib: 8192, results_mib: 0, time_s: 600, workers: 12 },
            index: Index { heap_mib: 50 },
            plugins: Plugins {
                start: crate::first_party::START.iter().map(|id| (*id).to_owned()).collect(),
                cache_mib: 512,
            },
            audit: Audit { rotate_mib: 16, keep_days: 0 },
            http: Http {
                hosts: Vec::new(),
                tls_certificate: String::new(),
                tls_key: String::new(),
                trusted_proxies: Vec::new(),
                secure_cookies: false,
            },
            sessions: Sessions { idle_hours: 7 * 24, longest_days: 30 },
            limits: Limits::default(),
            log: Log { level: "warn".into(), format: "text".into(), otlp: String::new() },
        }
    }
}

/// A configuration and where each of its values came from.
pub struct Effective {
    pub config: Config,
    /// Key such as `storage.backend` to (value as TOML, source in words).
    pub sources: BTreeMap<String, (String, String)>,
}

/// Reads every layer for one data folder. `settings` are `KEY=VALUE` from the command line.
pub fn load(data: &Path, settings: &[String]) -> anyhow::Result<Effective> {
    let environment: Vec<(String, String)> = std::env::vars().collect();
    layer(data, settings, &environment)
}

fn layer(data: &Path, settings: &[String], environment: &[(String, String)]) -> anyhow::Result<Effective> {
    let mut table =
        Table::try_from(Config::default()).context("the default configuration cannot be written as TOML")?;
    let keys: BTreeMap<String, Value> = flatten(&table);
    let mut sources: BTreeMap<String, String> = keys.keys().map(|key| (key.clone(), "default".to_owned())).collect();

    let file = data.join(FILE);
    match std::fs::read_to_string(&file) {
        Ok(text) => {
            let from_file: Table = toml::from_str(&text).with_context(|| format!("{} is not TOML", file.display()))?;
            for (key, value) in flatten(&from_file) {
                set(&mut table, &keys, &key, value).with_context(|| format!("in {}", file.display()))?;
                sources.insert(key, file.display().to_string());
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
    for key in keys.keys() {
        let name = variable(key);
        if let Some((_, text)) = environment.iter().find(|(variable, _)| *variable == name) {
            set(&mut table, &keys, key, parse(&keys[key], text)).with_context(|| format!("in {name}"))?;
            sources.insert(key.clone(), name);
        }
    }
    for setting in settings {
        let Some((key, text)) = setting.split_once('=') else {
            bail!("'{setting}' is not KEY=VALUE");
        };
        let like = keys.get(key).cloned().unwrap_or(Value::String(String::new()));
        set(&mut table, &keys, key, parse(&like, text)).context("in --set")?;
        sources.insert(key.to_owned(), "--set".to_owned());
    }
    let values = flatten(&table);
    let config: Config = table.try_into().context("the configuration has a value of the wrong kind")?;
    let sources = sources
        .into_iter()
        .map(|(key, source)| {
            let secret =
                key.ends_with("secret_key") && values.get(&key).and_then(Value::as_str).is_some_and(|v| !v.is_empty());
            let value = if secret {
                "\"(set)\"".to_owned()
            } else {
                values.get(&key).map(Value::to_string).unwrap_or_default()
            };
            (key, (value, source))
        })
        .collect();
    Ok(Effective { config, sources })
}

/// `storage.s3.bucket` is `KAMLD_STORAGE_S3_BUCKET`.
fn variable(key: &str) -> String {
    format!("KAMLD_{}", key.replace(['.', '-'], "_").to_uppercase())
}

fn flatten(table: &Table) -> BTreeMap<String, Value> {
    let mut flat = BTreeMap::new();
    let mut open = vec![(String::new(), table)];
    while let Some((prefix, table)) = open.pop() {
        for (key, value) in table {
            let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            match value {
                Value::Table(inner) => open.push((key, inner)),
                value => drop(flat.insert(key, value.clone())),
            }
        }
    }
    flat
}

/// Reads a text as the kind of value that the key has.
fn parse(like: &Value, text: &str) -> Value {
    match like {
        Value::String(_) => Value::String(text.to_owned()),
        Value::Array(_) if !text.trim_start().starts_with('[') => {
            Value::Array(text.split(',').map(|part| Value::String(part.trim().to_owned())).collect())
        }
        _ => toml::from_str::<Table>(&format!("v = {text}"))
            .ok()
            .and_then(|mut table| table.remove("v"))
            .unwrap_or_else(|| Value::String(text.to_owned())),
    }
}

fn set(table: &mut Table, keys: &BTreeMap<String, Value>, key: &str, value: Value) -> anyhow::Result<()> {
    if !keys.contains_key(key) {
        let nearest = keys.keys().max_by(|a, b| strsim::jaro(a, key).total_cmp(&strsim::jaro(b, key)));
        bail!("there is no key '{key}'; did you mean '{}'?", nearest.map_or("", String::as_str));
    }
    let mut table = table;
    let mut parts = key.split('.').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            table.insert(part.to_owned(), value);
            return Ok(());
        }
        table = match table.get_mut(part) {
            Some(Value::Table(inner)) => inner,
            _ => bail!("'{part}' in '{key}' is not a section"),
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effective(file: &str, settings: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<Effective> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join(FILE), file)?;
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
        let environment: Vec<_> = environment.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        layer(folder.path(), &settings, &environment)
    }

    #[test]
    fn each_layer_wins_over_the_one_before_and_says_so() {
        let effective = effective(
            "listen = '127.0.0.1:1'\n[sql]\nmemory_mib = 1\n[index]\nheap_mib = 1",
            &["index.heap_mib=3"],
            &[("KAMLD_SQL_MEMORY_MIB", "2"), ("KAMLD_INDEX_HEAP_MIB", "2")],
        )
        .unwrap();
        let Config { listen, sql, index, .. } = effective.config;
        assert_eq!((listen.port(), sql.memory_mib, index.heap_mib), (1, 2, 3));
        let source = |key: &str| effective.sources[key].1.clone();
        assert!(source("listen").ends_with(FILE));
        assert_eq!(source("sql.memory_mib"), "KAMLD_SQL_MEMORY_MIB");
        assert_eq!((source("index.heap_mib"), source("log.level")), ("--set".to_owned(), "default".to_owned()));
    }

    #[test]
    fn an_unknown_key_is_an_error_with_the_nearest_name() {
        for (file, settings) in [("[storage]\nbackand = 's3'", vec![]), ("", vec!["storage.backand=s3"])] {
            let error = format!("{:#}", effective(file, &settings, &[]).err().unwrap());
            assert!(error.contains("did you mean 'storage.backend'"), "{error}");
        }
    }

    #[test]
    fn a_secret_is_not_printed() {
        let effective = effective("", &["storage.s3.secret_key=hush"], &[]).unwrap();
        assert_eq!(effective.config.storage.s3.secret_key, "hush");
        assert!(!effective.sources["storage.s3.secret_key"].0.contains("hush"));
    }
}
