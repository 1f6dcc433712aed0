//! Proxies in front of the server: what those say that are trusted, and what everybody else says.

use crate::running::{Running, TOKEN, header, json, logged, problem};
use kamld_server::{Identity, Proxies, Settings};
use reqwest::{Method, Response};

/// A server that trusts these, and answers as `data.example.org`.
async fn trusting(proxies: &[&str]) -> Running {
    let proxies: Vec<String> = proxies.iter().map(|text| (*text).to_owned()).collect();
    let hosts = vec!["data.example.org".into()];
    let settings = Settings { hosts, proxies: Proxies::parse(&proxies).unwrap(), ..Settings::default() };
    Running::with(Identity::local(), settings).await
}

async fn ask(running: &Running, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = running.bare(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

const LINK: &str = "/?token=a-token-that-nobody-guesses";
const HTTPS: (&str, &str) = ("x-forwarded-proto", "https");
const NAME: (&str, &str) = ("x-forwarded-host", "data.example.org");

#[tokio::test]
async fn a_trusted_proxy_says_by_which_scheme_and_name_a_browser_came() {
    let running = trusting(&["127.0.0.0/8"]).await;
    let link = ask(&running, Method::GET, LINK, &[HTTPS, NAME]).await;
    assert_eq!(link.status(), 303);
    let cookie = header(&link, "set-cookie");
    assert!(cookie.starts_with("kamld-session-443=") && cookie.ends_with("; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    for (origin, status) in
        [("https://data.example.org", 200), ("http://data.example.org", 403), (&running.url(""), 403)]
    {
        let headers = [HTTPS, NAME, ("cookie", cookie), ("origin", origin)];
        let response = ask(&running, Method::POST, "/api/v1/commands/tag/list", &headers).await;
        assert_eq!(response.status(), status, "{origin}");
    }
    let out = ask(
        &running,
        Method::DELETE,
        "/api/v1/session",
        &[HTTPS, NAME, ("cookie", cookie), ("origin", "https://data.example.org")],
    )
    .await;
    assert!(header(&out, "set-cookie").starts_with("kamld-session-443=; "), "{:?}", out.headers());
}

#[tokio::test]
async fn the_headers_of_a_proxy_are_ignored_from_anybody_else() {
    for proxies in [&[][..], &["10.0.0.0/8"]] {
        let running = trusting(proxies).await;
        let link = ask(&running, Method::GET, LINK, &[HTTPS, NAME]).await;
        let cookie = header(&link, "set-cookie");
        assert!(cookie.starts_with(&format!("kamld-session-{}=", running.port)), "{cookie}");
        assert!(!cookie.contains("Secure"), "{cookie}");
        let cookie = cookie.split(';').next().unwrap();
        let command = |origin: String| {
            let running = &running;
            async move {
                let headers = [HTTPS, NAME, ("cookie", cookie), ("origin", origin.as_str())];
                ask(running, Method::POST, "/api/v1/commands/tag/list", &headers).await.status().as_u16()
            }
        };
        assert_eq!((command("https://data.example.org".into()).await, command(running.url("")).await), (403, 200));
        // A name that would be refused says nothing either.
        let odd = ask(&running, Method::GET, LINK, &[("x-forwarded-host", "evil.example")]).await;
        assert_eq!(odd.status(), 303);
    }
}

#[tokio::test]
async fn a_name_that_a_proxy_tells_is_one_of_ours_and_so_is_the_one_it_asks_for() {
    let running = trusting(&["127.0.0.1"]).await;
    for (host, told, status) in [
        ("localhost", "data.example.org", 303),
        ("data.example.org", "data.example.org", 303),
        ("localhost", "evil.example", 421),
        // A page whose name was bent to a proxy's own address can tell any.
        ("evil.example", "data.example.org", 421),
        ("localhost", "a b", 400),
        ("localhost", "x@data.example.org", 400),
    ] {
        let text =
            format!("GET {LINK} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: {told}\r\nConnection: close\r\n\r\n");
        let answer = running.raw_answer(&text).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{host}, {told}: {answer}");
    }
}

#[tokio::test]
async fn the_log_names_the_client_behind_the_proxies_and_not_one_that_it_made_up() {
    let running = trusting(&["127.0.0.1", "10.0.0.0/8"]).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e9a01";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let headers = [("x-forwarded-for", "127.0.0.1, 203.0.113.66, 203.0.113.9, 10.0.0.2"), ("traceparent", &parent)];
    let response = ask(&running, Method::GET, "/api/v1/status", &headers).await;
    problem(response, 401).await;
    let line = logged().lines().find(|line| line.contains(trace)).map(str::to_owned).unwrap();
    assert!(line.contains("client=203.0.113.9") && !line.contains("203.0.113.66"), "{line}");
}

#[tokio::test]
async fn where_a_proxy_says_nothing_its_configuration_does() {
    let hosts = vec!["data.example.org".into()];
    let running =
        Running::with(Identity::local(), Settings { hosts, secure_cookies: true, ..Settings::default() }).await;
    let host = ("host", "data.example.org");
    let cookie = header(&ask(&running, Method::GET, LINK, &[host]).await, "set-cookie");
    assert!(cookie.ends_with("; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    for (origin, status) in [("https://data.example.org", 200), ("http://data.example.org", 403)] {
        let headers = [host, ("cookie", cookie), ("origin", origin)];
        let response = ask(&running, Method::POST, "/api/v1/commands/tag/list", &headers).await;
        assert_eq!(response.status(), status, "{origin}");
    }
    // The command line of this machine comes as ever.
    let status = running.bare(Method::GET, "/api/v1/status").bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(json(status).await["person"]["id"], "me");
}
