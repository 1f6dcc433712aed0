//! Rows a window at a time: of results, and of objects that are tables.
//!
//! Lives here: what is asked, and the answer that `wit/ui/page.md` describes. Must not live here: rows.
//! Invariants: the person's right in the project comes before a table is looked for; only an answer that stays as it is
//! may be kept by a browser.

use super::range::unchanged;
use crate::{
    Identity, Server,
    caller::Trace,
    parts::{RowsQuery, RowsWindow},
    refusal::{Answer, details},
};
use axum::{
    Extension,
    body::Body,
    extract::{Path, Request, State},
    response::Response,
};
use http::{HeaderValue, StatusCode, header};
use kamld_types::{Address, Problem, Right};
use serde_json::{Value, json};
use std::time::Instant;

/// Rows of one answer.
const MOST: u64 = 200;
const FEW: u64 = 100;

pub async fn table(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Path(address): Path<String>,
    request: Request,
) -> Answer {
    let began = Instant::now();
    let address: Address = address.parse()?;
    identity.require(&address.asset.project, Right::Viewer)?;
    address.object()?;
    let (head, _) = request.into_parts();
    let asked = asked(&head)?;
    let window = server.parts.tables.window(&address, &asked).await?;
    // A branch moves: the tag decides, at every use.
    answer(&head, window, &asked, began, "private, no-cache")
}

pub async fn result(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
    request: Request,
) -> Answer {
    let began = Instant::now();
    let (head, _) = request.into_parts();
    let asked = asked(&head)?;
    let window = server.parts.results.window(&id, &asked, &identity.person).await?;
    // An id never names other rows. As long as the result itself may be kept.
    answer(&head, window, &asked, began, "private, max-age=900, immutable")
}

/// The window that a query string asks for. Only `sort` may stand in it more than once.
fn asked(head: &http::request::Parts) -> Answer<RowsQuery> {
    let pairs: Vec<(String, String)> = super::query(head)?;
    let mut asked = RowsQuery { count: FEW, ..RowsQuery::default() };
    let mut seen = Vec::new();
    for (name, value) in pairs {
        let number = || {
            value.parse().map_err(|_| {
                Problem::invalid(format!("'{value}' is no number of rows"))
                    .help("count from 0, such as start=0&count=100")
            })
        };
        match name.as_str() {
            "start" => asked.start = number()?,
            "count" => asked.count = number()?,
            "filter" => asked.filter = value,
            "sort" => asked.sort.push(value),
            "statistics" => asked.statistics = value == "true",
            other => {
                return Err(Problem::invalid(format!("there is no parameter '{other}'"))
                    .help("start, count, sort, filter and statistics are known")
                    .into());
            }
        }
        if name != "sort" && seen.contains(&name) {
            return Err(Problem::invalid(format!("the parameter '{name}' stands there twice")).into());
        }
        seen.push(name);
    }
    if asked.count == 0 || asked.count > MOST {
        return Err(Problem::invalid(format!("count is from 1 to {MOST}")).help("ask for the next window").into());
    }
    Ok(asked)
}

fn answer(
    head: &http::request::Parts,
    window: RowsWindow,
    asked: &RowsQuery,
    began: Instant,
    lasting: &'static str,
) -> Answer {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let tag = window.tag.as_deref().and_then(|tag| HeaderValue::from_str(&format!("\"{tag}\"")).ok());
    let caching = if tag.is_some() { lasting } else { "no-store" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Some(tag) = tag {
        let same = tag.to_str().is_ok_and(|tag| unchanged(&head.headers, tag));
        headers.insert(header::ETAG, tag);
        if same {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Ok(response);
        }
    }
    let trace = head.extensions.get::<Trace>().map(|trace| trace.id.as_str()).unwrap_or_default();
    *response.body_mut() = Body::from(body(&window, asked, began, trace));
    Ok(response)
}

/// The rows are JSON already: they are put in as they stand.
fn body(window: &RowsWindow, asked: &RowsQuery, began: Instant, trace: &str) -> String {
    let mut rest = json!({
        "start": asked.start,
        "total": window.total,
        "complete": window.complete,
        "ms": u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        "bytes": window.bytes,
    });
    if let Some(problem) = &window.problem {
        let status = StatusCode::from_u16(problem.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        rest["problem"] = details(problem, status, trace);
    }
    if let Some((rows, statistics)) = &window.statistics {
        rest["statistics"] = statistics.clone();
        rest["statistics_rows"] = Value::from(*rows);
    }
    let rest = rest.to_string();
    let mut body = format!("{{\"columns\":{},\"rows\":[{}],", window.columns, window.rows.join(","));
    body.push_str(rest.strip_prefix('{').unwrap_or(&rest));
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(query: &str) -> http::request::Parts {
        let request = http::Request::builder().uri(format!("/api/v1/tables/a/b/c.csv{query}")).body(()).unwrap();
        request.into_parts().0
    }

    #[test]
    fn a_window_is_what_the_query_says_and_nothing_else_stands_in_it() {
        let found = asked(&parts("?start=7&count=200&sort=-cost&sort=a%20b&filter=x%26y&statistics=true")).unwrap();
        let expected = RowsQuery {
            start: 7,
            count: 200,
            sort: vec!["-cost".into(), "a b".into()],
            filter: "x&y".into(),
            statistics: true,
        };
        assert_eq!(found, expected);
        assert_eq!(asked(&parts("")).unwrap().count, 100);
        for wrong in ["?count=201", "?count=0", "?start=-1", "?start=x", "?limit=5", "?start=1&start=2"] {
            assert!(asked(&parts(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_answer_is_json_whatever_is_left_out() {
        let mut window = RowsWindow { columns: json!([]), total: Some(0), ..RowsWindow::default() };
        let read = |window: &RowsWindow| -> Value {
            serde_json::from_str(&body(window, &RowsQuery::default(), Instant::now(), "t")).unwrap()
        };
        assert_eq!(read(&window)["rows"], json!([]));
        window.rows = vec!["[1]".into(), "[\"2\"]".into()];
        window.problem = Some(Problem::limit("too much"));
        window.statistics = Some((2, json!([{"nulls": 0}])));
        let read = read(&window);
        assert_eq!((read["rows"].clone(), read["statistics_rows"].clone()), (json!([[1], ["2"]]), json!(2)));
        assert_eq!((read["problem"]["kind"].clone(), read["problem"]["trace"].clone()), (json!("limit"), json!("t")));
    }
}
