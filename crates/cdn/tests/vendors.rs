//! Each driver against its vendor's strict fake: what is asked, what is refused, what is waited for.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cdn::fake::{self, FakeCdn, Temper};
use cdn::{Address, Call, CallError, Completion, Context, Driver, Next, Targets, VendorName, VendorSettings};
use http::StatusCode;
use origin::Client;
use testkit::until;
use tokio::net::TcpListener;

struct Rehearsal {
    fake: FakeCdn,
    address: SocketAddr,
    name: VendorName,
}

impl Rehearsal {
    async fn of(name: VendorName, temper: Temper) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (fake, address) = (FakeCdn::new(name, temper), listener.local_addr().unwrap());
        let serving = fake.clone();
        tokio::spawn(async move { serving.serve(listener).await });
        Self { fake, address, name }
    }

    fn settings(&self) -> VendorSettings {
        fake::settings(self.name, self.address)
    }

    fn driver(&self) -> Driver {
        Driver::new(self.name, &self.settings(), Client::new()).unwrap()
    }

    /// Without the questions for tokens.
    fn bodies(&self) -> String {
        let told = self.fake.told();
        let lines = told.iter().filter(|told| !told.uri.path().ends_with("/token")).map(|told| {
            format!(
                "{} {} {} {}\n",
                told.status.as_u16(),
                told.method,
                told.uri,
                String::from_utf8_lossy(&told.body)
            )
        });
        lines.collect()
    }
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

fn context(reference: &str) -> Context {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nonce = COUNT.fetch_add(1, Ordering::Relaxed).to_string();
    Context { reference: reference.to_owned(), now: now(), nonce }
}

fn addresses(paths: &[&str], by_host: bool) -> Vec<Address> {
    let site = if by_host { "https://img.example.com" } else { "" };
    paths.iter().map(|path| Address { site: site.to_owned(), path: (*path).to_owned() }).collect()
}

/// A call for each kind of target that a vendor knows.
fn calls(driver: &Driver) -> Vec<Call> {
    let capabilities = driver.capabilities();
    let by_host = capabilities.by_host;
    let kinds = [
        capabilities.url.map(|_| Targets::Urls(addresses(&["/demo/cat.jpg?w=1&h=2"], by_host))),
        capabilities.path.map(|_| Targets::Paths(addresses(&["/demo/a%20cat.jpg"], by_host))),
        capabilities.prefix.map(|_| Targets::Prefixes(addresses(&["/demo/cats", "/shop"], by_host))),
        capabilities.tag.map(|_| Targets::Tags(vec!["00c0ffee00c0ffee".to_owned(), "t2".to_owned()])),
        capabilities.all.then_some(Targets::All),
    ];
    let soft = capabilities.soft;
    kinds
        .into_iter()
        .flatten()
        .map(|targets| Call { soft: soft && targets != Targets::All, targets })
        .collect()
}

#[tokio::test]
async fn every_vendor_takes_every_kind_of_call_that_its_driver_makes() {
    for name in VendorName::ALL {
        let temper = Temper { completes_after: Duration::from_millis(40), ..Temper::default() };
        let rehearsal = Rehearsal::of(name, temper).await;
        let driver = rehearsal.driver();
        for (n, call) in calls(&driver).iter().enumerate() {
            let context = context(&format!("batch-{n}"));
            let accepted = driver.send(call, &context).await;
            let accepted = accepted.unwrap_or_else(|error| panic!("{name}, {call}: {error}"));
            let polled = driver.capabilities().completion == Completion::Polled;
            assert_eq!(accepted.completed, !polled, "{name}, {call}");
            let Some(handle) = accepted.handle.filter(|_| polled) else { continue };
            assert!(!driver.has_completed(&handle, &context).await.unwrap(), "{name} is not that quick");
            let what = format!("{name} has completed {call}");
            until(&what, async || driver.has_completed(&handle, &context).await.unwrap()).await;
        }
    }
}

