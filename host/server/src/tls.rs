//! The certificate of the server, and its key.
//!
//! Lives here: reading them, and reading them again when they change. Must not live here: connections (`serve`).
//! Invariants: files that cannot be used end a start, with the file and the cause in words; later they change nothing, and
//! the certificate from before goes on; a private key reaches no message.

use kamld_types::{Problem, problem::Result};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::{
    fmt::Display,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::Notify;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        Error, ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{
            CertificateDer, PrivateKeyDer,
            pem::{self, PemObject},
        },
    },
};

/// How often the files are looked at: programs that renew certificates tell nobody.
pub const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// A certificate that is renewed while the server runs.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    state: Mutex<State>,
}

struct State {
    config: Arc<ServerConfig>,
    /// What the files held when they were last looked at.
    seen: Found,
    /// Whether what they hold was put in force, or its fault told.
    settled: bool,
}

/// Tells contents of the two files apart, and why one could not be read.
type Found = [u8; 32];

impl Tls {
    /// Both are files in PEM: the certificate with those that lead to its authority, and the private key.
    pub fn open(certificate: &Path, key: &Path) -> Result<Self> {
        let (seen, config) = read(certificate, key);
        let state = Mutex::new(State { config: config?, seen, settled: true });
        Ok(Self { certificate: certificate.to_owned(), key: key.to_owned(), state })
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.state.lock().config.clone().into()
    }

    /// Looks at the files again and again, and at once when it is asked. Never ends.
    pub async fn follow(self: Arc<Self>, every: Duration, asked: Arc<Notify>) {
        loop {
            let asked = tokio::time::timeout(every, asked.notified()).await.is_ok();
            let this = self.clone();
            // The files may lie where reading takes long.
            let looked = tokio::task::spawn_blocking(move || this.look(asked)).await;
            if let Ok(Err(problem)) = looked {
                let help = problem.help.unwrap_or_default();
                tracing::warn!(
                    help,
                    "the certificate was not renewed, the one from before goes on: {}",
                    problem.message
                );
            }
        }
    }

    /// Puts files that have changed in force. What is wrong with them is told once, and unless somebody asked only when
    /// they are still the same the next time: of two files, one is written first.
    fn look(&self, asked: bool) -> Result<()> {
        let (found, config) = read(&self.certificate, &self.key);
        let mut state = self.state.lock();
        let changed = state.seen != found;
        state.seen = found;
        if !changed && state.settled && !asked {
            return Ok(());
        }
        match config {
            Ok(config) => {
                if changed || !state.settled {
                    state.config = config;
                    tracing::info!(certificate = %self.certificate.display(), "the certificate was renewed");
                }
                state.settled = true;
                Ok(())
            }
            Err(problem) => {
                state.settled = asked || !changed;
                if state.settled { Err(problem) } else { Ok(()) }
            }
        }
    }
}

fn read(certificate: &Path, key: &Path) -> (Found, Result<Arc<ServerConfig>>) {
    let contents = contents(certificate, "certificate").and_then(|chain| Ok((chain, contents(key, "private key")?)));
    let mut found = Sha256::new();
    match &contents {
        Ok((chain, private)) => {
            found.update(chain.len().to_le_bytes());
            found.update(chain);
            found.update(private);
        }
        Err(problem) => found.update(&problem.message),
    }
    let config = contents.and_then(|(chain, private)| config(certificate, &chain, key, &private));
    (found.finalize().into(), config.map(Arc::new))
}

fn contents(file: &Path, what: &str) -> Result<Vec<u8>> {
    fs::read(file).map_err(|error| {
        Problem::invalid(format!("the {what} {} cannot be read: {error}", file.display()))
            .help("http.tls_certificate and http.tls_key name files that the server may read")
    })
}

