//! That what is shown loads again to the same, and that no text makes the reader panic.

use std::ops::RangeInclusive;
use std::time::Duration;

use ipnet::IpNet;
use proptest::prelude::*;
use snapshot::{HealthCheck, Patience, Places, RequestLimits, Server, Site, SiteKind, Storing, Upstreams};

use super::super::*;
use super::try_load;

fn any_lifetimes() -> impl Strategy<Value = Lifetimes> {
    let seconds = || 0..=315_360_000_u32;
    (seconds(), seconds(), seconds(), seconds(), seconds()).prop_map(
        |(edge, browser, stale_if_error, stale_while_revalidate, error)| Lifetimes {
            edge,
            browser,
            stale_if_error,
            stale_while_revalidate,
            error,
        },
    )
}

fn millis(range: RangeInclusive<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

fn any_node() -> impl Strategy<Value = Node> {
    let roles = prop::collection::btree_set(prop::sample::select(Role::ALL.to_vec()), 1..=4);
    let name = "[A-Za-z0-9._-]{1,63}";
    let asked = (any_patience(), any_places());
    (name, roles, 1..=u16::MAX, any::<[u8; 16]>(), any::<bool>(), "[^\\x00]{1,20}", asked).prop_map(
        |(name, roles, port, ip, control_listen, data, (patience, places))| {
            let roles: Roles = roles.into_iter().collect();
            let listen: std::net::SocketAddr = ([127, 0, 0, 1], port).into();
            let control = control_listen || roles.has(Role::Control);
            let up = |n: u16| format!("https://up.example:{}", 8000 + n).parse().expect("a URL");
            let urls = (0..=listen.port() % 3).map(up).collect();
            let upstream = roles.need_upstream().then_some(NodesAbove { urls, patience, places });
            let control_listen = control.then(|| (ip, 0).into());
            let fonts = roles.has(Role::Renderer).then(|| format!("{data}/fonts").into());
            Node { name, roles, listen, control_listen, data: data.into(), fonts, upstream }
        },
    )
}

fn any_patience() -> impl Strategy<Value = Patience> {
    (1..=60_000_u32, 1..=3_600_000_u32, 1..=3_600_000_u32, 1..=86_400_000_u32)
        .prop_map(|(connect, first_byte, idle, total)| Patience { connect, first_byte, idle, total })
}

fn any_places() -> impl Strategy<Value = Places> {
    (1..=100_000_u32, 0..=100_000_u32, 1..=60_000_u32).prop_map(|(requests, queue, wait)| Places {
        requests,
        queue,
        wait,
    })
}

fn any_upstreams() -> impl Strategy<Value = Upstreams> {
    let servers = prop::collection::btree_map(444..=u16::MAX, 1..=1000_u32, 1..4).prop_map(|servers| {
        let server = |(port, weight)| Server { url: format!("https://127.0.0.1:{port}"), weight };
        servers.into_iter().map(server).collect()
    });
    let health = prop::option::of(
        ("/[a-z?=]{0,8}", 100..=3_600_000_u32, 200..=599_u16)
            .prop_map(|(path, interval, expect)| HealthCheck { path, interval, expect }),
    );
    (servers, health, any_patience(), any_places())
        .prop_map(|(servers, health, patience, places)| Upstreams { servers, health, patience, places })
}

fn any_cluster() -> impl Strategy<Value = Cluster> {
    let isolated = prop::sample::select(vec![Isolated::Validate, Isolated::ServeStale]);
    (any::<bool>(), millis(1000..=60_000), isolated).prop_map(|(trust_loopback, lease, isolated)| Cluster {
        secret: None,
        trust_loopback,
        lease,
        isolated,
    })
}

fn any_cache() -> impl Strategy<Value = Cache> {
    let sizes = ((1_u64 << 20)..=(64 << 40), 0..=(1_u64 << 50), 1..=1_000_000_000_u64, 1024..=16_u64 << 30);
    let others = ((1_u64 << 20)..=(64 << 40), (64_u64 << 20)..=(1 << 50));
    let admissions = prop_oneof![Just(DiskAdmission::SecondSight), Just(DiskAdmission::Always)];
    (sizes, admissions, others).prop_map(
        |((memory, disk, disk_files, entry_max), disk_admission, (fill_memory, store))| Cache {
            memory,
            disk,
            disk_files,
            disk_admission,
            entry_max,
            fill_memory,
            store,
        },
    )
}

fn any_delivery() -> impl Strategy<Value = Delivery> {
    let requests = (256..=65_536_u32, 1024..=1_048_576_u32, 0..=1_u64 << 30).prop_map(
        |(url_bytes, header_bytes, body_bytes)| RequestLimits { url_bytes, header_bytes, body_bytes },
    );
    (requests, millis(1000..=3_600_000), any_lifetimes())
        .prop_map(|(requests, request_timeout, lifetimes)| Delivery { requests, request_timeout, lifetimes })
}

fn any_listen() -> impl Strategy<Value = Listen> {
    let counts = (1..=1_000_000_u32, 1..=1_000_000_u32, 1..=1_000_000_000_u32, 1..=1000_u32);
    let time = || millis(1000..=3_600_000);
    let network = (any::<std::net::IpAddr>(), 0..=32_u8)
        .prop_map(|(address, bits)| ipnet::IpNet::new(address, bits).expect("it has so many bits").trunc());
    (counts, (time(), time(), time()), prop::collection::vec(network, 0..4)).prop_map(
        |((all, one, requests, streams), (header_time, idle_time, stall_time), proxies)| Listen {
            connections: all,
            connections_per_client: one,
            requests_per_connection: requests,
            streams_per_connection: streams,
            header_time,
            idle_time,
            stall_time,
            proxies,
        },
    )
}

fn any_limits() -> impl Strategy<Value = Limits> {
    let picture = (1024..=1_u64 << 30, 1..=1_000_000_000_u64, 1..=100_000_u32, 1..=16_384_u32);
    let work = (millis(100..=600_000), millis(100..=600_000), 1..=1024_u32, 0..=100_000_u32);
    let memory = 64 << 20..=1_u64 << 40;
    (picture, work, memory).prop_map(
        |(
            (input_bytes, pixels, frames, output_side),
            (render_time, fetch_time, renders, queue),
            render_memory,
        )| Limits {
            input_bytes,
            pixels,
            frames,
            output_side,
            render_time,
            fetch_time,
            renders,
            render_memory,
            queue,
        },
    )
}

fn any_purge() -> impl Strategy<Value = Purge> {
    let times = || (1..=100_u32, millis(10..=3_600_000));
    let kept = (1..=100_000_u32, millis(60_000..=86_400_000), millis(60_000..=86_400_000));
    let outside = (1..=100_u32, 1..=64_u32, millis(100..=60_000));
    (times(), times(), kept, outside).prop_map(|(verify, origin, kept, outside)| {
        let (verify_rounds, verify_sample, warm_time) = outside;
        let ((verify_looks, verify_interval), (origin_attempts, origin_interval)) = (verify, origin);
        let (log_records, log_retention, history_retention) = kept;
        Purge {
            verify_looks,
            verify_interval,
            verify_rounds,
            verify_sample,
            origin_attempts,
            origin_interval,
            warm_time,
            log_records,
            log_retention,
            history_retention,
        }
    })
}

fn any_sources() -> impl Strategy<Value = Vec<Source>> {
    let names = prop::collection::btree_set("[a-z0-9][a-z0-9-]{0,20}", 0..4);
    (names, "[a-z/]{0,10}", any::<bool>(), 0..=315_360_000_u32, any_patience()).prop_map(
        |(names, path, allow_private, lifetime, patience)| {
            let source = |name: String| Source {
                kind: SourceKind::Http {
                    base_url: format!("http://{name}x.example/{path}").parse().expect("a URL"),
                },
                name: name.parse().expect("a name"),
                allow_private,
                lifetime,
                patience,
            };
            names.into_iter().map(source).collect()
        },
    )
}

fn any_sites() -> impl Strategy<Value = Vec<Site>> {
    let hosts = prop::collection::btree_set("(\\*\\.)?[a-z]{1,8}(:[1-9][0-9]{0,3})?|\\*|\\[::1\\]", 0..6);
    let networks = prop::collection::vec((any::<std::net::IpAddr>(), 0..=32_u8), 0..3);
    let kind = (any::<[bool; 4]>(), 0..86_400 * 3650_u32, any_upstreams(), networks);
    let kind = kind.prop_map(|(flags, heuristic_lifetime, upstreams, networks)| {
        let [pass_through, first, second, cookies] = flags;
        if !pass_through {
            return SiteKind::Images { unsigned: first, packs: None };
        }
        let network = |(address, length)| IpNet::new(address, length).expect("a network");
        let purge_from = networks.into_iter().map(network).collect();
        SiteKind::PassThrough {
            upstreams: upstreams.into(),
            allow_private: first,
            strip_tags: second,
            purge_from,
            storing: Storing { heuristic_lifetime, cookies },
        }
    });
    (hosts, kind, any_lifetimes()).prop_map(|(hosts, kind, lifetimes)| {
        let site = |hosts: &[String]| Site {
            hosts: hosts.iter().map(|host| host.parse().expect("a host")).collect(),
            kind: kind.clone(),
            edge_lifetime: lifetimes.edge,
            browser_lifetime: lifetimes.browser,
            stale_if_error: lifetimes.stale_if_error,
            stale_while_revalidate: lifetimes.stale_while_revalidate,
            error_lifetime: lifetimes.error,
        };
        let hosts: Vec<_> = hosts.into_iter().collect();
        hosts.chunks(2).map(site).collect()
    })
}

fn any_config() -> impl Strategy<Value = Config> {
    let parts =
        (any_node(), any_cluster(), any_cache(), any_listen(), any_delivery(), any_limits(), any_purge());
    (parts, any_sources(), any_sites()).prop_map(
        |((node, cluster, cache, listen, delivery, limits, purge), sources, sites)| Config {
            node,
            cluster,
            catalog: None,
            cache,
            listen,
            tls: Tls::default(),
            acme: Acme::default(),
            certificates: Vec::new(),
            delivery,
            limits,
            background_removal: None,
            purge,
            sources,
            sites,
            keys: Vec::new(),
            cdns: Vec::new(),
            tenants: Vec::new(),
            jwts: Vec::new(),
            faces: Vec::new(),
            buckets: Vec::new(),
            senders: Vec::new(),
        },
    )
}

proptest! {
    #[test]
    fn what_is_shown_loads_again_to_the_same(config in any_config()) {
        let shown = resolved_toml(&config);
        prop_assert_eq!(try_load(&shown, &[], &Overrides::default()), Ok(config), "{}", shown);
    }

    #[test]
    fn any_text_is_a_configuration_or_complaints(text in "(\\[{0,2}(cache|node|source|site|x)\\]{0,2}\n|[a-z_.]{1,8} ?= ?[\"a-z0-9\\[\\]{},.-]{0,8}\n|\\PC{0,8}){0,8}") {
        let _ = try_load(&text, &[], &Overrides::default());
    }
}

#[test]
fn a_cdn_whose_secret_is_elsewhere_loads_again_and_one_written_here_is_not_shown() {
    let written = "[[cdn]]\nname = \"front\"\nvendor = \"varnish\"\nsites = [\"http://img.test\"]\nwindow = \"0s\"\n\
                   attempts = 3\npurge_all = true\nonly_by_name = false\nverify = true\nallow_private = true\ntags = true\nnodes = [\"http://10.0.0.1\", \"http://10.0.0.2\"]\n\n\
                   [[cdn]]\nname = \"n\"\nvendor = \"nginx\"\nsites = [\"http://img.test:8080\"]\nwindow = \"5m\"\n\
                   attempts = 8\npurge_all = false\nonly_by_name = true\nverify = false\nallow_private = false\nnodes = [\"http://10.0.0.3\"]\npurge_path = \"/purge\"\nwildcards = true\n\n\
                   [[cdn]]\nname = \"far\"\nvendor = \"cloudfront\"\nsites = [\"https://img.test\"]\nwindow = \"5m\"\n\
                   attempts = 8\npurge_all = false\nonly_by_name = false\nverify = true\nallow_private = false\ntags = false\napi = \"https://cloudfront.amazonaws.com\"\n\
                   distribution = \"E1\"\naccess_key = \"AKIA1\"\nsecret_env = \"AWS_SECRET\"\n";
    let variables = [("AWS_SECRET", "sixteen-bytes-or-more")];
    let config = try_load(written, &variables, &Overrides::default()).expect("a configuration");
    let shown = resolved_toml(&config);
    assert!(shown.ends_with(written), "{shown}");
    let hidden = written.replace("secret_env = \"AWS_SECRET\"", "secret = \"sixteen-bytes-or-more\"");
    let config = try_load(&hidden, &[], &Overrides::default()).expect("a configuration");
    let shown = resolved_toml(&config);
    assert!(!shown.contains("sixteen"), "{shown}");
    assert!(shown.contains("# distribution = \"E1\""), "{shown}");
}

#[test]
fn a_sender_whose_secret_is_elsewhere_loads_again_and_one_written_here_is_not_shown() {
    let elsewhere = "[[sender]]\nname = \"uploads\"\nsignature = \"hmac\"\nsecret_env = \"UPLOADS\"\n";
    let variables = [("UPLOADS", "sixteen-bytes-or-more")];
    let config = try_load(elsewhere, &variables, &Overrides::default()).expect("a configuration");
    assert!(resolved_toml(&config).ends_with(elsewhere));
    assert!(!format!("{config:?}").contains("sixteen"));
    let written = elsewhere.replace("secret_env = \"UPLOADS\"", "secret = \"sixteen-bytes-or-more\"");
    let shown = resolved_toml(&try_load(&written, &[], &Overrides::default()).expect("a configuration"));
    assert!(shown.contains("# name = \"uploads\"") && !shown.contains("sixteen"), "{shown}");
}

#[test]
fn tenants_and_issuers_of_tokens_load_again() {
    let written = "[[source]]\nname = \"demo\"\nkind = \"http\"\nbase_url = \"http://a.example\"\n\n\
                   [[site]]\nhosts = [\"*.shop.test\"]\nupstream = \"http://u.example\"\n\n\
                   [[site]]\nhosts = [\"cats.test\"]\npacks = \"cats\"\n\n\
                   [[tenant]]\nname = \"cats\"\nsources = [\"demo\"]\nhosts = [\"www.shop.test\"]\n\
                   purges_per_minute = 7\n\n\
                   [[jwt]]\nissuer = \"https://id.test\"\naudience = \"p\"\nalgorithms = [\"ES256\"]\n\
                   keys_url = \"https://id.test/keys\"\ntenant_claim = \"org\"\n\n\
                   [[jwt]]\nissuer = \"other\"\naudience = \"p\"\nalgorithms = [\"RS256\"]\nkeys_file = \"k\"\n\
                   require = [\"email=a@b.test\", \"roles=x=y\"]\nscopes = [\"purge:write\"]\ntenant = \"cats\"\n\n\
                   [[face]]\napi = \"cloudimage\"\nlisten = \"127.0.0.1:8082\"\nsite = \"https://img.test\"\n\n\
                   [[face]]\napi = \"rokka\"\nlisten = \"127.0.0.1:8082\"\nimages_per_hour = 6\n\n\
                   [[bucket]]\nname = \"b\"\nsource = \"demo\"\n\n\
                   [[sender]]\nname = \"aws\"\ntenant = \"cats\"\nsignature = \"sns\"\n\
                   topic = \"arn:aws:sns:eu-central-1:123456789012:images\"\nendpoint = \"http://localhost:4566\"\n";
    let config = try_load(written, &[], &Overrides::default()).expect("a configuration");
    assert_eq!(config.tenants[0].hosts.iter().collect::<Vec<_>>(), ["www.shop.test"]);
    let packs = "packs-cats".parse().ok();
    assert!(
        config
            .sites
            .iter()
            .any(|site| site.kind == SiteKind::Images { unsigned: false, packs: packs.clone() })
    );
    assert_eq!((config.tenants[0].rates.any.count, config.tenants[0].rates.erase.count), (7, 60));
    assert_eq!(try_load(&resolved_toml(&config), &[], &Overrides::default()), Ok(config));
}
