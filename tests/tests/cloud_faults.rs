//! Knobs and counters: outages, faults, latency, bodies of refused requests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod cloud_client;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use cloud_client::Client;
use keepstone_tests::cloud::{Answer, BodyRefusal, Cloud, Outage, Service, Settings, TokenFault};
use serde_json::json;

fn cloud() -> (Cloud, Client) {
    (Cloud::start(Settings::default()).unwrap(), Client::new())
}

fn log_in(cloud: &Cloud, client: &Client) -> Result<cloud_client::Answer, ureq::Error> {
    let body = cloud.credentials("alice").unwrap().token_request();
    client.call("POST", format!("{}/auth/tokens", cloud.auth_url())).json(&body).attempt()
}

fn connect(cloud: &Cloud, service: Service) -> std::io::Result<TcpStream> {
    TcpStream::connect(cloud.origin(service).trim_start_matches("http://"))
}

#[test]
fn an_outage_refuses_closes_or_answers_503_and_ends() {
    let (cloud, client) = cloud();
    assert_eq!(log_in(&cloud, &client).unwrap().status, 201);
    cloud.set_outage(Service::Identity, Outage::Refuse);
    let refused = connect(&cloud, Service::Identity).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    assert!(log_in(&cloud, &client).is_err());
    cloud.set_outage(Service::Identity, Outage::Refuse);
    cloud.set_outage(Service::Identity, Outage::Close);
    let mut stream = connect(&cloud, Service::Identity).unwrap();
    stream.write_all(b"GET /v3 HTTP/1.1\r\nHost: cloud\r\n\r\n").unwrap();
    assert_eq!(stream.read_to_end(&mut Vec::new()).unwrap(), 0);
    for value in [None, Some("2"), Some("-1"), Some("99999999999999999999"), Some("soon; \u{e9}")] {
        let retry_after = value.map(str::to_owned);
        cloud.set_outage(Service::Identity, Outage::Unavailable { retry_after });
        let answer = log_in(&cloud, &client).unwrap();
        assert_eq!(answer.status, 503);
        let got = answer.headers.get("retry-after").map(|value| value.as_bytes());
        assert_eq!(got, value.map(str::as_bytes));
    }
    cloud.set_outage(Service::Identity, Outage::None);
    assert_eq!(log_in(&cloud, &client).unwrap().status, 201);
}

#[test]
fn token_requests_fail_as_told_and_no_oftener() {
    let (cloud, client) = cloud();
    let teapot = Answer::status(418).header("Retry-After", "7").body("short and stout");
    cloud.fail_token_requests(1, TokenFault::Answer(teapot));
    cloud.fail_token_requests(1, TokenFault::Garbage);
    cloud.fail_token_requests(2, TokenFault::Truncated);
    cloud.fail_token_requests(1, TokenFault::Close);
    let answer = log_in(&cloud, &client).unwrap();
    assert_eq!((answer.status, answer.header("retry-after")), (418, Some("7")));
    assert_eq!(answer.text(), "short and stout");
    let answer = log_in(&cloud, &client).unwrap();
    assert!(answer.token().starts_with("gAAAAAB"));
    assert!(serde_json::from_slice::<serde_json::Value>(&answer.body).is_err());
    assert!(log_in(&cloud, &client).is_err());
    assert!(log_in(&cloud, &client).is_err());
    assert!(log_in(&cloud, &client).is_err());
    assert_eq!(log_in(&cloud, &client).unwrap().status, 201);
    assert_eq!(cloud.counters().token_requests_of("alice"), 6);
    assert_eq!(cloud.counters().token_requests_at_once, 1);
    cloud.reset_counters();
    assert_eq!(cloud.counters(), keepstone_tests::cloud::Counters::default());
}

#[test]
fn token_requests_at_once_are_counted() {
    let (cloud, _) = cloud();
    cloud.set_latency(Service::Identity, Duration::from_millis(300));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(log_in(&cloud, &Client::new()).unwrap().status, 201));
        }
    });
    let counters = cloud.counters();
    assert_eq!((counters.token_requests, counters.token_requests_at_once), (4, 4));
}

#[test]
fn a_service_gives_made_up_answers_and_remembers_what_arrived() {
    let (cloud, client) = cloud();
    let token = cloud.issue_token("alice", "demo", Duration::from_secs(60)).unwrap();
    let url = format!("{}/v2.0/ports?limit=1", cloud.origin(Service::Network));
    let unavailable = Answer::status(503).header("Retry-After", "1");
    let moved = Answer::status(307).header("Location", "http://elsewhere.test/");
    cloud.answer_next(Service::Network, 2, unavailable);
    cloud.answer_next(Service::Network, 1, moved);
    let call = || client.call("GET", &url).token(&token).header("x-service-token", "nova's").send();
    assert_eq!((call().status, call().status), (503, 503));
    assert_eq!(call().header("location"), Some("http://elsewhere.test/"));
    assert_eq!(client.get(&url, &token).status, 200);
    let arrivals = cloud.arrivals();
    assert_eq!(arrivals.len(), 4);
    assert_eq!((arrivals[0].service, arrivals[0].method.as_str()), (Service::Network, "GET"));
    assert_eq!(arrivals[0].path, "/v2.0/ports?limit=1");
    assert_eq!(arrivals[0].user_token.as_deref(), Some(token.as_str()));
    assert_eq!(arrivals[0].service_token.as_deref(), Some("nova's"));
    assert_eq!(arrivals[3].service_token, None);
    cloud.answer_next(Service::Network, 1, Answer::status(401));
    assert_eq!(call().status, 401);
    let counters = cloud.counters().service(Service::Network);
    assert_eq!((counters.requests, counters.refusals), (5, 1));
}

