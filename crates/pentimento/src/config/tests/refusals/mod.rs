//! What is refused, and with which words.

mod cdns;
mod sites;

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
