//! The APIs of other vendors over real sockets: each purges a real picture through a real node and an edge before it, with a
//! key that the command made.

mod world;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use testkit::{Seen, Source, free_port, picture, send};
use world::{BLUE, GREEN, RED, World};

/// The tenant cats has the source `demo`, the tenant dogs another.
struct Stage {
    world: World,
    faces: SocketAddr,
}

impl Stage {
    async fn new() -> Self {
        let others = Source::start().await;
        let faces = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut more = format!(
            "[[source]]\nname = \"kennel\"\nkind = \"http\"\nbase_url = \"http://{}\"\nallow_private = true\n\n\
             [[tenant]]\nname = \"cats\"\nsources = [\"demo\"]\n\n[[tenant]]\nname = \"dogs\"\nsources = [\"kennel\"]\n\n",
            others.address
        );
        for api in ["cloudimage", "imgix", "rokka", "tenant-service"] {
            let site =
                if matches!(api, "cloudimage" | "imgix") { "site = \"http://127.0.0.1\"\n" } else { "" };
            more += &format!("[[face]]\napi = \"{api}\"\nlisten = \"{faces}\"\n{site}\n");
        }
        Self { world: World::with(&more).await, faces }
    }

    /// A key that the command made.
    async fn key(&self, name: &str, scopes: &str, tenant: &str) -> String {
        let node = &self.world.node;
        let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_pentimento")));
        command.args(["keys", "create", name, "--scope", scopes, "--tenant", tenant]);
        command.args(["--control", &format!("http://{}", node.control)]);
        command.args(["--token", node.token().trim_start_matches("Bearer ")]);
        let made =
            tokio::task::spawn_blocking(move || command.output()).await.unwrap().expect("the binary starts");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        String::from_utf8(made.stdout).expect("text").trim().to_owned()
    }

    async fn ask(&self, ask: &Ask, key: &str) -> Seen {
        let value = if ask.shows == "authorization" { format!("Bearer {key}") } else { key.to_owned() };
        let fields = [(ask.shows, value.as_str()), ("content-type", ask.kind)];
        let body = Bytes::from(ask.body.clone());
        send(self.faces, ask.method.clone(), &ask.path, &fields, body).await.expect("an answer")
    }

    /// What has been asked for, the newest first.
    async fn purges(&self) -> Vec<Value> {
        self.world.node.api_get("/v1/purges?limit=200").await["purges"].as_array().expect("purges").clone()
    }

    async fn refusals(&self) -> Vec<Value> {
        let audit = self.world.node.api_get("/v1/audit").await;
        let entries = audit["entries"].as_array().expect("entries").iter();
        entries.filter(|entry| entry["action"] == "refuse").cloned().collect()
    }

    /// The colour of a picture, as a client of the edge sees it.
    async fn colour(&self, path: &str) -> [u8; 3] {
        let seen = self.world.edge.get(&format!("{path}?w=40&format=png")).await;
        assert_eq!(seen.status, 200, "{path}: {}", seen.text());
        picture::look_at(&seen.body).2
    }
}

/// A request to a face.
struct Ask {
    method: Method,
    path: String,
    /// The field that shows the key.
    shows: &'static str,
    kind: &'static str,
    body: String,
}

impl Ask {
    fn cloudimage(path: &str, body: &Value) -> Self {
        let (path, body) = (path.to_owned(), body.to_string());
        Self { method: Method::POST, path, shows: "x-client-key", kind: "application/json", body }
    }

    fn imgix(url: &str) -> Self {
        let body = json!({"data": {"type": "purges", "attributes": {"url": url}}}).to_string();
        let path = "/api/v1/purge".to_owned();
        Self { method: Method::POST, path, shows: "authorization", kind: "application/vnd.api+json", body }
    }

    fn delete(shows: &'static str, path: &str) -> Self {
        Self { method: Method::DELETE, path: path.to_owned(), shows, kind: "text/plain", body: String::new() }
    }
}

