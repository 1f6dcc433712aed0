//! Every spelling of a table.

use crate::memory::{Only, answer, problem, rows, sql, strikes};
use kamld_metadata::sql::{Everything, Suggestion, SuggestionKind};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn every_spelling_reaches_its_object() {
    let sql = sql(strikes());
    for (from, cost) in [
        (r#"strikes."2019.csv""#, "[35]"),
        (r#"STRIKES."2019.csv" s"#, "[35]"),
        (r#"strikes@main."2019.csv""#, "[35]"),
        (r#"strikes@before-cleaning."2019.csv""#, "[5]"),
        (r#""strikes@before-cleaning"."2019.csv""#, "[5]"),
        (r#"birds.strikes."2019.csv""#, "[35]"),
        (r#"birds.strikes@v1."2019.csv" as t"#, "[1]"),
        (r#"strikes."2019.csv" for version as of 'v1'"#, "[1]"),
        (r#"strikes."2019.csv" for version as of before-cleaning where cost > 2"#, "[3]"),
        (r#"birds.strikes."2019.csv" FOR SYSTEM_VERSION AS OF v1"#, "[1]"),
        (r#"strikes."2019/*.csv""#, "[3.5]"),
        (r#"strikes."2019/?a?.csv""#, "[1]"),
        (r#"strikes."**/*.csv" where species <> 'hawk'"#, "[18.5]"),
        (r#"(select * from strikes."2019.csv") x"#, "[35]"),
    ] {
        assert_eq!(answer(&sql, &format!("select sum(cost) from {from}")).await, cost, "{from}");
    }
    assert_eq!(answer(&sql, r#"select hz from bird-calls."calls.csv""#).await, "[900]");
    assert_eq!(answer(&sql, r#"select seats from planes.fleet."all.csv""#).await, "[9]");
}

#[tokio::test(flavor = "multi_thread")]
async fn joins_aliases_and_withs_mean_what_they_always_mean() {
    let sql = sql(strikes());
    let text = r#"
        with now as (select species, sum(cost) as total from strikes."2019.csv" group by species),
             "then" as (select * from strikes@v1."2019.csv")
        select now.species, now.total, t.cost, c.hz
        from now join "then" t on t.species = now.species
        join bird-calls."calls.csv" c on c.species = t.species"#;
    assert_eq!(answer(&sql, text).await, r#"["gull",15,1,900]"#);
    let text = r#"select strikes."2019.csv".cost, "strikes@v1"."2019.csv".cost
        from strikes."2019.csv" join strikes@v1."2019.csv" on strikes."2019.csv".species = "strikes@v1"."2019.csv".species
        order by 1"#;
    assert_eq!(answer(&sql, text).await, "[5,1]\n[10,1]");
    assert_eq!(answer(&sql, "values (1, 'a@b'), (2, 'c')").await, "[1,\"a@b\"]\n[2,\"c\"]");
    assert_eq!(answer(&sql, "select * from generate_series(1, 3)").await, "[1]\n[2]\n[3]");
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_may_be_written_in_any_capitals() {
    let mut memory = strikes();
    memory.put("birds/strikes", "main", "cars.csv", "Name,Year,Date,name_2\nbeetle,1970,2020-01-01,x\n");
    let sql = sql(memory);
    assert_eq!(
        answer(&sql, r#"select Name, YEAR, c.date from strikes."cars.csv" c where Year > 1 order by year"#).await,
        "[\"beetle\",1970,\"2020-01-01\"]"
    );
    assert_eq!(answer(&sql, r#"select "Damage Level" from strikes."2019.csv" limit 1"#).await, "[\"None\"]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_brings_columns_together_by_name() {
    let sql = sql(strikes());
    let found = answer(&sql, r#"select species, cost, note from strikes."2019/*" order by cost"#).await;
    assert_eq!(found, "[\"gull\",1.0,null]\n[\"owl\",2.5,\"x\"]");
    let mut memory = strikes();
    memory.put("birds/strikes", "main", "2019/x.json", "[{\"a\":1}]");
    let problem = problem(&crate::memory::sql(memory), r#"select * from strikes."2019/*""#).await;
    assert!(problem.message.contains("one table has one format"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_project_that_is_seen_needs_no_name() {
    let sql = sql(strikes());
    let only = Arc::new(crate::memory::Only(&["birds/"]));
    let mut query = sql.run(r#"select count(*) from strikes."2019.csv""#, None, only).await.unwrap();
    assert_eq!(query.next_json(9).await.unwrap(), ["[3]"]);
    let problem =
        sql.run(r#"select count(*) from strikes."2019.csv""#, None, Arc::new(Everything)).await.err().unwrap();
    assert!(problem.message.contains("any of 2 projects"), "{problem}");
    assert!(problem.help.unwrap().contains(r#"birds.strikes."2019.csv""#));
}

#[tokio::test(flavor = "multi_thread")]
async fn describing_and_explaining_need_no_rows() {
    let sql = sql(strikes());
    let columns = "[\"species\",\"VARCHAR\",true]\n[\"cost\",\"BIGINT\",true]\n[\"Damage Level\",\"VARCHAR\",true]";
    for text in [
        r#"describe strikes."2019.csv""#,
        r#"show columns from strikes."2019.csv""#,
        r#"desc birds.strikes@main."2019.csv";"#,
    ] {
        assert_eq!(answer(&sql, text).await, columns, "{text}");
    }
    assert!(rows(&sql, r#"explain select * from strikes."2019.csv""#).await.unwrap().contains("logical_plan"));
    let told = sql
        .explain(r#"select cost from strikes."2019.csv" where cost > 3"#, Some("birds"), Arc::new(Everything))
        .await
        .unwrap();
    assert!(told.contains("FilterExec"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_without_an_order_come_in_the_order_of_the_object() {
    let mut memory = strikes();
    let body: String = std::iter::once("n\n".to_owned()).chain((0..300_000).map(|n| format!("{n}\n"))).collect();
    memory.put("birds/strikes", "main", "n.csv", body);
    let sql = sql(memory);
    let found = answer(&sql, r#"select n from strikes."n.csv" where n >= 200000"#).await;
    assert!(found.lines().enumerate().all(|(place, row)| row == format!("[{}]", 200_000 + place)));
    let page = sql.rows(&"birds/strikes/n.csv".parse().unwrap(), 250_000, 2, Arc::new(Everything)).await;
    assert_eq!(page.unwrap().next_json(10).await.unwrap(), ["[250000]", "[250001]"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_follow_is_suggested() {
    let sql = sql(strikes());
    let suggest = async |text: &str| {
        let found = sql.complete(text, text.len(), Some("birds"), Arc::new(Everything)).await.unwrap();
        found.into_iter().map(|found| found.text).collect::<Vec<_>>()
    };
    assert_eq!(suggest("select * from str").await, ["strikes"]);
    assert_eq!(suggest("select * from strikes@b").await, ["strikes@before-cleaning"]);
    assert_eq!(suggest("select * from strikes.\"2019/j").await, ["\"2019/jan.csv\""]);
    assert_eq!(suggest("select * from strikes.jan").await, ["\"2019/jan.csv\""]);
    assert!(suggest("select * from strikes.\"2019.csv\" gro").await.contains(&"group by".into()));
    // Places are characters, whatever their bytes; the quote that an editor closed is taken too.
    let text = r#"select 'é', sp from strikes."2019.csv""#;
    let found = sql.complete(text, 14, Some("birds"), Arc::new(Everything)).await.unwrap();
    let expected =
        Suggestion { text: "species".into(), kind: SuggestionKind::Column, detail: "VARCHAR".into(), from: 12, to: 14 };
    assert_eq!(found[0], expected);
    let found = sql.complete(r#"from strikes."jan""#, 17, Some("birds"), Arc::new(Everything)).await.unwrap();
    assert_eq!((found[0].from, found[0].to), (13, 18));
    // What may not be seen is not suggested, nor are its columns.
    let found = sql.complete("select * from ", 14, Some("birds"), Arc::new(Only(&["birds/bird-calls"]))).await.unwrap();
    assert_eq!(found.iter().map(|found| found.text.as_str()).collect::<Vec<_>>(), ["\"bird-calls\""]);
    let found = sql.complete(text, 14, Some("birds"), Arc::new(Only(&["birds/bird-calls"]))).await.unwrap();
    assert!(found.iter().all(|found| found.kind != SuggestionKind::Column), "{found:?}");
}
