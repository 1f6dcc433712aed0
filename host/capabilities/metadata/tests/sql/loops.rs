//! Joins without an equality, when memory does not hold them.

use crate::memory::{config, numbers, rows, sql};
use kamld_metadata::sql::{Config, Sql};
use kamld_types::Kind;
use std::sync::Arc;

/// What a query answers with room for all of it, and with so many bytes of memory and room on disk.
async fn both(objects: usize, bytes: u64, text: &str) -> (String, Result<String, Kind>) {
    let folder = tempfile::tempdir().unwrap();
    let roomy = rows(&sql(numbers(objects)), text).await.unwrap();
    let tight = Config { memory: bytes, spill: Some(folder.path().into()), spill_limit: 1 << 30, ..config() };
    let tight = Sql::new(tight, Arc::new(numbers(objects))).unwrap();
    (roomy, rows(&tight, text).await.map_err(|problem| problem.kind))
}

/// The same of two hundred thousand rows and fifty that are joined without an equality.
async fn joined(join: &str) -> (String, Result<String, Kind>) {
    let text = format!(
        "select count(*) as n, sum(length(a.text)) as t, sum(b.value) as b
         from big.\"n.csv\" a {join} generate_series(1, 50) b on a.n < b.value"
    );
    both(200_000, 6 << 20, &text).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_that_goes_to_disk_answers_what_it_answers_in_memory() {
    for join in ["join", "right join"] {
        let (roomy, tight) = joined(join).await;
        assert_eq!(tight.as_ref(), Ok(&roomy), "{join}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_that_would_count_wrong_from_disk_is_a_limit() {
    for join in ["left join", "full join"] {
        let (roomy, tight) = joined(join).await;
        assert_eq!(tight, Err(Kind::Limit), "{join}: in memory it is {roomy}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_left_side_that_is_a_join_itself_is_run_again() {
    let text =
        "select count(*) as n from big.\"n.csv\" a, big.\"n.csv\" b, big.\"n.csv\" c where a.n + b.n < c.n - 280";
    let (roomy, tight) = both(300, 1 << 20, text).await;
    assert_eq!(tight, Ok(roomy));
}
