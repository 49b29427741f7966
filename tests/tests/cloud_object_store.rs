//! The embedded Swift: objects, conditions, ranges, large objects, bodies that do not come whole.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod cloud_client;

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
    time::Duration,
};

use cloud_client::{Answer, Call, Client};
use keepstone_tests::cloud::{Clock, Cloud, ObjectBytes, Service, Settings};
use serde_json::{Value, json};

const HELLO_MD5: &str = "5d41402abc4b2a76b9719d911017c592";

struct Stage {
    cloud: Cloud,
    client: Client,
    token: String,
    account: String,
}

impl Stage {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    /// A stage with an empty container `box`.
    fn with(settings: Settings) -> Self {
        let clock = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
        let cloud = Cloud::start(Settings { clock, ..settings }).unwrap();
        let token = cloud.issue_token("alice", "demo", Duration::from_secs(1_000_000)).unwrap();
        let account = cloud.endpoint(Service::ObjectStore, "demo").unwrap();
        let stage = Self { cloud, client: Client::new(), token, account };
        assert_eq!(stage.call("PUT", "box").body("").send().status, 201);
        assert_eq!(stage.call("PUT", "box").body("").send().status, 202);
        stage
    }

    fn call(&self, method: &str, path: &str) -> Call<'_> {
        self.client.call(method, format!("{}/{path}", self.account)).token(&self.token)
    }

    fn put(&self, path: &str, body: &str) -> Answer {
        self.call("PUT", path).body(body).send()
    }

    fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send()
    }

    fn manifest(&self, path: &str, lines: &Value) -> Call<'_> {
        self.call("PUT", &format!("{path}?multipart-manifest=put")).json(lines)
    }

    /// A connection on which a head with a token went out.
    fn half_request(&self, lines: &str) -> TcpStream {
        let origin = self.cloud.origin(Service::ObjectStore);
        let mut stream = TcpStream::connect(origin.trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let path = self.account.strip_prefix(&origin).unwrap();
        let token = &self.token;
        write!(stream, "PUT {path}/box/short HTTP/1.1\r\nHost: c\r\nX-Auth-Token: {token}\r\n{lines}")
            .unwrap();
        stream
    }

    fn bytes_of(&self, object: &str) -> ObjectBytes {
        self.cloud.counters().objects.get(object).copied().unwrap_or_default()
    }
}

#[test]
fn an_object_goes_in_and_out() {
    let stage = Stage::new();
    let put = stage.call("PUT", "box/a%20b/c").body("hello");
    let put = put.header("etag", HELLO_MD5).header("content-type", "text/x");
    let answer = put.header("x-object-meta-colour", "red").send();
    assert_eq!((answer.status, answer.header("etag")), (201, Some(HELLO_MD5)));
    let got = stage.get("box/a%20b/c");
    assert_eq!((got.status, got.text()), (200, "hello".into()));
    assert_eq!(got.header("content-type"), Some("text/x"));
    assert_eq!(got.header("x-object-meta-colour"), Some("red"));
    assert!(got.header("x-trans-id").is_some());
    let head = stage.call("HEAD", "box/a%20b/c").send();
    assert_eq!((head.status, head.header("content-length")), (200, Some("5")));
    assert!(head.body.is_empty());
    assert_eq!(stage.bytes_of("box/a b/c"), ObjectBytes { received: 5, stored: 5 });
    assert_eq!(stage.call("DELETE", "box").send().status, 409);
    assert_eq!(stage.call("DELETE", "box/a%20b/c").send().status, 204);
    assert_eq!(stage.get("box/a%20b/c").status, 404);
    assert_eq!(stage.call("DELETE", "box").send().status, 204);
    assert_eq!(stage.put("box/a", "hello").status, 404);
}

#[test]
fn an_etag_that_does_not_fit_stores_nothing() {
    let stage = Stage::new();
    let wrong = stage.call("PUT", "box/a").body("hellp").header("etag", HELLO_MD5);
    assert_eq!(wrong.send().status, 422);
    assert_eq!(stage.get("box/a").status, 404);
    assert_eq!(stage.bytes_of("box/a"), ObjectBytes { received: 5, stored: 0 });
}

#[test]
fn conditions_and_ranges_are_kept() {
    let stage = Stage::new();
    assert_eq!(stage.put("box/a", "hello").status, 201);
    let ask = |name: &str, value: &str| stage.call("GET", "box/a").header(name, value).send();
    for (range, status, text, content_range) in [
        ("bytes=1-2", 206, "el", Some("bytes 1-2/5")),
        ("bytes=3-", 206, "lo", Some("bytes 3-4/5")),
        ("bytes=-2", 206, "lo", Some("bytes 3-4/5")),
        ("bytes=1-999", 206, "ello", Some("bytes 1-4/5")),
        ("bytes=5-", 416, "", Some("bytes */5")),
        ("bytes=2-1", 200, "hello", None),
        ("lines=1-2", 200, "hello", None),
    ] {
        let answer = ask("range", range);
        assert_eq!((answer.status, answer.text().as_str()), (status, text), "{range}");
        assert_eq!(answer.header("content-range"), content_range, "{range}");
    }
    assert_eq!(ask("if-match", HELLO_MD5).status, 200);
    assert_eq!(ask("if-match", "\"0\"").status, 412);
    assert_eq!(ask("if-none-match", HELLO_MD5).status, 304);
    let create = |value: &str, path: &str| {
        stage.call("PUT", path).header("if-none-match", value).body("new").send().status
    };
    assert_eq!((create("*", "box/a"), create("*", "box/b"), create("x", "box/c")), (412, 201, 400));
    assert_eq!(stage.get("box/a").text(), "hello");
}

