//! What becomes of wishes, as a table; and how many calls a bulk change comes to at each vendor.

use cdn::{
    Batch, Call, Capabilities, Driver, Place, Scope, Targets, Terms, VendorName, Wish, fake, plan_calls,
};
use expect_test::expect;
use origin::Client;
use proptest::prelude::*;

fn place(path: &str) -> Place {
    Place { host: None, path: path.to_owned() }
}

fn wish(scope: Scope) -> Wish {
    Wish { subject: "it".to_owned(), scope, tag: None, known: Vec::new(), elsewhere: None }
}

fn tagged(scope: Scope, tag: &str) -> Wish {
    Wish { tag: Some(tag.to_owned()), ..wish(scope) }
}

fn terms(may_purge_all: bool) -> Terms {
    Terms { sites: vec!["https://a.test".to_owned()], may_purge_all }
}

/// A vendor that can all of this: `u` URLs, `p` paths, `f` prefixes (folders), `t` tags, `*` all.
fn able(letters: &str) -> Capabilities {
    let batch = |letter| letters.contains(letter).then(|| Batch::of(10).unwrap());
    Capabilities {
        url: batch('u'),
        path: batch('p'),
        prefix: batch('f'),
        tag: batch('t'),
        all: letters.contains('*'),
        ..Capabilities::NONE
    }
}

fn shown(call: &Call) -> String {
    let items: Vec<String> = match &call.targets {
        Targets::Urls(all) | Targets::Paths(all) | Targets::Prefixes(all) => {
            all.iter().map(cdn::Address::without_scheme).collect()
        }
        Targets::Tags(tags) => tags.clone(),
        Targets::All => Vec::new(),
    };
    format!("{call}: {}", items.join(" "))
}

