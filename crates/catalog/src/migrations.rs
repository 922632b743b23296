//! The steps by which the tables came to be what they are, for each database.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

macro_rules! steps {
    ($folder:literal: $($version:literal $name:literal,)*) => {
        Migrator::with_migrations(vec![$(
            step($version, $name, include_str!(concat!("../migrations/", $folder, "/", $name, ".sql"))),
        )*])
    };
}

pub(crate) fn sqlite() -> Migrator {
    steps! { "sqlite":
        1 "0001_first_light",
        2 "0002_tombstones_and_audit",
        3 "0003_retention_and_gone_nodes",
        4 "0004_other_cdns",
        5 "0005_latest_deliveries",
        6 "0006_doors",
        7 "0007_timed_purges",
        8 "0008_dependents",
        9 "0009_turns",
        10 "0010_warming",
        11 "0011_presets",
        12 "0012_packs",
    }
}

/// Begins with what SQLite had come to; from there on each step has its other half there.
pub(crate) fn postgresql() -> Migrator {
    steps! { "postgresql":
        4 "0004_as_sqlite",
        5 "0005_latest_deliveries",
        6 "0006_doors",
        7 "0007_timed_purges",
        8 "0008_dependents",
        9 "0009_turns",
        10 "0010_warming",
        11 "0011_presets",
        12 "0012_packs",
    }
}

fn step(version: i64, name: &'static str, sql: &'static str) -> Migration {
    let description = name.split_once('_').map_or(name, |(_, words)| words).replace('_', " ");
    Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
}
