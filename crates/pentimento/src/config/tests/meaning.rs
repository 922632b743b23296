//! What a configuration means: defaults, what is inherited, and the generated file.

use expect_test::expect;
use purge_protocol::TagKey;
use snapshot::{SiteKind, Upstreams};

use super::super::{Config, GENERATED, Overrides, resolved_toml};
use super::{loaded, try_load};

#[test]
fn nothing_at_all_is_the_embedded_default() {
    let mut config = loaded("");
    config.limits.renders = 2;
    expect![[r#"
        [node]
        name = "node-1"
        roles = ["edge", "shield", "renderer", "control"]
        listen = "127.0.0.1:8080"
        control_listen = "127.0.0.1:8081"
        data = "./pentimento-data"

        [cluster]
        trust_loopback = true
        lease = "4s"
        isolated = "validate"

        [cache]
        memory = "256MiB"
        disk = "10GiB"
        disk_files = 1000000
        disk_admission = "second-sight"
        entry_max = "64MiB"
        fill_memory = "256MiB"
        store = "20GiB"

        [listen]
        connections = 10000
        connections_per_client = 1000
        requests_per_connection = 10000
        streams_per_connection = 128
        header_time = "15s"
        idle_time = "1m15s"
        stall_time = "1m"
        proxies = []

        [delivery]
        url_bytes = "8KiB"
        header_bytes = "16KiB"
        body_bytes = "1MiB"
        request_timeout = "1m"
        edge_lifetime = "30d"
        browser_lifetime = "5m"
        stale_if_error = "1d"
        stale_while_revalidate = "1m"
        error_lifetime = "5s"

        [limits]
        input_bytes = "64MiB"
        pixels = 100000000
        frames = 1000
        output_side = 8192
        render_time = "20s"
        fetch_time = "30s"
        renders = 2
        render_memory = "1GiB"
        queue = 256

        [purge]
        verify_looks = 3
        verify_interval = "30s"
        verify_rounds = 3
        verify_sample = 16
        origin_attempts = 3
        origin_interval = "2s"
        warm_time = "10s"
        log_records = 100000
        log_retention = "7d"
        history_retention = "90d"
    "#]]
    .assert_eq(&resolved_toml(&config));
}

#[test]
fn hosts_that_no_site_names_get_signed_pictures() {
    let key = || TagKey::new([7; 16]);
    let text = "[delivery]\nbrowser_lifetime = \"7s\"\n[[site]]\nhosts = [\"a.example\"]\nunsigned = true\n";
    let snapshot = loaded(text).snapshot(key());
    let kind = |host: &str| snapshot.site_for(host).map(|site| (site.kind.clone(), site.browser_lifetime));
    assert_eq!(kind("a.example"), Some((SiteKind::Images { unsigned: true, packs: None }, 7)));
    assert_eq!(kind("b.example"), Some((SiteKind::Images { unsigned: false, packs: None }, 7)));

    let all = loaded("[[site]]\nhosts = [\"*\"]\nunsigned = true\n").snapshot(key());
    assert_eq!(all.sites.len(), 1, "somebody said what all hosts serve");
}

#[test]
fn sites_and_sources_may_stand_in_any_order_and_inherit_from_delivery() {
    let text = r#"
[[site]]
hosts = ["b.example"]
edge_lifetime = "1h"
[[source]]
name = "b"
base_url = "http://h/b/"
[[site]]
hosts = ["c.example"]
upstream = "http://127.0.0.1:8000/"
allow_private = true
[[source]]
name = "a"
base_url = "https://h"
[delivery]
edge_lifetime = "2h"
browser_lifetime = "3m"
"#;
    let config = loaded(text);
    let names: Vec<_> = config.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
    let lifetimes: Vec<_> =
        config.sites.iter().map(|site| (site.edge_lifetime, site.browser_lifetime)).collect();
    assert_eq!(lifetimes, [(3600, 180), (7200, 180)]);
    let pass_through = SiteKind::PassThrough {
        upstreams: Upstreams::one("http://127.0.0.1:8000").into(),
        allow_private: true,
        strip_tags: false,
        purge_from: Vec::new(),
        storing: Default::default(),
    };
    assert_eq!(config.sites[1].kind, pass_through);
}

#[test]
fn the_generated_file_loads_and_changes_nothing() {
    assert_eq!(loaded(GENERATED), loaded(""));
}

/// The generated file with all that it shows taken out of its comments.
fn generated_in_force() -> String {
    let shown = |line: &&str| line.starts_with("[") || line.starts_with("# [") || is_setting(line);
    let mut text: String =
        GENERATED.lines().filter(shown).map(|line| format!("{}\n", line.trim_start_matches("# "))).collect();
    text.push_str("secret_env = \"KEY\"\n");
    text
}

fn is_setting(line: &str) -> bool {
    let name = line.strip_prefix("# ").and_then(|line| line.split_once(" = ")).map(|(name, _)| name);
    name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
}

#[test]
fn the_defaults_that_the_generated_file_shows_are_the_defaults() {
    let variables = [("KEY", "sixteen bytes ..")];
    let shown = try_load(&generated_in_force(), &variables, &Overrides::default()).expect("a configuration");
    assert_eq!((shown.sources.len(), shown.sites.len(), shown.keys.len()), (1, 2, 1), "its examples load");
    assert_eq!(shown.cdns.len(), 1);
    assert_eq!(shown.tenants.len(), 1);
    assert_eq!(shown.jwts.len(), 1);
    assert_eq!((shown.faces.len(), shown.buckets.len(), shown.senders.len()), (1, 1, 1));
    let (sites, cdns, tenants, jwts, faces, buckets, senders) = Default::default();
    let (sources, keys) = Default::default();
    let bare = Config { sources, sites, keys, cdns, tenants, jwts, faces, buckets, senders, ..shown };
    assert_eq!(bare, loaded(""));
}

#[test]
fn the_generated_file_tells_of_every_setting() {
    // An unknown setting makes each section say which ones it knows.
    let mut asked = String::new();
    for section in [
        "node",
        "cluster",
        "cache",
        "listen",
        "tls",
        "acme",
        "delivery",
        "limits",
        "background_removal",
        "purge",
    ] {
        asked.push_str(&format!("[{section}]\n\"?\" = 1\n"));
    }
    for list in ["certificate", "source", "site", "key", "cdn", "tenant", "jwt", "face", "bucket", "sender"] {
        asked.push_str(&format!("[[{list}]]\n\"?\" = 1\n"));
    }
    let errors = try_load(&asked, &[], &Overrides::default()).expect_err("unknown settings");
    let mut settings = 0;
    for known in errors.lines().filter_map(|line| line.split_once("known are `")).map(|(_, known)| known) {
        for setting in known.trim_end_matches('`').split("`, `") {
            assert!(GENERATED.contains(&format!(" {setting} = ")), "{setting} is not in generated.toml");
            settings += 1;
        }
    }
    assert!(settings > 50, "only {settings} settings were found by this test");
}