#[test]
fn a_scope_that_a_vendor_does_not_know_is_widened_and_never_narrowed() {
    let known = vec![place("/d/cat.jpg?w=1"), place("/d/cat.jpg?w=2")];
    let original = Wish { known, ..wish(Scope::Path(place("/d/cat.jpg"))) };
    let tagged_original = Wish { tag: Some("c0ffee".to_owned()), ..original.clone() };
    let shown_elsewhere =
        Wish { elsewhere: Some(vec![place("/d/dog.jpg?mark=d/cat.jpg")]), ..original.clone() };
    let tagged_elsewhere = Wish { tag: Some("c0ffee".to_owned()), ..shown_elsewhere.clone() };
    let mut table = String::new();
    for (what, wish) in [
        ("url", &wish(Scope::Url(place("/d/cat.jpg?w=1")))),
        ("original", &original),
        ("tagged original", &tagged_original),
        ("original shown elsewhere", &shown_elsewhere),
        ("tagged original shown elsewhere", &tagged_elsewhere),
        ("folder", &wish(Scope::Prefix(place("/d")))),
        ("tagged folder", &tagged(Scope::Prefix(place("/d")), "d")),
        ("label", &tagged(Scope::Tagged, "blue")),
        ("label without tags", &wish(Scope::Tagged)),
        ("preset without tags", &Wish { scope: Scope::Tagged, ..original.clone() }),
        ("all", &wish(Scope::All)),
        ("tagged all", &tagged(Scope::All, "tenant")),
    ] {
        for vendor in ["upft*", "upf", "uf", "u", "ut", "*", ""] {
            for permission in [false, true] {
                if permission && !vendor.contains('*') {
                    continue;
                }
                let plan = plan_calls(std::slice::from_ref(wish), false, &able(vendor), &terms(permission));
                let mut cell: Vec<String> = plan.calls.iter().map(shown).collect();
                cell.extend(plan.partial.iter().map(|_| "only in part".to_owned()));
                cell.extend(plan.refused.iter().map(|(_, refusal)| format!("refused: {refusal}")));
                let may = if permission { " with permission" } else { "" };
                table.push_str(&format!("{what} at {vendor:?}{may}: {}\n", cell.join(", ")));
            }
        }
    }
    expect![[r#"
        url at "upft*": 1 URL: a.test/d/cat.jpg?w=1
        url at "upft*" with permission: 1 URL: a.test/d/cat.jpg?w=1
        url at "upf": 1 URL: a.test/d/cat.jpg?w=1
        url at "uf": 1 URL: a.test/d/cat.jpg?w=1
        url at "u": 1 URL: a.test/d/cat.jpg?w=1
        url at "ut": 1 URL: a.test/d/cat.jpg?w=1
        url at "*": refused: it can purge it only by purging everything, for which `purge_all = true` is the permission
        url at "*" with permission: everything: 
        url at "": refused: it has no call that covers it
        original at "upft*": 1 path: a.test/d/cat.jpg
        original at "upft*" with permission: 1 path: a.test/d/cat.jpg
        original at "upf": 1 path: a.test/d/cat.jpg
        original at "uf": 1 prefix: a.test/d/cat.jpg
        original at "u": 2 URLs: a.test/d/cat.jpg?w=1 a.test/d/cat.jpg?w=2, only in part
        original at "ut": 2 URLs: a.test/d/cat.jpg?w=1 a.test/d/cat.jpg?w=2, only in part
        original at "*": refused: it can purge it only by purging everything, for which `purge_all = true` is the permission
        original at "*" with permission: everything: 
        original at "": refused: it has no call that covers it
        tagged original at "upft*": 1 tag: c0ffee
        tagged original at "upft*" with permission: 1 tag: c0ffee
        tagged original at "upf": 1 path: a.test/d/cat.jpg
        tagged original at "uf": 1 prefix: a.test/d/cat.jpg
        tagged original at "u": 2 URLs: a.test/d/cat.jpg?w=1 a.test/d/cat.jpg?w=2, only in part
        tagged original at "ut": 1 tag: c0ffee
        tagged original at "*": refused: it can purge it only by purging everything, for which `purge_all = true` is the permission
        tagged original at "*" with permission: everything: 
        tagged original at "": refused: it has no call that covers it
        original shown elsewhere at "upft*": 1 path: a.test/d/cat.jpg, 1 URL: a.test/d/dog.jpg?mark=d/cat.jpg, only in part
        original shown elsewhere at "upft*" with permission: 1 path: a.test/d/cat.jpg, 1 URL: a.test/d/dog.jpg?mark=d/cat.jpg, only in part
        original shown elsewhere at "upf": 1 path: a.test/d/cat.jpg, 1 URL: a.test/d/dog.jpg?mark=d/cat.jpg, only in part
        original shown elsewhere at "uf": 1 prefix: a.test/d/cat.jpg, 1 URL: a.test/d/dog.jpg?mark=d/cat.jpg, only in part
        original shown elsewhere at "u": 3 URLs: a.test/d/cat.jpg?w=1 a.test/d/cat.jpg?w=2 a.test/d/dog.jpg?mark=d/cat.jpg, only in part
        original shown elsewhere at "ut": 3 URLs: a.test/d/cat.jpg?w=1 a.test/d/cat.jpg?w=2 a.test/d/dog.jpg?mark=d/cat.jpg, only in part
        original shown elsewhere at "*": refused: it can purge it only by purging everything, for which `purge_all = true` is the permission
        original shown elsewhere at "*" with permission: everything: 
        original shown elsewhere at "": refused: it has no call that covers it
        tagged original shown elsewhere at "upft*": 1 tag: c0ffee
        tagged original shown elsewhere at "upft*" with permission: 1 tag: c0ffee
        tagged original shown elsewhere at "upf": 1 path: a.test/d/cat.jpg, 1 URL: a.test/d/dog.jpg?mark=d/cat.jpg, only in part
        tagged original shown elsewhere at "uf": 1 prefix: a.test/d/cat.jpg, 1 URL: a.test/d/dog.jpg?mark=d/cat.jpg, only in part
        tagged original shown elsewhere at "u": 3 URLs: a.test/d/cat.jpg?w=1 a.test/d/cat.jpg?w=2 a.test/d/dog.jpg?mark=d/cat.jpg, only in part
        tagged original shown elsewhere at "ut": 1 tag: c0ffee
        tagged original shown elsewhere at "*": refused: it can purge it only by purging everything, for which `purge_all = true` is the permission
        tagged original shown elsewhere at "*" with permission: everything: 
        tagged original shown elsewhere at "": refused: it has no call that covers it
        folder at "upft*": 1 prefix: a.test/d
        folder at "upft*" with permission: 1 prefix: a.test/d
        folder at "upf": 1 prefix: a.test/d
        folder at "uf": 1 prefix: a.test/d
        folder at "u": refused: it has no call that covers it
        folder at "ut": refused: it has no call that covers it
        folder at "*": refused: it can purge it only by purging everything, for which `purge_all = true` is the permission
        folder at "*" with permission: everything: 
        folder at "": refused: it has no call that covers it
        tagged folder at "upft*": 1 tag: d
        tagged folder at "upft*" with permission: 1 tag: d
        tagged folder at "upf": 1 prefix: a.test/d
        tagged folder at "uf": 1 prefix: a.test/d
        tagged folder at "u": refused: it has no call that covers it
        tagged folder at "ut": 1 tag: d
        tagged folder at "*": refused: it can purge it only by purging everything, for which `purge_all = true` is the permission
        tagged folder at "*" with permission: everything: 
        tagged folder at "": refused: it has no call that covers it
        label at "upft*": 1 tag: blue
        label at "upft*" with permission: 1 tag: blue
        label at "upf": refused: it has no call that covers it
        label at "uf": refused: it has no call that covers it
        label at "u": refused: it has no call that covers it
        label at "ut": 1 tag: blue
        label at "*": refused: it can purge it only by purging everything, for which `purge_all = true` is the permission
        label at "*" with permission: everything: 
        label at "": refused: it has no call that covers it
        label without tags at "upft*": refused: it can purge it only by purging everything, for which `purge_all = true` is the permission
        label without tags at "upft*" with permission: everything: 
        label without tags at "upf": refused: it has no call that covers it
        label without tags at "uf": refused: it has no call that covers it
        label without tags at "u": refused: it has no call that covers it
        label without tags at "ut": refused: it has no call that covers it
        label without tags at "*": refused: it can purge it only by purging everything, for which `purge_all = true` is the permission
        label without tags at "*" with permission: everything: 
        label without tags at "": refused: it has no call that covers it
        preset without tags at "upft*": 2 URLs: a.test/d/cat.jpg?w=1 a.test/d/cat.jpg?w=2, only in part
        preset without tags at "upft*" with permission: 2 URLs: a.test/d/cat.jpg?w=1 a.test/d/cat.jpg?w=2, only in part
        preset without tags at "upf": 2 URLs: a.test/d/cat.jpg?w=1 a.test/d/cat.jpg?w=2, only in part
        preset without tags at "uf": 2 URLs: a.test/d/cat.jpg?w=1 a.test/d/cat.jpg?w=2, only in part
        preset without tags at "u": 2 URLs: a.test/d/cat.jpg?w=1 a.test/d/cat.jpg?w=2, only in part
        preset without tags at "ut": 2 URLs: a.test/d/cat.jpg?w=1 a.test/d/cat.jpg?w=2, only in part
        preset without tags at "*": refused: it can purge it only by purging everything, for which `purge_all = true` is the permission
        preset without tags at "*" with permission: everything: 
        preset without tags at "": refused: it has no call that covers it
        all at "upft*": refused: it can purge it only by purging everything, for which `purge_all = true` is the permission
        all at "upft*" with permission: everything: 
        all at "upf": refused: it has no call that covers it
        all at "uf": refused: it has no call that covers it
        all at "u": refused: it has no call that covers it
        all at "ut": refused: it has no call that covers it
        all at "*": refused: it can purge it only by purging everything, for which `purge_all = true` is the permission
        all at "*" with permission: everything: 
        all at "": refused: it has no call that covers it
        tagged all at "upft*": 1 tag: tenant
        tagged all at "upft*" with permission: 1 tag: tenant
        tagged all at "upf": refused: it has no call that covers it
        tagged all at "uf": refused: it has no call that covers it
        tagged all at "u": refused: it has no call that covers it
        tagged all at "ut": 1 tag: tenant
        tagged all at "*": refused: it can purge it only by purging everything, for which `purge_all = true` is the permission
        tagged all at "*" with permission: everything: 
        tagged all at "": refused: it has no call that covers it
    "#]].assert_eq(&table);
}

#[test]
fn what_another_covers_is_left_out_and_everything_covers_all() {
    let wishes = [
        wish(Scope::Prefix(place("/d/cats"))),
        wish(Scope::Path(place("/d/cats/tom.jpg"))),
        wish(Scope::Path(place("/d/dog.jpg"))),
        wish(Scope::Url(place("/d/dog.jpg?w=1"))),
        wish(Scope::Url(place("/d/dog.jpg?w=1"))),
        wish(Scope::Url(place("/d/catsuit.jpg?w=1"))),
    ];
    let plan = |wishes: &[Wish]| -> Vec<String> {
        plan_calls(wishes, false, &able("upft*"), &terms(true)).calls.iter().map(shown).collect()
    };
    assert_eq!(
        plan(&wishes),
        ["1 prefix: a.test/d/cats", "1 path: a.test/d/dog.jpg", "1 URL: a.test/d/catsuit.jpg?w=1"]
    );
    assert_eq!(plan(&[&wishes[..], &[wish(Scope::All)]].concat()), ["everything: "]);
}

#[test]
fn a_cdn_is_told_of_its_own_sites_only() {
    let at = |host: &str| wish(Scope::Url(Place { host: Some(host.to_owned()), path: "/x".to_owned() }));
    let terms =
        Terms { sites: vec!["https://a.test".to_owned(), "http://b.test".to_owned()], may_purge_all: false };
    let plan = |wish: Wish, by_host: bool| -> Vec<String> {
        let capabilities = Capabilities { by_host, ..able("u") };
        let plan = plan_calls(&[wish], false, &capabilities, &terms);
        assert!(plan.refused.is_empty());
        plan.calls.iter().map(shown).collect()
    };
    assert_eq!(plan(at("A.test"), true), ["1 URL: a.test/x"]);
    assert_eq!(plan(at("a.test"), false), ["1 URL: /x"]);
    assert!(plan(at("c.test"), true).is_empty());
    assert_eq!(plan(wish(Scope::Url(place("/x"))), true), ["2 URLs: b.test/x a.test/x"]);
}

#[test]
fn softness_stays_where_a_vendor_knows_it() {
    let wishes = [tagged(Scope::Tagged, "blue")];
    for (capable, soft, expected) in
        [(true, true, "1 tag, softly"), (true, false, "1 tag"), (false, true, "1 tag")]
    {
        let capabilities = Capabilities { soft: capable, ..able("t") };
        let plan = plan_calls(&wishes, soft, &capabilities, &terms(false));
        assert_eq!(plan.calls[0].to_string(), expected);
    }
}

/// 1,000 originals in 20 folders, changed within one window.
#[test]
fn a_bulk_change_is_few_calls() {
    let paths: Vec<String> = (0..1000).map(|n| format!("/shop/{}/{n}.jpg", n % 20)).collect();
    let wishes = |tags: bool| -> Vec<Wish> {
        let one = |(n, path): (usize, &String)| Wish {
            tag: tags.then(|| format!("{n:016x}")),
            known: vec![place(&format!("{path}?w=1")), place(&format!("{path}?w=2"))],
            ..wish(Scope::Path(place(path)))
        };
        paths.iter().enumerate().map(one).collect()
    };
    let mut table = String::new();
    for name in VendorName::ALL {
        let driver = Driver::new(name, &fake::settings(name, ([127, 0, 0, 1], 1).into()), Client::new());
        let capabilities = driver.unwrap().capabilities();
        for tags in [false, true] {
            if tags && capabilities.tag.is_none() {
                continue;
            }
            let plan = plan_calls(&wishes(tags), false, &capabilities, &terms(false));
            let calls = plan.calls.len();
            let each = plan.calls.first().map(ToString::to_string).unwrap_or_default();
            let part = if plan.partial.is_empty() { "" } else { ", of known URLs" };
            let with = if tags { " with tags" } else { "" };
            table.push_str(&format!("{name}{with}: {calls} calls, the first of {each}{part}\n"));
        }
    }
    expect![[r#"
        akamai: 2 calls, the first of 1000 URLs, of known URLs
        akamai with tags: 1 calls, the first of 1000 tags
        azure: 4 calls, the first of 50 prefixes
        bunny: 20 calls, the first of 1 prefix
        bunny with tags: 20 calls, the first of 1 prefix
        cloudflare: 4 calls, the first of 100 prefixes
        cloudflare with tags: 10 calls, the first of 100 tags
        cloudfront: 2 calls, the first of 15 prefixes
        cloudfront with tags: 1 calls, the first of 1000 tags
        cloudimage: 2 calls, the first of 10 prefixes
        fastly: 40 calls, the first of 50 URLs, of known URLs
        fastly with tags: 4 calls, the first of 256 tags
        google: 20 calls, the first of 1 prefix
        google with tags: 20 calls, the first of 1 prefix
        keycdn: 20 calls, the first of 100 URLs, of known URLs
        keycdn with tags: 143 calls, the first of 7 tags
        nginx: 4 calls, the first of 100 prefixes
        varnish: 4 calls, the first of 100 prefixes
        varnish with tags: 10 calls, the first of 100 tags
        webhook: 1 calls, the first of 1000 paths
        webhook with tags: 1 calls, the first of 1000 tags
    "#]]
    .assert_eq(&table);
}

proptest! {
    #[test]
    fn every_call_is_within_its_vendors_limits(
        paths in prop::collection::vec("(/[a-c]{1,9}){1,4}", 0..200),
        items in 1usize..20,
        bytes in 60usize..400,
        letters in "[upft]{1,4}",
    ) {
        let batch = Batch { items, bytes, item_bytes: 60 };
        let limit = |has: bool| has.then_some(batch);
        let capabilities = Capabilities {
            url: limit(letters.contains('u')),
            path: limit(letters.contains('p')),
            prefix: limit(letters.contains('f')),
            tag: limit(letters.contains('t')),
            ..Capabilities::NONE
        };
        let wishes: Vec<Wish> = paths
            .iter()
            .enumerate()
            .map(|(n, path)| match n % 3 {
                0 => wish(Scope::Url(place(&format!("{path}?q")))),
                1 => tagged(Scope::Path(place(path)), path),
                _ => wish(Scope::Prefix(place(path))),
            })
            .collect();
        let plan = plan_calls(&wishes, false, &capabilities, &terms(false));
        for call in &plan.calls {
            let lens: Vec<usize> = match &call.targets {
                Targets::Urls(all) | Targets::Paths(all) | Targets::Prefixes(all) => {
                    all.iter().map(|one| one.url().len()).collect()
                }
                Targets::Tags(tags) => tags.iter().map(String::len).collect(),
                Targets::All => panic!("nobody permitted that"),
            };
            prop_assert!(!lens.is_empty() && lens.len() <= items);
            prop_assert!(lens.iter().sum::<usize>() + lens.len() - 1 <= bytes.max(60), "{lens:?}");
        }
    }
}