#[tokio::test]
async fn wrong_credentials_are_an_error_that_says_so() {
    for name in VendorName::ALL.into_iter().filter(|name| name.needs_secret()) {
        let rehearsal = Rehearsal::of(name, Temper::default()).await;
        let mut settings = rehearsal.settings();
        match name {
            // Its secret is a whole file: what is somebody else's is whom it names.
            VendorName::Google => {
                settings.secret = settings.secret.map(|file| file.replace("purger@", "somebody@"));
            }
            _ => settings.secret = Some("somebody-elses-secret".to_owned()),
        }
        let driver = Driver::new(name, &settings, Client::new()).unwrap();
        let sent = driver.send(&calls(&driver)[0], &context("r")).await;
        assert!(matches!(sent, Err(CallError::Credentials { .. })), "{name}: {sent:?}");
        assert_eq!(sent.unwrap_err().next(), Next::GiveUp);
        assert!(!format!("{driver:?} {settings:?}").contains("somebody"), "{name} shows its secret");
    }
}

#[tokio::test]
async fn what_is_missing_is_named_before_anything_is_sent() {
    for name in VendorName::ALL {
        let rehearsal = Rehearsal::of(name, Temper::default()).await;
        let whole = rehearsal.settings();
        let opened = |settings: &VendorSettings| Driver::new(name, settings, Client::new());
        let mut lacking = vec![VendorSettings { api: None, nodes: Vec::new(), ..whole.clone() }];
        if name.needs_secret() {
            lacking.push(VendorSettings { secret: None, ..whole.clone() });
            lacking
                .push(VendorSettings { secret: Some("line\nbreak-line-break".to_owned()), ..whole.clone() });
        }
        for setting in name.own_settings().iter().filter(|setting| setting.required) {
            let mut settings = whole.clone();
            settings.own.remove(setting.name);
            lacking.push(settings.clone());
            settings.own.insert(setting.name, "../somebody/else".to_owned());
            lacking.push(settings);
        }
        assert!(opened(&whole).is_ok());
        for settings in lacking {
            assert!(opened(&settings).is_err(), "{name}: {settings:?}");
        }
    }
}

#[tokio::test]
async fn an_account_that_is_not_there_is_refused_for_good() {
    for (name, setting) in [
        (VendorName::CloudFront, "distribution"),
        (VendorName::Cloudflare, "zone"),
        (VendorName::Bunny, "pull_zone"),
        (VendorName::Fastly, "service"),
        (VendorName::KeyCdn, "zone"),
        (VendorName::Google, "url_map"),
        (VendorName::Azure, "endpoint"),
    ] {
        let rehearsal = Rehearsal::of(name, Temper::default()).await;
        let mut settings = rehearsal.settings();
        settings.own.insert(setting, "somebody-elses".to_owned());
        let driver = Driver::new(name, &settings, Client::new()).unwrap();
        let sent = driver.send(&Call { targets: Targets::All, soft: false }, &context("r")).await;
        assert!(matches!(sent, Err(CallError::Refused { status: 404, .. })), "{name}: {sent:?}");
    }
}

#[tokio::test]
async fn nonsense_and_bad_days_are_errors_with_another_chance() {
    for name in VendorName::ALL {
        let rehearsal = Rehearsal::of(name, Temper::default()).await;
        let driver = rehearsal.driver();
        for status in
            [StatusCode::OK, StatusCode::FOUND, StatusCode::BAD_GATEWAY, StatusCode::TOO_MANY_REQUESTS]
        {
            if name == VendorName::Webhook && status == StatusCode::OK {
                continue; // Of a webhook nothing but the status is asked.
            }
            rehearsal.fake.set_temper(|temper| temper.answers = Some(status));
            let sent = driver.send(&calls(&driver)[0], &context("r")).await;
            let error = sent.expect_err(name.as_str());
            assert!(matches!(error.next(), Next::Again { .. }), "{name}, {status}: {error}");
        }
    }
}