#[test]
fn listings_page_by_prefix_marker_and_delimiter() {
    let stage = Stage::new();
    for name in ["a/1", "a/2", "b", "c"] {
        assert_eq!(stage.put(&format!("box/{name}"), "hello").status, 201);
    }
    for (query, names) in [
        ("", "a/1\na/2\nb\nc\n"),
        ("?prefix=a/", "a/1\na/2\n"),
        ("?marker=a/2", "b\nc\n"),
        ("?marker=a/1&limit=1", "a/2\n"),
        ("?end_marker=b", "a/1\na/2\n"),
        ("?delimiter=/", "a/\nb\nc\n"),
        ("?prefix=z", ""),
    ] {
        assert_eq!(stage.get(&format!("box{query}")).text(), names, "{query}");
    }
    let listed = stage.get("box?format=json&prefix=b").json();
    assert_eq!((&listed[0]["hash"], &listed[0]["bytes"]), (&json!(HELLO_MD5), &json!(5)));
    let head = stage.call("HEAD", "box").send();
    assert_eq!(head.header("x-container-object-count"), Some("4"));
    assert_eq!(stage.get("?format=json").json()[0]["bytes"], 20);
}

#[test]
fn a_static_large_object_is_checked_when_made_and_when_read() {
    let stage = Stage::new();
    let (one, two) = (stage.put("box/s/1", "hello"), stage.put("box/s/2", "world"));
    let (one, two) = (one.header("etag").unwrap(), two.header("etag").unwrap());
    let line = |path: &str, etag: &str, size: u64| json!({"path": path, "etag": etag, "size_bytes": size});
    let lines = json!([line("/box/s/1", one, 5), line("/box/s/2", two, 5)]);
    let made = stage.manifest("box/big", &lines).send();
    assert_eq!(made.status, 201, "{}", made.text());
    let etag = made.header("etag").unwrap().to_owned();
    let right = stage.manifest("box/big", &lines).header("etag", etag.trim_matches('"'));
    assert_eq!(right.send().status, 201);
    assert_eq!(stage.manifest("box/big", &lines).header("etag", one).send().status, 422);

    let got = stage.get("box/big");
    assert_eq!((got.text(), got.header("etag")), ("helloworld".into(), Some(etag.as_str())));
    assert_eq!(got.header("x-static-large-object"), Some("True"));
    let part = stage.call("GET", "box/big").header("range", "bytes=4-5").send();
    assert_eq!((part.status, part.text()), (206, "ow".into()));
    let nested = json!([{"path": "box/big"}, {"path": "box/s/1"}]);
    assert_eq!(stage.manifest("box/bigger", &nested).send().status, 201);
    assert_eq!(stage.get("box/bigger").text(), "helloworldhello");
    let shown = stage.get("box/bigger?multipart-manifest=get").json();
    assert_eq!((&shown[0]["sub_slo"], &shown[1]["name"]), (&json!(true), &json!("/box/s/1")));

    // A segment that changed breaks the read off; a first one that changed forbids it.
    assert_eq!(stage.put("box/s/2", "earth").status, 201);
    assert!(stage.call("GET", "box/big").attempt().is_err());
    assert_eq!(stage.put("box/s/1", "adieu").status, 201);
    assert_eq!(stage.get("box/big").status, 409);

    let report = stage.call("DELETE", "box/bigger?multipart-manifest=delete");
    let report = report.header("accept", "application/json").send().json();
    assert_eq!((&report["Number Deleted"], &report["Number Not Found"]), (&json!(4), &json!(1)));
    assert_eq!(stage.get("box").status, 204);
}