/// One purge of a picture by each face; the picture by the path that clients ask for.
fn one_each() -> [(&'static str, Ask); 5] {
    let original = json!({"scope": "original", "urls": ["/demo/a.png"]});
    let url = json!({"scope": "urls", "urls": ["/demo/b.png?w=40&format=png"]});
    [
        ("/demo/a.png", Ask::cloudimage("/invalidate", &original)),
        ("/demo/b.png", Ask::cloudimage("/invalidate", &url)),
        ("/demo/c.png", Ask::imgix("http://127.0.0.1/demo/c.png")),
        ("/demo/d.png", Ask::delete("api-key", "/sourceimages/cats/d.png/cache")),
        (
            "/demo/62e89a0ce4b0003c6f22b5a3/main.png",
            Ask::delete("authorization", "/images/cats/62e89a0ce4b0003c6f22b5a3"),
        ),
    ]
}

#[tokio::test]
async fn after_a_purge_by_any_face_clients_see_the_new_picture() {
    let stage = Stage::new().await;
    let key = stage.key("deploy", "purge:read,purge:write", "cats").await;
    let put = |path: &str, colour| {
        let path = path.strip_prefix("/demo").expect("a picture of the demo");
        stage.world.source.put(path, "image/png", picture::png(64, 64, colour));
    };
    for (path, ask) in one_each() {
        put(path, RED);
        assert_eq!(stage.colour(path).await, RED);
        put(path, BLUE);
        assert_eq!(stage.colour(path).await, RED, "{path} is stored, and nobody has said that it changed");

        let answer = stage.ask(&ask, &key).await;
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.text());
        let newest = stage.purges().await.remove(0);
        let id = newest["id"].as_str().expect("an id");
        let told = answer.json();
        let told = [&told["invalidation"]["uuid"], &told["data"]["id"], &told["invalidationId"]];
        assert!(told.iter().all(|told| told.is_null() || *told == id), "{path}: {}", answer.text());
        let view = stage.world.node.ended(id).await;
        assert_eq!(
            (&view["state"], &view["cause"], &view["tenant"]),
            (&json!("done"), &json!("key:deploy"), &json!("cats"))
        );
        assert_eq!(stage.colour(path).await, BLUE, "{path}");
    }

    // Everything, by Cloudimage's word for it, and its status by its id.
    put("/demo/a.png", GREEN);
    let keeper = stage.key("keeper", "purge:read,purge:write,purge:all", "cats").await;
    let all = stage.ask(&Ask::cloudimage("/invalidate", &json!({"scope": "all"})), &keeper).await;
    assert_eq!(all.status, 201, "{}", all.text());
    let id = all.json()["invalidation"]["uuid"].as_str().expect("an id").to_owned();
    stage.world.node.ended(&id).await;
    let status = Ask { method: Method::GET, ..Ask::cloudimage(&format!("/invalidate/{id}"), &Value::Null) };
    let status = stage.ask(&status, &keeper).await.json();
    assert_eq!(
        (&status["invalidation"]["status"], &status["invalidation"]["scope"]),
        (&json!("DONE"), &json!("all"))
    );
    assert_eq!(stage.colour("/demo/a.png").await, GREEN);
}