#[tokio::test]
async fn a_cloudfront_call_that_is_sent_twice_is_one_invalidation() {
    let rehearsal = Rehearsal::of(VendorName::CloudFront, Temper::default()).await;
    let driver = rehearsal.driver();
    let call = Call { targets: Targets::Prefixes(addresses(&["/a", "/b"], false)), soft: false };
    let first = driver.send(&call, &context("batch-7")).await.unwrap();
    let again = driver.send(&call, &context("batch-7")).await.unwrap();
    assert_eq!(first, again);
    let other = Call { targets: Targets::Prefixes(addresses(&["/c"], false)), soft: false };
    let clash = driver.send(&other, &context("batch-7")).await.unwrap_err();
    assert!(matches!(&clash, CallError::Refused { words, .. } if words.contains("AlreadyExists")), "{clash}");
    let another = driver.send(&other, &context("batch-8")).await.unwrap();
    assert_ne!(first.handle, another.handle);
}

#[tokio::test]
async fn cloudfront_has_fifteen_wildcards_in_progress_and_no_more() {
    let temper = Temper { completes_after: Duration::from_millis(200), ..Temper::default() };
    let rehearsal = Rehearsal::of(VendorName::CloudFront, temper).await;
    let driver = rehearsal.driver();
    let paths: Vec<String> = (0..15).map(|n| format!("/demo/{n}")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let full = Call { targets: Targets::Prefixes(addresses(&paths, false)), soft: false };
    let one = Call { targets: Targets::Prefixes(addresses(&["/more"], false)), soft: false };
    let handle = driver.send(&full, &context("1")).await.unwrap().handle.unwrap();
    let busy = driver.send(&one, &context("2")).await.unwrap_err();
    assert!(matches!(busy, CallError::Busy { status: 400, .. }), "{busy}");
    until("the fifteen complete", async || driver.has_completed(&handle, &context("1")).await.unwrap()).await;
    assert!(driver.send(&one, &context("2")).await.is_ok());
}

#[tokio::test]
async fn what_one_signature_was_for_is_refused_a_second_time() {
    let rehearsal = Rehearsal::of(VendorName::Akamai, Temper::default()).await;
    let driver = rehearsal.driver();
    let call = Call { targets: Targets::Tags(vec!["t".to_owned()]), soft: true };
    let context = context("r");
    driver.send(&call, &context).await.unwrap();
    let replayed = driver.send(&call, &context).await.unwrap_err();
    assert!(matches!(replayed, CallError::Credentials { .. }), "{replayed}");
    let old = Context { now: now() - 3600, nonce: "another".to_owned(), ..context };
    assert!(matches!(driver.send(&call, &old).await, Err(CallError::Credentials { .. })));
}

#[tokio::test]
async fn cloudflare_says_when_its_bucket_is_empty_and_for_how_long() {
    let rehearsal = Rehearsal::of(VendorName::Cloudflare, Temper::default()).await;
    let driver = rehearsal.driver();
    let call = Call { targets: Targets::Tags(vec!["t".to_owned()]), soft: false };
    for _ in 0..25 {
        driver.send(&call, &context("r")).await.unwrap();
    }
    let busy = driver.send(&call, &context("r")).await.unwrap_err();
    let Next::Again { after: Some(after) } = busy.next() else { panic!("{busy}") };
    assert!((1..=12).contains(&after.as_secs()), "{after:?}");
}

#[tokio::test]
async fn a_call_is_written_as_its_vendor_documents_it() {
    let mut written = String::new();
    for name in [
        VendorName::Akamai,
        VendorName::Azure,
        VendorName::Bunny,
        VendorName::Cloudflare,
        VendorName::Cloudimage,
        VendorName::Fastly,
        VendorName::Google,
        VendorName::KeyCdn,
    ] {
        let rehearsal = Rehearsal::of(name, Temper::default()).await;
        let driver = rehearsal.driver();
        for (n, call) in calls(&driver).iter().enumerate() {
            driver.send(call, &context(&format!("r{n}"))).await.unwrap();
        }
        written.push_str(&rehearsal.bodies());
    }
    expect_test::expect![[r#"
        201 POST /ccu/v3/invalidate/url/production {"objects":["https://img.example.com/demo/cat.jpg?w=1&h=2"]}
        201 POST /ccu/v3/invalidate/tag/production {"objects":["00c0ffee00c0ffee","t2"]}
        202 POST /subscriptions/rehearsal/resourceGroups/rehearsal/providers/Microsoft.Cdn/profiles/rehearsal/afdEndpoints/rehearsal/purge?api-version=2023-05-01 {"contentPaths":["/demo/a%20cat.jpg"]}
        202 POST /subscriptions/rehearsal/resourceGroups/rehearsal/providers/Microsoft.Cdn/profiles/rehearsal/afdEndpoints/rehearsal/purge?api-version=2023-05-01 {"contentPaths":["/demo/cats","/demo/cats/*","/shop","/shop/*"]}
        202 POST /subscriptions/rehearsal/resourceGroups/rehearsal/providers/Microsoft.Cdn/profiles/rehearsal/afdEndpoints/rehearsal/purge?api-version=2023-05-01 {"contentPaths":["/*"]}
        204 POST /purge?url=https%3A%2F%2Fimg%2Eexample%2Ecom%2Fdemo%2Fcat%2Ejpg%3Fw%3D1%26h%3D2&async=false&exactPath=true 
        204 POST /purge?url=https%3A%2F%2Fimg%2Eexample%2Ecom%2Fdemo%2Fa%2520cat%2Ejpg%2A&async=false&exactPath=false 
        204 POST /purge?url=https%3A%2F%2Fimg%2Eexample%2Ecom%2Fdemo%2Fcats%2A&async=false&exactPath=false 
        204 POST /purge?url=https%3A%2F%2Fimg%2Eexample%2Ecom%2Fshop%2A&async=false&exactPath=false 
        204 POST /pullzone/4711/purgeCache {"CacheTag":"00c0ffee00c0ffee"}
        204 POST /pullzone/4711/purgeCache {"CacheTag":"t2"}
        204 POST /pullzone/4711/purgeCache 
        200 POST /client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353/purge_cache {"files":["https://img.example.com/demo/cat.jpg?w=1&h=2"]}
        200 POST /client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353/purge_cache {"prefixes":["img.example.com/demo/cats","img.example.com/shop"]}
        200 POST /client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353/purge_cache {"tags":["00c0ffee00c0ffee","t2"]}
        200 POST /client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353/purge_cache {"purge_everything":true}
        201 POST /invalidate {"scope":"urls","urls":["/demo/cat.jpg?w=1&h=2"]}
        201 POST /invalidate {"scope":"original","urls":["/demo/a%20cat.jpg"]}
        201 POST /invalidate {"scope":"original","urls":["/demo/cats/*","/shop/*"]}
        201 POST /invalidate {"scope":"all"}
        200 POST /purge/img.example.com/demo/cat.jpg?w=1&h=2 
        200 POST /service/SU1rehearsal/purge {"surrogate_keys":["00c0ffee00c0ffee","t2"]}
        200 POST /service/SU1rehearsal/purge_all 
        200 POST /compute/v1/projects/rehearsal/global/urlMaps/rehearsal/invalidateCache?requestId=fcad3ae3-bd7f-8113-9e28-7b2f971af2e8 {"host":"img.example.com","path":"/demo/a%20cat.jpg"}
        200 POST /compute/v1/projects/rehearsal/global/urlMaps/rehearsal/invalidateCache?requestId=f68297d6-8cf4-81c0-9194-416b02d0ccb0 {"host":"img.example.com","path":"/demo/cats/*"}
        200 POST /compute/v1/projects/rehearsal/global/urlMaps/rehearsal/invalidateCache?requestId=a9227743-0406-83cd-808e-45ac492d70ad {"host":"img.example.com","path":"/demo/cats"}
        200 POST /compute/v1/projects/rehearsal/global/urlMaps/rehearsal/invalidateCache?requestId=06ea13e1-9311-834d-a55b-b4ffb93fc826 {"host":"img.example.com","path":"/shop/*"}
        200 POST /compute/v1/projects/rehearsal/global/urlMaps/rehearsal/invalidateCache?requestId=2d715af7-c61d-877d-9dee-c865b5363de5 {"host":"img.example.com","path":"/shop"}
        200 POST /compute/v1/projects/rehearsal/global/urlMaps/rehearsal/invalidateCache?requestId=f11fc322-64c8-83a1-85bb-cc5fbea7e190 {"cacheTags":["00c0ffee00c0ffee","t2"]}
        200 POST /compute/v1/projects/rehearsal/global/urlMaps/rehearsal/invalidateCache?requestId=8e418845-ebb3-89a4-b82c-0b741aa99947 {"path":"/*"}
        200 DELETE /zones/purgeurl/023e105f4ecef8ad9ca31a8372d0c353.json {"urls":["img.example.com/demo/cat.jpg?w=1&h=2"]}
        200 DELETE /zones/purgetag/023e105f4ecef8ad9ca31a8372d0c353.json {"tags":["00c0ffee00c0ffee","t2"]}
        200 GET /zones/purge/023e105f4ecef8ad9ca31a8372d0c353.json 
    "#]].assert_eq(&written);
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_again_when_its_time_is_over_or_the_vendor_has_forgotten_it() {
    for (name, path) in [(VendorName::Google, "/token"), (VendorName::Azure, "/rehearsal/oauth2/v2.0/token")]
    {
        let rehearsal = Rehearsal::of(name, Temper::default()).await;
        let driver = rehearsal.driver();
        let tokens = || rehearsal.fake.told().iter().filter(|told| told.uri.path() == path).count();
        let call = Call { targets: Targets::All, soft: false };
        for (n, later, number) in [(1, 0, 1), (2, 0, 1), (3, 3600, 2), (4, 3600, 2)] {
            let context = Context { now: now() + later, ..context(&format!("batch-{n}")) };
            driver.send(&call, &context).await.unwrap();
            assert_eq!(tokens(), number, "{name}, call {n}");
        }
        // Another server takes its place, which knows nothing of that token.
        let forgetful = Rehearsal::of(name, Temper::default()).await;
        let fresh = forgetful.driver();
        fresh.send(&call, &context("batch-5")).await.unwrap();
        forgetful.fake.forget();
        fresh.send(&call, &context("batch-6")).await.unwrap();
        let statuses: Vec<u16> = forgetful.fake.told().iter().map(|told| told.status.as_u16()).collect();
        let taken = if name == VendorName::Google { 200 } else { 202 };
        assert_eq!(statuses, [200, taken, 401, 200, taken], "{name}");
    }
}

#[tokio::test]
async fn a_google_call_that_is_sent_twice_is_one_operation() {
    let rehearsal = Rehearsal::of(VendorName::Google, Temper::default()).await;
    let driver = rehearsal.driver();
    let call = Call { targets: Targets::Prefixes(addresses(&["/a"], true)), soft: false };
    let first = driver.send(&call, &context("batch-7")).await.unwrap();
    assert_eq!(first, driver.send(&call, &context("batch-7")).await.unwrap());
    assert_ne!(first, driver.send(&call, &context("batch-8")).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_does_not_answer_keeps_nobody_waiting_for_ever() {
    let temper = Temper { latency: Duration::from_secs(3600), ..Temper::default() };
    let rehearsal = Rehearsal::of(VendorName::Fastly, temper).await;
    let call = Call { targets: Targets::All, soft: false };
    let started = tokio::time::Instant::now();
    let late = rehearsal.driver().send(&call, &context("r")).await.unwrap_err();
    assert!(matches!(&late, CallError::Unanswered(error) if error.is_timeout()), "{late}");
    assert!(started.elapsed() <= Duration::from_secs(31));
}
