//! Where a person is signed in, and the way out.

use crate::running::{Running, header, json, problem};
use reqwest::Method;

async fn status(running: &Running, cookie: &str) -> u16 {
    let asked = running.bare(Method::GET, "/api/v1/status").header("cookie", cookie);
    asked.send().await.unwrap().status().as_u16()
}

async fn end(running: &Running, path: &str, cookie: &str) -> reqwest::Response {
    let asked = running.bare(Method::DELETE, path).header("cookie", cookie).header("sec-fetch-site", "same-origin");
    asked.send().await.unwrap()
}

#[tokio::test]
async fn who_signs_out_is_signed_out_everywhere() {
    let running = Running::start().await;
    let (one, two) = (running.session().await, running.session().await);
    assert_ne!(one, two);
    assert_eq!((status(&running, &one).await, status(&running, &two).await), (200, 200));
    let answer = end(&running, "/api/v1/session", &one).await;
    assert_eq!(answer.status(), 204);
    assert!(header(&answer, "set-cookie").contains("Max-Age=0"));
    // The cookie of a browser that kept it, or of whoever copied it, opens nothing.
    assert_eq!((status(&running, &one).await, status(&running, &two).await), (401, 200));
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one() {
    let running = Running::start().await;
    let (one, two) = (running.session().await, running.session().await);
    let listed = async |cookie: &str| {
        let asked = running.bare(Method::GET, "/api/v1/sessions").header("cookie", cookie);
        json(asked.send().await.unwrap()).await["sessions"].as_array().unwrap().clone()
    };
    let sessions = listed(&one).await;
    assert_eq!(sessions.len(), 2);
    let current: Vec<_> = sessions.iter().filter(|session| session["current"] == true).collect();
    assert_eq!(current.len(), 1);
    let other = sessions.iter().find(|session| session["current"] == false).unwrap()["id"].as_str().unwrap();
    assert!(!one.contains(other) && !two.contains(other), "the id tells nothing of the secret");
    assert_eq!(end(&running, &format!("/api/v1/sessions/{other}"), &one).await.status(), 204);
    assert_eq!((status(&running, &one).await, status(&running, &two).await), (200, 401));
    problem(end(&running, &format!("/api/v1/sessions/{other}"), &one).await, 404).await;
    running.session().await;
    running.session().await;
    assert_eq!(json(end(&running, "/api/v1/sessions", &one).await).await["ended"], 2);
    assert_eq!(listed(&one).await.len(), 1);
    // A program with the token has no session, and ends them all.
    assert_eq!(json(running.request(Method::DELETE, "/api/v1/sessions").send().await.unwrap()).await["ended"], 1);
    assert_eq!(status(&running, &one).await, 401);
}
