use super::*;
use crate::random::Random;

/// As `render_token.py` writes it, with everything that it can write at once.
const FULL: &str = r#"{"token": {
  "methods": ["password", "token"],
  "user": {"domain": {"id": "Federated", "name": "Federated"}, "id": "u1", "name": "alice",
    "password_expires_at": "2026-11-06T15:32:17.000000",
    "OS-FEDERATION": {"groups": [{"id": "g1"}, {"id": "g2", "name": "staff"}],
      "identity_provider": {"id": "corp"}, "protocol": {"id": "openid"}}},
  "audit_ids": ["own", "first"],
  "expires_at": "2026-03-01T13:00:00.000000Z", "issued_at": "2026-03-01T12:00:00.000000Z",
  "project": {"domain": {"id": "default", "name": "Default"}, "id": "p1", "name": "demo"},
  "is_domain": false, "is_admin_project": true,
  "roles": [{"id": "r1", "name": "member", "domain_id": null, "description": null, "options": {}}],
  "OS-TRUST:trust": {"id": "t1", "trustor_user": {"id": "u1"}, "trustee_user": {"id": "u2"},
    "impersonation": true, "redelegated_trust_id": "t0", "redelegation_count": 3},
  "OS-OAUTH1": {"access_token_id": "a1", "consumer_id": "c1"},
  "application_credential": {"id": "ac1", "name": "backup", "restricted": true, "access_rules": [
    {"id": "ar1", "service": "volumev3", "path": "/v3/*/volumes", "method": "GET"}]},
  "oauth2_credential": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"},
  "service_providers": [{"id": "sp1", "auth_url": "http://b/v3/OS-FEDERATION", "sp_url": "http://b/sso"}],
  "bind": {"kerberos": "alice@CORP"},
  "catalog": [{"id": "s1", "type": "image", "name": "glance", "endpoints": [
    {"id": "e1", "interface": "public", "region": "R", "region_id": "R", "url": "http://glance"}]}]
}}"#;

const V2: &str = r#"{"access": {
  "token": {"id": "t0k3n", "issued_at": "2013-11-06T14:32:17.893797", "expires": "2013-11-07T14:32:17Z",
    "tenant": {"id": "p1", "name": "demo", "enabled": true, "description": null},
    "audit_ids": ["own"], "bind": {"kerberos": "alice@CORP"}},
  "user": {"id": "u1", "username": "alice", "name": "Alice", "roles_links": [],
    "roles": [{"name": "member"}, {"name": "admin"}]},
  "serviceCatalog": [{"type": "image", "name": "glance", "endpoints_links": [], "endpoints": [
    {"id": "e1", "region": "R", "publicURL": "http://p", "internalURL": "http://i", "adminURL": "http://a"}]}],
  "trust": {"id": "t1", "trustor_user_id": "u1", "trustee_user_id": "u2", "impersonation": true},
  "metadata": {"is_admin": 0, "roles": ["r1", "r2"]}
}}"#;

fn full() -> Description {
    Description::from_json(FULL.as_bytes()).unwrap()
}

#[test]
fn all_that_keystone_can_say_has_a_place() {
    let told = full();
    let user = told.user.as_ref().unwrap();
    assert_eq!(user.password_expires_at, stamp::parse("2026-11-06T15:32:17Z"));
    let federation = told.federation().unwrap();
    assert_eq!(
        (federation.identity_provider.id.as_str(), federation.protocol.id.as_str()),
        ("corp", "openid")
    );
    let groups: Vec<_> = federation.groups.iter().map(|g| (g.id.as_str(), g.name.as_deref())).collect();
    assert_eq!(groups, [("g1", None), ("g2", Some("staff"))]);
    assert!(told.is_federated());

    assert_eq!((told.user_id(), told.project_id()), (Some("u1"), Some("p1")));
    assert_eq!((told.project_is_domain, told.is_admin_project), (Some(false), Some(true)));
    assert_eq!((told.audit_id(), told.audit_chain_id()), (Some("own"), Some("first")));
    let trust = told.trust.as_ref().unwrap();
    assert_eq!((trust.trustor_user.id.as_str(), trust.trustee_user.id.as_str()), ("u1", "u2"));
    assert_eq!((trust.impersonation, trust.redelegation_count), (true, Some(3)));
    assert_eq!(trust.redelegated_trust_id.as_deref(), Some("t0"));
    let credential = told.application_credential.as_ref().unwrap();
    let rule = AccessRule {
        id: "ar1".to_owned(),
        service: "volumev3".to_owned(),
        path: "/v3/*/volumes".to_owned(),
        method: "GET".to_owned(),
    };
    assert_eq!(credential.access_rules.as_deref(), Some([rule].as_slice()));
    let oauth1 = told.oauth1.as_ref().unwrap();
    assert_eq!((oauth1.access_token_id.as_str(), oauth1.consumer_id.as_str()), ("a1", "c1"));
    let thumbprint = &told.oauth2_credential.as_ref().unwrap().thumbprint;
    assert_eq!(thumbprint, "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2");
    assert_eq!(told.service_provider("sp1").unwrap().sp_url, "http://b/sso");
    assert_eq!(told.service_provider("sp2"), None);
    assert_eq!(told.bind.get("kerberos").map(String::as_str), Some("alice@CORP"));
}

