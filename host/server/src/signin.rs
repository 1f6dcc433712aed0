//! Sessions of people who signed in in a browser: a random secret each, with an end, and one place that knows them all.
//!
//! Lives here: `SignIns`, their records, when they end. Must not live here: who may sign in (`auth`), cookies, what a tab
//! does (`page`). Invariants: the secret is known to the browser alone, here is its digest; a session that ended is never
//! found again, and whoever follows [`SignIns::ended`] hears of it.

use async_trait::async_trait;
use kamld_types::{Problem, problem::Result};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::broadcast;

/// Sessions of one person; beyond that the one that was unused longest ends.
const MOST: usize = 100;
/// How far behind the record of the last use may be.
const BEHIND: u64 = 600;
/// Characters of what a browser calls itself.
const AGENT: usize = 300;

/// Keeps sessions, so that a page goes on after the server was started again.
#[async_trait]
pub trait SignInRecords: Send + Sync {
    async fn all(&self) -> Result<Vec<(String, Vec<u8>)>>;

    /// On return it is durable.
    async fn put(&self, key: &str, record: Vec<u8>) -> Result<()>;

    async fn remove(&self, key: &str) -> Result<()>;
}

/// How long a session lasts.
#[derive(Clone, Copy, Debug)]
pub struct Lifetime {
    /// Without being used.
    pub idle: Duration,
    /// In all.
    pub longest: Duration,
}

impl Default for Lifetime {
    fn default() -> Self {
        const DAY: u64 = 24 * 3600;
        Self { idle: Duration::from_secs(7 * DAY), longest: Duration::from_secs(30 * DAY) }
    }
}

/// One session, without its secret. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// Names it where it is listed; tells nothing of the secret.
    pub id: String,
    /// The id of the person.
    pub person: String,
    pub created: u64,
    pub seen: u64,
    /// What the browser called itself.
    pub agent: String,
}

impl SignIn {
    fn over(&self, now: u64, lifetime: &Lifetime) -> bool {
        now.saturating_sub(self.seen) >= lifetime.idle.as_secs()
            || now.saturating_sub(self.created) >= lifetime.longest.as_secs()
    }
}

pub struct SignIns {
    records: Arc<dyn SignInRecords>,
    lifetime: Lifetime,
    /// By the digest of the secret, in hex. Beside each, when it was last written down.
    live: Mutex<HashMap<String, (SignIn, u64)>>,
    ended: broadcast::Sender<String>,
    now: fn() -> u64,
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn digest(secret: &str) -> String {
    hex::encode(Sha256::digest(secret))
}

fn encoded(session: &SignIn) -> Result<Vec<u8>> {
    serde_json::to_vec(session).map_err(|error| Problem::internal(format!("a session cannot be written: {error}")))
}

impl SignIns {
    /// With the sessions that were kept; those that are over are forgotten.
    pub async fn open(records: Arc<dyn SignInRecords>, lifetime: Lifetime) -> Result<Self> {
        Self::at(records, lifetime, now).await
    }

    async fn at(records: Arc<dyn SignInRecords>, lifetime: Lifetime, now: fn() -> u64) -> Result<Self> {
        let mut live = HashMap::new();
        for (key, record) in records.all().await? {
            match serde_json::from_slice::<SignIn>(&record) {
                Ok(session) if !session.over(now(), &lifetime) => {
                    let seen = session.seen;
                    live.insert(key, (session, seen));
                }
                // Whoever held one that cannot be read signs in again.
                _ => records.remove(&key).await?,
            }
        }
        Ok(Self { records, lifetime, live: Mutex::new(live), ended: broadcast::channel(64).0, now })
    }

    /// Opens a session; answers its secret.
    pub async fn begin(&self, person: &str, agent: &str) -> Result<String> {
        // Each has 122 random bits from the operating system.
        let random = || uuid::Uuid::new_v4().simple().to_string();
        let secret = random() + &random();
        let now = (self.now)();
        let agent = agent.chars().filter(|c| !c.is_control()).take(AGENT).collect();
        let session =
            SignIn { id: random()[..12].to_owned(), person: person.to_owned(), created: now, seen: now, agent };
        let key = digest(&secret);
        self.records.put(&key, encoded(&session)?).await?;
        self.live.lock().insert(key, (session, now));
        let mut mine = self.list(person);
        mine.sort_by_key(|session| std::cmp::Reverse(session.seen));
        for session in mine.into_iter().skip(MOST) {
            self.end(person, &session.id).await?;
        }
        Ok(secret)
    }

