//! Other people's CDNs.

use expect_test::expect;

use super::refused_each;

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
