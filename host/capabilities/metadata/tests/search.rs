//! What search finds, in which order, and what it never shows.

mod world;

use kamld_metadata::search::{HitKind, Request};
use world::{World, addresses, facet, highlight};

/// A few data sets as a person would have them.
async fn birds() -> World {
    let world = World::new();
    let (store, teller) = (&world.store, &world.teller);
    teller.tell(1, "CSV, 4 columns, 3,201 rows", &["species", "wing_span", "Airport", "date"], "gull kestrel turbine");
    teller.tell(2, "CSV, 2 columns, 12 rows", &["station", "wind"], "measured beside the old turbines of the coast");
    teller.tell(3, "text, 20 lines", &[], "About the strikes: a wind turbine and a bird met. Nobody was hurt.");
    teller.tell(4, "PNG, 640 x 480", &[], "");
    store.put("birds/strikes", "2019/january.csv", 1, "text/csv");
    store.put("birds/strikes", "readme.md", 3, "text/markdown");
    store.put("birds/weather", "wind-turbines.csv", 2, "text/csv");
    store.put("birds/pictures", "ptáček.png", 4, "image/png");
    store.put("secret/plans", "turbine-drawing.png", 5, "image/png");
    world.tag("birds/strikes/2019/january.csv", &["raw", "faa"]).await;
    world.tag("birds/weather", &["turbine"]).await;
    world.tag("secret/plans", &["hidden", "raw"]).await;
    world.settle().await;
    world
}

#[tokio::test]
async fn a_word_in_a_name_comes_before_one_in_tags_columns_summary_and_text() {
    let world = birds().await;
    let turbine = world.found("turbine").await;
    assert_eq!(turbine[0], "secret/plans/turbine-drawing.png", "{turbine:?}");
    let place = |address: &str| {
        turbine.iter().position(|found| found == address).unwrap_or_else(|| panic!("{address}: {turbine:?}"))
    };
    assert!(place("birds/weather") < place("birds/strikes/readme.md"), "a tag before text: {turbine:?}");
    assert!(
        place("birds/weather/wind-turbines.csv") < place("birds/strikes/readme.md"),
        "a name by its stem before text"
    );
    assert_eq!(turbine.len(), 5, "and in text inside files too: {turbine:?}");

    assert_eq!(world.found("strikes").await[0], "birds/strikes", "the asset of that very name is first");
    assert_eq!(world.found("species").await, ["birds/strikes/2019/january.csv"], "columns are found");
    assert_eq!(world.found("PTACEK").await, ["birds/pictures/ptáček.png"], "accents and case do not matter");
}

#[tokio::test]
async fn words_narrow_phrases_narrow_further_and_minus_leaves_out() {
    let world = birds().await;
    assert_eq!(world.found("\"wind turbine\"").await, ["birds/strikes/readme.md"]);
    assert_eq!(world.found("\"turbine wind\"").await, Vec::<String>::new());
    let both = world.found("turbine gull").await;
    assert_eq!(both, ["birds/strikes/2019/january.csv"]);
    let without = world.found("turbine -drawing -format:csv").await;
    assert!(without.iter().all(|found| !found.contains("drawing") && !found.contains(".csv")), "{without:?}");
    assert!(without.contains(&"birds/strikes/readme.md".to_owned()));
    let most = world.found("-kind:asset").await;
    assert_eq!(most.len(), 5, "everything but assets: {most:?}");
}

#[tokio::test]
async fn filters_say_where_to_look() {
    let world = birds().await;
    assert_eq!(world.found("tag:raw").await.len(), 2);
    assert_eq!(world.found("tag:raw project:birds").await, ["birds/strikes/2019/january.csv"]);
    assert_eq!(world.found("format:.PNG project:birds").await, ["birds/pictures/ptáček.png"]);
    assert_eq!(world.found("kind:asset turbine").await, ["birds/weather"]);
    assert_eq!(world.found("name:turbine-drawing.png").await, ["secret/plans/turbine-drawing.png"]);
    assert_eq!(world.found("2019/january.csv").await[0], "birds/strikes/2019/january.csv");

    let answer = world.find("column:wing_span").await;
    assert_eq!((answer.hits[0].kind, answer.hits[0].column.as_str()), (HitKind::Column, "wing_span"));
    assert_eq!(
        world.find("column:airp").await.hits[0].column,
        "Airport",
        "the beginning is enough, the spelling its own"
    );
    let answer = world.find("wing").await;
    assert_eq!(answer.hits[0].kind, HitKind::Object);
    assert_eq!(highlight(&answer, 0, "columns").as_deref(), Some("[wing]_span"));
}

