//! Where the stories of this crate play: on each database, an empty one for each story.
//!
//! On SQLite each story is a test of its own. On PostgreSQL they are one test together, because its server takes longer
//! to start than all of them to play.

use std::future::Future;
use std::pin::Pin;

use tempfile::TempDir;
use testkit::Postgres;

use crate::{Catalog, CatalogError, Server};

pub(crate) enum Stage {
    Sqlite(TempDir),
    Postgres { url: String },
}

pub(crate) type Story = (&'static str, for<'a> fn(&'a Stage) -> Pin<Box<dyn Future<Output = ()> + 'a>>);

impl Stage {
    pub(crate) fn sqlite() -> Self {
        Stage::Sqlite(tempfile::tempdir().unwrap())
    }

    /// Opens the database; a second time, it holds what it held.
    pub(crate) async fn catalog(&self) -> Catalog {
        self.held_by("us", false).await.unwrap()
    }

    async fn held_by(&self, holder: &str, adopt: bool) -> Result<Catalog, CatalogError> {
        match self {
            Stage::Sqlite(folder) => Catalog::open(&folder.path().join("catalog.sqlite")).await,
            Stage::Postgres { url } => {
                let holder = holder.to_owned();
                let server = Server { url: url.parse().unwrap(), password: None, holder, adopt };
                Catalog::connect(&server, 1).await
            }
        }
    }
}

/// Says something to the database that no function of the catalog says.
pub(crate) async fn by_hand(catalog: &Catalog, statement: &'static str) {
    sqlx::query(statement).execute(&catalog.db.writer).await.unwrap();
}

macro_rules! stories {
    ($(async fn $name:ident($stage:ident: &Stage) $body:block)*) => {
        $(async fn $name($stage: &crate::stage::Stage) $body)*

        pub(crate) const STORIES: &[crate::stage::Story] =
            &[$((stringify!($name), |stage| Box::pin($name(stage)))),*];

        mod on_sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(&crate::stage::Stage::sqlite()).await;
            })*
        }
    };
}

pub(crate) use stories;

/// All that needs a server, with one: they take longer to start than a story to play.
#[tokio::test]
async fn what_holds_on_sqlite_holds_on_postgresql() {
    let Some(mut postgres) = Postgres::start() else { return };
    let empty = Stage::Postgres { url: postgres.database("empty") };
    empty.catalog().await.close().await;
    let all = [
        crate::api_keys::tests::STORIES,
        crate::audit::tests::STORIES,
        crate::cancelling::tests::STORIES,
        crate::dependents::tests::STORIES,
        crate::durations::tests::STORIES,
        crate::made_with::tests::STORIES,
        crate::locations::tests::STORIES,
        crate::packs::tests::STORIES,
        crate::presets::tests::STORIES,
        crate::purge_list::tests::STORIES,
        crate::purges::tests::STORIES,
        crate::originals::tests::STORIES,
        crate::erasures::tests::STORIES,
        crate::cdn_work::tests::STORIES,
        crate::claiming::tests::STORIES,
        crate::retention::tests::STORIES,
    ];
    for (n, (name, story)) in all.into_iter().flatten().enumerate() {
        println!("{name}");
        story(&Stage::Postgres { url: postgres.copy("empty", &format!("story_{n}")) }).await;
    }
    both_have_the_same_tables(&postgres).await;
    it_belongs_to_one_data_directory_until_an_operator_says_otherwise(&postgres).await;
    workers_do_not_wait_for_what_another_has_locked(&postgres).await;
    a_server_that_was_away_is_found_again_and_what_was_committed_is_there(&mut postgres).await;
}

async fn both_have_the_same_tables(postgres: &Postgres) {
    let there = postgres.ask(
        "empty",
        "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' \
         AND table_name NOT IN ('writer', '_sqlx_migrations') ORDER BY 1",
    );
    let stage = Stage::sqlite();
    let catalog = stage.catalog().await;
    let here: Vec<String> = sqlx::query_scalar(
        "SELECT tables.name || '.' || columns.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns \
         WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%' AND tables.name <> '_sqlx_migrations' ORDER BY 1",
    )
    .fetch_all(&catalog.db.reader)
    .await
    .unwrap();
    assert_eq!(here, there.lines().collect::<Vec<_>>());
}

async fn it_belongs_to_one_data_directory_until_an_operator_says_otherwise(postgres: &Postgres) {
    let stage = Stage::Postgres { url: postgres.copy("empty", "held") };
    let ours = stage.catalog().await;
    ours.meta().await.unwrap();
    let refused = stage.held_by("them", false).await.unwrap_err();
    assert!(matches!(&refused, CatalogError::HeldByAnother { holder } if holder == "us"), "{refused}");
    stage.held_by("us", false).await.expect("ours again, after a restart");

    let theirs = stage.held_by("them", true).await.unwrap();
    let late = ours.meta().await.unwrap_err();
    assert!(matches!(&late, CatalogError::TakenOver { holder } if holder == "them"), "{late}");
    ours.taken_over().await;
    theirs.meta().await.unwrap();
}

async fn workers_do_not_wait_for_what_another_has_locked(postgres: &Postgres) {
    let catalog = Stage::Postgres { url: postgres.copy("empty", "locked") }.catalog().await;
    for id in ["a", "b"] {
        let purge = crate::NewPurge::of(id, "api", Vec::new());
        catalog.accept_purge(&purge, 1).await.unwrap();
    }
    let mut other = catalog.db.write().await.unwrap();
    sqlx::query("UPDATE purge SET due_ms = 0 WHERE id = 'a'").execute(&mut *other).await.unwrap();
    assert_eq!(catalog.claim_purge(1, 100).await.unwrap().unwrap().id, "b");
    assert!(catalog.claim_purge(1, 100).await.unwrap().is_none());
    other.rollback().await.unwrap();
    assert_eq!(catalog.claim_purge(1, 100).await.unwrap().unwrap().id, "a");
}

async fn a_server_that_was_away_is_found_again_and_what_was_committed_is_there(postgres: &mut Postgres) {
    let catalog = Stage::Postgres { url: postgres.copy("empty", "away") }.catalog().await;
    let before = catalog.meta().await.unwrap();
    postgres.crash();
    let error = catalog.meta().await.unwrap_err();
    assert!(error.is_away(), "{error}");
    postgres.run();
    let after = catalog.meta().await.unwrap();
    assert_eq!((after.log, after.tag_key, after.is_new), (before.log, before.tag_key, false));
}