#[tokio::test]
async fn whoever_may_not_is_refused_by_every_face_and_it_is_written_down_and_nothing_is_purged() {
    let stage = Stage::new().await;
    let reader = stage.key("reader", "purge:read", "cats").await;
    let dogs = stage.key("walker", "purge:read,purge:write", "dogs").await;
    for (_, ask) in one_each() {
        for (who, key, statuses) in [("key:reader", &reader, [403, 403]), ("key:walker", &dogs, [403, 404])] {
            let before = stage.refusals().await.len();
            let refused = stage.ask(&ask, key).await;
            assert!(
                statuses.contains(&refused.status),
                "{} {who}: {} {}",
                ask.path,
                refused.status,
                refused.text()
            );
            let after = stage.refusals().await;
            assert_eq!(after.len(), before + 1, "{} {who}", ask.path);
            assert_eq!(after[0]["operator"], who);
        }
        for nobody in ["", "ptm_0_0", "a.b.c"] {
            assert_eq!(stage.ask(&ask, nobody).await.status, 401, "{} {nobody:?}", ask.path);
        }
    }
    // A tenant that does not exist looks like one that is somebody else's, and is nobody's business to write down.
    let before = stage.refusals().await.len();
    let [nowhere, theirs] = [
        stage.ask(&Ask::delete("authorization", "/images/nowhere/1"), &dogs).await,
        stage.ask(&Ask::delete("authorization", "/images/cats/1"), &dogs).await,
    ];
    assert_eq!((nowhere.status, nowhere.text().replace("nowhere", "cats")), (theirs.status, theirs.text()));
    assert_eq!(stage.refusals().await.len(), before + 1);
    assert!(stage.purges().await.is_empty());
}

#[tokio::test]
async fn what_is_too_much_or_partly_wrong_is_refused_whole() {
    let stage = Stage::new().await;
    let key = stage.key("deploy", "purge:read,purge:write", "cats").await;
    let paths = |number: usize| (0..number).map(|n| format!("/demo/{n}.png")).collect::<Vec<_>>();
    let long = "x".repeat(70 << 10);
    for (ask, status) in [
        (Ask::cloudimage("/invalidate", &json!({"scope": "original", "urls": paths(11)})), 400),
        (Ask::cloudimage("/invalidate", &json!({"scope": "urls", "urls": paths(101)})), 400),
        (Ask::cloudimage("/warmup/urls", &json!({"data": paths(501)})), 400),
        (Ask::cloudimage("/invalidate", &json!({"scope": "original", "urls": [long]})), 413),
        (
            Ask::cloudimage(
                "/invalidate",
                &json!({"scope": "original", "urls": ["/demo/a.png", "/demo/b.png?w=1"]}),
            ),
            400,
        ),
        (
            Ask::cloudimage(
                "/invalidate",
                &json!({"scope": "original", "urls": ["/demo/a.png", "/kennel/b.png"]}),
            ),
            403,
        ),
        (
            Ask::cloudimage(
                "/invalidate",
                &json!({"scope": "urls", "urls": ["/demo/a.png", "/demo/b.png?colour=red"]}),
            ),
            400,
        ),
        (Ask::imgix("http://127.0.0.1/demo/%2e%2e/a.png"), 400),
        (Ask::imgix("http://127.0.0.2/demo/a.png"), 400),
        (Ask::delete("api-key", "/sourceimages/cats/..%2fa.png/cache"), 400),
        (Ask::delete("authorization", &format!("/images/cats/{}", "7".repeat(200))), 400),
    ] {
        let refused = stage.ask(&ask, &key).await;
        assert_eq!(
            refused.status,
            status,
            "{} {}: {}",
            ask.path,
            &ask.body[..ask.body.len().min(99)],
            refused.text()
        );
        assert!(refused.json().is_object(), "its vendor's words: {}", refused.text());
    }
    assert!(stage.purges().await.is_empty());
}

#[tokio::test]
async fn what_is_to_be_warm_is_asked_for_before_anybody_comes() {
    let stage = Stage::new().await;
    let key = stage.key("deploy", "purge:write", "cats").await;
    stage.world.source.put("/warm.png", "image/png", picture::png(64, 64, GREEN));
    let ask =
        Ask::cloudimage("/warmup/urls", &json!({"data": ["/demo/warm.png?w=40&format=png", "no path"]}));
    let told = stage.ask(&ask, &key).await;
    assert_eq!(told.json(), json!({"status": "success", "count_added": 1, "count_failed": 1, "msg": ""}));
    stage.world.source.until_asked("/warm.png", 1).await;
    assert_eq!(stage.colour("/demo/warm.png").await, GREEN);
    assert_eq!(stage.world.source.asked("/warm.png"), 1);
}
