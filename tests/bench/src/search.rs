//! The embedded index, filled with documents of made-up words, and the first page of three kinds of queries.

use crate::table::{Samples, Table, short};
use async_trait::async_trait;
use kamld_metadata::{AssetState, Assets, Change, ChangePage, Derived, Embedded, ObjectState, Search, search::Request};
use kamld_records::{Records, RedbRecords};
use kamld_types::{AssetId, Hash, ObjectPath, Problem};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const WORDS: &[&str] = &[
    "wind", "turbine", "species", "airport", "kestrel", "gull", "harbour", "station", "january", "survey", "sensor",
    "coast", "measure", "flight", "season", "raw", "clean", "final", "north", "south",
];

/// One asset with so many objects.
struct Many(usize);

fn path(number: usize) -> String {
    let word = |salt: usize| WORDS[(number / salt + number * salt) % WORDS.len()];
    format!("{}/{}-{}-{number}.csv", word(1), word(7), word(13))
}

impl Many {
    fn state(&self) -> Result<AssetState, Problem> {
        Ok(AssetState {
            asset: AssetId::new("bench", "many")?,
            kind: "dataset".into(),
            incarnation: "1".into(),
            root: vec![1],
            modified: 1,
            objects: self.0 as u64,
            size: 1,
        })
    }
}

fn object(number: usize) -> ObjectState {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&(number as u64).to_le_bytes());
    ObjectState { hash: Hash(hash), size: 1000, media_type: "text/csv".into(), modified: number as u64 }
}

#[async_trait]
impl Assets for Many {
    async fn list_assets(&self) -> Result<Vec<AssetState>, Problem> {
        Ok(vec![self.state()?])
    }

    async fn asset(&self, _: &AssetId) -> Result<Option<AssetState>, Problem> {
        Ok(Some(self.state()?))
    }

    async fn changes(
        &self,
        _: &AssetId,
        from: Option<&[u8]>,
        _: &[u8],
        after: Option<&str>,
        limit: usize,
    ) -> Result<ChangePage, Problem> {
        if from.is_some() {
            return Ok(ChangePage::default());
        }
        // The order of numbers stands for the order of paths: only that each comes once matters here.
        let start = after.and_then(|after| after.parse::<usize>().ok()).unwrap_or(0);
        let end = (start + limit).min(self.0);
        let changes = (start..end)
            .map(|number| Ok(Change { path: ObjectPath::new(path(number))?, object: Some(object(number)) }))
            .collect::<Result<_, Problem>>()?;
        Ok(ChangePage { changes, next: (end < self.0).then(|| end.to_string()) })
    }

    async fn object(&self, _: &AssetId, _: &ObjectPath) -> Result<Option<ObjectState>, Problem> {
        Ok(Some(object(0)))
    }
}

pub async fn measure(table: &mut Table) -> anyhow::Result<()> {
    for count in [100_000, 1_000_000] {
        let folder = tempfile::tempdir()?;
        let records: Arc<dyn Records> =
            Arc::new(RedbRecords::open(&folder.path().join("records.redb")).map_err(Problem::from)?);
        let derived = Arc::new(Derived::open(&folder.path().join("derived")).map_err(Problem::from)?);
        let embedded = Embedded::new(&records, &derived);
        let start = Instant::now();
        let index = folder.path().join("index");
        let search = Search::open(derived, &index, &embedded, Arc::new(Many(count))).map_err(Problem::from)?;
        anyhow::ensure!(search.wait_until_current(None, Duration::from_secs(900)).await, "the index was not filled");
        let filled = start.elapsed();
        table.row("fill the index", &format!("{count}"), short(filled), "-".into(), "-");
        for (kind, query) in [
            ("one word", "kestrel"),
            ("two words and a format", "wind turbine format:csv"),
            ("a typo and a prefix", "kestrl surv"),
        ] {
            let pages = Samples::take(40, async |_| {
                let request = Request { query: query.into(), project: None, start: 0, limit: 20 };
                let answer = search.find(request, &|_, _| true).await.map_err(Problem::from)?;
                anyhow::ensure!(!answer.hits.is_empty(), "{query} found nothing");
                Ok(())
            })
            .await?;
            let shown = format!("p50 {}, p95 {}", short(pages.at(50)), short(pages.at(95)));
            table.row(
                &format!("search, first page: {kind}"),
                &format!("{count}"),
                shown,
                "-".into(),
                "1 M: p95 below 50 ms",
            );
        }
        search.stop().await;
    }
    Ok(())
}
