use super::*;

fn catalog() -> Catalog {
    Catalog::from_json(
        br#"[{"type":"image","name":"glance","endpoints":[
                  {"interface":"public","region":"A","url":"http://pub-a"},
                  {"interface":"internal","region":"A","url":"http://int-a"},
                  {"interface":"public","region":"B","url":"http://pub-b"}]},
                {"type":"image","name":"other","endpoints":[
                  {"interface":"admin","region":"B","url":"http://other"}]}]"#,
    )
    .unwrap()
}

const OWNER: Owner<'_> = Owner { project: Some("p1"), user: Some("u1"), issuer: None };

#[test]
fn choice_follows_type_name_region_and_preference() {
    let image = || Endpoint::of("image");
    for (wanted, found) in [
        (image(), "http://pub-a"),
        (image().region("B"), "http://pub-b"),
        (image().interfaces([Interface::Internal, Interface::Public]), "http://int-a"),
        (image().region("B").interfaces([Interface::Internal, Interface::Public]), "http://pub-b"),
        (image().name("other").interfaces([Interface::Admin]), "http://other"),
    ] {
        assert_eq!(wanted.locate(Some(&catalog()), OWNER).unwrap().url, found, "{wanted:?}");
    }
}

/// Cloud operators list block storage under many names, and some under several.
#[test]
fn a_service_goes_by_several_names() {
    let cloud = |kinds: [&str; 2]| {
        let service = |kind: &str| match kind.strip_suffix("-without-endpoints") {
            Some(kind) => format!(r#"{{"type":"{kind}","endpoints":[]}}"#),
            None => {
                format!(r#"{{"type":"{kind}","endpoints":[{{"interface":"public","url":"http://{kind}"}}]}}"#)
            }
        };
        Catalog::from_json(format!("[{}]", kinds.map(service).join(",")).as_bytes()).unwrap()
    };
    for (wanted, kinds, found) in [
        ("block-storage", ["volume", "block-storage"], Some("http://block-storage")),
        ("block-storage", ["volumev2", "volumev3"], Some("http://volumev3")),
        ("block-storage", ["block-store", "volume"], Some("http://volume")),
        ("block-storage", ["volumev3-without-endpoints", "volume"], Some("http://volume")),
        ("volumev2", ["volumev3", "block-storage"], Some("http://block-storage")),
        ("volumev2", ["volumev3", "volume"], None),
        ("share", ["sharev2", "shared-file-system"], Some("http://shared-file-system")),
        ("home-made", ["home-grown", "home-made"], Some("http://home-made")),
    ] {
        // A catalog without names cannot be searched by name.
        let located = Endpoint::of(wanted).name("cinder").locate(Some(&cloud(kinds)), OWNER);
        assert_eq!(located.ok().map(|data| data.url).as_deref(), found, "{wanted} {kinds:?}");
    }
}

#[test]
fn what_is_missing_is_said_with_what_there_is() {
    let errors = [
        Endpoint::of("image").locate(None, OWNER),
        Endpoint::of("compute").locate(Some(&catalog()), OWNER),
        Endpoint::of("image").region("C").name("glance").locate(Some(&catalog()), OWNER),
        Endpoint::fixed("http://x/%(project_id)s")
            .locate(None, Owner { project: None, user: None, issuer: None }),
        Endpoint::of("image").locate(Some(&Catalog::default()), OWNER),
    ]
    .map(|result| result.unwrap_err().to_string())
    .join("\n");
    insta::assert_snapshot!(errors, @"
        the token has no catalog to find `image` in: hand one over with the token, use a scoped token, or state the endpoint
        the catalog has no endpoint for `compute` [Public]; it lists: image, image
        the catalog has no endpoint for `image` [Public] named `glance` in region `C`; it lists: glance Public in A, glance Internal in A, glance Public in B, other Admin in B
        the endpoint `http://x/%(project_id)s` needs the id of a project, and the token has none: use a token scoped to one
        the token has no catalog to find `image` in: hand one over with the token, use a scoped token, or state the endpoint
        ");
}

#[test]
fn places_are_filled() {
    for template in ["http://x/%(project_id)s/%(user_id)s", "http://x/$(tenant_id)s/$(user_id)s"] {
        let found = Endpoint::fixed(template).locate(None, OWNER);
        assert_eq!(found.unwrap().url, "http://x/p1/u1");
    }
}

#[test]
fn paths_are_put_behind_addresses() {
    for (base, path, joined) in [
        ("http://h:1/v3/p", "/volumes?limit=1", "http://h:1/v3/p/volumes?limit=1"),
        ("http://h:1/v3/p/", "volumes", "http://h:1/v3/p/volumes"),
        ("http://h:1/v3/p/", "?x=1", "http://h:1/v3/p?x=1"),
        ("https://[::1]:1", "/", "https://[::1]:1/"),
    ] {
        assert_eq!(join(base, path).unwrap().to_string(), joined);
    }
    for wrong in ["", "/v3", "host/v3", "http://", "ftp://h", "http://h h/"] {
        assert!(join(wrong, "/x").is_err(), "{wrong}");
    }
}
