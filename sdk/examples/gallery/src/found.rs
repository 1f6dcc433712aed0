//! What there is on this server to show as an example: datasets, their objects and history, a search, a query.
//!
//! Lives here: every look at the host. Must not live here: nodes. Invariant: what cannot be had is left out and said,
//! so that a screen is drawn whatever is missing or not granted; nothing is asked that the family does not show.

use crate::{
    model::{Known, Model},
    pins,
    screen::Family,
};
use kamld_sdk::{
    Address, Error, Kind, ObjectReader, Place, Result, context,
    kept::Host,
    metadata::{
        TABLES,
        search::{self, Answer, Request},
        sql::{self, Options},
    },
    storage::{
        self, assets, history, refs,
        types::{Asset, ChangePage, Commit, Object},
    },
};

/// The dataset that examples come from when the person names none: it comes with the sample data.
const USUAL: &str = "sample/images";
/// Datasets that are looked through for a picture, a sound, a video and a table, and objects of each.
const DATASETS: usize = 4;
const OBJECTS: usize = 100;
/// Commits and changes that are shown.
const HISTORY: u32 = 5;
/// Hits that are shown.
const HITS: u32 = 5;
/// What the header of a PNG takes: signature, length, `IHDR`, width, height.
const PNG: usize = 24;

/// About how many hours of daylight a day has, in the middle of each month. It needs no object, so that it always runs.
pub const QUERY: &str = "select month_number, oslo, lisbon from (values
  (1, 6.7, 9.7), (2, 9.2, 10.7), (3, 11.8, 11.9), (4, 14.6, 13.2), (5, 17.1, 14.3), (6, 18.8, 14.9),
  (7, 18.0, 14.6), (8, 15.6, 13.6), (9, 12.9, 12.4), (10, 10.2, 11.1), (11, 7.5, 10.0), (12, 6.0, 9.4)
) as daylight (month_number, oslo, lisbon) order by month_number";

/// A query that ran: its rows are fetched by the page.
#[derive(Clone, Debug)]
pub struct Query {
    pub result: String,
    pub columns: Vec<Known>,
}

/// Whatever was found; each part is empty where there is nothing, or where the family does not show it.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub assets: Vec<Asset>,
    /// `PROJECT/ASSET`
    pub dataset: Option<String>,
    pub objects: Vec<(Address, Object)>,
    /// Width and height of the first picture.
    pub pixels: Option<(u64, u64)>,
    pub commits: Vec<Commit>,
    /// Branches and versions, each with the commit that it stands for.
    pub names: Vec<(String, String)>,
    pub changes: Option<ChangePage>,
    /// The words that were looked for, and what was found.
    pub answer: Option<(String, Answer)>,
    pub query: Option<Query>,
    pub pinned: Vec<String>,
    /// What could not be had, in sentences for the person.
    pub troubles: Vec<String>,
}

impl Found {
    /// Objects of a kind, such as `image`.
    pub fn of<'a>(&'a self, family: &'a str) -> impl Iterator<Item = &'a (Address, Object)> {
        let fits = move |object: &Object| object.media_type.split('/').next() == Some(family);
        self.objects.iter().filter(move |(_, object)| fits(object))
    }

    /// The first object that is a table.
    pub fn table(&self) -> Option<&(Address, Object)> {
        self.objects.iter().find(|(_, object)| TABLES.contains(&object.media_type.as_str()))
    }

    fn keep<T: Default>(&mut self, what: &str, result: Result<T>) -> T {
        result.unwrap_or_else(|error| {
            let help = error.help_text().map(|help| format!(" ({help})")).unwrap_or_default();
            self.troubles.push(format!("{what} cannot be shown: {}{help}.", error.message()));
            T::default()
        })
    }
}

/// Everything that a family shows.
pub fn look(family: Family, place: &Place, model: &Model) -> Found {
    let mut found = Found::default();
    found.assets = found.keep("Datasets", assets::list(None).map_err(Error::from));
    found.dataset = chosen(place.param("of"), &found.assets);
    if let Some(of) = place.param("of").filter(|of| found.dataset.as_deref() != Some(*of)) {
        found.troubles.push(format!("There is no dataset {of} that you may see. Here are examples of another one."));
    }
    match family {
        Family::Layout | Family::Text => {}
        Family::Tables => {
            found.objects = objects(&mut found);
            let after = place.param("after");
            (found.commits, found.names, found.changes) = past(&mut found, after);
            let words = place.param("q").unwrap_or("wind").to_owned();
            let request = Request { query: words.clone(), project: None, start: 0, limit: HITS };
            let answer = found.keep("What a search finds", search::find(&request).map(Some).map_err(Error::from));
            found.answer = answer.map(|answer| (words, answer));
            found.query = found.keep("The rows of a query", query(model).map(Some));
            found.pinned = pinned(&mut found);
        }
        Family::Content => {
            found.objects = objects(&mut found);
            found.pixels = pixels(&mut found);
        }
        Family::Inputs | Family::Notes => found.pinned = pinned(&mut found),
    }
    found
}

/// The dataset that is asked for, when there is one; else the usual one, else any.
fn chosen(wanted: Option<&str>, assets: &[Asset]) -> Option<String> {
    let ids = || assets.iter().map(|asset| format!("{}/{}", asset.project, asset.name));
    let is = |name: &str| ids().find(|id| id == name);
    wanted.and_then(is).or_else(|| is(USUAL)).or_else(|| ids().next())
}

