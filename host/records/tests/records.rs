//! What the records promise, on a file and in memory.

use kamld_records::{Error, Range, Records, RedbRecords, Table, Transaction, Undo};
use std::{collections::BTreeMap, path::Path, sync::Arc};

const ONE: Table = Table("test/one");
const TWO: Table = Table("test/two");

fn open(folder: &Path) -> Arc<dyn Records> {
    Arc::new(RedbRecords::open(&folder.join("records.redb")).unwrap())
}

async fn put(records: &dyn Records, table: Table, key: &str, value: &str) {
    let (key, value) = (key.as_bytes().to_vec(), value.as_bytes().to_vec());
    records.write(move |t| t.put(table, key, value)).await.unwrap();
}

#[tokio::test]
async fn a_transaction_over_two_tables_is_there_whole_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let records = open(folder.path());
    records
        .write(|t| {
            t.put(ONE, *b"a", *b"1")?;
            t.put(TWO, *b"a", *b"2")
        })
        .await
        .unwrap();
    drop(records);
    let records = open(folder.path());
    assert_eq!(records.get(ONE, b"a").unwrap().unwrap(), "1");
    assert_eq!(records.get(TWO, b"a").unwrap().unwrap(), "2");
    assert_eq!(records.get(TWO, b"b").unwrap(), None);
}

#[tokio::test]
async fn work_that_fails_or_panics_changes_nothing_and_others_of_its_group_go_through() {
    let records: Arc<dyn Records> = Arc::new(RedbRecords::memory().unwrap());
    let failing = records.write(|t: &mut Transaction<'_>| -> Result<(), Error> {
        t.put(ONE, *b"bad", *b"x")?;
        Err(Error::Full)
    });
    let panicking = records.transact(Box::new(|t| {
        t.put(ONE, *b"worse", *b"x").map_err(|_| Undo)?;
        panic!("on purpose")
    }));
    let good = put(&*records, ONE, "good", "1");
    let (failed, panicked, ()) = tokio::join!(failing, panicking, good);
    assert_eq!(failed, Err(Error::Full));
    assert_eq!(panicked, Ok(()));
    let keys: Vec<_> = records.scan(ONE, &Range::prefix("")).unwrap();
    assert_eq!(keys, [("good".into(), "1".into())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_count_up_one_record_lose_no_step_and_get_numbers_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let records = open(folder.path());
    let tasks: Vec<_> = (0..200)
        .map(|_| {
            let records = records.clone();
            tokio::spawn(async move {
                records
                    .write(|t| {
                        let before = t.get(ONE, b"count")?.map_or(0, |b| b.len());
                        t.put(ONE, *b"count", vec![b'x'; before + 1])?;
                        t.next_id()
                    })
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut ids = Vec::new();
    for task in tasks {
        ids.push(task.await.unwrap());
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 200);
    assert_eq!(records.get(ONE, b"count").unwrap().unwrap().len(), 200);
}

#[tokio::test]
async fn a_scan_inside_of_a_transaction_sees_its_own_changes_in_order() {
    let records: Arc<dyn Records> = Arc::new(RedbRecords::memory().unwrap());
    for key in ["a/1", "a/2", "a/3", "b/1"] {
        put(&*records, ONE, key, key).await;
    }
    let seen = records
        .write(|t| {
            t.remove(ONE, *b"a/1");
            t.put(ONE, *b"a/25", *b"new")?;
            t.put(TWO, *b"a/26", *b"other table")?;
            t.scan(ONE, &Range::prefix("a/").after(Some("a/1")).limit(2))
        })
        .await
        .unwrap();
    assert_eq!(seen, [("a/2".into(), "a/2".into()), ("a/25".into(), "new".into())]);
    let after = records.scan(ONE, &Range::prefix("a/").after(Some("Z"))).unwrap();
    assert_eq!(after.len(), 3, "a key before the prefix is no limit");
}

#[tokio::test]
async fn a_snapshot_stays_as_it_was() {
    let records: Arc<dyn Records> = Arc::new(RedbRecords::memory().unwrap());
    put(&*records, ONE, "a", "1").await;
    let snapshot = records.snapshot().unwrap();
    put(&*records, ONE, "a", "2").await;
    put(&*records, TWO, "b", "2").await;
    assert_eq!(snapshot.tables().unwrap(), ["test/one"]);
    let page = snapshot.page("test/one", None, 10).unwrap();
    assert_eq!(page, [("a".into(), Ok("1".into()))]);
    assert!(snapshot.page("test/one", Some(b"a"), 10).unwrap().is_empty());
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_nothing_of_its_transaction_is_written() {
    let records: Arc<dyn Records> = Arc::new(RedbRecords::memory().unwrap());
    let refused = records
        .write(|t| {
            t.put(ONE, *b"small", *b"1")?;
            t.put(ONE, *b"large", vec![0; (4 << 20) + 1])
        })
        .await;
    assert!(matches!(refused, Err(Error::TooLarge(_))));
    assert_eq!(records.get(ONE, b"small").unwrap(), None);
}

#[tokio::test]
async fn a_copy_taken_at_any_moment_opens_with_all_that_was_acknowledged_before() {
    let folder = tempfile::tempdir().unwrap();
    let records = open(folder.path());
    let mut model = BTreeMap::new();
    for round in 0..60u32 {
        let key = format!("{:02}", round * 7 % 23);
        put(&*records, ONE, &key, &round.to_string()).await;
        model.insert(key, round.to_string());
        if round % 12 == 0 {
            // As a kill leaves it: never closed.
            let copy = tempfile::tempdir().unwrap();
            std::fs::copy(folder.path().join("records.redb"), copy.path().join("records.redb")).unwrap();
            let found = open(copy.path()).scan(ONE, &Range::prefix("")).unwrap();
            let found: BTreeMap<String, String> = found
                .into_iter()
                .map(|(k, v)| (String::from_utf8(k.to_vec()).unwrap(), String::from_utf8(v.to_vec()).unwrap()))
                .collect();
            assert_eq!(found, model);
        }
    }
}
