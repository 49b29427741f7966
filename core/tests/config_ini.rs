//! oslo.config files: the dialect, what is wrong with a text, and that no text does harm.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails may panic")]

use keepstone_core::config::{ConfigError, Ini};

fn read(text: &str) -> Ini {
    let mut ini = Ini::default();
    ini.add("a.conf", text).unwrap();
    ini
}

/// The option `a` of the group `g`, as it is used.
fn a(text: &str) -> Result<Option<String>, String> {
    let given = read(text).value("g", "a").map_err(|error| error.to_string())?;
    Ok(given.map(|given| given.text().to_owned()))
}

/// What oslo.config 10.7 was seen to make of the same texts.
#[test]
fn values_are_what_oslo_config_makes_of_them() {
    for (text, value) in [
        ("[g]\na = 1", Some("1")),
        ("[g]\na: 1", Some("1")),
        ("[g]\na = x:y", Some("x:y")),
        ("[g]\na: x=y", Some("x=y")),
        ("[g]\na =", Some("")),
        ("[g]\nb = 1", None),
        ("[g]\nA = 1", None),
        ("[G]\na = 1", Some("1")),
        ("[g]\na = 1\n[G]\na = 2", Some("2")),
        ("[g]\na = 1\na = 2", Some("2")),
        ("[g]\na = \"quo ted\"", Some("quo ted")),
        ("[g]\na = 'q'", Some("q")),
        ("[g]\na = \"", Some("")),
        ("[g]\na = \"x'", Some("\"x'")),
        ("[g]\na = \"one\n  two\"", Some("\"one\ntwo\"")),
        ("[g]\na = one\n  # two\n\tthree\n", Some("one\n# two\nthree")),
        ("[g]\na = one # two", Some("one # two")),
        ("# c\n; c\n[g]\n\na = 1  \t\n", Some("1")),
        ("[g]\r\na = 1\r\nb = 2\r\n", Some("1")),
        ("[g]\ra = 1\rb = 2", Some("1")),
        ("[g]\na=x\u{2028}b=3", Some("x\u{2028}b=3")),
        ("[g]\na = 50%(x)s 100%", Some("50%(x)s 100%")),
        ("[g]\na = pa$$wd \\$host $5 a$", Some("pa$wd $host $5 a$")),
        ("[g]\na = $b/${b}/$g.b/${g.b}\nb = 2", Some("2/2/2/2")),
        ("[g]\na = $b\n[DEFAULT]\nb = 3", Some("3")),
        ("[g]\na = $b\nb = $c\n[DEFAULT]\nc = 4", Some("4")),
        ("[g]\na = $auth_url|", Some("|")),
        // Beyond oslo.config, which refuses the mark, and does not find the group.
        ("\u{feff}[g]\na = 1", Some("1")),
        ("[ g ]\na = 1", Some("1")),
    ] {
        assert_eq!(a(text), Ok(value.map(str::to_owned)), "{text:?}");
    }
}