/// Objects of the dataset, and behind them those of others in its project.
fn objects(found: &mut Found) -> Vec<(Address, Object)> {
    let Some(Ok(dataset)) = found.dataset.as_ref().map(|dataset| dataset.parse::<Address>()) else {
        return Vec::new();
    };
    let others = found.assets.iter().filter(|asset| asset.project == dataset.project && asset.name != dataset.asset);
    let others: Vec<_> = others.map(|asset| Address { asset: asset.name.clone(), ..dataset.clone() }).collect();
    let mut objects = Vec::new();
    for address in std::iter::once(dataset).chain(others).take(DATASETS) {
        let all = storage::walk(&address).take(OBJECTS).collect::<Result<Vec<_>>>();
        let all = found.keep(&format!("Objects of {address}"), all);
        objects.extend(all.into_iter().map(|object| (address.with_path(object.path.clone()), object)));
    }
    objects
}

/// Width and height of the first picture, where its head tells them.
fn pixels(found: &mut Found) -> Option<(u64, u64)> {
    let (address, _) = found.of("image").next().filter(|(_, object)| object.media_type == "image/png")?;
    let head = ObjectReader::open(address).and_then(|object| object.read_range(0, PNG));
    png(&found.keep("The size of a picture", head))
}

/// Width and height of a PNG by its first bytes.
fn png(head: &[u8]) -> Option<(u64, u64)> {
    let number = |bytes: &[u8]| Some(u64::from(u32::from_be_bytes(bytes.try_into().ok()?)));
    head.starts_with(b"\x89PNG").then_some(())?;
    Some((number(head.get(16..20)?)?, number(head.get(20..24)?)?))
}

type Past = (Vec<Commit>, Vec<(String, String)>, Option<ChangePage>);

fn past(found: &mut Found, after: Option<&str>) -> Past {
    let Some(Ok(Address { project, asset, .. })) = found.dataset.as_ref().map(|dataset| dataset.parse::<Address>())
    else {
        return Default::default();
    };
    let commits = refs::log(&project, &asset, None, HISTORY).map_err(Error::from).or_else(|error| match error.kind() {
        // Nothing was committed yet.
        Kind::NotFound => Ok(Vec::new()),
        _ => Err(error),
    });
    let commits = found.keep("Commits", commits);
    let branches = found.keep("Branches", refs::branches(&project, &asset).map_err(Error::from));
    let versions = found.keep("Versions", refs::versions(&project, &asset).map_err(Error::from));
    let branches = branches.into_iter().filter_map(|branch| Some((branch.name, branch.head?)));
    let names = branches.chain(versions.into_iter().map(|version| (version.name, version.commit))).collect();
    let changes = history::changes(&project, &asset, None, after, HISTORY).map(Some).map_err(Error::from);
    (commits, names, found.keep("Changes", changes))
}

/// The result that the page has already; else the query runs.
fn query(model: &Model) -> Result<Query> {
    if !model.result.is_empty() {
        return Ok(Query { result: model.result.clone(), columns: model.columns.clone() });
    }
    let running = sql::run(QUERY, &Options { project: None })?;
    let known = |column: kamld_sdk::metadata::types::Column| Known { name: column.name, r#type: column.type_ };
    let columns = running.columns().into_iter().map(known).collect();
    Ok(Query { result: running.hand_over()?, columns })
}

fn pinned(found: &mut Found) -> Vec<String> {
    found.keep("What you pinned", pins::of(&Host, &context().person))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kamld_sdk::storage::types::AssetKind;

    fn asset(project: &str, name: &str) -> Asset {
        let (project, name) = (project.to_owned(), name.to_owned());
        let default_branch = "main".into();
        Asset { project, name, kind: AssetKind::Dataset, created: 1, modified: 2, objects: 3, size: 4, default_branch }
    }

    #[test]
    fn a_dataset_is_the_one_that_is_asked_for_the_usual_one_or_any() {
        let assets = [asset("birds", "strikes"), asset("sample", "images")];
        assert_eq!(chosen(Some("birds/strikes"), &assets).as_deref(), Some("birds/strikes"));
        assert_eq!(chosen(Some("birds/none"), &assets).as_deref(), Some("sample/images"));
        assert_eq!(chosen(None, &assets[..1]).as_deref(), Some("birds/strikes"));
        assert_eq!(chosen(Some("birds/strikes"), &[]), None);
    }

    #[test]
    fn a_picture_tells_its_size_in_its_head() {
        let head =
            [b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".as_slice(), &640u32.to_be_bytes(), &480u32.to_be_bytes()].concat();
        assert_eq!(png(&head), Some((640, 480)));
        assert_eq!(png(&head[..20]), None);
        assert_eq!(png(b"GIF89a, and so on, for long enough"), None);
    }

    #[test]
    fn what_cannot_be_had_is_left_out_and_said() {
        let mut found = Found::default();
        let error = Error::denied("not granted").help("an admin can grant it");
        assert_eq!(found.keep::<Vec<u8>>("Datasets", Err(error)), [0; 0]);
        assert_eq!(found.troubles, ["Datasets cannot be shown: not granted (an admin can grant it)."]);
    }
}
