//! What is refused, and with which words.

use expect_test::{Expect, expect};

use super::super::{Overrides, Role};
use super::{loaded, try_load};

fn refused(text: &str, complaints: Expect) {
    refused_with(text, &[], complaints);
}

/// Each text and what is said of it.
fn refused_each(texts: &[&str], complaints: Expect) {
    let refusal = |text: &&str| {
        let errors = try_load(text, &[], &Overrides::default()).expect_err("a bad configuration");
        format!("{text}=> {}\n", errors.replace('\n', "\n=> "))
    };
    complaints.assert_eq(&texts.iter().map(refusal).collect::<Vec<_>>().join("\n"));
}

fn refused_with(text: &str, variables: &[(&str, &str)], complaints: Expect) {
    let errors = try_load(text, variables, &Overrides::default()).expect_err("a bad configuration");
    complaints.assert_eq(&errors);
}

#[test]
fn unknown_settings_and_sections_are_named_all_at_once() {
    refused(
        r#"
[nodes]
name = "a"
[cache]
memroy = "1GiB"
colour = "red"
[[source]]
name = "demo"
url = "http://127.0.0.1:8090"
[[sites]]
hosts = ["*"]
"#,
        expect![[r#"
            pentimento.toml:2:2: "nodes" is not a section: did you mean `node`?
            pentimento.toml:5:1: "memroy" is not a setting of [cache]: did you mean `memory`?
            pentimento.toml:6:1: "colour" is not a setting of [cache]: known are `memory`, `disk`, `disk_files`, `disk_admission`, `entry_max`, `fill_memory`, `store`
            pentimento.toml:7:1: a source needs `base_url`
            pentimento.toml:9:1: "url" is not a setting of [[source]]: did you mean `base_url`?
            pentimento.toml:10:3: "sites" is not a section: did you mean `site`?"#]],
    );
}

#[test]
fn values_of_another_kind_are_told_what_is_allowed() {
    refused(
        r#"
cluster = 4
limits.pixels = "many"
limits.frames = 1.5
limits.queue = -1
limits.renders = 99999999999999999999
[node]
name = ["a"]
roles = "edge"
listen = 8080
control_listen = "localhost:8081"
[cache]
memory = true
disk = -5
entry_max = "64 megs"
disk_files = 0
[delivery]
edge_lifetime = 300
browser_lifetime = "500ms"
stale_if_error = "5 minutes"
stale_while_revalidate = "11y"
error_lifetime = "4000d"
request_timeout = "2h"
[purge]
verify_looks = 2026-11-02
[[source]]
name = 3
base_url = "ftp://h/"
allow_private = "yes"
[[site]]
hosts = "*"
"#,
        expect![[r#"
            pentimento.toml:2:11: `cluster` is a section: write [cluster]
            pentimento.toml:3:17: `pixels` must be a whole number, not a text
            pentimento.toml:4:17: `frames` must be a whole number, not a fraction
            pentimento.toml:5:16: `queue`: -1 is out of bounds: allowed are 0 to 100000
            pentimento.toml:6:18: `renders` must be a whole number, not a number beyond all bounds
            pentimento.toml:8:8: `name` must be a text in quotes, not a list
            pentimento.toml:9:9: `roles` must be a list of texts, such as ["…", "…"], not a text
            pentimento.toml:10:10: `listen` must be an address in quotes, such as "127.0.0.1:8080", not a number
            pentimento.toml:11:18: `control_listen`: "localhost:8081" is not an address: allowed is IP:PORT, such as "127.0.0.1:8080"
            pentimento.toml:13:10: `memory` must be a size, such as "64MiB", not true or false
            pentimento.toml:14:8: `disk`: -5 is not a size: a whole number and one of B, KiB, MiB, GiB, TiB, KB, MB, GB, TB, such as "64MiB"
            pentimento.toml:15:13: `entry_max`: "64 megs" is not a size: a whole number and one of B, KiB, MiB, GiB, TiB, KB, MB, GB, TB, such as "64MiB"
            pentimento.toml:16:14: `disk_files`: 0 is out of bounds: allowed are 1 to 1000000000
            pentimento.toml:18:17: `edge_lifetime` must be a duration, such as "1h30m", not a number
            pentimento.toml:19:20: `browser_lifetime`: 500ms is out of bounds: allowed are whole seconds, 0s to 3650d
            pentimento.toml:20:18: `stale_if_error`: "5 minutes" is not a duration: whole numbers with d, h, m, s or ms, the longest first, such as "30s" or "1h30m"
            pentimento.toml:21:26: `stale_while_revalidate`: "11y" is not a duration: whole numbers with d, h, m, s or ms, the longest first, such as "30s" or "1h30m"
            pentimento.toml:22:18: `error_lifetime`: 4000d is out of bounds: allowed are whole seconds, 0s to 3650d
            pentimento.toml:23:19: `request_timeout`: 2h is out of bounds: allowed are 1s to 1h
            pentimento.toml:25:16: `verify_looks` must be a whole number, not a date
            pentimento.toml:27:8: `name` must be a text in quotes, not a number
            pentimento.toml:28:12: `base_url`: the scheme "ftp" is not allowed: allowed are http and https
            pentimento.toml:29:17: `allow_private` must be true or false, not a text
            pentimento.toml:31:9: `hosts` must be a list of texts, such as ["…", "…"], not a text"#]],
    );
}

#[test]
fn a_broken_file_says_where_it_broke() {
    refused_each(
        &[
            "[cache]\nmemory = 256MiB\ndsik = \"1GiB\"\n[cluster]\nlease = 4s\n",
            "[cache]\nmemory = 256MiB\nmemory = \"1GiB\"\nx = 3\n",
            "[[site]]\nhosts = [\"a\" \"b\"\n[limits]\nrenders = 3\n",
            "[cache]\nmemory =\n",
            "[node\nname = \"a\"\n",
            "[node]\nname = \"a\n",
            "[cache]\n[cache]\n",
            "[source]\nname = \"demo\"\n[[node]]\nname = \"a\"\n",
            "site = [1]\nkey = \"k1\"\n",
        ],
        expect![[r#"
            [cache]
            memory = 256MiB
            dsik = "1GiB"
            [cluster]
            lease = 4s
            => pentimento.toml:2:10: this must be written in quotes, like all texts, sizes and durations
            => pentimento.toml:3:1: "dsik" is not a setting of [cache]: did you mean `disk`?
            => pentimento.toml:5:9: this must be written in quotes, like all texts, sizes and durations

            [cache]
            memory = 256MiB
            memory = "1GiB"
            x = 3
            => pentimento.toml:2:10: this must be written in quotes, like all texts, sizes and durations
            => pentimento.toml:3:1: duplicate key

            [[site]]
            hosts = ["a" "b"
            [limits]
            renders = 3
            => pentimento.toml:2:14: missing comma between array elements, expected `,`

            [cache]
            memory =
            => pentimento.toml:2:9: a value is missing

            [node
            name = "a"
            => pentimento.toml:1:6: unclosed table, expected `]`

            [node]
            name = "a
            => pentimento.toml:2:10: invalid basic string, expected `"`

            [cache]
            [cache]
            => pentimento.toml:2:2: duplicate key

            [source]
            name = "demo"
            [[node]]
            name = "a"
            => pentimento.toml:1:1: there may be several of these: write [[source]]
            => pentimento.toml:3:1: `node` is a section: write [node]

            site = [1]
            key = "k1"
            => pentimento.toml:1:9: `site` is a section: write [[site]]
            => pentimento.toml:2:7: there may be several of these: write [[key]]
        "#]],
    );
}

#[test]
fn a_source_needs_a_name_of_its_own_and_a_web_address() {
    refused(
        r#"
[[source]]
[[source]]
name = "De mo"
kind = "s3"
base_url = "https://h/?token=1"
[[source]]
name = "demo"
base_url = "http://user:hunter2@h/"
[[source]]
name = "a"
base_url = "http://h/a"
[[source]]
base_url = "127.0.0.1:8000"
name = "a"
[[source]]
name = "a"
base_url = "http://h/c"
lifetime = "1y"
"#,
        expect![[r#"
            pentimento.toml:2:1: a source needs `base_url`
            pentimento.toml:2:1: a source needs `name`
            pentimento.toml:4:8: `name`: the source name "De mo" is not allowed: 1 to 63 of a-z, 0-9 and -, not beginning with -
            pentimento.toml:5:8: `kind`: "s3" is not a kind of source: allowed is http
            pentimento.toml:6:12: `base_url`: "https://h/?token=1" has a query or a fragment: allowed is a URL without
            pentimento.toml:9:12: `base_url`: a user name or password has no place in a URL here
            pentimento.toml:14:12: `base_url`: "127.0.0.1:8000" is not a URL (relative URL without a base): allowed is http://… or https://…
            pentimento.toml:17:8: `name`: there are two sources named a
            pentimento.toml:19:12: `lifetime`: "1y" is not a duration: whole numbers with d, h, m, s or ms, the longest first, such as "30s" or "1h30m""#]],
    );
}

#[test]
fn a_site_is_one_thing_and_its_hosts_are_its_own() {
    refused(
        r#"
[[site]]
unsigned = true
[[site]]
hosts = []
[[site]]
hosts = ["img.example.com", "a b", "*.Example.com", 3]
allow_private = true
strip_tags = true
store_cookies = true
heuristic_lifetime = "1d"
[[site]]
hosts = ["IMG.example.com.", "*.example.com:80"]
unsigned = false
upstream = "http://127.0.0.1:8000/app"
[[site]]
hosts = ["::1"]
upstream = ""
"#,
        expect![[r#"
            pentimento.toml:2:1: a site needs `hosts`, such as ["img.example.com"] or ["*"]
            pentimento.toml:5:9: a site needs `hosts`, such as ["img.example.com"] or ["*"]
            pentimento.toml:7:29: `hosts`: "a b" is not a host: allowed are a name, *.name, *, an IPv4 address or an IPv6 address in brackets, each with :port or without
            pentimento.toml:7:53: `hosts` must be a list of texts; this is a number
            pentimento.toml:8:17: `allow_private` has no meaning for a site without `upstream`
            pentimento.toml:9:14: `strip_tags` has no meaning for a site without `upstream`
            pentimento.toml:10:17: `store_cookies` has no meaning for a site without `upstream`
            pentimento.toml:11:22: `heuristic_lifetime` has no meaning for a site without `upstream`
            pentimento.toml:13:10: `hosts`: img.example.com is named twice
            pentimento.toml:14:12: `unsigned` has no meaning for a site with `upstream`: whatever that serves has no signature
            pentimento.toml:15:12: `upstream`: "http://127.0.0.1:8000/app" has a path: allowed are scheme, host and port, since the path is that of the request
            pentimento.toml:17:10: `hosts`: "::1" is not a host: allowed are a name, *.name, *, an IPv4 address or an IPv6 address in brackets, each with :port or without
            pentimento.toml:18:12: `upstream`: "" is not a URL (relative URL without a base): allowed is http://… or https://…"#]],
    );
}

#[test]
fn packs_are_a_tenants_and_the_source_by_which_they_go_is_nobody_elses() {
    let long = format!("[[site]]\nhosts = [\"a.test\"]\npacks = \"{}\"\n", "a".repeat(58));
    refused_each(
        &[
            "[[site]]\nhosts = [\"a.test\"]\npacks = \"cats\"\n",
            "[[site]]\nhosts = [\"a.test\"]\npacks = \"cats\"\nupstream = \"http://h\"\n",
            "[[source]]\nname = \"packs-cats\"\nkind = \"http\"\nbase_url = \"http://h/\"\n",
            &long,
        ],
        expect![[r#"
            [[site]]
            hosts = ["a.test"]
            packs = "cats"
            => pentimento.toml:1:1: `packs`: there is no tenant named cats

            [[site]]
            hosts = ["a.test"]
            packs = "cats"
            upstream = "http://h"
            => pentimento.toml:3:9: `packs` has no meaning for a site with `upstream`

            [[source]]
            name = "packs-cats"
            kind = "http"
            base_url = "http://h/"
            => pentimento.toml:2:8: `name`: packs-cats is how the packs of a tenant go

            [[site]]
            hosts = ["a.test"]
            packs = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            => pentimento.toml:3:9: `packs`: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" has no packs: its name would have 1 to 57 of a-z, 0-9 and -
        "#]],
    );
}

#[test]
fn the_roles_of_a_node_say_whether_it_needs_an_upstream() {
    refused_each(
        &[
            "[node]\nroles = [\"edge\"]\n",
            "[node]\nroles = [\"edge\", \"control\"]\n",
            "[node]\nupstream = \"http://127.0.0.1:8080\"\n",
            "[node]\nroles = []\nname = \"a b\"\n",
            "[node]\nroles = [\"edges\", \"Control\", 3]\n",
            "[node]\nlisten = \"127.0.0.1:8081\"\n",
        ],
        expect![[r#"
            [node]
            roles = ["edge"]
            => pentimento.toml:2:9: a node with the roles edge needs `upstream`, the URL of the node that it asks for what it does not do itself

            [node]
            roles = ["edge", "control"]
            => pentimento.toml:2:9: a node with the roles edge,control needs `upstream`, the URL of the node that it asks for what it does not do itself

            [node]
            upstream = "http://127.0.0.1:8080"
            => pentimento.toml:2:12: `upstream` has no use on a node with the roles edge,shield,renderer,control, which asks nobody: leave it out, or say which roles the node has, such as edge

            [node]
            roles = []
            name = "a b"
            => pentimento.toml:2:9: `roles` is empty: a node has at least one of edge, shield, renderer, control
            => pentimento.toml:3:8: `name`: "a b" is not a node's name: allowed are 1 to 63 of a-z, A-Z, 0-9, -, _ and .

            [node]
            roles = ["edges", "Control", 3]
            => pentimento.toml:2:10: `roles`: "edges" is not a role: allowed are edge, shield, renderer and control
            => pentimento.toml:2:19: `roles`: "Control" is not a role: allowed are edge, shield, renderer and control
            => pentimento.toml:2:30: `roles` must be a list of texts; this is a number

            [node]
            listen = "127.0.0.1:8081"
            => pentimento.toml:2:10: `listen` and `control_listen` are both 127.0.0.1:8081: they must differ
        "#]],
    );

    let edge = loaded("[node]\nroles = [\"shield\", \"edge\"]\nupstream = \"http://127.0.0.1:8080/\"\n").node;
    assert_eq!(edge.control_listen, None, "only control has this listener unasked");
    assert_eq!(edge.name, "edge-8080");
    assert_eq!(edge.roles.to_string(), "edge,shield");
    let given = "[node]\nroles = [\"edge\"]\nupstream = \"http://h\"\ncontrol_listen = \"127.0.0.1:9\"\n";
    assert_eq!(loaded(given).node.control_listen, "127.0.0.1:9".parse().ok());
}

#[test]
fn a_wrong_variable_is_named() {
    refused_with(
        "[cache]\ndisc = \"1GiB\"\n[[source]]\nname = \"a\"\nbase_url = \"http://h\"\n",
        &[
            ("PENTIMENTO__CACHE__MEMORY", "lots"),
            ("PENTIMENTO__CACHE__MEMROY", "1GiB"),
            ("PENTIMENTO__CAHCE__MEMORY", "1GiB"),
            ("PENTIMENTO__CLUSTER__TRUST_LOOPBACK", "yes"),
            ("PENTIMENTO__LIMITS__PIXELS", "1e6"),
            ("PENTIMENTO__LIMITS__FRAMES", "0"),
            ("PENTIMENTO__NODE__ROLES", ""),
            ("PENTIMENTO__CACHE", "x"),
            ("PENTIMENTO__CACHE__DISK__FILES", "1"),
            ("PENTIMENTO__SOURCE__NAME", "demo"),
            ("PENTIMENTO__SITE__UNSIGNED", "true"),
        ],
        expect![[r#"
            pentimento.toml:2:1: "disc" is not a setting of [cache]: did you mean `disk`?
            PENTIMENTO__CACHE: does not name a setting: allowed is PENTIMENTO__SECTION__KEY, such as PENTIMENTO__CACHE__MEMORY
            PENTIMENTO__CACHE__DISK__FILES: does not name a setting: allowed is PENTIMENTO__SECTION__KEY, such as PENTIMENTO__CACHE__MEMORY
            PENTIMENTO__CACHE__MEMORY: `memory`: "lots" is not a size: a whole number and one of B, KiB, MiB, GiB, TiB, KB, MB, GB, TB, such as "64MiB"
            PENTIMENTO__CACHE__MEMROY: "memroy" is not a setting of [cache]: did you mean `memory`?
            PENTIMENTO__CAHCE__MEMORY: "cahce" is not a section: did you mean `cache`?
            PENTIMENTO__CLUSTER__TRUST_LOOPBACK: `trust_loopback`: "yes" is neither true nor false
            PENTIMENTO__LIMITS__FRAMES: `frames`: 0 is out of bounds: allowed are 1 to 100000
            PENTIMENTO__LIMITS__PIXELS: `pixels`: "1e6" is not a whole number
            PENTIMENTO__NODE__ROLES: `roles`: "" is not a role: allowed are edge, shield, renderer and control
            PENTIMENTO__SITE__UNSIGNED: [[site]] is a list: it can only be written in the file
            PENTIMENTO__SOURCE__NAME: [[source]] is a list: it can only be written in the file"#]],
    );
}

#[test]
fn a_wrong_flag_is_named() {
    let overrides = Overrides {
        node: Some("a b".to_owned()),
        roles: Some(vec![]),
        control_listen: "127.0.0.1:8080".parse().ok(),
        upstream: Some("not a url".to_owned()),
        ..Overrides::default()
    };
    let no_upstream = Overrides { roles: Some(vec![Role::Edge]), ..Overrides::default() };
    let errors =
        [overrides, no_upstream].map(|overrides| try_load("", &[], &overrides).expect_err("a wrong flag"));
    expect![[r#"
        --control-listen: `listen` and `control_listen` are both 127.0.0.1:8080: they must differ
        --node: `name`: "a b" is not a node's name: allowed are 1 to 63 of a-z, A-Z, 0-9, -, _ and .
        --role: `roles`: "" is not a role: allowed are edge, shield, renderer and control
        --upstream: `upstream` has no use on a node with the roles edge,shield,renderer,control, which asks nobody: leave it out, or say which roles the node has, such as edge
        --upstream: `upstream`: "not a url" contains a space or a control character: allowed is a URL in its encoded form

        --role: a node with the roles edge needs `upstream`, the URL of the node that it asks for what it does not do itself"#]].assert_eq(&errors.join("\n\n"));
}

#[test]
fn a_file_that_nests_without_end_is_refused() {
    for (open, close) in [("[", "]"), ("{a=", "}")] {
        let text = format!("x = {}1{}", open.repeat(100_000), close.repeat(100_000));
        assert!(try_load(&text, &[], &Overrides::default()).is_err());
    }
    let text = format!("a{} = 1", ".a".repeat(100_000));
    assert!(try_load(&text, &[], &Overrides::default()).is_err());
    assert!(try_load(&format!("[{}]", &text[..text.len() - 4]), &[], &Overrides::default()).is_err());
}

#[test]
fn upstreams_are_told_what_is_wrong_with_each_of_them() {
    refused(
        r#"
[node]
roles = ["edge"]
upstream = ["http://a", "http://a/", "ftp://b"]
upstream_requests = 0
[[site]]
hosts = ["a"]
upstreams = ["http://a", { url = "http://b", weight = 0 }, { weight = 2 }, 3, "http://a:80"]
health = { path = "up", interval = "1ms", expect = 100, verb = "HEAD" }
connect_timeout = "2m"
[[site]]
hosts = ["b"]
upstream = "http://a"
upstreams = "http://b"
health = "/up"
[[site]]
hosts = ["c"]
idle_timeout = "1s"
upstream_wait = "1s"
health = { path = "/up" }
[[site]]
hosts = ["d"]
upstreams = []
[[source]]
name = "s"
base_url = "http://s"
total_timeout = "2d"
"#,
        expect![[r#"
            pentimento.toml:4:25: `upstream`: http://a is named twice
            pentimento.toml:4:38: `upstream`: the scheme "ftp" is not allowed: allowed are http and https
            pentimento.toml:5:21: `upstream_requests`: 0 is out of bounds: allowed are 1 to 100000
            pentimento.toml:8:55: `weight`: 0 is out of bounds: allowed are 1 to 1000
            pentimento.toml:8:60: a server needs `url`
            pentimento.toml:8:76: `upstreams` is a list of texts and tables; this is a number
            pentimento.toml:8:79: `upstreams`: http://a is named twice
            pentimento.toml:9:19: `path`: "up" is not a path: it begins with / and is encoded as in a URL
            pentimento.toml:9:36: `interval`: 1ms is out of bounds: allowed are 100ms to 1h
            pentimento.toml:9:52: `expect`: 100 is out of bounds: allowed are 200 to 599
            pentimento.toml:9:57: "verb" is not a setting of `health`: known are `path`, `interval`, `expect`
            pentimento.toml:10:19: `connect_timeout`: 2m is out of bounds: allowed are 1ms to 1m
            pentimento.toml:14:13: `upstreams` must be a list, such as ["…", { url = "…" }], not a text
            pentimento.toml:14:13: `upstreams` names all servers of the site: leave `upstream` out
            pentimento.toml:15:10: `health` must be a table, such as { … }, not a text
            pentimento.toml:18:16: `idle_timeout` has no meaning for a site without `upstream`
            pentimento.toml:19:17: `upstream_wait` has no meaning for a site without `upstream`
            pentimento.toml:20:10: `health` has no meaning for a site without `upstream`
            pentimento.toml:23:13: `upstreams` is empty: it names at least one server
            pentimento.toml:27:17: `total_timeout`: 2d is out of bounds: allowed are 1ms to 1d"#]],
    );
    refused(
        "[node]\nconnect_timeout = \"1s\"\n",
        expect!["pentimento.toml:2:19: `connect_timeout` has no meaning for a node without `upstream`"],
    );
}

#[test]
fn several_nodes_above_come_from_a_list_or_with_commas_from_outside() {
    let of = |urls: &[&str]| urls.iter().map(|url| url.parse().expect("a URL")).collect::<Vec<url::Url>>();
    let above = |text: &str, overrides: &Overrides| {
        let config = try_load(text, &[], overrides).expect("a configuration");
        config.node.upstream.expect("nodes above").urls
    };
    let file = "[node]\nroles = [\"edge\"]\nupstream = [\"http://a\", \"http://b\"]\n";
    assert_eq!(above(file, &Overrides::default()), of(&["http://a", "http://b"]));
    let flag = Overrides { upstream: Some("http://c,http://d".to_owned()), ..Overrides::default() };
    assert_eq!(above(file, &flag), of(&["http://c", "http://d"]));
}

#[test]
fn tls_needs_an_address_and_certificates_that_can_be_used() {
    refused_each(
        &[
            "[tls]\nlisten = \"127.0.0.1:8443\"\n",
            "[tls]\nredirect_listen = \"127.0.0.1:8088\"\n",
            "[[certificate]]\nchain = \"/nowhere/a.crt\"\nkey = \"/nowhere/a.key\"\n",
            "[[certificate]]\nkey = \"/nowhere/a.key\"\n[tls]\nlisten = \"127.0.0.1:8443\"\n",
            "[acme]\nhosts = [\"img.example.com\"]\n[tls]\nlisten = \"127.0.0.1:8443\"\n",
            "[acme]\nhosts = [\"*.example.com\", \"localhost\", \"a.example\", \"A.example\", \"192.0.2.1\", \"a/b.example\"]\n\
             terms_agreed = true\ndirectory = \"http://ca.example/\"\ncontact = \"ops\"\n[tls]\nlisten = \"127.0.0.1:8080\"\n",
        ],
        expect![[r#"
            [tls]
            listen = "127.0.0.1:8443"
            => pentimento.toml:2:10: `listen` needs a certificate: a [[certificate]], or [acme] with `hosts`

            [tls]
            redirect_listen = "127.0.0.1:8088"
            => pentimento.toml:2:19: `redirect_listen` sends clients to the `listen` of [tls], which is not there

            [[certificate]]
            chain = "/nowhere/a.crt"
            key = "/nowhere/a.key"
            => pentimento.toml: there are certificates, and [tls] has no `listen`, such as "0.0.0.0:443"
            => pentimento.toml:2:9: `certificate`: /nowhere/a.crt cannot be read: No such file or directory (os error 2)

            [[certificate]]
            key = "/nowhere/a.key"
            [tls]
            listen = "127.0.0.1:8443"
            => pentimento.toml:1:1: a certificate needs `chain`, the PEM file with it and those that vouch for it

            [acme]
            hosts = ["img.example.com"]
            [tls]
            listen = "127.0.0.1:8443"
            => pentimento.toml:1:1: an authority issues certificates to those who agree to its terms: read them, and say `terms_agreed = true`

            [acme]
            hosts = ["*.example.com", "localhost", "a.example", "A.example", "192.0.2.1", "a/b.example"]
            terms_agreed = true
            directory = "http://ca.example/"
            contact = "ops"
            [tls]
            listen = "127.0.0.1:8080"
            => pentimento.toml:2:10: `hosts`: "*.example.com" cannot be had by http-01: put a certificate for it into files
            => pentimento.toml:2:27: `hosts`: "localhost" is not a host's full name, such as "img.example.com"
            => pentimento.toml:2:53: `hosts`: a.example is named twice
            => pentimento.toml:2:66: `hosts`: "192.0.2.1" is not a host's full name, such as "img.example.com"
            => pentimento.toml:2:79: `hosts`: "a/b.example" is not a host's full name, such as "img.example.com"
            => pentimento.toml:4:13: `directory`: only https is allowed here
            => pentimento.toml:5:11: `contact`: "ops" is not a mail address, such as "ops@example.com"
            => pentimento.toml:7:10: `listen` is 127.0.0.1:8080 as [node] listen is: they must differ
        "#]],
    );
}

#[test]
fn a_proxy_is_an_address_or_a_network() {
    refused(
        "[listen]\nproxies = [\"10.0.0.7\", \"10.0.0.0/8\", \"2001:db8::/32\", \"10.0.0.0/33\", \"proxy.example\"]\n",
        expect![[r#"
            pentimento.toml:2:55: `proxies`: "10.0.0.0/33" is neither an address nor a network: allowed are such as "10.0.0.7" and "10.1.0.0/16"
            pentimento.toml:2:70: `proxies`: "proxy.example" is neither an address nor a network: allowed are such as "10.0.0.7" and "10.1.0.0/16""#]],
    );
}

#[test]
fn a_cdn_says_what_its_vendor_needs() {
    refused_each(
        &[
            "[[cdn]]",
            "[[cdn]]\nname = \"a b\"\nvendor = \"akamia\"\nsites = [\"img.test\"]",
            "[[cdn]]\nname = \"a\"\nvendor = \"cloudfront\"\nsites = [\"https://img.test\"]",
            "[[cdn]]\nname = \"a\"\nvendor = \"fastly\"\nsites = [\"https://img.test/x\", \"https://b.test\", \"https://b.test\"]\nsecret = \"sixteen-bytes-or-more\"\nzone = \"z\"",
            "[[cdn]]\nname = \"a\"\nvendor = \"varnish\"\nsites = [\"https://img.test\"]\nsecret = \"sixteen-bytes-or-more\"",
            "[[cdn]]\nname = \"a\"\nvendor = \"webhook\"\nsites = [\"https://img.test\"]\nsecret = \"sixteen-bytes-or-more\"\nnodes = [\"http://10.0.0.1\"]",
            "[[cdn]]\nname = \"a\"\nvendor = \"nginx\"\nsites = []\nnodes = [\"http://10.0.0.1\"]\npurge_path = \"purge\"\nwildcards = \"yes\"\nwindow = \"2d\"\ntags = true",
            "[[cdn]]\nname = \"a\"\nvendor = \"keycdn\"\nsites = [\"https://a.test\"]\nzone = \"1\"\ntags = true\nsecret = \"sixteen-bytes-or-more\"\n[[cdn]]\nname = \"a\"\nvendor = \"cloudflare\"\nsites = [\"https://a.test\"]\nzone = \"1\"\ntags = true\nsecret = \"sixteen-bytes-or-more\"",
        ],
        expect![[r#"
            [[cdn]]=> pentimento.toml:1:1: a CDN needs `name`, such as "cloudfront-shop"
            => pentimento.toml:1:1: a CDN needs `sites`, where its clients ask, such as ["https://img.example.com"]
            => pentimento.toml:1:1: a CDN needs `vendor`, such as "cloudfront"

            [[cdn]]
            name = "a b"
            vendor = "akamia"
            sites = ["img.test"]=> pentimento.toml:2:8: `name`: "a b" is not a CDN's name: allowed are 1 to 63 of a-z, A-Z, 0-9, -, _ and .
            => pentimento.toml:3:10: `vendor`: "akamia" is no vendor: allowed are akamai, azure, bunny, cloudflare, cloudfront, cloudimage, fastly, google, keycdn, nginx, varnish, webhook
            => pentimento.toml:4:9: a CDN needs `sites`, where its clients ask, such as ["https://img.example.com"]
            => pentimento.toml:4:10: `sites`: "img.test" is not a URL (relative URL without a base): allowed is http://… or https://…

            [[cdn]]
            name = "a"
            vendor = "cloudfront"
            sites = ["https://img.test"]=> pentimento.toml:1:1: a secret is missing: write one of `secret`, `secret_file` and `secret_env`

            [[cdn]]
            name = "a"
            vendor = "fastly"
            sites = ["https://img.test/x", "https://b.test", "https://b.test"]
            secret = "sixteen-bytes-or-more"
            zone = "z"=> pentimento.toml:3:10: fastly: `service` is missing
            => pentimento.toml:4:10: `sites`: "https://img.test/x" has a path: allowed are scheme, host and port, since the path is that of the request
            => pentimento.toml:4:50: `sites`: https://b.test is named twice
            => pentimento.toml:6:1: "zone" is not a setting of [[cdn]]: known are `name`, `vendor`, `sites`, `window`, `attempts`, `purge_all`, `tags`, `only_by_name`, `verify`, `allow_private`, `api`, `nodes`, `service`, `secret`, `secret_file`, `secret_env`

            [[cdn]]
            name = "a"
            vendor = "varnish"
            sites = ["https://img.test"]
            secret = "sixteen-bytes-or-more"=> pentimento.toml:3:10: varnish: `nodes` is missing
            => pentimento.toml:5:10: varnish takes no secret: leave it out

            [[cdn]]
            name = "a"
            vendor = "webhook"
            sites = ["https://img.test"]
            secret = "sixteen-bytes-or-more"
            nodes = ["http://10.0.0.1"]=> pentimento.toml:3:10: webhook: `api` is missing
            => pentimento.toml:6:9: `nodes` has no meaning for webhook

            [[cdn]]
            name = "a"
            vendor = "nginx"
            sites = []
            nodes = ["http://10.0.0.1"]
            purge_path = "purge"
            wildcards = "yes"
            window = "2d"
            tags = true=> pentimento.toml:3:10: nginx: `purge_path` must be a path without a query, such as "/purge"
            => pentimento.toml:4:9: a CDN needs `sites`, where its clients ask, such as ["https://img.example.com"]
            => pentimento.toml:7:13: `wildcards` must be true or false, not a text
            => pentimento.toml:8:10: `window`: 2d is out of bounds: allowed are 0s to 1d
            => pentimento.toml:9:8: `tags` has no meaning for nginx, which reads none

            [[cdn]]
            name = "a"
            vendor = "keycdn"
            sites = ["https://a.test"]
            zone = "1"
            tags = true
            secret = "sixteen-bytes-or-more"
            [[cdn]]
            name = "a"
            vendor = "cloudflare"
            sites = ["https://a.test"]
            zone = "1"
            tags = true
            secret = "sixteen-bytes-or-more"=> pentimento.toml:9:8: `name`: there are two CDNs named a
            => pentimento.toml:13:8: `tags`: a and another CDN read `cache-tag` in different ways
        "#]],
    );
}
