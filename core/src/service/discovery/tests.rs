use http::Response;

use super::*;

fn answer(body: &str) -> Response<Vec<u8>> {
    Response::new(body.as_bytes().to_vec())
}

/// An entry of a document, with a link to itself.
fn entry(id: &str, status: &str) -> String {
    format!(r#"{{"id":"{id}","status":"{status}","links":[{{"rel":"self","href":"http://in/{id}/"}}]}}"#)
}

fn document(entries: &[(&str, &str)]) -> Vec<VersionData> {
    let entries: Vec<String> = entries.iter().map(|(id, status)| entry(id, status)).collect();
    parse("http://h/", &answer(&format!(r#"{{"versions":[{}]}}"#, entries.join(",")))).unwrap()
}

fn urls(versions: &[VersionData]) -> Vec<&str> {
    versions.iter().map(|data| data.url.as_str()).collect()
}

#[test]
fn documents_have_four_shapes() {
    let (two, three) = (entry("v2.0", "DEPRECATED"), entry("v3", "CURRENT"));
    for (body, expected) in [
        (format!(r#"{{"versions":{{"values":[{two},{three}]}}}}"#), vec!["http://h/v3/", "http://h/v2.0/"]),
        (format!(r#"{{"versions":[{two},{three}]}}"#), vec!["http://h/v3/", "http://h/v2.0/"]),
        (format!(r#"{{"version":{three}}}"#), vec!["http://h/v3/"]),
        (three, vec!["http://h/v3/"]),
        (r#"{"versions":[]}"#.to_owned(), vec![]),
    ] {
        assert_eq!(urls(&parse("http://h/", &answer(&body)).unwrap()), expected, "{body}");
    }
}

#[test]
fn an_old_ironic_tells_its_microversions_in_headers() {
    let body = r#"{"id":"v1","links":[{"rel":"self","href":"http://in/v1/"}]}"#;
    let mut answer = answer(body);
    for (name, value) in [
        ("x-openstack-ironic-api-minimum-version", "1.1"),
        ("x-openstack-ironic-api-maximum-version", "1.31"),
        ("x-openstack-ironic-api-version", "1.1"),
        ("other-api-maximum-version", "9.9"),
    ] {
        answer.headers_mut().insert(name, value.parse().unwrap());
    }
    let versions = parse("http://h/v1", &answer).unwrap();
    let found = &versions[0];
    assert_eq!((found.status, found.url.as_str()), (Status::Current, "http://h/v1"));
    let range = (found.min_microversion.clone(), found.max_microversion.clone());
    assert_eq!(range, (Some(Version::new(1, 1)), Some(Version::new(1, 31))));
}

#[test]
fn a_version_is_described_in_full() {
    let body = r#"{"versions":[{"id":"v2.1","status":"CURRENT","version":"2.96","min_version":"2.1",
        "next_min_version":"2.20","not_before":"2027-01-01","updated":"2013-07-23T11:33:21Z",
        "links":[{"rel":"Self","href":"http://in/compute/v2.1/"},{"rel":"collection","href":"/"}]},
        {"id":2.0,"status":"SUPPORTED","version":"","min_version":"",
        "links":[{"rel":"self","href":"v2/"},{"rel":"describedby"},7]}]}"#;
    let versions = parse("https://h/compute", &answer(body)).unwrap();
    insta::assert_debug_snapshot!(versions, @r#"
    [
        VersionData {
            version: Version(2.1),
            url: "https://h/compute/v2.1/",
            collection: Some(
                "https://h/",
            ),
            status: Current,
            raw_status: "CURRENT",
            min_microversion: Some(
                Version(2.1),
            ),
            max_microversion: Some(
                Version(2.96),
            ),
            next_min_version: Some(
                Version(2.20),
            ),
            not_before: Some(
                "2027-01-01",
            ),
        },
        VersionData {
            version: Version(2.0),
            url: "https://h/compute/v2/",
            collection: None,
            status: Supported,
            raw_status: "SUPPORTED",
            min_microversion: None,
            max_microversion: None,
            next_min_version: None,
            not_before: None,
        },
    ]
    "#);
}

#[test]
fn what_is_no_document_is_said_to_be_none() {
    for body in [
        "",
        "<html>It works!</html>",
        "7",
        r#""versions""#,
        "null",
        "[]",
        r#"[{"id":"v1"}]"#,
        "{}",
        r#"{"versions":7}"#,
        r#"{"versions":null}"#,
        r#"{"versions":{"v1":{}}}"#,
        r#"{"versions":{"values":{}}}"#,
        &format!(r#"{{"versions":[{}]}}"#, vec!["{}"; MOST_VERSIONS + 1].join(",")),
        &"[".repeat(10_000),
        &r#"{"versions":"#.repeat(10_000),
    ] {
        let read = parse("http://h/", &answer(body));
        assert!(matches!(read, Err(DiscoveryError::NoDocument(_))), "{read:?} of {body:.60}");
    }
    for status in [204, 301, 401, 404, 503] {
        let mut answer = answer(r#"{"versions":[]}"#);
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        let expected = if status == 204 { Ok(vec![]) } else { Err(DiscoveryError::Status(answer.status())) };
        assert_eq!(parse("http://h/", &answer), expected);
    }
}

#[test]
fn broken_entries_are_passed_over() {
    let good = entry("v3", "CURRENT");
    for bad in [
        "7",
        "null",
        "[]",
        r#""v2""#,
        r#"{"id":"v2","links":[{"rel":"self","href":"v2"}]}"#,
        r#"{"status":"CURRENT","links":[{"rel":"self","href":"v2"}]}"#,
        r#"{"id":"v2","status":"CURRENT"}"#,
        r#"{"id":"v2","status":7,"links":[{"rel":"self","href":"v2"}]}"#,
        r#"{"id":"two","status":"CURRENT","links":[{"rel":"self","href":"v2"}]}"#,
        r#"{"id":["v2"],"status":"CURRENT","links":[{"rel":"self","href":"v2"}]}"#,
        r#"{"id":"v2","status":"CURRENT","links":{"rel":"self","href":"v2"}}"#,
        r#"{"id":"v2","status":"CURRENT","links":[{"rel":"self","href":7}]}"#,
        r#"{"id":"v2","status":"CURRENT","links":[{"rel":"other","href":"v2"}]}"#,
        r#"{"id":"v2","status":"CURRENT","links":[{"rel":"self","href":"v 2\r\nX: y"}]}"#,
    ] {
        let body = format!(r#"{{"versions":[{bad},{good}]}}"#);
        assert_eq!(urls(&parse("http://h/", &answer(&body)).unwrap()), ["http://h/v3/"], "{bad}");
    }
}

#[test]
fn links_lead_to_no_other_origin() {
    for href in [
        "http://evil/v3",
        "//evil/v3",
        "https://evil:444/x/y/v3",
        "ftp://evil/v3",
        "javascript:v3",
        "http://evil@h/v3",
        "http://h@evil/v3",
        "\\\\\\\\evil\\\\v3",
    ] {
        let body = format!(
            r#"{{"version":{{"id":"v3","status":"CURRENT","links":[{{"rel":"self","href":"{href}"}}]}}}}"#
        );
        for data in parse("http://h:5000/", &answer(&body)).unwrap() {
            assert!(data.url.starts_with("http://h:5000/"), "{href}: {}", data.url);
        }
    }
}

#[test]
fn a_version_is_chosen_by_range_and_status() {
    let versions = document(&[
        ("v1", "DEPRECATED"),
        ("v2.0", "stable"),
        ("v2.1", "SUPPORTED"),
        ("v3", "CURRENT"),
        ("v4", "EXPERIMENTAL"),
        ("v5", "beta"),
    ]);
    let v = |text: &str| Some(text.parse::<Version>().unwrap());
    let range = |min: &str, max: &str| {
        let end = |text: &str| if text.is_empty() { None } else { v(text) };
        Range { min: end(min), max: end(max) }
    };
    let all = Allow { deprecated: true, experimental: true, unknown: true };
    let none = Allow { deprecated: false, experimental: false, unknown: false };
    let usual = Allow::default();
    for (range, at, allow, expected) in [
        (range("", ""), None, usual, Some("v3")),
        (range("latest", "latest"), None, usual, Some("v3")),
        (range("", "latest"), None, usual, Some("v3")),
        (range("latest", "latest"), None, all, Some("v5")),
        (range("2", "2.latest"), None, usual, Some("v2.1")),
        (range("2.1", "2.latest"), None, usual, Some("v2.1")),
        (range("2.2", "2.latest"), None, usual, None),
        (range("2.latest", "2.latest"), None, usual, Some("v2.1")),
        (range("1", "2.0"), None, usual, Some("v2.0")),
        (range("1", "latest"), None, usual, Some("v3")),
        (range("4", "latest"), None, usual, None),
        (range("4", "4.latest"), None, all, Some("v4")),
        (range("1", "1.latest"), None, usual, Some("v1")),
        (range("1", "1.latest"), None, none, None),
        (range("", "2.latest"), None, usual, Some("v2.1")),
        (range("", ""), Some("http://h/v2.0"), usual, Some("v2.0")),
        (range("", ""), Some("http://h/v9/"), usual, Some("v3")),
        (range("", ""), Some("http://h/v4/"), usual, Some("v3")),
    ] {
        let chosen = choose(&versions, &range, at, allow);
        let url = expected.map(|id| format!("http://h/{id}/"));
        assert_eq!(chosen.map(|data| data.url.clone()), url, "{range:?} {at:?} {allow:?}");
    }
    assert_eq!(choose(&[], &Range::default(), None, all), None);
    assert_eq!(Range::at_least(Version::new(2, 1)), range("2.1", "2.latest"));
}

/// Every document that differs in a byte, or ends early, is read or refused, and leads nowhere else.
#[test]
fn damaged_documents_do_no_harm() {
    let whole = format!(
        r#"{{"versions":{{"values":[{},{}]}},"id":"v1","version":{{}}}}"#,
        entry("v3.14", "stable"),
        entry("v2.0", "DEPRECATED")
    );
    let damaged = (0..whole.len()).flat_map(|at| {
        let cut = whole.as_bytes()[..at].to_vec();
        let changed = b"\"{}[],:0v/\\\x00\xff".iter().map({
            let whole = whole.clone();
            move |byte| {
                let mut changed = whole.clone().into_bytes();
                changed[at] = *byte;
                changed
            }
        });
        std::iter::once(cut).chain(changed)
    });
    for body in damaged {
        for data in parse("http://h:5000/", &Response::new(body)).unwrap_or_default() {
            assert!(data.url.starts_with("http://h:5000/"), "{data:?}");
        }
    }
}
