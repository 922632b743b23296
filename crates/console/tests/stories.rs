//! The console as a browser sees it.

mod world;

use futures_util::StreamExt;
use http::{Method, StatusCode, header};
use world::{TOKEN, World};

const CAT: &str = "kind=original&value=demo%2Fcat.jpg";

#[tokio::test]
async fn logging_in_takes_the_token_and_gives_a_cookie_that_only_the_console_gets() {
    let world = World::new().await;
    let log_in = async |token: &str| {
        world.send(world.stranger(Method::POST, "/console/login"), &format!("token={token}")).await
    };

    let refused = log_in("wrong").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    refused.shows("This is not the API token of this server.");
    assert_eq!(refused.field("set-cookie"), "");

    let admitted = log_in(TOKEN).await;
    assert_eq!((admitted.status, admitted.field("location")), (StatusCode::SEE_OTHER, "/console"));
    let cookie = admitted.field("set-cookie");
    let (id, rest) = cookie.split_once(';').expect("attributes");
    assert_eq!(rest, " Path=/console; Max-Age=43200; HttpOnly; SameSite=Strict");
    assert_eq!(id.len(), "pentimento_session=".len() + 64);
    assert!(!cookie.contains(TOKEN));
}

#[tokio::test]
async fn without_a_session_there_is_only_the_form_for_logging_in() {
    let world = World::with_demo_source().await;
    let inside = [
        (Method::GET, "/console"),
        (Method::GET, "/console/purges"),
        (Method::GET, "/console/nodes"),
        (Method::GET, "/console/invalidations"),
        (Method::POST, "/console/invalidations"),
        (Method::GET, "/console/invalidations/log"),
        (Method::GET, "/console/invalidations/x/links"),
        (Method::POST, "/console/invalidations/x/retry"),
        (Method::POST, "/console/purge"),
        (Method::GET, "/console/purges/x"),
        (Method::GET, "/console/purges/x/events"),
        (Method::POST, "/console/change"),
        (Method::POST, "/console/logout"),
    ];
    for (method, path) in inside {
        for cookie in ["", "pentimento_session=", "pentimento_session=0000"] {
            let asks = || world.stranger(method.clone(), path).header(header::COOKIE, cookie);
            let page = world.send(asks(), CAT).await;
            assert_eq!(
                (page.status, page.field("location")),
                (StatusCode::SEE_OTHER, "/console/login"),
                "{path}"
            );
            let swapped = world.send(asks().header("hx-request", "true"), CAT).await;
            assert_eq!(swapped.status, StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!((swapped.field("hx-redirect"), swapped.body.as_str()), ("/console/login", ""));
        }
    }
    for path in ["/", "/console/"] {
        assert_eq!(world.send(world.stranger(Method::GET, path), "").await.field("location"), "/console");
    }
}

#[tokio::test]
async fn the_sessions_cookie_opens_the_pages_and_not_the_api() {
    let world = World::new().await;
    let answer = world.log_in().await.get("/v1/purges").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn logging_out_ends_the_session_and_no_other() {
    let world = World::new().await;
    let (one, other) = (world.log_in().await, world.log_in().await);
    let answer = one.post("/console/logout", "").await;
    assert!(answer.field("set-cookie").starts_with("pentimento_session=; Path=/console; Max-Age=0;"));
    assert_eq!(one.get("/console").await.status, StatusCode::SEE_OTHER);
    assert_eq!(other.get("/console").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_strangers_form_changes_nothing_even_with_the_cookie() {
    let world = World::with_demo_source().await;
    let session = world.log_in().await;
    for path in
        ["/console/purge", "/console/invalidations", "/console/change", "/console/logout", "/console/login"]
    {
        for site in ["cross-site", "same-site", "none"] {
            let mut request = session.request(Method::POST, path);
            request.headers_mut().expect("headers").insert("sec-fetch-site", site.parse().expect("a value"));
            let answer = world.send(request, CAT).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {site}");
            answer.shows("This form was not sent by a page of this console");
        }
    }
    session.get("/console/purges").await.shows("Nothing was purged yet.");
}

#[tokio::test]
async fn every_answer_carries_the_policy_and_no_page_has_inline_code() {
    let world = World::with_demo_source().await;
    let session = world.log_in().await;
    let id = purge(&session, CAT).await;
    for path in [
        "/console",
        "/console/login",
        "/console/invalidations",
        "/console/purges",
        "/console/nothing",
        &format!("/console/purges/{id}"),
    ] {
        let answer = session.get(path).await;
        let policy = answer.field("content-security-policy");
        assert!(policy.starts_with("default-src 'self'; img-src 'self' http://127.0.0.1:8080; "), "{path}");
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
        ] {
            assert_eq!(answer.field(name), value, "{path}");
        }
        for inline in ["<style", " style=", "<script>", " onclick=", "javascript:"] {
            assert!(!answer.body.contains(inline), "{inline} on {path}");
        }
    }
}

#[tokio::test]
async fn what_a_page_links_to_is_there_and_may_be_kept_for_ever() {
    let world = World::new().await;
    let page = world.log_in().await.get("/console").await.body;
    let links: Vec<&str> = page.split('"').filter(|text| text.starts_with("/console/assets/")).collect();
    assert_eq!(links.len(), 6, "{links:?}");
    for link in links {
        let asset = world.send(world.stranger(Method::GET, link), "").await;
        assert_eq!(asset.status, StatusCode::OK, "{link}");
        assert_eq!(asset.field("cache-control"), "public, max-age=31536000, immutable");
        let (name, ..) = link.rsplit_once('/').expect("a folder");
        let other = link.replace(name, "/console/assets/0000000000000000");
        let missing = world.send(world.stranger(Method::GET, &other), "").await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND, "{other}");
        assert_eq!(missing.field("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn the_demo_sources_pictures_are_shown_as_they_are_delivered() {
    let world = World::with_demo_source().await;
    let page = world.log_in().await.get("/console").await;
    page.shows(r#"src="http://127.0.0.1:8080/demo/cat.jpg?w=480&#38;format=auto""#);
    page.shows("At the source: edition 1, 2.1 MB");
    // A name is text, whatever it contains.
    page.shows("a &#34;&#60;b&#62;.jpg");
    page.shows("/demo/a%20%22%3Cb%3E.jpg?w=480");
    assert!(!page.body.contains("<b>.jpg"));
}

#[tokio::test]
async fn a_change_at_the_source_says_that_the_old_picture_stays() {
    let world = World::with_demo_source().await;
    let session = world.log_in().await;

    let swapped = session.swap("/console/change", "path=cat.jpg").await;
    assert_eq!(swapped.status, StatusCode::OK);
    swapped.shows("At the source: edition 2, 2.1 MB");
    swapped.shows("still the old one");
    assert!(!swapped.is_whole_page());
    let page = session.post("/console/change", "path=cat.jpg").await;
    assert_eq!((page.status, page.field("location")), (StatusCode::SEE_OTHER, "/console"));

    let busy = session.swap("/console/change", "path=a+%22%3Cb%3E.jpg").await;
    assert_eq!(busy.status, StatusCode::BAD_GATEWAY);
    busy.shows("another picture is being &#60;changed&#62;");
    for elsewhere in ["path=..%2F..%2Fetc", "path=", "path=http%3A%2F%2Fevil.example%2F", ""] {
        let answer = session.swap("/console/change", elsewhere).await;
        assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{elsewhere}");
        answer.shows("The demo source refused (404)");
    }
}

#[tokio::test]
async fn a_source_that_is_down_is_words_on_a_page_that_works() {
    let world = World::with_demo_source_down().await;
    let session = world.log_in().await;
    let page = session.get("/console").await;
    assert_eq!(page.status, StatusCode::OK);
    page.shows("The demo source cannot be asked");
    page.shows("Purge anything");
    let changed = session.post("/console/change", "path=cat.jpg").await;
    assert_eq!(changed.status, StatusCode::BAD_GATEWAY);
    assert!(changed.is_whole_page());
    changed.shows("Back to the console");
}

#[tokio::test]
async fn without_a_demo_source_there_is_still_everything_for_purging() {
    let world = World::new().await;
    let session = world.log_in().await;
    let page = session.get("/console").await;
    page.shows("<h1 id=\"anything\">Purge</h1>");
    page.shows("Nothing was purged yet.");
    page.shows("No node follows the purge log yet.");
    assert!(!page.body.contains("<img"));
    let nothing = session.swap("/console/change", "path=cat.jpg").await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_purge_gives_its_receipt_in_the_page_or_on_a_page_of_its_own() {
    let world = World::new().await;
    let session = world.log_in().await;

    let swapped = session.swap("/console/purge", CAT).await;
    assert_eq!(swapped.status, StatusCode::OK);
    assert!(!swapped.is_whole_page());
    swapped.shows("original demo/cat.jpg");
    swapped.shows("hx-sse:connect=\"/console/purges/");

    let posted = session.post("/console/purge", CAT).await;
    assert_eq!(posted.status, StatusCode::SEE_OTHER);
    let receipt = session.get(posted.field("location")).await;
    assert!(receipt.is_whole_page());
    receipt.shows("original demo/cat.jpg");
    session.get("/console/purges").await.shows(posted.field("location"));
    assert_eq!(session.get("/console/purges/no-such").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn several_pictures_are_invalidated_at_once_and_the_log_shows_their_links() {
    let world = World::new().await;
    let session = world.log_in().await;
    let page = session.get("/console/invalidations").await;
    page.shows("Nothing was invalidated yet.");
    page.shows("Up to 10, on lines of their own or between commas.");

    let form = "scope=original&entries=%2Fdemo%2Fcat.jpg%0D%0Ademo%2Fdog.jpg,%20/demo/cat.jpg&force=on";
    let swapped = session.swap("/console/invalidations", form).await;
    assert_eq!(swapped.status, StatusCode::OK);
    swapped.shows("original demo/cat.jpg and 1 more");
    let log = session.get("/console/invalidations/log").await;
    assert!(!log.is_whole_page());
    log.shows("See links (2)");
    log.shows("<local-time millis=\"");
    let id =
        log.body.split("id=\"invalidation-").nth(1).and_then(|rest| rest.split('"').next()).expect("an id");
    let links = session.get_swapped(&format!("/console/invalidations/{id}/links")).await;
    links.shows("original demo/dog.jpg");

    let everything = session.post("/console/invalidations", "scope=all&entries=all").await;
    assert_eq!(everything.status, StatusCode::SEE_OTHER);
    session.get("/console/invalidations/log?only=under_way").await.shows("<td>all</td>");
    session.get("/console/invalidations/log?only=failed").await.shows("None of the last has failed.");
    assert_eq!(session.get("/console/invalidations?only=x").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_preview_shows_what_an_invalidation_would_come_to_and_sends_none() {
    let world = World::new().await;
    let session = world.log_in().await;
    session.get("/console/invalidations").await.shows("formaction=\"/console/invalidations/preview\"");
    let swapped =
        session.swap("/console/invalidations/preview", "scope=original&entries=/demo/cat.jpg").await;
    assert_eq!(swapped.status, StatusCode::OK);
    assert!(!swapped.is_whole_page());
    swapped.shows("0 stored responses in memory and 0 on disk would stop answering.");
    swapped.shows("original:demo/cat.jpg");
    let page = session.post("/console/invalidations/preview", "scope=all&entries=all").await;
    assert!(page.is_whole_page());
    page.shows("tenant");
    let wrong =
        session.swap("/console/invalidations/preview", "scope=original&entries=/demo/cat.jpg?w=9").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.shows("leave out ?w=9");
    let unknown =
        session.swap("/console/invalidations/preview", "scope=original&entries=/none/cat.jpg").await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    session.get("/console/invalidations").await.shows("Nothing was invalidated yet.");
}

#[tokio::test]
async fn what_is_written_wrongly_is_said_line_by_line_and_nothing_is_invalidated() {
    let world = World::new().await;
    let session = world.log_in().await;
    let form = "scope=original&entries=/demo/a.jpg%0A/demo/cat.jpg?w=500%0Ah.test/demo/%3Cb%3E.jpg";
    let swapped = session.swap("/console/invalidations", form).await;
    assert_eq!(swapped.status, StatusCode::UNPROCESSABLE_ENTITY);
    swapped.shows("leave out ?w=500");
    swapped.shows("leave out h.test");
    swapped.shows("role=\"alert\"");
    assert!(!swapped.body.contains("<b>"));
    assert!(session.post("/console/invalidations", form).await.is_whole_page());
    session.get("/console/invalidations").await.shows("Nothing was invalidated yet.");
}

#[tokio::test]
async fn what_has_failed_is_asked_for_again_and_nothing_else_is() {
    let world = World::new().await;
    let session = world.log_in().await;
    let id = purge(&session, CAT).await;
    let retry = format!("/console/invalidations/{id}/retry");
    let early = session.swap(&retry, "").await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    early.shows("It has not failed");

    world.fail_oldest("the story wants it so").await;
    session.get("/console/invalidations/log?only=failed").await.shows("Retry original demo/cat.jpg");
    let again = session.swap(&retry, "").await;
    assert_eq!(again.status, StatusCode::OK);
    again.shows("original demo/cat.jpg");
    assert!(!again.body.contains(&id), "a purge of its own");
    assert_eq!(session.swap("/console/invalidations/no-such/retry", "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_purge_that_cannot_be_is_refused_in_words_and_escaped() {
    let world = World::new().await;
    let session = world.log_in().await;
    for (form, status, words) in [
        ("kind=original&value=", 422, "Write what to purge, such as demo/cat.jpg."),
        ("kind=everything&value=demo", 422, "To purge everything, write the word everything."),
        ("kind=original&value=nowhere/cat.jpg", 422, "There is no source named"),
        ("kind=original&value=%3Cimg%20src=x%3E", 400, "&#60;img src=x&#62;"),
        ("kind=folder&value=demo/x&mode=erase", 422, "originals only"),
    ] {
        let answer = session.swap("/console/purge", form).await;
        assert_eq!(answer.status.as_u16(), status, "{form}");
        answer.shows(words);
        answer.shows("role=\"alert\"");
        assert!(!answer.body.contains("<img"), "{form}");
        assert!(session.post("/console/purge", form).await.is_whole_page());
    }
    let large = format!("kind=tag&value={}", "x".repeat(70_000));
    session.swap("/console/purge", &large).await.shows("body has at most 65536 bytes here");
    session.get("/console/purges").await.shows("Nothing was purged yet.");
}

#[tokio::test]
async fn the_receipt_fills_in_live_and_says_when_it_is_complete() {
    let world = World::new().await;
    let session = world.log_in().await;
    let id = purge(&session, CAT).await;
    let events = format!("/console/purges/{id}/events");

    let live = world.open(session.request(Method::GET, &events), "").await;
    assert_eq!(live.headers()["content-type"], "text/event-stream");
    let first = live.into_body().into_data_stream().next().await.expect("an event").expect("a chunk");
    let first = String::from_utf8(first.to_vec()).expect("text");
    assert!(first.starts_with("data: ") && first.contains("Received"), "{first}");
    assert!(!first.contains("event: "), "{first}");

    world.fail_oldest("the <story> wants it so").await;
    let whole = session.get(&events).await.body;
    assert!(whole.contains("Failed in"), "{whole}");
    assert!(whole.contains("the &#60;story&#62; wants it so"), "{whole}");
    let end = "event: purge-ended\ndata: {\"succeeded\":false,\"originals\":[]}\n\n";
    assert!(whole.ends_with(end), "{whole}");

    let receipt = session.get(&format!("/console/purges/{id}")).await;
    assert!(!receipt.body.contains("hx-sse:connect"), "a receipt that is complete needs no events");
}

#[tokio::test]
async fn what_is_erased_is_shown_and_lifted_with_a_receipt() {
    let world = World::new().await;
    let session = world.log_in().await;
    session.get("/console/erasures").await.shows("Nothing is erased.");
    let id = purge(&session, "kind=original&value=demo/cat.jpg&mode=erase").await;
    world.entomb("demo", "cat.jpg", &id, "<order> 7").await;
    let page = session.get("/console").await;
    page.shows("451: &#60;order&#62; 7");
    page.shows("Lift the erasure of demo/cat.jpg");

    let early = session.swap("/console/erasures/lift", "original=demo/cat.jpg").await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    early.shows("still being erased");
    world.fail_oldest("the story wants it so").await;
    let lifted = session.swap("/console/erasures/lift", "original=demo/cat.jpg").await;
    assert_eq!(lifted.status, StatusCode::OK);
    lifted.shows("hx-sse:connect=\"/console/purges/");
    session.get("/console/erasures").await.shows("Nothing is erased.");
    let again = session.post("/console/erasures/lift", "original=demo/cat.jpg").await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    assert!(again.is_whole_page());
}

#[tokio::test]
async fn a_node_that_nobody_knows_cannot_be_given_up() {
    let world = World::new().await;
    let session = world.log_in().await;
    let answer = session.swap("/console/nodes/forget", "name=%3Cb%3E").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    answer.shows("No node named");
    assert!(!answer.body.contains("<b>"));
}

async fn purge(session: &world::Session<'_>, form: &str) -> String {
    let location = session.post("/console/purge", form).await.field("location").to_owned();
    location.strip_prefix("/console/purges/").expect("a receipt").to_owned()
}