    /// The session of a secret, which is used by that.
    pub async fn find(&self, secret: &str) -> Option<SignIn> {
        let key = digest(secret);
        let now = (self.now)();
        let (session, written) = {
            let mut live = self.live.lock();
            let (session, written) = live.get_mut(&key)?;
            if session.over(now, &self.lifetime) {
                let id = session.id.clone();
                live.remove(&key);
                let _ = self.ended.send(id);
                (None, true)
            } else {
                session.seen = session.seen.max(now);
                let write = session.seen.saturating_sub(*written) >= BEHIND;
                if write {
                    *written = session.seen;
                }
                (Some(session.clone()), !write)
            }
        };
        // When this fails it is forgotten, or counts as unused, a little earlier after a restart.
        let kept = match &session {
            None => self.records.remove(&key).await,
            Some(session) if !written => match encoded(session) {
                Ok(record) => self.records.put(&key, record).await,
                Err(problem) => Err(problem),
            },
            Some(_) => Ok(()),
        };
        if let Err(problem) = kept {
            tracing::warn!(%problem, "the use of a session could not be recorded");
        }
        session
    }

    /// The sessions of a person that are not over.
    pub fn list(&self, person: &str) -> Vec<SignIn> {
        let now = (self.now)();
        let live = self.live.lock();
        let mine = live.values().map(|(session, _)| session);
        mine.filter(|session| session.person == person && !session.over(now, &self.lifetime)).cloned().collect()
    }

    /// Ends a session of this person everywhere; false when there is none of that id.
    pub async fn end(&self, person: &str, id: &str) -> Result<bool> {
        let key = {
            let live = self.live.lock();
            live.iter()
                .find(|(_, (session, _))| session.id == id && session.person == person)
                .map(|(key, _)| key.clone())
        };
        let Some(key) = key else { return Ok(false) };
        // First where it counts: a restart must not bring it back.
        self.records.remove(&key).await?;
        self.live.lock().remove(&key);
        let _ = self.ended.send(id.to_owned());
        Ok(true)
    }

    /// The ids of sessions as they end.
    pub fn ended(&self) -> broadcast::Receiver<String> {
        self.ended.subscribe()
    }
}

/// Sessions that end with the process: for tests, and for servers without a data folder.
#[derive(Default)]
pub struct InMemory(Mutex<HashMap<String, Vec<u8>>>);

#[async_trait]
impl SignInRecords for InMemory {
    async fn all(&self) -> Result<Vec<(String, Vec<u8>)>> {
        Ok(self.0.lock().iter().map(|(key, record)| (key.clone(), record.clone())).collect())
    }

    async fn put(&self, key: &str, record: Vec<u8>) -> Result<()> {
        self.0.lock().insert(key.to_owned(), record);
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<()> {
        self.0.lock().remove(key);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    const LIFETIME: Lifetime = Lifetime { idle: Duration::from_secs(100), longest: Duration::from_secs(250) };

    #[tokio::test]
    async fn a_session_ends_when_it_is_not_used_and_at_the_latest_after_its_longest_time() {
        static CLOCK: AtomicU64 = AtomicU64::new(1000);
        let clock = || CLOCK.load(Ordering::SeqCst);
        let records = Arc::new(InMemory::default());
        let all = SignIns::at(records.clone(), LIFETIME, clock).await.unwrap();
        let used = all.begin("anna", "Firefox").await.unwrap();
        let unused = all.begin("anna", "Chromium\n").await.unwrap();
        assert_ne!(used, unused);
        for time in [1090, 1180, 1240] {
            CLOCK.store(time, Ordering::SeqCst);
            assert_eq!(all.find(&used).await.map(|session| session.seen), Some(time));
        }
        assert!(all.find(&unused).await.is_none(), "100 s without use");
        assert_eq!(all.list("anna").len(), 1);
        CLOCK.store(1250, Ordering::SeqCst);
        assert!(all.find(&used).await.is_none(), "250 s in all");
        assert!(records.all().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn an_ended_session_is_over_everywhere_and_stays_so_after_a_restart() {
        let records = Arc::new(InMemory::default());
        let all = SignIns::open(records.clone(), Lifetime::default()).await.unwrap();
        let (one, two) = (all.begin("anna", "a").await.unwrap(), all.begin("anna", "b").await.unwrap());
        let id = all.find(&one).await.unwrap().id;
        let mut ended = all.ended();
        assert!(!all.end("bert", &id).await.unwrap(), "another person's");
        assert!(all.end("anna", &id).await.unwrap());
        assert_eq!(ended.recv().await.unwrap(), id);
        let again = SignIns::open(records.clone(), Lifetime::default()).await.unwrap();
        for all in [&all, &again] {
            assert!(all.find(&one).await.is_none());
            assert_eq!(all.find(&two).await.unwrap().agent, "b");
        }
        // What is kept opens nothing by itself.
        for (key, record) in records.all().await.unwrap() {
            let kept = format!("{key} {}", String::from_utf8(record).unwrap());
            assert!(!kept.contains(&two), "{kept}");
            assert!(again.find(&key).await.is_none());
        }
    }
}
