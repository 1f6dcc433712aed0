//! From a request to a call of a plug-in: for commands and screens alike.

use kamld_metadata::Search;
use kamld_runtime::Caller as RuntimeCaller;
use kamld_server::Caller;
use kamld_types::{Problem, problem::Result};
use std::time::Duration;

/// How long what looks waits for the index to have what was written before it. Short: while a large import is
/// described, what is known already is shown.
const READ_YOUR_WRITES: Duration = Duration::from_millis(500);

/// What a person wrote a moment ago is what they look for now.
pub async fn see_own_writes(search: &Search) {
    search.wait_until_current(None, READ_YOUR_WRITES).await;
}

/// Makes the call, and ends it when the person stops it or goes away.
pub async fn call<T>(caller: Caller, work: impl AsyncFnOnce(RuntimeCaller) -> Result<T>) -> Result<T> {
    let Caller { person, rights, project, trace, deadline, locale, cancelled } = caller;
    let locale = locale.unwrap_or_else(|| "en".into());
    let caller = RuntimeCaller { person, rights, project, trace: trace.id, locale, deadline };
    tokio::select! {
        answer = work(caller) => answer,
        () = cancelled.cancelled() => Err(Problem::cancelled("the caller went away")),
    }
}