fn config(certificate: &Path, chain: &[u8], key: &Path, private: &[u8]) -> Result<ServerConfig> {
    let in_certificate = |why: &dyn Display| {
        Problem::invalid(format!("the certificate {} cannot be used: {why}", certificate.display()))
            .help("the file holds the server's certificate in PEM, and behind it those that lead to its authority")
    };
    let in_key = |why: &dyn Display| {
        Problem::invalid(format!("the private key {} cannot be used: {why}", key.display()))
            .help("the file holds the key of the certificate in PEM, not encrypted")
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, pem::Error>>()
        .map_err(|error| in_certificate(&error))?;
    if chain.is_empty() {
        return Err(in_certificate(&"there is none in it"));
    }
    let key_of = PrivateKeyDer::from_pem_slice(private).map_err(|error| match error {
        pem::Error::NoItemsFound if private.windows(9).any(|part| part == b"ENCRYPTED") => in_key(&"it is encrypted"),
        pem::Error::NoItemsFound => in_key(&"there is none in it"),
        // Other faults would repeat a line of the file.
        _ => in_key(&"it is no PEM"),
    })?;
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Problem::internal(format!("TLS cannot be used: {error}")))?
        .with_no_client_auth();
    let mut config = builder.with_single_cert(chain, key_of).map_err(|error| match error {
        Error::InconsistentKeys(_) => {
            in_key(&format!("it does not belong to the certificate {}", certificate.display()))
        }
        Error::InvalidCertificate(why) => in_certificate(&why),
        other => in_key(&other),
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: (&str, &str) =
        (include_str!("../tests/api/certificates/first.pem"), include_str!("../tests/api/certificates/first.key"));
    const SECOND: (&str, &str) =
        (include_str!("../tests/api/certificates/second.pem"), include_str!("../tests/api/certificates/second.key"));

    struct Files(tempfile::TempDir);

    impl Files {
        fn with((certificate, key): (&str, &str)) -> Self {
            let files = Self(tempfile::tempdir().unwrap());
            files.hold((certificate, key));
            files
        }

        fn hold(&self, (certificate, key): (&str, &str)) {
            fs::write(self.certificate(), certificate).unwrap();
            fs::write(self.key(), key).unwrap();
        }

        fn certificate(&self) -> PathBuf {
            self.0.path().join("tls.pem")
        }

        fn key(&self) -> PathBuf {
            self.0.path().join("tls.key")
        }

        fn open(&self) -> Result<Tls> {
            Tls::open(&self.certificate(), &self.key())
        }
    }

    #[test]
    fn bad_files_are_named_with_the_cause() {
        let broken = FIRST.0.replace("MII", "AAA");
        let cut = &FIRST.0[..FIRST.0.len() / 2];
        let encrypted = FIRST.1.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        for (files, file, cause) in [
            (("", FIRST.1), "tls.pem", "there is none in it"),
            ((FIRST.1, FIRST.1), "tls.pem", "there is none in it"),
            ((cut, FIRST.1), "tls.pem", "section"),
            ((&broken, FIRST.1), "tls.pem", "cannot be used"),
            ((FIRST.0, ""), "tls.key", "there is none in it"),
            ((FIRST.0, FIRST.0), "tls.key", "there is none in it"),
            ((FIRST.0, &encrypted), "tls.key", "it is encrypted"),
            ((FIRST.0, SECOND.1), "tls.key", "does not belong to the certificate"),
        ] {
            let problem = Files::with(files).open().err().unwrap();
            assert!(problem.message.contains(file) && problem.message.contains(cause), "{cause}: {problem:?}");
            let secret = FIRST.1.lines().nth(1).unwrap();
            assert!(!problem.message.contains(secret), "{problem:?}");
        }
        let none = Files::with(FIRST);
        fs::remove_file(none.key()).unwrap();
        let problem = none.open().err().unwrap();
        assert!(problem.message.contains("tls.key cannot be read: No such file"), "{problem:?}");
    }

    #[test]
    fn a_renewed_certificate_is_put_in_force_and_a_bad_one_is_told_once() {
        let files = Files::with(FIRST);
        let tls = files.open().unwrap();
        let used = || Arc::as_ptr(&tls.state.lock().config);
        let first = used();
        tls.look(false).unwrap();
        tls.look(true).unwrap();
        assert_eq!(used(), first, "nothing changed");

        // One of the two files is there before the other.
        fs::write(files.certificate(), SECOND.0).unwrap();
        tls.look(false).unwrap();
        assert_eq!(used(), first);
        files.hold(SECOND);
        tls.look(false).unwrap();
        let second = used();
        assert_ne!(second, first);

        files.hold(("nothing", SECOND.1));
        tls.look(false).unwrap();
        assert!(tls.look(false).unwrap_err().message.contains("tls.pem"));
        tls.look(false).unwrap();
        assert!(tls.look(true).is_err(), "who asks is told again");
        fs::remove_file(files.certificate()).unwrap();
        assert!(tls.look(true).unwrap_err().message.contains("cannot be read"));
        assert_eq!(used(), second);
        files.hold(FIRST);
        tls.look(false).unwrap();
        assert_ne!(used(), second);
    }
}