#[tokio::test]
async fn the_last_word_may_be_unfinished_and_words_may_be_mistyped() {
    let world = birds().await;
    assert!(world.found("wind turb").await.contains(&"birds/weather/wind-turbines.csv".to_owned()));
    assert_eq!(world.found("kestr").await, ["birds/strikes/2019/january.csv"]);
    let typo = world.find("turbnie").await;
    assert!(typo.total >= 4, "{typo:?}");
    assert_eq!(typo.suggestion.as_deref(), Some("turbine"));
    let answer = world.find("jamuary").await;
    assert_eq!(addresses(&answer), ["birds/strikes/2019/january.csv"]);
    assert_eq!(highlight(&answer, 0, "name").as_deref(), Some("2019/[january].csv"));
    assert_eq!(world.found("2018").await, Vec::<String>::new(), "a year is not another year");
}

#[tokio::test]
async fn an_exact_match_in_text_comes_before_a_guess_in_a_name() {
    let world = World::new();
    world.teller.tell(1, "", &[], "a note about winder");
    world.store.put("a/one", "winter.csv", 9, "text/csv");
    world.store.put("a/one", "notes.txt", 1, "text/plain");
    world.settle().await;
    assert_eq!(world.found("winder").await, ["a/one/notes.txt", "a/one/winter.csv"]);
}

#[tokio::test]
async fn when_nothing_is_found_what_was_meant_is_suggested() {
    let world = birds().await;
    let answer = world.find("specxxies tag:faa").await;
    assert_eq!((answer.total, answer.suggestion.as_deref()), (1, Some("species tag:faa")));
    let answer = world.find("qqqqqqq").await;
    assert_eq!((answer.total, answer.suggestion), (0, None));
}

#[tokio::test]
async fn facets_count_everything_that_was_found_and_not_only_the_page() {
    let world = birds().await;
    let request = Request { query: String::new(), project: None, start: 0, limit: 1 };
    let answer = world.search.find(request, &|_, _| true).await.unwrap();
    assert_eq!((answer.hits.len(), answer.total), (1, 9));
    let counts = |values: &[(&str, u64)]| values.iter().map(|(v, n)| ((*v).to_owned(), *n)).collect::<Vec<_>>();
    assert_eq!(facet(&answer, "kind"), counts(&[("object", 5), ("asset", 4)]));
    assert_eq!(facet(&answer, "project"), counts(&[("birds", 7), ("secret", 2)]));
    assert_eq!(facet(&answer, "tag"), counts(&[("raw", 2), ("faa", 1), ("hidden", 1), ("turbine", 1)]));
    assert_eq!(facet(&answer, "format"), counts(&[("csv", 2), ("png", 2), ("md", 1)]));
}

#[tokio::test]
async fn pages_follow_each_other_without_gaps() {
    let world = birds().await;
    let mut all = Vec::new();
    for start in 0..10 {
        let request = Request { query: "turbine".into(), project: None, start, limit: 1 };
        all.extend(addresses(&world.search.find(request, &|_, _| true).await.unwrap()));
    }
    assert_eq!(all, world.found("turbine").await);
}

#[tokio::test]
async fn highlights_show_the_best_piece_of_each_field() {
    let world = birds().await;
    assert_eq!(world.find("coast tag:faa").await.total, 0, "all parts must fit");
    let answer = world.find("gull tag:faa").await;
    assert_eq!(highlight(&answer, 0, "text").as_deref(), Some("[gull] kestrel turbine"));
    assert_eq!(highlight(&answer, 0, "tags").as_deref(), Some("[faa]"));
    assert_eq!(highlight(&answer, 0, "summary"), None);
    let answer = world.find("rows january").await;
    assert_eq!(highlight(&answer, 0, "summary").as_deref(), Some("CSV, 4 columns, 3,201 [rows]"));
}

#[tokio::test]
async fn a_project_that_may_not_be_seen_leaks_nothing() {
    let world = birds().await;
    let may_see = |project: &str, _: &str| project != "secret";
    for query in
        ["", "turbine", "tag:raw", "drawing", "drawnig", "tag:hidden", "hidden", "name:turbine-drawing.png", "draw"]
    {
        let answer = world.find_as(query, &may_see).await;
        let text = format!("{answer:?}");
        assert!(!text.contains("secret") && !text.contains("hidden") && !text.contains("drawing"), "{query}: {text}");
        let open = world.find(query).await;
        assert!(open.total > answer.total, "{query} finds more for who may see it");
    }
    assert_eq!(world.find_as("", &may_see).await.total, 7);
    assert_eq!(world.find_as("", &|_, _| false).await.total, 0);
    let one = world.find_as("", &|_, asset| asset == "weather").await;
    assert_eq!((one.total, facet(&one, "project")), (2, vec![("birds".to_owned(), 2)]));
}

#[tokio::test]
async fn odd_queries_are_answered_and_never_an_error() {
    let world = birds().await;
    for query in [
        "\"",
        "-",
        "a:b",
        ":",
        "*",
        "tag:",
        "((",
        "\\",
        "AND OR NOT",
        "-x -y",
        "🐦",
        "\u{0}",
        "x\ty",
        "\"\" \"a",
        "[a TO b]",
    ] {
        world.find(query).await;
    }
    let request = Request { query: "x".repeat(100_000), ..Request::default() };
    assert!(world.search.find(request, &|_, _| true).await.is_err(), "but one that is far too long is refused");
}