#[test]
fn services_keep_what_they_are_given() {
    let (cloud, client) = cloud();
    let token = cloud.issue_token("alice", "demo", Duration::from_secs(60)).unwrap();
    let send = |method: &str, url: &str, body: &serde_json::Value| {
        client.call(method, url).token(&token).json(body).send()
    };
    let volumes = format!("{}/volumes", cloud.endpoint(Service::Volume, "demo").unwrap());
    let answer = send("POST", &volumes, &json!({"volume": {"size": 1}}));
    assert_eq!(answer.status, 202);
    let volume = format!("{volumes}/{}", answer.json()["volume"]["id"].as_str().unwrap());
    let answer = send("PUT", &volume, &json!({"volume": {"name": "disk"}}));
    assert_eq!(answer.json()["volume"]["name"], "disk");
    let listed = client.get(format!("{volumes}/detail"), &token).json();
    assert_eq!(listed["volumes"][0]["size"], 1);
    assert_eq!(client.call("DELETE", &volume).token(&token).send().status, 204);
    assert_eq!(client.get(&volume, &token).status, 404);
    let foreign = cloud.endpoint(Service::Volume, "service").unwrap();
    assert_eq!(client.get(format!("{foreign}/volumes"), &token).status, 400);

    let images = format!("{}/v2/images", cloud.origin(Service::Image));
    let id = send("POST", &images, &json!({"name": "debian"})).json()["id"].clone();
    let image = format!("{images}/{}", id.as_str().unwrap());
    let upload = client.call("PUT", format!("{image}/file")).token(&token);
    assert_eq!(upload.body(vec![0; 100_000]).send().status, 204);
    assert_eq!(client.get(&image, &token).json()["size"], 100_000);
    assert!(cloud.counters().service(Service::Image).bytes_received >= 100_000);
    let versions = client.call("GET", cloud.origin(Service::Volume)).send();
    assert_eq!((versions.status, versions.json()["versions"][0]["version"] == "3.71"), (300, true));
}

/// Sends a head and part of a body, reads the answer's head, then sends the rest.
fn refused_upload(cloud: &Cloud, expect: bool, early: usize) -> (String, bool) {
    let mut stream = connect(cloud, Service::Image).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let expect = if expect { "Expect: 100-continue\r\n" } else { "" };
    write!(
        stream,
        "PUT /v2/images/x/file HTTP/1.1\r\nHost: cloud\r\nX-Auth-Token: bad\r\n{expect}\
         Content-Length: 100000\r\n\r\n"
    )
    .unwrap();
    stream.write_all(&vec![0; early]).unwrap();
    let mut head = vec![0; 4096];
    let read = stream.read(&mut head).unwrap();
    let head = String::from_utf8_lossy(&head[..read]).into_owned();
    let closes = head.to_ascii_lowercase().contains("connection: close");
    if !closes {
        // The rest is taken, and the connection still serves another request.
        stream.write_all(&vec![0; 100_000 - early]).unwrap();
        stream.write_all(b"GET /v2 HTTP/1.1\r\nHost: cloud\r\n\r\n").unwrap();
        let mut next = [0; 12];
        stream.read_exact(&mut next).unwrap();
        assert_eq!(&next, b"HTTP/1.1 200");
    }
    (head.lines().next().unwrap().to_owned(), closes)
}

#[test]
fn a_refused_body_is_drained_after_or_before_the_answer_or_not_at_all() {
    let (cloud, _) = cloud();
    // What is drained behind the answer is counted a moment later.
    let received = |expected: u64| {
        let count = || cloud.counters().service(Service::Image).bytes_received;
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while count() < expected && std::time::Instant::now() < deadline {
            std::thread::yield_now();
        }
        assert_eq!(count(), expected);
        cloud.reset_counters();
    };
    let line = "HTTP/1.1 401 Unauthorized".to_owned();
    assert_eq!(refused_upload(&cloud, false, 10), (line.clone(), false));
    received(100_000);
    assert_eq!(refused_upload(&cloud, true, 0), (line.clone(), true));
    received(0); // Nobody asked for the body.
    cloud.set_body_refusal(Service::Image, BodyRefusal::DrainThenAnswer);
    assert_eq!(refused_upload(&cloud, false, 100_000), (line.clone(), false));
    received(100_000);
    cloud.set_body_refusal(Service::Image, BodyRefusal::AnswerAndClose);
    assert_eq!(refused_upload(&cloud, false, 10), (line, true));
    received(0);
}

#[test]
fn a_clock_that_is_wrong_shows_in_stamps_and_dates() {
    let (cloud, client) = cloud();
    cloud.set_skew(chrono::TimeDelta::hours(-5));
    let answer = log_in(&cloud, &client).unwrap();
    let date = chrono::DateTime::parse_from_rfc2822(answer.header("date").unwrap()).unwrap();
    let issued_at = answer.json()["token"]["issued_at"].as_str().unwrap().to_owned();
    let issued_at = chrono::DateTime::parse_from_rfc3339(&issued_at).unwrap();
    for time in [date, issued_at] {
        let behind = chrono::Utc::now() - time.to_utc();
        assert!((18_000..18_060).contains(&behind.num_seconds()), "{behind}");
    }
}

#[test]
fn a_cloud_ends_when_it_is_dropped() {
    let (cloud, _) = cloud();
    let address = cloud.origin(Service::Image).trim_start_matches("http://").to_owned();
    let idle = TcpStream::connect(&address).unwrap();
    cloud.set_latency(Service::Image, Duration::from_secs(3600));
    let mut waiting = TcpStream::connect(&address).unwrap();
    waiting.write_all(b"GET / HTTP/1.1\r\nHost: cloud\r\n\r\n").unwrap();
    drop(cloud);
    let refused = TcpStream::connect(&address).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    drop(idle);
}
