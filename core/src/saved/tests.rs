use super::*;

const KEY: &[u8] = b"a key of 32 bytes, for the tests";

fn date(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn saved() -> SavedLogin {
    let description: Description = serde_json::from_value(serde_json::json!({
        "methods": ["password"],
        "user": {"id": "u1", "name": "alice", "domain": {"id": "default", "name": "Default"}},
        "OS-TRUST:trust": {"id": "t", "impersonation": true},
        "roles": [{"id": "r", "name": "member"}],
        "catalog": [{"type": "image", "name": "glance", "endpoints": [
            {"interface": "internal", "region": "R", "url": "http://image"}]}],
        "issued_at": date(0), "expires_at": date(3601),
    }))
    .unwrap();
    let parts = Parts {
        token: &"t0ken".into(),
        description: &description,
        beside: vec![(http::header::AUTHORIZATION, "Bearer b3arer".into())],
        issuer: Some(&Uri::from_static("http://keystone/v3")),
        asked: date(0),
        life: Duration::from_secs(3600),
        kept: Some("refr3sh".into()),
        renewal: Some(Renewal::Unattended),
        bound: false,
    };
    SavedLogin::new("ab12".to_owned(), parts)
}

#[test]
fn what_is_sealed_is_opened() {
    let opened = SavedLogin::open(saved().seal(KEY).reveal(), KEY).unwrap();
    assert_eq!(opened.name(), "ab12");
    assert_eq!(opened.document.description, saved().document.description);
    assert_eq!(opened.seal(KEY).reveal(), saved().seal(KEY).reveal());
    let shown = format!("{opened:?} {:?}", Saving::Keep(Box::new(saved())));
    for secret in ["t0ken", "b3arer", "refr3sh"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn the_format_stays() {
    let text = String::from_utf8(saved().seal(KEY).reveal().to_vec()).unwrap();
    let (_, json) = text.split_once('\n').unwrap();
    insta::assert_snapshot!(json, @r#"{"version":1,"login":"ab12","token":"t0ken","description":{"user":{"id":"u1","name":"alice","domain":{"id":"default","name":"Default"}},"OS-TRUST:trust":{"id":"t","impersonation":true},"roles":[{"id":"r","name":"member"}],"methods":["password"],"catalog":[{"type":"image","name":"glance","endpoints":[{"interface":"internal","region":"R","region_id":"R","url":"http://image"}]}],"issued_at":"2027-01-15T08:00:00Z","expires_at":"2027-01-15T09:00:01Z"},"beside":[{"name":"authorization","value":"Bearer b3arer"}],"issuer":"http://keystone/v3","asked":"2027-01-15T08:00:00Z","life_ms":3600000,"kept":"refr3sh","renewal":"unattended","bound":false}"#);
}

#[test]
fn half_a_file_or_one_with_a_wrong_bit_is_none() {
    let whole = saved().seal(KEY);
    let whole = whole.reveal();
    for length in 0..whole.len() {
        assert_eq!(SavedLogin::open(&whole[..length], KEY).unwrap_err(), RestoreError::Broken, "{length}");
    }
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut other = whole.to_vec();
            other[at] ^= 1 << bit;
            assert_eq!(SavedLogin::open(&other, KEY).unwrap_err(), RestoreError::Broken, "{at} {bit}");
        }
    }
    assert_eq!(SavedLogin::open(whole, b"another key").unwrap_err(), RestoreError::Broken);
}

/// Behind a seal that is right, nothing makes the reader panic either.
#[test]
fn whatever_is_sealed_is_read_or_refused() {
    let json = to_json(&saved().document);
    let json = json.reveal();
    for length in 0..json.len() {
        assert!(SavedLogin::read(&json[..length]).is_err());
    }
    for at in 0..json.len() {
        for byte in [b'0', b'9', b'"', b'{', b'-', 0xff] {
            let mut other = json.to_vec();
            other[at] = byte;
            // A date or a name may have become another one; then it is used without harm.
            if let Ok(read) = SavedLogin::read(&other) {
                let _ = (read.age(date(1)), read.beside(), read.issuer(), format!("{read:?}"));
            }
        }
    }
    let with = |name: &str, value: serde_json::Value| {
        let mut document: serde_json::Value = serde_json::from_slice(json).unwrap();
        document[name] = value;
        SavedLogin::read(document.to_string().as_bytes())
    };
    let of = |name, value| with(name, value).unwrap_err();
    assert_eq!(of("version", 2.into()), RestoreError::Version(2));
    assert_eq!(of("version", u64::MAX.into()), RestoreError::Version(u64::MAX));
    for (name, value) in [
        ("version", serde_json::json!("1")),
        ("life_ms", u64::MAX.into()),
        ("life_ms", 3_602_000.into()),
        ("life_ms", 0.into()),
        ("life_ms", (-1).into()),
        ("asked", "tomorrow".into()),
        ("description", serde_json::json!({})),
        ("token", serde_json::Value::Null),
    ] {
        assert_eq!(of(name, value.clone()), RestoreError::Broken, "{name}: {value}");
    }
}

#[test]
fn ages_are_half_open() {
    let age = |wall| saved().age(wall);
    let token_alone = SavedLogin { document: Document { kept: None, ..saved().document }, ..saved() };
    assert_eq!(age(date(-1)), Err(RestoreError::FromTheFuture { by: Duration::from_secs(1) }));
    assert_eq!(age(date(0)), Ok(Duration::ZERO));
    assert_eq!(token_alone.age(date(3599)), Ok(Duration::from_secs(3599)));
    assert_eq!(token_alone.age(date(3600)), Err(RestoreError::Dead));
    assert_eq!(age(date(3600)), Ok(Duration::from_secs(3600)), "what renews it is worth something");
    assert_eq!(token_alone.age(DateTime::<Utc>::MAX_UTC), Err(RestoreError::Dead));
}
