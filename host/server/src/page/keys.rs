//! What a person did once is done once, however often the page has to ask.
//!
//! Lives here: answers by key. Must not live here: what is asked.
//! Invariant: the work of a key starts once within its time, and goes on when the connection that started it is gone.

use parking_lot::Mutex;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// How long an answer is kept: longer than any page goes on asking.
const KEPT: Duration = Duration::from_secs(600);
/// Keys at one time; beyond that the oldest answers go.
const MOST: usize = 10_000;

/// An answer, once there is one.
pub type Answer = watch::Receiver<Option<String>>;

#[derive(Default)]
pub struct Keys(Mutex<HashMap<(String, String), (Instant, Answer)>>);

/// Who asks for a key.
pub enum Turn {
    /// The first: has to do the work and say what came of it.
    First(watch::Sender<Option<String>>, Answer),
    /// Another one: gets the answer of the first.
    Again(Answer),
}

impl Keys {
    pub fn take(&self, person: &str, key: &str) -> Turn {
        let mut keys = self.0.lock();
        let name = (person.to_owned(), key.to_owned());
        // One whose work was given up without an answer counts as not asked.
        let alive = |answer: &Answer| answer.borrow().is_some() || answer.has_changed().is_ok();
        if let Some((at, answer)) = keys.get(&name)
            && at.elapsed() < KEPT
            && alive(answer)
        {
            return Turn::Again(answer.clone());
        }
        if keys.len() >= MOST {
            keys.retain(|_, (at, _)| at.elapsed() < KEPT);
        }
        if keys.len() >= MOST
            && let Some(oldest) = keys.iter().min_by_key(|(_, (at, _))| *at).map(|(name, _)| name.clone())
        {
            keys.remove(&oldest);
        }
        let (tell, answer) = watch::channel(None);
        keys.insert(name, (Instant::now(), answer.clone()));
        Turn::First(tell, answer)
    }
}

/// Waits for the answer; none when the work was given up.
pub async fn answered(mut answer: Answer) -> Option<String> {
    answer.wait_for(Option::is_some).await.ok().and_then(|answer| answer.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_who_asks_gets_what_the_first_got() {
        let keys = Keys::default();
        let Turn::First(tell, _) = keys.take("anna", "k") else { panic!("the first is the first") };
        let Turn::Again(again) = keys.take("anna", "k") else { panic!("the work was to start once") };
        assert!(matches!(keys.take("ben", "k"), Turn::First(..)), "keys belong to a person");
        tell.send(Some("done".into())).unwrap();
        assert_eq!(answered(again).await.as_deref(), Some("done"));
    }

    #[tokio::test]
    async fn work_that_was_given_up_starts_again() {
        let keys = Keys::default();
        let Turn::First(tell, answer) = keys.take("anna", "k") else { panic!() };
        drop(tell);
        assert_eq!(answered(answer).await, None);
        assert!(matches!(keys.take("anna", "k"), Turn::First(..)));
    }
}