#[test]
fn what_is_wrong_is_told_with_file_and_line() {
    let fault = |text: &str| {
        let mut ini = Ini::default();
        let read = ini.add("/etc/nova/nova.conf", text).and_then(|()| ini.value("g", "a"));
        read.unwrap_err().to_string()
    };
    let faults = [
        "[g]\na\n",
        "[g]\n= 1\n",
        "[g]\n\n  a = hunter2\n",
        "[g]\nb = 1\n\n  hunter2\n",
        "a = 1\n",
        "[g\n",
        "[g] # comment\n",
        "[]\n",
        "[g]\na = $nope\n",
        "[g]\na = x\n\n\n\na = pa${word}s\n",
        "[g]\na = $b\nb = $a\n",
        "[g]\na = $host.name\n[DEFAULT]\nhost = x",
    ]
    .map(fault)
    .join("\n");
    insta::assert_snapshot!(faults, @"
    /etc/nova/nova.conf:2: this is no option: there is neither `=` nor `:` in it
    /etc/nova/nova.conf:2: there is no name before the sign
    /etc/nova/nova.conf:3: this continues nothing: an option begins at the margin
    /etc/nova/nova.conf:4: this continues nothing: an option begins at the margin
    /etc/nova/nova.conf:1: an option stands before the first group
    /etc/nova/nova.conf:1: the group's name does not end in `]`
    /etc/nova/nova.conf:1: the group's name does not end in `]`
    /etc/nova/nova.conf:1: the group has no name
    /etc/nova/nova.conf:2: the value refers to `$nope`, and there is no such option; write `$$` where a dollar sign is meant
    /etc/nova/nova.conf:6: the value refers to `$word`, and there is no such option; write `$$` where a dollar sign is meant
    /etc/nova/nova.conf:2: the value refers to `$b`, and it leads back to itself, or too far; write `$$` where a dollar sign is meant
    /etc/nova/nova.conf:2: the value refers to `$host.name`, and there is no such option; write `$$` where a dollar sign is meant
    ");
}

#[test]
fn later_files_have_the_word() {
    let mut ini = Ini::default();
    ini.add("1.conf", "[g]\na = 1\nm = x\nb = from-1\n[other]\n").unwrap();
    let directory = [
        ("d/20.conf", "[g]\na = 20\nm = z\n"),
        ("d/10.conf", "[g]\na = 10\nm = y\nm = yy\n"),
        ("d/README", "not a configuration"),
    ];
    ini.add_directory(directory).unwrap();
    let value =
        |name| ini.value("g", name).unwrap().map(|given| (given.text().to_owned(), given.origin.to_string()));
    assert_eq!(value("a"), Some(("20".to_owned(), "d/20.conf:2".to_owned())));
    assert_eq!(value("b"), Some(("from-1".to_owned(), "1.conf:4".to_owned())));
    let all: Vec<_> = ini.values("g", "m").unwrap().iter().map(|given| given.text().to_owned()).collect();
    assert_eq!(all, ["x", "y", "yy", "z"]);
    assert_eq!(ini.groups(), ["g", "other"]);
}

#[test]
fn variables_go_before_files_and_defaults_can_be_referred_to() {
    let mut ini = read("[g]\na = 1\nb = $state_path/x\nc = $other.d\n");
    ini.declare("DEFAULT", "state_path", "/var/lib/nova");
    ini.declare("other", "d", "declared");
    ini.add_variables([
        ("OS_G__A", "2"),
        ("OS_DEFAULT__STATE_PATH", "/srv"),
        ("OS_USERNAME", "u"),
        ("X__Y", "z"),
    ]);
    let value = |name| ini.value("g", name).unwrap().unwrap();
    assert_eq!(value("a").text(), "2");
    assert_eq!(value("a").origin.to_string(), "$OS_G__A");
    assert_eq!(value("b").text(), "/srv/x");
    assert_eq!(value("c").text(), "declared");
}

#[test]
fn references_do_not_fill_the_memory() {
    let mut text = "[g]\na0 = lol\n".to_owned();
    for step in 1..15 {
        text.push_str(&format!("a{step} = {}\n", format!("$a{}", step - 1).repeat(10)));
    }
    text.push_str("a = $a14\n");
    assert!(matches!(read(&text).value("g", "a"), Err(ConfigError::Reference { .. })));
    let empty = text.replace("lol", "");
    assert!(matches!(read(&empty).value("g", "a"), Err(ConfigError::Reference { .. })));
}

/// Texts of a megabyte that would take a quadratic reader minutes.
#[test]
fn long_texts_take_no_longer_than_they_are() {
    let long = |part: &str| part.repeat(1_000_000 / part.len());
    for text in [
        format!("[g]\na = 1\n{}", long(" x\n")),
        format!("[g]\n{}", long("a = 1\n")),
        long("[g]\n"),
        format!("[g]\na = {}", long("$")),
        format!("[g]\na = {}", long("\\$")),
        format!("[g]\na = {}", long("${")),
        format!("[g]\na = {}", long("$b")),
        format!("[g]\na = \"{}", long("\"")),
        format!("[g]\n{}", long("\r")),
        long("#\n"),
    ] {
        let mut ini = Ini::default();
        if ini.add("x.conf", &text).is_ok() {
            let _ = ini.value("g", "a");
            let _ = ini.group("g").load();
        }
    }
}

/// Bytes of good files, cut, doubled and exchanged: whatever comes out, it is read or refused.
#[test]
fn mutated_texts_never_panic() {
    let seeds = [
        "[DEFAULT]\nhost = c1\n[neutron]\nauth_type = v3password\nauth_url = http://$host:5000/v3\npassword = 'p$$x'\n",
        "[a]\nx: 1\n  2\n# c\n; c\ny = ${x} $a.x \\$ %(z)s\n\n[b]\nm = 1\nm = 2\r\n",
        "\u{feff}[é]\nü = \"ß\n",
    ];
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut draw = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let odd = [
        "$", "${", "}", "[", "]", "=", ":", "\n", " ", "\t", "\"", "'", "\r", "\\", "#", "\0", "é",
        "\u{feff}",
    ];
    let (mut good, mut bad) = (0, 0);
    for _ in 0..20_000 {
        let mut text: Vec<char> = seeds[draw(seeds.len())].chars().collect();
        for _ in 0..=draw(6) {
            let at = draw(text.len() + 1);
            match draw(3) {
                0 => text.truncate(at),
                1 => {
                    text.splice(at..at, odd[draw(odd.len())].chars());
                }
                _ => {
                    let from = draw(at + 1);
                    let part = text[from..at].to_vec();
                    text.splice(from..from, part);
                }
            }
        }
        let text: String = text.into_iter().collect();
        let mut ini = Ini::default();
        match ini.add("m.conf", &text) {
            Ok(()) => {
                good += 1;
                for group in ini.groups() {
                    if let Ok(settings) = ini.group(group).load() {
                        let _ = (settings.effective(), settings.identity());
                    }
                }
            }
            Err(ConfigError::Syntax { line, .. }) => {
                bad += 1;
                assert!(line >= 1 && line <= text.split(['\n', '\r']).count(), "{line}: {text:?}");
            }
            Err(other) => panic!("{other}: {text:?}"),
        }
    }
    assert!(good > 1000 && bad > 1000, "{good} read, {bad} refused");
}
