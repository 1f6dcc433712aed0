//! The self-test at start: a probe guest proves that every limit of the runtime bites.

use kamld_runtime::Runtime;
use kamld_server::parts::PartHealth;

/// One line for each limit; one that does not bite makes the host unready.
pub async fn self_test(runtime: &Runtime) -> Vec<PartHealth> {
    let results = match runtime.self_test().await {
        Ok(results) => results,
        Err(problem) => return vec![PartHealth { part: "limits".into(), ok: false, note: problem.message }],
    };
    for result in results.iter().filter(|result| !result.ok) {
        eprintln!("the limit {} does not bite: {}", result.limit, result.measured);
    }
    results
        .into_iter()
        .map(|result| PartHealth { part: format!("limit {}", result.limit), ok: result.ok, note: result.measured })
        .collect()
}
