//! Sources, sites and the ways to them.

use expect_test::expect;

use super::super::{Overrides, try_load};
use super::{refused, refused_each};

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