#[test]
fn absent_is_absent_and_null_is_absent() {
    let empty = Description::from_json(b"{\"token\":{\"novel\":{\"a\":[1]}}}").unwrap();
    assert_eq!(empty, Description::default());
    assert_eq!((empty.is_admin_project, empty.is_federated(), empty.audit_id()), (None, false, None));
    let nulls = r#"{"token":{"user":null,"project":{"id":null,"name":null,"domain":null},"is_domain":null,
        "roles":null,"methods":null,"audit_ids":null,"bind":null,"service_providers":null,"catalog":null,
        "OS-TRUST:trust":null,"is_admin_project":null,"issued_at":null,"expires_at":null}}"#;
    let told = Description::from_json(nulls.as_bytes()).unwrap();
    assert_eq!(told, Description { project: Some(Project::default()), ..Description::default() });
    assert_eq!(told.project_id(), None);
}

#[test]
fn a_saved_description_comes_back_the_same() {
    for told in [full(), Token::from_v2(V2.as_bytes()).unwrap().description, Description::default()] {
        let saved = serde_json::to_string(&serde_json::json!({ "token": told })).unwrap();
        assert_eq!(Description::from_json(saved.as_bytes()), Ok(told), "{saved}");
    }
}

/// Every name that we write is one that Keystone writes, with the same value.
#[test]
fn what_is_written_is_what_keystone_writes() {
    let theirs: serde_json::Value = serde_json::from_str(FULL).unwrap();
    let ours = serde_json::to_value(full()).unwrap();
    let rfc = |stamp: &str| stamp.replace(".000000", "").trim_end_matches('Z').to_owned();
    for (name, value) in ours.as_object().unwrap() {
        let said = &theirs["token"][name];
        match name.as_str() {
            "issued_at" | "expires_at" => {
                assert_eq!(rfc(value.as_str().unwrap()), rfc(said.as_str().unwrap()), "{name}");
            }
            // Fewer fields than Keystone's, and the stamp with its zone.
            "user" | "roles" | "catalog" => assert!(!said.is_null(), "{name}"),
            _ => assert_eq!(value, said, "{name}"),
        }
    }
    assert_eq!(ours.as_object().unwrap().len(), theirs["token"].as_object().unwrap().len());
    assert_eq!(ours["user"]["OS-FEDERATION"], theirs["token"]["user"]["OS-FEDERATION"]);
    insta::assert_snapshot!(ours["catalog"], @r#"[{"endpoints":[{"interface":"public","region":"R","region_id":"R","url":"http://glance"}],"name":"glance","type":"image"}]"#);
}

#[test]
fn version_2_says_the_same_in_other_words() {
    let Token { id, description: told } = Token::from_v2(V2.as_bytes()).unwrap();
    assert_eq!(id.reveal(), "t0k3n");
    assert_eq!((told.user_id(), told.project_id(), told.audit_id()), (Some("u1"), Some("p1"), Some("own")));
    assert_eq!(told.user.as_ref().unwrap().name, "Alice");
    let roles: Vec<_> = told.roles.iter().map(|r| (r.id.as_str(), r.name.as_str())).collect();
    assert_eq!(roles, [("r1", "member"), ("r2", "admin")]);
    assert_eq!(told.trust.as_ref().unwrap().trustee_user.id, "u2");
    assert_eq!(told.catalog.as_ref().unwrap().services[0].endpoints.len(), 3);
    assert_eq!(told.expires_at, stamp::parse("2013-11-07T14:32:17Z"));
    assert_eq!(told.issued_at, stamp::parse("2013-11-06T14:32:17.893797Z"));
    assert_eq!(told.bind.len(), 1);
    assert_eq!(Description::from_json(V2.as_bytes()), Ok(told));
}

#[test]
fn old_version_2_tells_the_tenant_elsewhere() {
    for (body, id, name) in [
        (r#"{"token":{"id":"t"},"user":{"tenantId":"p","tenantName":"n"}}"#, Some("p"), "n"),
        (r#"{"token":{"id":"t","tenantId":"p"}}"#, Some("p"), ""),
        (r#"{"token":{"id":"t"}}"#, None, ""),
    ] {
        let told = Token::from_v2(format!(r#"{{"access":{body}}}"#).as_bytes()).unwrap().description;
        assert_eq!(told.project_id(), id, "{body}");
        assert_eq!(told.project.map(|project| project.name).unwrap_or_default(), name, "{body}");
    }
    let uneven = br#"{"access":{"token":{"id":"t"},"user":{"username":"u","roles":[{"name":"a"}]},"metadata":{"roles":["1","2"]}}}"#;
    let told = Token::from_v2(uneven).unwrap().description;
    assert_eq!(
        (told.roles[0].id.as_str(), told.user.unwrap().name.as_str()),
        ("", "u"),
        "nothing is made up"
    );
}

#[test]
fn what_is_no_description_is_told_apart() {
    let deep = format!(r#"{{"token":{{"novel":{}1{}}}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let many = |item: &str| format!(r#"{{"token":{{"roles":[{}]}}}}"#, vec![item; (1 << 17) + 1].join(","));
    let kind = |body: &str| match Description::from_json(body.as_bytes()) {
        Ok(_) => "read",
        Err(Unreadable::TooLarge(_)) => "too large",
        Err(Unreadable::TooMany) => "too many",
        Err(Unreadable::NotJson { .. }) => "not JSON",
        Err(Unreadable::Shape { .. }) => "another shape",
        Err(Unreadable::Missing(_)) => "missing",
    };
    for (body, expected) in [
        ("", "not JSON"),
        ("<html>", "not JSON"),
        ("{}", "missing"),
        (r#"{"error":{"code":401}}"#, "missing"),
        (r#"{"token":null}"#, "missing"),
        ("[1]", "another shape"),
        ("7", "another shape"),
        (r#"{"token":"gAAAA"}"#, "another shape"),
        (r#"{"token":{"user":{"id":7}}}"#, "another shape"),
        (r#"{"token":{"roles":{"a":1}}}"#, "another shape"),
        (r#"{"token":{"roles":[null]}}"#, "another shape"),
        (r#"{"token":{"is_domain":"no"}}"#, "another shape"),
        (r#"{"token":{"expires_at":1790000000}}"#, "another shape"),
        (r#"{"token":{"expires_at":"never"}}"#, "another shape"),
        (r#"{"token":{"expires_at":"99999-01-01T00:00:00Z"}}"#, "another shape"),
        (r#"{"token":{"OS-TRUST:trust":{"redelegation_count":-1}}}"#, "another shape"),
        (r#"{"token":{"user":{"id":"a","id":"b"}}}"#, "another shape"),
        (r#"{"token":{},"token":{}}"#, "another shape"),
        (r#"{"token":{}} trailing"#, "not JSON"),
        ("{\"token\":{\"methods\":[\"\u{0}\"]}}", "not JSON"),
        // What has no place here is passed over without recursion.
        (deep.as_str(), "read"),
        (&deep.replace("novel", "roles"), "another shape"),
        (&deep.replace(']', ""), "not JSON"),
        (many("{}").as_str(), "too many"),
        (&" ".repeat((4 << 20) + 1), "too large"),
    ] {
        assert_eq!(kind(body), expected, "{:.60}", body);
    }
    assert_eq!(Token::from_v2(br#"{"token":{}}"#), Err(Unreadable::Missing("access")));
    for body in
        [r#"{"access":{}}"#, r#"{"access":{"token":{"id":""}}}"#, r#"{"access":{"token":{"id":null}}}"#]
    {
        assert_eq!(Token::from_v2(body.as_bytes()), Err(Unreadable::Missing("access.token.id")), "{body}");
    }
}

#[test]
fn a_large_cloud_is_within_the_limits() {
    let endpoint = r#"{"id":"0123456789abcdef0123456789abcdef","interface":"public","region":"RegionOne",
        "region_id":"RegionOne","url":"https://service.region-one.cloud.example:8776/v3/0123456789abcdef"},"#;
    let endpoints = endpoint.repeat(17_000);
    let body = format!(
        r#"{{"token":{{"catalog":[{{"type":"volumev3","endpoints":[{}]}}]}}}}"#,
        endpoints.trim_end_matches(',')
    );
    assert!(body.len() > 3 << 20);
    let told = Description::from_json(body.as_bytes()).unwrap();
    assert_eq!(told.catalog.unwrap().services[0].endpoints.len(), 17_000);
}

/// No error repeats what it was given: a secret may stand anywhere.
#[test]
fn errors_do_not_repeat_what_they_read() {
    for body in [
        r#"{"token":"s3cr3t"}"#,
        r#"{"token":{"user":"s3cr3t"}}"#,
        r#"{"token":{"expires_at":"s3cr3t"}}"#,
        r#"{"access":{"token":{"id":["s3cr3t"]}}}"#,
        r#"{"s3cr3t""#,
    ] {
        let errors = (
            Description::from_json(body.as_bytes()).unwrap_err(),
            Token::from_v2(body.as_bytes()).unwrap_err(),
        );
        let shown = format!("{} {} {errors:?}", errors.0, errors.1);
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
    assert!(!format!("{:?}", Token::from_v2(V2.as_bytes())).contains("t0k3n"));
}

fn read_both(body: &[u8]) -> bool {
    // Neither may panic; that either may fail is the point.
    let (either, second) = (Description::from_json(body), Token::from_v2(body));
    if let Ok(told) = &either {
        let saved = serde_json::to_vec(&serde_json::json!({ "token": told })).unwrap();
        assert_eq!(Description::from_json(&saved).as_ref(), Ok(told), "what was read can be saved");
    }
    either.is_ok() || second.is_ok()
}

#[test]
fn cut_off_at_any_byte_it_is_an_error() {
    for document in [FULL, V2] {
        assert!(read_both(document.as_bytes()));
        for length in 0..document.len() {
            assert!(!read_both(&document.as_bytes()[..length]), "cut off after {length} bytes");
        }
    }
}

#[test]
fn mutated_it_is_read_or_refused_and_never_a_panic() {
    let below = |random: &mut Random, end: usize| {
        let nanos = random.below(std::time::Duration::from_secs(1)).as_nanos();
        usize::try_from(nanos).unwrap() % end
    };
    let splices: [&[u8]; 14] = [
        b"null",
        b"\"",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b"-1",
        b"1e999",
        b"\\u0000",
        b"\\ud800",
        b"\xff",
        b"9999",
        b"\"expires_at\":\"+99999-01-01T00:00:00\",",
    ];
    let mut random = Random::new(25);
    let (mut read, mut refused) = (0, 0);
    for round in 0..6000 {
        let document = if round % 2 == 0 { FULL } else { V2 };
        let mut body = document.as_bytes().to_vec();
        for _ in 0..=below(&mut random, 3) {
            let at = below(&mut random, body.len());
            match below(&mut random, 4) {
                0 => body[at] ^= 1 << below(&mut random, 8),
                1 => drop(body.remove(at)),
                2 => {
                    let end = (at + below(&mut random, 40)).min(body.len());
                    let piece = body[at..end].to_vec();
                    let to = below(&mut random, body.len());
                    body.splice(to..to, piece);
                }
                _ => drop(body.splice(at..at, splices[below(&mut random, splices.len())].iter().copied())),
            }
        }
        if read_both(&body) { read += 1 } else { refused += 1 }
    }
    assert!(read > 300 && refused > 300, "{read} {refused}");
}

#[test]
fn roles_are_compared_exactly() {
    let told: Description = serde_json::from_str(r#"{"roles":[{"id":"1","name":"service"}]}"#).unwrap();
    assert!(told.has_any_role(&["admin", "service"]));
    assert!(!told.has_any_role(&["Service"]));
    assert!(!told.has_any_role::<&str>(&[]));
}
