//! Wrong queries point at their place and guess what was meant.

use crate::memory::{problem, sql, strikes};
use kamld_types::Kind;

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_points_at_its_place_and_guesses() {
    let sql = sql(strikes());
    for (text, line, column, message, help) in [
        ("select *\nfrom strike.\"2019.csv\"", 2, 6, "no asset 'strike'", "did you mean strikes?"),
        ("select *\n  from strikes.\"2018.csv\"", 2, 8, "no object '2018.csv'", "did you mean strikes.\"2019.csv\"?"),
        ("select * from strikes@before-cleanin.\"2019.csv\"", 1, 15, "'before-cleanin'", "strikes@before-cleaning"),
        ("select\n  specis,\n cost from strikes.\"2019.csv\"", 2, 3, "no column 'specis'", "did you mean species?"),
        ("select 1,\n damage from strikes@main.\"2019.csv\"", 2, 2, "no column 'damage'", "Damage Level"),
        ("select sm(cost)\n from strikes.\"2019.csv\"", 1, 8, "no function 'sm'", "did you mean"),
        ("select cost\nform strikes.\"2019.csv\"", 2, 6, "found 'strikes'", "'from' instead of 'form'"),
        ("select * from plane.fleet.\"all.csv\"", 1, 15, "no project 'plane'", "did you mean planes?"),
        ("select * from strikes", 1, 15, "no table 'strikes'", "strikes.\""),
        ("select * from 'strikes/2019.csv'", 1, 15, "no table", "strikes.\"2019.csv\""),
        ("select * from fleet.\"all.csv\"", 1, 15, "no asset 'fleet'", "its assets"),
        ("select * from planes.\"all.csv\"", 1, 15, "no asset 'planes'", "is a project"),
        ("select * from strikes.\"2020/*.csv\"", 1, 15, "named like '2020/*.csv'", "there are"),
        ("select * from strikes.\"notes.txt\"", 1, 15, "is not a table", "CSV"),
        ("select (1", 1, 10, "ends where", ""),
        ("select 'x", 1, 8, "unterminated", "never ends"),
        ("", 1, 1, "no query", "select"),
        ("select 1;\nselect 2", 2, 1, "second statement", "one query"),
        ("select cost + date '2020-01-01'\nfrom strikes.\"2019.csv\"\nwhere upper(cost, 1) = 2", 3, 7, "upper", ""),
        ("select count(*) from strikes.\"2019.csv\"\nwhere species > interval '1 day' and sum(cost) > 1", 2, 0, "", ""),
        ("select species, cost\nfrom strikes.\"2019.csv\" group by species", 1, 17, "cost", ""),
        ("select a.species from strikes.\"2019.csv\" b", 1, 8, "", ""),
        ("select cast(species as bigint)\nfrom strikes.\"2019.csv\"", 1, 0, "'gull'", ""),
    ] {
        let problem = problem(&sql, text).await;
        let at = problem.at.unwrap_or_else(|| panic!("{text}: {problem} has no place"));
        let told = format!("{text}\n=> {problem} | {:?} at {at:?}", problem.help);
        assert!(problem.message.contains(message), "{told}");
        assert!(problem.help.as_deref().unwrap_or("").contains(help), "{told}");
        assert_eq!(at.line, line, "{told}");
        if column > 0 {
            assert_eq!(at.column, column, "{told}");
        }
        assert!(problem.message.chars().next().is_some_and(|first| !first.is_uppercase()), "{told}");
        assert!(!problem.message.ends_with('.'), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_data_is_no_query() {
    let sql = sql(strikes());
    for text in [
        "create table t as select 1",
        "create external table t stored as csv location '/etc/passwd'",
        "create view v as select 1",
        "drop table strikes.\"2019.csv\"",
        "insert into strikes.\"2019.csv\" values (1)",
        "update strikes.\"2019.csv\" set cost = 1",
        "delete from strikes.\"2019.csv\"",
        "copy (select 1) to '/tmp/x.csv'",
        "set datafusion.execution.batch_size = 1",
        "reset datafusion.execution.batch_size",
        "explain insert into x values (1)",
        "explain analyze delete from strikes.\"2019.csv\"",
        "with x as (select 1) insert into y select * from x",
        "select 1 into t",
        "truncate table t",
        "create function f(bigint) returns bigint return $1",
        "prepare p as select 1",
        "begin",
    ] {
        let problem = problem(&sql, text).await;
        assert_eq!(problem.kind, Kind::Invalid, "{text}: {problem}");
        assert!(problem.at.is_some(), "{text}: {problem}");
    }
}