#[test]
fn a_bad_manifest_lists_what_is_wrong() {
    let stage = Stage::with(Settings { max_manifest_segments: 3, ..Settings::default() });
    stage.put("box/1", "hello");
    stage.put("box/0", "");
    let lines = json!([
        {"path": "/box/nothing"}, {"path": "/box/1", "size_bytes": 6}, {"path": "/box/1", "etag": "x"}
    ]);
    let answer = stage.manifest("box/big", &lines).send();
    assert_eq!(answer.status, 400);
    let expected = "Response Status: 400 Bad Request\nErrors:\n/box/nothing, 404 Not Found\n\
                    /box/1, Size Mismatch\n/box/1, Etag Mismatch\n";
    assert_eq!(answer.text(), expected);
    let late = stage.call("PUT", "box/big?multipart-manifest=put&heartbeat=on").json(&lines);
    let late = late.header("accept", "application/json").send();
    assert_eq!(late.status, 202);
    let report: Value = serde_json::from_str(late.text().trim_start()).unwrap();
    assert_eq!(report["Response Status"], "400 Bad Request");
    assert_eq!(report["Errors"][0], json!(["/box/nothing", "404 Not Found"]));
    let line = json!({"path": "/box/1"});
    let empty = json!([{"path": "/box/0"}, line]);
    let many = json!([line, line, line, line]);
    for (lines, status) in [(empty, 400), (many, 413), (json!([]), 400), (json!("x"), 400)] {
        assert_eq!(stage.manifest("box/big", &lines).send().status, status, "{lines}");
    }
    assert_eq!(stage.get("box/big").status, 404);
    let last_empty = json!([line, {"path": "/box/0"}]);
    assert_eq!(stage.manifest("box/big", &last_empty).send().status, 201);
}

#[test]
fn a_dynamic_large_object_is_what_the_listing_says() {
    let stage = Stage::new();
    let manifest = stage.call("PUT", "box/all").header("x-object-manifest", "box/part-").body("");
    assert_eq!(manifest.send().status, 201);
    assert_eq!(stage.get("box/all").text(), "");
    stage.put("box/part-2", "world");
    stage.put("box/part-1", "hello");
    let got = stage.get("box/all");
    assert_eq!((got.text(), got.header("x-object-manifest")), ("helloworld".into(), Some("box/part-")));
}

#[test]
fn what_shall_be_deleted_goes_unless_that_is_taken_back() {
    let stage = Stage::new();
    for (name, after, status) in [("a", "60", 201), ("b", "60", 201), ("c", "0", 400), ("d", "x", 400)] {
        let put = stage.call("PUT", &format!("box/{name}")).body("hello");
        assert_eq!(put.header("x-delete-after", after).send().status, status, "{after}");
    }
    assert!(stage.get("box/a").header("x-delete-at").is_some());
    assert_eq!(stage.call("POST", "box/b").body("").send().status, 202);
    stage.cloud.advance(Duration::from_secs(60));
    assert_eq!((stage.get("box/a").status, stage.get("box/b").status), (404, 200));
    assert_eq!(stage.get("box").text(), "b\n");
}

#[test]
fn limits_are_those_of_info() {
    let stage = Stage::with(Settings { max_file_size: 5, ..Settings::default() });
    let info = stage.client.call("GET", format!("{}/info", stage.cloud.origin(Service::ObjectStore)));
    let info = info.send().json();
    assert_eq!(info["swift"]["max_file_size"], 5);
    assert_eq!(info["slo"]["max_manifest_segments"], 1000);
    assert_eq!(stage.put("box/a", "hello").status, 201);
    assert_eq!(stage.put("box/a", "hello!").status, 413);
    let name = "n".repeat(1025);
    assert_eq!(stage.put(&format!("box/{name}"), "x").status, 400);
}

#[test]
fn only_operators_of_the_project_get_in() {
    let stage = Stage::new();
    let life = Duration::from_secs(60);
    let other = stage.cloud.issue_token("norole", "service", life).unwrap();
    let roleless = stage.cloud.issue_token("nova", "service", life).unwrap();
    assert_eq!(stage.client.get(format!("{}/box", stage.account), &other).status, 403);
    let account = stage.cloud.endpoint(Service::ObjectStore, "service").unwrap();
    assert_eq!(stage.client.get(format!("{account}/box"), &roleless).status, 403);
    assert_eq!(stage.client.get(format!("{account}/box"), &other).status, 404);
    assert_eq!(stage.client.get(format!("{account}/box"), "bad").status, 401);
}

#[test]
fn a_body_that_does_not_come_whole_stores_nothing() {
    let stage = Stage::with(Settings { client_timeout: Duration::from_millis(200), ..Settings::default() });
    let answer = |mut stream: TcpStream| {
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).map(|()| String::from_utf8_lossy(&answer).into_owned())
    };
    let stream = stage.half_request("Content-Length: 10\r\n\r\nhello");
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(answer(stream).unwrap(), "HTTP/1.1 499");
    let stream = stage.half_request("Content-Length: 10\r\n\r\nhello");
    assert_eq!(answer(stream).unwrap(), "HTTP/1.1 408");
    let stream = stage.half_request("\r\n");
    assert_eq!(answer(stream).unwrap(), "HTTP/1.1 411");
    assert_eq!(stage.bytes_of("box/short"), ObjectBytes { received: 10, stored: 0 });
    assert_eq!(stage.get("box/short").status, 404);
    let chunks = "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    assert_eq!(answer(stage.half_request(chunks)).unwrap(), "HTTP/1.1 201");
    assert_eq!(stage.get("box/short").text(), "hello");
    let expecting = stage.half_request("Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    let mut other = expecting.try_clone().unwrap();
    assert_eq!(answer(expecting).unwrap(), "HTTP/1.1 100");
    other.write_all(b"hello").unwrap();
}
